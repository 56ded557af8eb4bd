"""Undoing an offboarding: whom it made inactive is let in again, but for those with whom somebody
had to do since, who are listed (NEW3, S43)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.access import actions as access
from schoolgate.access.models import Denial, Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.audit.queries import verify
from schoolgate.intake.models import Import, Kept
from schoolgate.intake.undo_preview import undo_preview
from schoolgate.kit.records import Ending
from schoolgate.people import actions as people
from schoolgate.people import invitations
from schoolgate.people.models import Invitation
from tests import factories
from tests.cast import seen_by
from tests.intake.desk import APPLIED, SOME_REFUSED, WRONG_USAGE, Desk, Ran, person
from tests.intake.standing import difference, standing
from tests.intake.test_leavers import inactive, leaver
from tests.intake.test_preview import seed_of, seen
from tests.intake.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cast import Cast


def undone_as_told(desk: Desk, ran: Ran) -> Ran:
    """Undo an import; the page of the undo must have told before whom it lets in and keeps."""
    run = Import.objects.get(pk=ran.id)
    before = Denial.objects.filter(ended_at=None).count()
    told = undo_preview(run, limit=1_000)

    undone = desk.undo(ran)

    assert before - Denial.objects.filter(ended_at=None).count() == told.reactivated
    assert {(one.kind, one.object_id, one.reason) for one in told.kept} == set(
        Kept.objects.filter(run=run).values_list("kind", "object_id", "reason")
    )
    assert told.kept_count == len(told.kept)
    return undone


@pytest.mark.parametrize("number", range(4))
def test_s43_undoing_in_turn_brings_every_table_back(db: None, desk: Desk, number: int) -> None:
    world = a_world(seed_of(number))
    begun = []
    for _ in range(4):
        leaving = world.rng.sample(world.users, world.rng.randint(1, 4))
        before, sees = standing(), seen()
        ran = desk.take_in("leavers", [leaver(user.email) for user in leaving])
        assert ran.status == APPLIED
        begun.append((ran, before, sees))
    for ran, before, sees in reversed(begun):
        undone = undone_as_told(desk, ran)
        assert (undone.status, undone.out) == (APPLIED, f"Import {ran.id} is undone.\n")
        assert difference(before, standing()) == {}
        assert seen() == sees
    assert list(verify()) == []


def test_s43_only_those_whom_it_made_inactive_are_let_in_again(cast: Cast, desk: Desk) -> None:
    access.deny([cast.dora.pk], by=SYSTEM)
    first = desk.take_in("leavers", [leaver(cast.sara.email), leaver(cast.dora.email)])
    second = desk.take_in("leavers", [leaver(cast.sara.email), leaver(cast.noor.email)])
    assert (first.counts, second.counts) == ((0, 1, 1, 0), (0, 1, 1, 0))

    assert undone_as_told(desk, second).status == APPLIED
    assert inactive() == {"Sara", "Dora"}
    assert undone_as_told(desk, first).status == APPLIED
    assert inactive() == {"Dora"}
    assert seen_by(cast.sara) == "Amira Eve"
    assert Event.objects.filter(verb="allowed").count() == 2
    ended = Denial.objects.get(user=cast.sara)
    assert (ended.ended_how, ended.ended_import_id) == (Ending.UNDONE, first.id)
    again = desk.undo(first)
    assert (again.status, inactive()) == (WRONG_USAGE, {"Dora"})


def reactivated(cast: Cast) -> None:
    access.allow([cast.sara.pk], by=cast.as_ada)


def reactivated_and_denied_again(cast: Cast) -> None:
    access.allow([cast.sara.pk], by=cast.as_ada)
    access.deny([cast.sara.pk], by=cast.as_ada)


def edited(cast: Cast) -> None:
    people.change_users([(cast.sara.pk, "phone", "0117 2")], by=cast.as_ada)


def given_a_child(cast: Cast) -> None:
    factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.ben, by=cast.as_ada)


def handed_over(cast: Cast) -> None:
    held = Grant.objects.filter(user=cast.sara, pupil=cast.eve)
    access.revoke(held.values_list("pk", flat=True), by=cast.as_ada)


def deleted(cast: Cast) -> None:
    people.remove_users([cast.sara.pk], how=Ending.REMOVED, by=cast.as_ada)


def put_to_sleep(cast: Cast) -> None:
    access.deny([cast.sara.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)


@pytest.mark.parametrize(
    ("touch", "reason", "stays"),
    [
        (reactivated, "they were reactivated since", False),
        (reactivated_and_denied_again, "they were reactivated since", True),
        (edited, "they were edited since", True),
        (given_a_child, "somebody has given them something, or taken it away, since", True),
        (handed_over, "somebody has given them something, or taken it away, since", True),
        (deleted, "they were deleted since", True),
        (put_to_sleep, "somebody has made them inactive at a school since", True),
    ],
)
def test_s43_whoever_was_touched_since_stays_as_they_are_and_is_listed(
    cast: Cast, desk: Desk, touch: Callable[[Cast], None], reason: str, stays: bool
) -> None:
    ran = desk.take_in("leavers", [leaver(cast.sara.email), leaver(cast.theo.email)])
    touch(cast)

    undone = undone_as_told(desk, ran)

    assert undone.status == SOME_REFUSED
    assert undone.out.splitlines()[0] == f"Kept: user {cast.sara} ({cast.sara.email}): {reason}."
    assert inactive() == ({"Sara"} if stays else set())
    assert seen_by(cast.theo) == "Amira Carys"


def test_s43_a_later_import_counts_as_somebody(cast: Cast, desk: Desk) -> None:
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=cast.abbey)
    ran = desk.take_in("leavers", [leaver(cast.noor.email), leaver(cast.sara.email)])
    rows = [person(first="Noor", last=cast.noor.last_name, email=cast.noor.email, phone="0117 3")]
    refused = desk.users(rows, "--yes", role="LA User")
    assert "Reactivate this user" in refused.problems[0]  # a file lets nobody in again
    people.change_users([(cast.noor.pk, "phone", "1")], by=user_actor(cast.ada.pk), import_id=77)

    assert undone_as_told(desk, ran).status == SOME_REFUSED
    assert inactive() == {"Noor"}


def test_what_was_there_before_does_not_count_as_since(cast: Cast, desk: Desk) -> None:
    for touch in (edited, given_a_child, handed_over, put_to_sleep):
        touch(cast)
    before = standing()
    ran = desk.take_in("leavers", [leaver(cast.sara.email)])

    assert undone_as_told(desk, ran).status == APPLIED
    assert difference(before, standing()) == {}


def test_a_cancelled_invitation_stays_cancelled(cast: Cast, desk: Desk) -> None:
    invitations.invite([cast.sara.pk], by=SYSTEM)
    ran = desk.take_in("leavers", [leaver(cast.sara.email)])
    desk.undo(ran)

    (invitation,) = Invitation.objects.filter(user=cast.sara)
    assert invitation.ended_how == "cancelled"


def test_after_undo_the_same_file_asks_nothing(cast: Cast, desk: Desk) -> None:
    rows = [leaver(cast.sara.email), leaver(cast.theo.email)]
    desk.undo(desk.take_in("leavers", rows))

    again = desk.take_in("leavers", rows)

    assert (again.status, again.counts, again.told) == (APPLIED, (0, 2, 0, 0), [])
    assert inactive() == {"Sara", "Theo"}
