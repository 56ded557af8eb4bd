"""Restrictions that are looked at again (NEW5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access import restrictions
from schoolgate.access.models import Restriction
from schoolgate.access.restrictions import NewRestriction, Review
from schoolgate.audit.actions import user_actor
from schoolgate.audit.models import Event
from schoolgate.kit.refusal import Refusal
from tests import factories
from tests.cast import Cast, seen_by

DAY = timedelta(days=1)


def one_on(user, pupil, *, by, review_in=0, until=None) -> Restriction:
    today = timezone.localdate()
    row = NewRestriction(
        user.pk, pupil.pk, "Order 12", today, until, "File 12/88", today + review_in * DAY
    )
    restrictions.restrict([row], by=by)
    return Restriction.objects.latest("pk")


def test_those_of_which_the_day_has_come_are_due(cast: Cast) -> None:
    due = one_on(cast.sara, cast.amira, by=cast.as_ada)
    later = one_on(cast.sara, cast.eve, by=cast.as_ada, review_in=1)
    lifted = one_on(cast.theo, cast.amira, by=cast.as_ada)
    restrictions.lift_restrictions([lifted.pk], by=cast.as_ada)
    factories.restriction(cast.dora, cast.amira)
    today = timezone.localdate()
    factories.restriction(cast.dora, cast.ben, since=today - 9 * DAY, until=today - DAY)
    assert list(restrictions.due_for_review(cast.ada.pk)) == [due]
    assert restrictions.that_count(cast.ada.pk).count() == 3
    assert later in restrictions.that_count(cast.ada.pk)


def test_s35_a_restriction_on_a_child_whom_the_reader_may_not_see_is_not_listed(cast: Cast) -> None:
    one_on(cast.sara, cast.amira, by=cast.as_ada)
    one_on(cast.ada, cast.amira, by=cast.as_ada)
    assert not restrictions.that_count(cast.ada.pk).exists()
    assert not restrictions.due_for_review(cast.ada.pk).exists()


def test_one_that_is_kept_blocks_as_before(cast: Cast) -> None:
    found = one_on(cast.sara, cast.amira, by=cast.as_ada)
    next_time = timezone.localdate() + 90 * DAY
    restrictions.keep_restrictions([Review(found.pk, "File 12/88", next_time)], by=cast.as_ada)
    found.refresh_from_db()
    assert found.review_on == next_time
    assert seen_by(cast.sara) == "Eve"
    (event,) = Event.objects.filter(verb="reviewed")
    assert (event.fields, event.user_id, event.pupil_id) == (
        "review_on", cast.sara.pk, cast.amira.pk,
    )  # fmt: skip


def test_a_review_without_a_next_day_is_never_due_again(cast: Cast) -> None:
    found = one_on(cast.sara, cast.amira, by=cast.as_ada)
    restrictions.keep_restrictions([Review(found.pk, None, None)], by=cast.as_ada)
    found.refresh_from_db()
    assert (found.evidence, found.review_on) == (None, None)
    assert not restrictions.due_for_review(cast.ada.pk).exists()


def test_nobody_reviews_one_on_themselves_or_without_being_la_super_user(cast: Cast) -> None:
    own = one_on(cast.ada, cast.amira, by=cast.as_ada)
    with pytest.raises(Refusal, match="nobody reviews a restriction on themselves"):
        restrictions.keep_restrictions([Review(own.pk, None, None)], by=cast.as_ada)
    with pytest.raises(Refusal, match="Ask an LA Super User"):
        restrictions.keep_restrictions([Review(own.pk, None, None)], by=user_actor(cast.liam.pk))
    own.refresh_from_db()
    assert own.evidence == "File 12/88"


def test_one_that_was_lifted_meanwhile_is_not_kept(cast: Cast) -> None:
    found = one_on(cast.sara, cast.amira, by=cast.as_ada)
    restrictions.lift_restrictions([found.pk], by=cast.as_ada)
    with pytest.raises(Refusal, match="has been lifted"):
        restrictions.keep_restrictions([Review(found.pk, None, None)], by=cast.as_ada)


def test_the_same_restriction_sent_twice_is_one_whatever_its_review_day(cast: Cast) -> None:
    one_on(cast.sara, cast.amira, by=cast.as_ada)
    one_on(cast.sara, cast.amira, by=cast.as_ada, review_in=5)
    assert Restriction.objects.count() == 1
