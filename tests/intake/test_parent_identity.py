"""Who two rows of a file of parents are made of: nobody is made one with another, or comes to a
child, without being asked (ITS5, ITS6, ITS10, NEW5)."""

from __future__ import annotations

import pytest

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.audit.actions import SYSTEM
from schoolgate.people.models import User
from tests.cast import seen_by
from tests.intake.desk import APPLIED, REFUSED, SOME_REFUSED, WRONG_USAGE, Desk, Row, parent

HOME = "home@example.org"


def user(name: str) -> User:
    return User.objects.get(username_key=name, gone_at=None)


def test_a_household_with_one_address_and_one_last_name_is_not_one_adult(
    sons: None, desk: Desk
) -> None:
    rows = [parent(email=HOME), parent(first="Robert", email=HOME, child="2")]

    ran = desk.parents(rows, "--skip-faulty")

    assert ran.told == [(3, "E-mail", HOME, "question")]
    assert "Robert Dickinson is the same person as Elizabeth Dickinson of row 2" in ran.problems[0]
    assert (ran.status, ran.counts, ran.linked) == (SOME_REFUSED, (1, 0, 0, 1), 1)
    later = desk.parents([rows[1]])
    assert later.told == [(2, "E-mail", HOME, "question")]
    assert "the same person as Elizabeth Dickinson, who has" in later.problems[0]
    assert seen_by(User.objects.get(email_key=HOME)) == "Jim"
    assert desk.parents([rows[0], parent(first="Elizabeth Anne", email=HOME)]).counts == (
        0,
        0,
        2,
        0,
    )


@pytest.mark.parametrize("what", ["sync", "username"])
def test_one_key_in_rows_of_two_first_names_is_two_people(
    sons: None, desk: Desk, what: str
) -> None:
    key = {what: "77"}
    contact = {} if what == "username" else {"email": HOME}
    rows = [parent(**key, **contact), parent(first="Robert", child="2", **key, **contact)]

    ran = desk.parents(rows)

    assert [place[0] for place in ran.told] == [2, 3]
    assert ran.problems[0].endswith("row 3 has this one too, with another name.")
    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 2))


def test_whoever_is_asked_about_brings_nobody_along(sons: None, desk: Desk) -> None:
    rows = [
        parent(sync="222", email=HOME),
        parent(first="Robert", sync="333", username="dad", email=HOME),
        parent(first="Robert", username="dad", child="2"),
    ]

    ran = desk.parents(rows, "--skip-faulty")

    assert [place[0] for place in ran.told] == [3, 4]
    assert seen_by(User.objects.get(email_key=HOME)) == "Jim"


def test_in_a_chain_of_addresses_each_is_asked_about_the_one_whom_a_yes_makes_them(
    sons: None, desk: Desk
) -> None:
    rows = [
        parent(sync="5", email="a@example.org"),
        parent(first="Bea", sync="6", email="a@example.org"),
        parent(first="Bea", sync="6", email="b@example.org"),
        parent(first="Carl", sync="7", email="b@example.org", child="2"),
    ]

    ran = desk.parents(rows)

    asked = [problem for problem in ran.problems if "the same person as" in problem]
    assert len(asked) == 3
    assert all("as Elizabeth Dickinson of row 2" in problem for problem in asked)


def test_everybody_who_is_linked_by_addresses_is_one_after_a_yes(sons: None, desk: Desk) -> None:
    """The first rows of two of them are refused, and each had the other's address."""
    rows: list[Row] = [
        parent(sync="d", email="d@example.org", child="98"),
        parent(sync="c", email="c@example.org", child="99"),
    ]
    for sync, email in (("x", "e"), ("x", "d"), ("y", "e"), ("y", "c")):
        rows.append(parent(sync=sync, email=f"{email}@example.org"))
    chain = [
        parent(sync=f"k{n}", email=f"k{n + step}@example.org")
        for n in (7, 2, 9, 4, 11, 0, 5, 10, 1, 8, 3, 6)
        for step in (0, 1)
    ]

    ran = desk.parents(rows, "--yes", "--skip-faulty")

    assert (ran.status, ran.counts) == (SOME_REFUSED, (1, 1, 2, 2)), ran.err
    assert desk.parents(chain, "--yes").counts == (1, 11, 12, 0)


def test_a_user_name_for_one_who_has_none_is_told_of(sons: None, desk: Desk) -> None:
    desk.parents([parent(sync="222", email=HOME)])

    ran = desk.parents([parent(sync="222", username="mom")])

    assert (ran.counts, ran.warned) == ((0, 0, 1, 0), [(2, "User name", "mom", "warning")])


# Children who sign in


def test_a_user_is_one_childs(sons: None, desk: Desk) -> None:
    rows = [
        parent(first="Jim", username="jim"),
        parent(first="Jim", last="Dean", username="jim", child="2"),
    ]

    ran = desk.parents(rows, "--profile", "Pupil", "--yes")

    assert [place[:2] for place in ran.told] == [(2, "ChildID"), (3, "ChildID")]
    assert ran.problems[0] == (
        "Give each child a user of their own: row 3 has the same user, for another child."
    )
    assert desk.parents(rows[:1], "--profile", "Pupil").counts == (1, 0, 0, 0)
    desk.parents([parent(username="mom")])
    for name in ("jim", "mom"):
        other = parent(first="Jim", last="Dean", username=name, child="2")
        ran = desk.parents([other], "--profile", "Pupil", "--yes")
        assert ran.problems == [
            "Give this child a user of their own: this one is an adult’s, or another child’s."
        ]
    assert Grant.objects.filter(role="licence-pupil").count() == 1


def test_one_user_in_two_words_is_one_user_of_the_child(sons: None, desk: Desk) -> None:
    row = parent(first="Jim", username="jim", sync="1")
    desk.parents([row], "--profile", "Pupil")

    ran = desk.parents([{**row, "SyncID": ""}, row], "--profile", "Pupil")

    assert (ran.status, ran.counts) == (APPLIED, (0, 0, 2, 0)), ran.problems


# Who is kept from a child (S21), as by hand


@pytest.mark.parametrize(
    "name", [("Robert", "Miller"), ("Rob", "Miller"), ("Dickinson", "Robert"), ("Bob", "Dickinson")]
)
def test_s21_one_who_is_kept_from_the_child_under_another_last_name_or_the_stored_one(
    sons: None, desk: Desk, name: tuple[str, str]
) -> None:
    desk.parents([parent(first="Robert", username="dad")])
    access.deny([user("dad").pk], by=SYSTEM)
    first, last = name
    if first == "Bob":
        desk.parents([parent(first="Robert", username="bob", child="2")])

    ran = desk.parents([parent(first=first, last=last, username="bob")], "--yes")

    assert ran.told == [(2, "ChildID", "1", "question")]
    assert ran.problems[0].startswith("Find out who this is before you say yes")


def test_s21_nor_with_the_profile_of_a_child(sons: None, desk: Desk) -> None:
    desk.parents([parent(first="Robert", username="dad")])
    access.deny([user("dad").pk], by=SYSTEM)

    ran = desk.parents([parent(first="Robert", username="x")], "--profile", "Pupil", "--yes")

    assert ran.told == [(2, "ChildID", "1", "question")]


# Passwords (S22)


@pytest.mark.parametrize("column", ["Phone", "Relationship", "SyncID"])
def test_s22_passwords_are_nothing_else_by_the_command_line_either(
    sons: None, desk: Desk, column: str
) -> None:
    row = parent(username="mom", password="Canary-9-quay")

    ran = desk.parents([row], "--map", f"Password={column}")

    assert ran.status == WRONG_USAGE
    assert "“Password” holds passwords, to judge by its heading" in ran.err
    ran = desk.run(
        "import", "parents", str(desk.file([row])), "--sync-field", "Password", "--match-by",
        "Username",
    )  # fmt: skip
    assert (ran.status, User.objects.filter(username_key="mom").exists()) == (WRONG_USAGE, False)
