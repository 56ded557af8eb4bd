"""Every sample of a file of parents: what is said of it, in which words; no row is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.intake.desk import APPLIED, REFUSED, SAMPLES, SOME_REFUSED, Desk

if TYPE_CHECKING:
    from tests.cast import Cast

SYNC_KEY = ["--sync-field", "ChildID", "--match-by", "Synchronisation key"]
OWN_KEY = ["--sync-field", "SyncID", "--match-by", "synchronisationkey", "--profile", "Pupil"]
CHILDREN = [
    str(SAMPLES / "parents_source_children.csv"),
    "--map", "SyncID=Synchronisation Key", "--map", "User name=Username",
]  # fmt: skip
# How a sample is taken, where it is not by ChildID and the synchronisation key.
WORDS = {
    "parents_source_key_in_the_row.csv": [
        "--sync-field", "Pupil sync key", "--match-by", "Synchronisation Key",
    ],
    "parents_wrong_sync_field.csv": [
        "--sync-field", "SyncID", "--match-by", "Synchronisation key",
    ],
    "parents_pupils_who_sign_in.csv": OWN_KEY,
    "parents_pupils_of_other_names.csv": OWN_KEY,
    "parents_pupil_with_two_users.csv": [*SYNC_KEY, "--profile", "pupil"],
}  # fmt: skip
GOOD: list[tuple[int | None, str, str, str]] = []
SYNC, USER, CHILD, MAIL = "SyncID", "User name", "ChildID", "E-mail"
LOST_LINE = "Correct this synchronisation key, or import the child first: no child on the register"

# Sample -> its rows created, updated, unchanged and refused; row, column, value and sentence of
# each fault (of a question its first words are “Say whether”).
EXPECTED: dict[str, tuple[tuple[int, int, int, int], list[tuple[int | None, str, str, str]]]] = {
    "parents_source_first_child.csv": ((2, 0, 0, 0), GOOD),
    "parents_source_second_child.csv": ((2, 0, 0, 0), GOOD),
    "parents_source_key_in_the_row.csv": ((2, 0, 0, 0), GOOD),
    "parents_several_children_in_one_file.csv": ((2, 2, 1, 0), GOOD),
    "parents_relationship_not_said.csv": ((1, 0, 0, 0), GOOD),
    "parents_pupils_who_sign_in.csv": ((2, 0, 0, 0), GOOD),
    "parents_childs_own_sync_id.csv": (
        (1, 0, 0, 1),
        [
            (2, SYNC, "1",
             "Enter the parent’s own SyncID, or leave it empty: this is the one of the child whom"
             " the row names."),
        ],
    ),
    "parents_child_as_parent.csv": (
        (1, 0, 0, 2),
        [
            (n, column, value,
             "Take this row out, or give the parent’s own: it is that of a child on the register,"
             " and children come with the profile Pupil.")
            for n, column, value in ((2, SYNC, "2"), (3, USER, "son2"))
        ],
    ),
    "parents_one_sync_id_two_user_names.csv": (
        (1, 0, 0, 2),
        [
            (n, SYNC, "222",
             f"Give each person a SyncID of their own: row {other} has this one too, with another"
             " user name.")
            for n, other in ((2, 3), (3, 2))
        ],
    ),
    "parents_one_sync_id_two_names.csv": (
        (1, 0, 0, 2),
        [
            (n, SYNC, "222",
             f"Give each person a SyncID of their own: row {other} has this one too, with another"
             " name.")
            for n, other in ((2, 3), (3, 2))
        ],
    ),
    "parents_one_user_name_two_people.csv": (
        (0, 0, 0, 4),
        [
            (n, USER, name,
             f"Give each person a user name of their own: row {other} has this one too, with"
             f" another {what}.")
            for n, name, other, what in (
                (2, "mom", 3, "SyncID"), (3, "mom", 2, "SyncID"), (4, "dad", 5, "name"),
                (5, "dad", 4, "name"),
            )
        ],
    ),
    "parents_wrong_sync_field.csv": (
        (0, 0, 0, 2),
        [
            (None, SYNC, "",
             "Choose “Child” as the synchronisation field: with it 2 rows of 2 find a child, and"
             " with “SyncID” none does."),
        ],
    ),
    "parents_wrong_matching_field.csv": (
        (0, 0, 0, 2),
        [
            (None, CHILD, "",
             "Choose “Username” as the matching synchronisation field: with it 2 rows of 2 find a"
             " child by “ChildID”, and with “Synchronisation key” none does."),
        ],
    ),
    "parents_children_not_imported.csv": (
        (0, 0, 0, 2),
        [
            (None, CHILD, "",
             "Import the children first, then this file again: no row names the synchronisation"
             " key of a child on the register, and none would by another field or column."),
            (2, CHILD, "RGB346", f"{LOST_LINE} has it."),
            (3, CHILD, "RGB6323", f"{LOST_LINE} has it."),
        ],
    ),
    "parents_keys_that_are_nobodys.csv": (
        (1, 0, 0, 3),
        [
            (3, CHILD, "3", f"{LOST_LINE} has it."),
            (4, CHILD, "1;2",
             "Give each child a row of its own: no child on the register has this synchronisation"
             " key, and it looks like several."),
            (5, CHILD, "", "Enter the ChildID: it names the child of this row."),
        ],
    ),
    "parents_nothing_to_sign_in_with.csv": (
        (0, 0, 0, 4),
        [
            (2, MAIL, "",
             "Enter a user name or an e-mail: with one of the two this person signs in."),
            (3, MAIL, "nobody",
             "Enter an e-mail address like name@example.org, or leave it out and give a user"
             " name."),
            (4, USER, "gran@example.org",
             "Enter a user name without @, or put the address under E-mail alone: a user name is"
             " no address."),
            (5, "First name", "", "Enter the First name: it must not be empty."),
        ],
    ),
    "parents_one_address_for_two.csv": (
        (1, 0, 0, 1),
        [
            (3, MAIL, "home@example.org",
             "Say whether Robert Dickinson is the same person as Elizabeth Dickinson of row 2, who"
             " has this address. If so, they are one user and the stored name stays; if not, take"
             " the address out and give a user name: a letter goes to them."),
        ],
    ),
    "parents_pupils_of_other_names.csv": (
        (1, 0, 0, 1),
        [
            (3, SYNC, "2",
             "Say whether this is Johnny Dean, who has this identifier on the register: the names"
             " differ."),
        ],
    ),
    "parents_pupil_with_two_users.csv": (
        (1, 0, 0, 2),
        [
            (n, CHILD, "1",
             f"Keep one row for each child: row {other} is about this one too, with another user.")
            for n, other in ((2, 3), (3, 2))
        ],
    ),
}  # fmt: skip


@pytest.fixture
def register(cast: Cast, desk: Desk) -> None:
    """The cast, and the children of the source's own table."""
    file, *words = CHILDREN
    assert desk.pupils(Path(file), *words).counts == (2, 0, 0, 0)


def test_every_sample_of_parents_is_one_of_those_below() -> None:
    names = {path.name for path in SAMPLES.iterdir() if path.name.startswith("parents")}
    assert names == {*EXPECTED, "parents_source_children.csv"}


@pytest.mark.one_database
def test_each_sample_is_told_what_would_mend_it(register: None, desk: Desk) -> None:
    for sample, (counts, places) in EXPECTED.items():
        ran = desk.take_in("parents", SAMPLES / sample, "--check", *WORDS.get(sample, SYNC_KEY))

        told = [(row, column, value) for row, column, value, _ in ran.told]
        assert told == [place[:3] for place in places], sample
        assert ran.problems == [sentence for *_, sentence in places], sample
        assert ran.counts == counts, sample
        assert ran.status == (REFUSED if places else APPLIED), sample


def test_s44_what_a_check_of_parents_counts_is_what_applying_does(
    register: None, desk: Desk
) -> None:
    for sample, (counts, _places) in EXPECTED.items():
        words = WORDS.get(sample, SYNC_KEY)
        checked = desk.take_in("parents", SAMPLES / sample, "--check", *words)

        applied = desk.take_in("parents", SAMPLES / sample, "--skip-faulty", *words)

        assert applied.counts == checked.counts == counts, sample
        assert (applied.linked, applied.access) == (checked.linked, checked.access), sample
        good = sum(counts[:3])
        some = SOME_REFUSED if good else REFUSED
        assert applied.status == (some if counts[3] else APPLIED), sample
        if good:
            again = desk.take_in("parents", SAMPLES / sample, "--skip-faulty", *words)
            assert again.counts == (0, 0, good, counts[3]), sample
            assert (again.linked, again.access) == (0, (0, 0)), sample
            assert desk.undo(applied).status == APPLIED, sample
