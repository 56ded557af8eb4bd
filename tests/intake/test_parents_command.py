"""`schoolgate import parents` to the letter: words, fields, statuses (PRODUCT.md, ITS3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.outbox.models import Mail
from tests.intake.desk import APPLIED, REFUSED, SAMPLES, SOME_REFUSED, WRONG_USAGE, Desk, parent
from tests.intake.test_parent_samples import CHILDREN

if TYPE_CHECKING:
    from tests.cast import Cast

MOM = parent(username="mom", sync="222")
BAD = parent(first="Bo", username="bo", sync="9", child="none")
BY_KEY = ["--sync-field", "ChildID", "--match-by", "Synchronisation key"]


def test_the_tables_of_the_source_from_the_first_command_to_both_sons(
    cast: Cast, desk: Desk
) -> None:
    file, *words = CHILDREN
    assert desk.run("import", "pupils", str(file), *words).status == APPLIED
    for name in ("first", "second"):
        path = SAMPLES / f"parents_source_{name}_child.csv"
        assert desk.run("import", "parents", str(path), *BY_KEY).status == APPLIED

    assert desk.sees("mom") == desk.sees("dad") == {"1", "2"}
    ran = desk.run("why", "mom", "son1")
    assert (ran.status, ran.out.startswith("Yes")) == (0, True)
    assert "mom\tParent/Guardian" in desk.run("whosees", "son2").out


@pytest.mark.parametrize(
    ("rows", "flags", "status", "made"),
    [
        ([MOM], [], APPLIED, 1),
        ([MOM], ["--check"], APPLIED, 0),
        ([MOM, BAD], [], REFUSED, 0),
        ([MOM, BAD], ["--check"], REFUSED, 0),
        ([MOM, BAD], ["--skip-faulty"], SOME_REFUSED, 1),
        ([BAD], ["--skip-faulty"], REFUSED, 0),
    ],
)
def test_the_exit_status_of_parents_tells_what_was_done(
    sons: None, desk: Desk, rows: list[dict[str, str | list[str]]], flags: list[str], status: int,
    made: int,
) -> None:  # fmt: skip
    ran = desk.parents(rows, *flags)

    assert ran.status == status
    assert (ran.answer["import"] is None) == ("--check" in flags)
    assert (
        len(desk.run("whosees", "son1").out.splitlines())
        == len(desk.run("whosees", "son2").out.splitlines()) + made
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "--sync-field"),
        (["--sync-field", "ChildID"], "--match-by"),
        (["--sync-field", "Kind", "--match-by", "Username"], "it has First name, Last name,"),
        (["--sync-field", "ChildID", "--match-by", "UPN"], '"Internal person ID"'),
        ([*BY_KEY, "--profile", "Uncle"], '"Parent/Guardian", "Pupil"'),
        ([*BY_KEY, "--profile", "Social Worker"], '"Parent/Guardian", "Pupil"'),
        ([*BY_KEY, "--role", "Leader"], "--role"),
    ],
)
def test_wrong_words_for_parents_are_status_2_and_a_sentence(
    sons: None, desk: Desk, words: list[str], sentence: str
) -> None:
    ran = desk.run("import", "parents", str(desk.file([MOM])), *words)

    assert (ran.status, sentence in ran.err, ran.out) == (WRONG_USAGE, True, ""), ran.err


def test_those_who_have_an_address_are_invited(sons: None, desk: Desk) -> None:
    rows = [MOM, parent(first="Robert", sync="333", email="dad@example.org")]

    ran = desk.run("import", "parents", str(desk.file(rows)), *BY_KEY, "--invite")

    assert "1 person invited" in ran.out
    assert [mail.address for mail in Mail.objects.all()] == ["dad@example.org"]


def test_the_column_that_names_the_child_may_be_called_anything_and_stand_anywhere(
    sons: None, desk: Desk
) -> None:
    text = "Barn;E-mail;Last name;First name\r\n1;mom@example.org;Dickinson;Elizabeth\r\n"

    ran = desk.take_in("parents", text, "--sync-field", " barn ", *BY_KEY[2:])

    assert (ran.status, ran.warned, ran.linked) == (APPLIED, [], 1)
