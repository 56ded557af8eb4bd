"""The command line tells of children too: what it prints or stores of them is an event (S54)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schoolgate.audit.models import Event, EventBatch
from tests.intake.desk import APPLIED, REFUSED, SOME_REFUSED, Desk, child, row_of
from tests.intake.standing import difference, standing

if TYPE_CHECKING:
    from tests.cast import Cast


def views() -> list[tuple[str, int | None, int | None, str]]:
    """What the command line was shown of whom, oldest first."""
    batches = EventBatch.objects.filter(actor="command line").values("pk")
    found = Event.objects.filter(batch_id__in=batches, verb="viewed").order_by("pk")
    return list(found.values_list("kind", "object_id", "pupil_id", "pupils"))


def test_a_file_that_is_refused_with_words_about_children_is_one_event(
    cast: Cast, desk: Desk
) -> None:
    rows = [row_of(pupil, first="Zoe", last="Quill") for pupil in (cast.ben, cast.amira)]
    ran = desk.pupils(rows)
    assert ran.status == REFUSED
    assert views() == [("import", ran.id, None, f"{cast.amira.pk},{cast.ben.pk}")]


def test_warnings_of_a_file_that_is_applied_count_too(cast: Cast, desk: Desk) -> None:
    ran = desk.pupils([row_of(cast.amira, since="2020-01-01"), row_of(cast.ben)])
    assert (ran.status, len(ran.warned)) == (APPLIED, 1)
    assert views() == [("import", ran.id, cast.amira.pk, "")]


def test_a_file_that_tells_of_nobody_on_the_register_is_none(cast: Cast, desk: Desk) -> None:
    assert desk.pupils([child(born="soon")]).status == REFUSED
    assert views() == []


def test_a_check_writes_nothing_not_even_that(cast: Cast, desk: Desk) -> None:
    before, events = standing(), Event.objects.count()
    ran = desk.pupils([row_of(cast.ben, first="Zoe", last="Quill")], "--check")
    assert "Ben Fielding" in ran.problems[0]
    assert difference(before, standing()) == {}
    assert Event.objects.count() == events


def test_children_whom_an_undo_kept_are_named_in_an_event(cast: Cast, desk: Desk) -> None:
    first = desk.pupils([row_of(cast.ben, year="7")])
    assert desk.pupils([row_of(cast.ben, year="8")]).status == APPLIED
    undone = desk.undo(first)
    assert undone.status == SOME_REFUSED
    assert "Kept: pupil Ben Fielding" in undone.out
    assert views() == [("import", first.id, cast.ben.pk, "")]
