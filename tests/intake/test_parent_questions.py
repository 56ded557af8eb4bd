"""What is asked about the rows of a file of parents, and what a yes does (NEW4, NEW5, ITS10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import accounts, merging
from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import decisions, runs, steps
from schoolgate.kit.dates import in_words
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people import actions as people
from schoolgate.people.models import StaffRecord, SyncId, User
from schoolgate.schools.models import Pupil
from tests import factories
from tests.cast import seen_by
from tests.intake.desk import APPLIED, REFUSED, Desk, Row, parent

if TYPE_CHECKING:
    from tests.cast import Cast

MOM = parent(username="mom", sync="222", email="mom@example.org", phone="0117 496 0001")


def user(name: str) -> User:
    return User.objects.get(username_key=name, gone_at=None)


def jim() -> Pupil:
    return Pupil.objects.get(first_name="Jim")


def ask(desk: Desk, row: Row, place: tuple[str, str], sentence: str) -> None:
    """The row is asked about at this place in these words, and refused without an answer."""
    ran = desk.parents([row])
    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
    assert ran.told == [(2, *place, "question")]
    assert ran.problems == [sentence]


def yes(desk: Desk, row: Row, counts: tuple[int, int, int, int]) -> None:
    """A yes settles it."""
    ran = desk.parents([row], "--yes")
    assert (ran.status, ran.counts) == (APPLIED, counts), ran.problems


def test_a_name_that_clearly_differs(sons: None, desk: Desk) -> None:
    desk.parents([MOM])
    row = {**MOM, "First name": "Agnes", "Last name": "Miller"}

    ask(
        desk, row, ("SyncID", "222"),
        "Say whether Agnes Miller is the same person as Elizabeth Dickinson, who has this SyncID:"
        " the names differ. If so, the stored name stays.",
    )  # fmt: skip
    yes(desk, row, (0, 0, 1, 0))
    assert str(user("mom")) == "Elizabeth Dickinson"
    by_name = parent(first="Agnes", last="Miller", username="mom", sync="9")
    assert "who has this user name: the names differ" in desk.parents([by_name]).problems[0]


def test_in_one_file_a_name_that_clearly_differs(sons: None, desk: Desk) -> None:
    rows = [MOM, parent(first="Agnes", last="Miller", username="mom", child="2")]

    ran = desk.parents(rows)

    assert ran.problems == [
        "Say whether Agnes Miller is the same person as Elizabeth Dickinson of row 2, who has this"
        " user name: the names differ. If so, the stored name stays."
    ]
    assert desk.parents(rows, "--yes").counts == (1, 1, 0, 0)


def test_the_address_of_somebody_else(sons: None, desk: Desk) -> None:
    desk.parents([MOM])
    row = parent(first="Robert", username="dad", sync="333", email="MOM@example.org")
    sentence = (
        "Say whether Robert Dickinson is the same person as Elizabeth Dickinson, who has this"
        " address. If so, they are one user and the stored name stays; if not, take the address"
        " out and give a user name: a letter goes to them."
    )

    ran = desk.parents([row])

    assert ran.told[0] == (2, "E-mail", "MOM@example.org", "question")
    assert ran.problems[0] == sentence
    apart = desk.parents([{**row, "E-mail": ""}])
    assert apart.counts == (1, 0, 0, 0)
    desk.undo(apart)
    yes(desk, row, (0, 1, 0, 0))
    assert {sync.value for sync in SyncId.objects.filter(user=user("mom"), ended_at=None)} == {
        "222", "333",
    }  # fmt: skip
    assert desk.parents([row], "--yes").counts == (0, 0, 1, 0)


def test_two_in_one_file_with_one_address_are_one_user_only_if_a_person_says_so(
    sons: None, desk: Desk
) -> None:
    home = {"email": "home@example.org"}
    rows = [
        parent(sync="222", **home),
        parent(first="Robert", sync="333", **home),
        parent(first="Robert", sync="333", child="2", **home),
    ]

    ran = desk.parents(rows)
    assert [place[0] for place in ran.told] == [3, 4]
    ran = desk.parents(rows, "--yes")

    assert (ran.counts, ran.linked) == ((1, 2, 0, 0), 2)
    assert User.objects.filter(email_key="home@example.org").count() == 1
    nameless = [parent(**home, child="2"), parent(first="Bo", last="Ek", **home)]
    assert [place[1:3] for place in desk.parents(nameless[1:]).told] == [
        ("E-mail", "home@example.org")
    ]


@pytest.mark.parametrize(
    ("heading", "value", "sentence"),
    [
        (
            "E-mail", "new@example.org",
            "Say whether to go on with “mom@example.org”, the address that they have; otherwise"
            " change it on their page. A file never changes it.",
        ),
        (
            "Phone", "0117 496 0009",
            "Say whether to go on with “0117 496 0001”, the phone number that they have; otherwise"
            " change it on their page. A file never changes it.",
        ),
        (
            "User name", "mother",
            "Say whether to go on with “mom”, the user name that they have; otherwise change it on"
            " their page. A file never changes it.",
        ),
    ],
)  # fmt: skip
def test_another_contact_than_is_stored_is_asked_and_never_written(
    sons: None, desk: Desk, heading: str, value: str, sentence: str
) -> None:
    desk.parents([MOM])

    ask(desk, {**MOM, heading: value}, (heading, value), sentence)
    yes(desk, {**MOM, heading: value}, (0, 0, 1, 0))

    kept = user("mom")
    assert (kept.email, kept.phone) == ("mom@example.org", "0117 496 0001")


def test_another_address_in_a_later_row_of_the_file(sons: None, desk: Desk) -> None:
    ran = desk.parents([MOM, {**MOM, "E-mail": "other@example.org", "ChildID": "2"}])

    assert ran.told == [(3, "E-mail", "other@example.org", "question")]
    assert "the address that row 2 has" in ran.problems[0]


def test_an_address_for_somebody_who_has_none(sons: None, desk: Desk) -> None:
    desk.parents([parent(username="mom", sync="222")])
    row = parent(username="mom", sync="222", email="mom@example.org")

    ask(
        desk, row, ("E-mail", "mom@example.org"),
        "Say whether to go on without this address, and enter it on their page: a file gives none"
        " to somebody who is here already.",
    )  # fmt: skip
    yes(desk, row, (0, 0, 1, 0))
    assert user("mom").email == ""


def test_a_second_sync_id(sons: None, desk: Desk) -> None:
    desk.parents([MOM])
    row = {**MOM, "SyncID": "900"}

    ask(
        desk, row, ("SyncID", "900"),
        "Say whether this is Elizabeth Dickinson, who has the user name “mom” and another SyncID."
        " If so, they have both from now on.",
    )  # fmt: skip
    yes(desk, row, (0, 1, 0, 0))
    assert desk.parents([row]).counts == (0, 0, 1, 0)


def test_one_who_works_here_keeps_what_they_have_and_gains_the_licence(
    sons: None, desk: Desk, cast: Cast
) -> None:
    row = parent(first="Sara", last="Lindqvist", email=cast.sara.email)

    ask(
        desk, row, ("E-mail", cast.sara.email),
        "Say whether Sara Lindqvist, who works here, is this child’s Parent/Guardian too. If so,"
        " they are linked to the child besides what they have.",
    )  # fmt: skip
    yes(desk, row, (0, 1, 0, 0))
    assert seen_by(cast.sara) == "Amira Eve Jim"
    assert desk.parents([row, {**row, "ChildID": "2"}]).counts == (0, 1, 1, 0)


def test_one_who_is_on_the_staff_without_a_role(sons: None, desk: Desk, cast: Cast) -> None:
    factories.post(user=cast.noor, school=cast.abbey)
    assert StaffRecord.objects.filter(user=cast.noor, ended_at=None).exists()

    ran = desk.parents([parent(first="Noor", last="Rahman", email=cast.noor.email)])

    assert "who works here" in ran.problems[0]


def test_an_inactive_or_deleted_user_stays_refused(sons: None, desk: Desk, cast: Cast) -> None:
    desk.parents([MOM, parent(first="Robert", username="dad", sync="333")])
    access.deny([user("mom").pk], by=SYSTEM)
    accounts.delete_users([user("dad").pk], by=cast.as_ada)
    rows = [MOM, parent(first="Robert", username="robert", sync="333", child="2")]

    ran = desk.parents(rows, "--yes")

    assert ran.counts == (0, 0, 0, 2)
    assert ran.told == [(2, "SyncID", "222", "question"), (3, "SyncID", "333", "question")]
    assert ran.problems == [
        "Reactivate this user on their page first, or take the row out: somebody has made them"
        " inactive.",
        "Add this person by hand if they are to come back, or take the row out: somebody has"
        " deleted the user who had this.",
    ]


def test_a_removed_link_stays_removed_until_a_person_says_otherwise(
    sons: None, desk: Desk, cast: Cast
) -> None:
    desk.parents([MOM])
    access.revoke([Grant.objects.get(role="licence-parent").pk], by=cast.as_ada)
    today = in_words(timezone.localdate())

    ask(
        desk, MOM, ("ChildID", "1"),
        "Say whether to restore the link to this child, or take the row out: Ada Okafor removed it"
        f" on {today}.".replace("Ada Okafor", str(cast.ada)),
    )  # fmt: skip
    assert seen_by(user("mom")) == ""
    yes(desk, MOM, (0, 1, 0, 0))
    assert seen_by(user("mom")) == "Jim"


def test_an_address_that_only_looks_like_anothers(sons: None, desk: Desk) -> None:
    desk.parents([MOM])

    ran = desk.parents([parent(first="Bo", sync="8", email="m0m@example.org")], "--yes")

    assert (ran.status, ran.told) == (REFUSED, [(2, "E-mail", "m0m@example.org", "question")])


def test_one_who_was_merged_with_another_is_that_other_in_every_later_file(
    sons: None, desk: Desk, cast: Cast
) -> None:
    other = parent(username="mother", email="mother@example.org", child="2")
    desk.parents([MOM, {**other, "E-mail": ""}])
    kept, gone = user("mom"), user("mother")
    merging.merge(kept.pk, gone.pk, by=cast.as_ada)

    for rows in ([MOM, {**other, "E-mail": ""}], [{**MOM, "User name": "mother"}]):
        ran = desk.parents(rows)
        assert (ran.status, ran.counts) == (APPLIED, (0, 0, len(rows), 0)), ran.problems

    assert seen_by(kept) == "Jim Johnny"


# Who is kept from a child, and comes under another address (NEW5)


def kept_from_jim(how: str, cast: Cast) -> None:
    given = people.create_users(
        [people.NewUser("robert@example.org", "", "Robert", "Dickinson")],
        by=SYSTEM, source=Source.BY_HAND,
    )  # fmt: skip
    old = User.objects.get(pk=given[0])
    new = access.NewGrant(old.pk, "licence-parent", None, jim().pk, timezone.localdate())
    access.grant([new], by=SYSTEM, source=Source.BY_HAND)
    if how == "restricted":
        factories.restriction(user=old, pupil=jim())
    elif how == "denied":
        access.deny([old.pk], by=SYSTEM)
    else:
        accounts.delete_users([old.pk], by=cast.as_ada)


@pytest.mark.parametrize("how", ["restricted", "denied", "deleted"])
def test_s21_the_namesake_of_one_who_is_kept_from_the_child_waits_for_a_person(
    sons: None, desk: Desk, cast: Cast, how: str
) -> None:
    kept_from_jim(how, cast)
    rows = [
        parent(first="Rob", username="rob", sync="8"),
        parent(first="Rob", username="rob", sync="8", child="2"),
        parent(first="Agnes", username="agnes", sync="9"),
    ]

    ran = desk.parents(rows, "--yes", "--skip-faulty")

    assert ran.told == [(2, "ChildID", "1", "question")]
    assert ran.problems[0].startswith("Find out who this is before you say yes: an adult with")
    assert (ran.counts, seen_by(user("rob"))) == ((2, 0, 0, 1), "Johnny")


def test_s21_a_person_may_let_the_namesake_in(sons: None, desk: Desk, cast: Cast) -> None:
    kept_from_jim("restricted", cast)
    ran = desk.parents([parent(first="Robert", username="rob", sync="8")], "--yes")

    decisions.answer(ran.id, by=cast.as_ada, code="barred-namesake", row=2, accept=True)
    runs.check(ran.id)
    shown = steps.run_of(ran.id)
    runs.request_apply(ran.id, by=cast.as_ada, skip_faulty=False, shown_digest=shown.plan_digest)
    runs.apply(ran.id)

    assert seen_by(user("rob")) == "Jim"
    again = desk.parents([parent(first="Robert", username="rob", sync="8")])
    assert (again.status, again.counts) == (APPLIED, (0, 0, 1, 0))


def test_s21_what_a_person_said_of_a_namesake_holds_for_that_row_as_it_was(
    sons: None, desk: Desk, cast: Cast
) -> None:
    kept_from_jim("restricted", cast)
    ran = desk.parents([parent(first="Robert", username="rob"), MOM])
    code = "barred-namesake"

    with pytest.raises(Refusal, match="answer each by itself"):
        decisions.answer(ran.id, by=cast.as_ada, code=code, accept=True)
    decisions.answer(ran.id, by=cast.as_ada, code=code, row=2, accept=True)
    runs.check(ran.id)
    assert steps.run_of(ran.id).summary["refused"] == 0
    decisions.mend(ran.id, by=cast.as_ada, cells={(2, 1): "Dickinson-Roe"})
    runs.check(ran.id)
    assert steps.run_of(ran.id).summary["refused"] == 1
    decisions.answer(ran.id, by=cast.as_ada, code=code, row=2, accept=True)
    decisions.relate(ran.id, by=cast.as_ada, sync_field="ChildID", match_by="sync_key")
    runs.check(ran.id)
    assert steps.run_of(ran.id).summary["refused"] == 1
