"""Access until a date: the last day of what somebody holds, and who is told before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access import ends
from schoolgate.access.actions import deny, revoke
from schoolgate.access.models import EndNotice, Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_SUPER_USER, SCHOOL_ADMIN
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.queries import verify
from schoolgate.kit.records import Ending
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail
from tests import factories
from tests.cast import Cast, seen_by
from tests.clock import Clock
from tests.school import School


def live(user):
    """The grants of a user that are on record."""
    return list(Grant.objects.filter(user=user, ended_at__isnull=True).order_by("pk"))


def in_days(days: int):
    """The day so many days from now."""
    return timezone.localdate() + timedelta(days=days)


def until(user, days: int | None, *, by=SYSTEM) -> int:
    """Let all that the user holds end in so many days."""
    day = None if days is None else in_days(days)
    return ends.set_last_day([grant.pk for grant in live(user)], day, by=by)


def test_a_last_day_is_set_changed_and_taken_away_and_the_old_grant_stays_on_record(
    cast: Cast,
) -> None:
    before = live(cast.sara)
    assert until(cast.sara, 10, by=cast.as_ada) == 3
    assert [(g.ends_on, g.starts_on) for g in live(cast.sara)] == [
        (in_days(10), g.starts_on) for g in before
    ]
    old = Grant.objects.get(pk=before[0].pk)
    assert (old.ends_on, old.ended_how) == (None, Ending.REPLACED)
    assert seen_by(cast.sara) == "Amira Eve"
    assert until(cast.sara, 10, by=cast.as_ada) == 0  # the same once more changes nothing
    assert until(cast.sara, 20, by=cast.as_ada) == 3
    assert until(cast.sara, None, by=cast.as_ada) == 3
    assert [g.ends_on for g in live(cast.sara)] == [None, None, None]
    assert list(verify()) == []


def test_the_last_day_counts_and_the_next_does_not(clock: Clock, cast: Cast) -> None:
    until(cast.sara, 1)
    assert seen_by(cast.sara) == "Amira Eve"
    clock.wait(days=1)
    assert seen_by(cast.sara) == "Amira Eve"
    clock.wait(days=1)
    assert seen_by(cast.sara) == ""


def test_a_day_that_is_over_or_before_the_beginning_is_refused(cast: Cast) -> None:
    with pytest.raises(Refusal, match="Choose today or a later day"):
        until(cast.sara, -1)
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=cast.abbey, since=in_days(5))
    with pytest.raises(Refusal, match="Choose a later day"):
        until(cast.noor, 3)
    assert live(cast.noor)[0].ends_on is None


def test_a_school_admin_sets_the_last_day_in_her_own_school_alone(school: School) -> None:
    assert until(school.lena, 10, by=school.as_nia) == 1
    assert until(school.lena, 20, by=school.as_nia) == 1  # hers to give, so hers to prolong
    with pytest.raises(Refusal, match="not in your school"):
        until(school.bo, 10, by=school.as_nia)
    # A teacher's class comes from the sync, and a Finance Manager from an LA Super User: she may
    # let them end sooner and no later.
    for user in (school.tariq, school.femi, school.cast.dora):
        assert until(user, 10, by=school.as_nia) == 1
        assert until(user, 5, by=school.as_nia) == 1
        for days in (10, None):
            with pytest.raises(Refusal, match="last longer"):
                until(user, days, by=school.as_nia)
    with pytest.raises(Refusal, match="Ask an LA Super User"):
        until(school.una, None, by=school.as_lena) or until(school.tariq, 1, by=school.as_lena)


def test_s32_the_last_la_super_user_has_no_last_day(cast: Cast) -> None:
    with pytest.raises(Refusal, match="must have no last day"):
        until(cast.ada, 10)
    factories.grant(cast.noor, LA_SUPER_USER)
    until(cast.ada, 10)
    with pytest.raises(Refusal, match="must have no last day"):
        until(cast.noor, 20)


def told() -> list[tuple[str, int]]:
    """Who has been told by now, and how many days before."""
    notices = EndNotice.objects.order_by("pk").select_related("user")
    return [(notice.user.first_name, notice.days_before) for notice in notices]


def test_each_is_told_fourteen_and_three_days_before_once(clock: Clock, cast: Cast) -> None:
    until(cast.sara, 15)
    assert ends.post_notices() == 0
    for days, posted in ((1, 1), (0, 0), (4, 0), (7, 1), (1, 0), (2, 0), (1, 0)):
        clock.wait(days=days)
        assert ends.post_notices() == posted, clock.today
    assert told() == [("Sara", 14), ("Sara", 3)]  # once, for both of her children
    assert set(Mail.objects.values_list("kind", "address")) == {("access-ends", cast.sara.email)}


def test_a_day_set_late_is_told_at_once(cast: Cast) -> None:
    until(cast.sara, 2)
    until(cast.dora, 7)
    assert ends.post_notices() == 2
    assert ends.post_notices() == 0
    assert sorted(told()) == [("Dora", 14), ("Sara", 3)]


def test_who_is_inactive_or_goes_on_is_not_told(cast: Cast) -> None:
    for user in (cast.sara, cast.dora, cast.theo):
        until(user, 10)
    deny([cast.sara.pk], by=SYSTEM)
    deny([cast.theo.pk], by=SYSTEM, establishment_id=cast.abbey.pk)
    # Dora's next year is on record already.
    factories.grant(
        cast.dora, DESIGNATED_TEACHER, school=cast.abbey, since=in_days(11), until=in_days(300)
    )
    found = ends.ending(within=timedelta(days=30))
    assert [(g.user.first_name, g.establishment) for g in found] == [("Theo", cast.brook)]
    assert not ends.ending(within=timedelta(days=30), establishment_id=cast.abbey.pk)
    assert ends.post_notices() == 1


def test_a_notice_that_is_wrong_by_now_is_not_sent(cast: Cast) -> None:
    until(cast.sara, 10)
    until(cast.dora, 10)
    ends.post_notices()
    ids = list(EndNotice.objects.values_list("pk", flat=True))
    assert set(ends.still_ending(ids).values()) == {in_days(10)}
    until(cast.sara, None)
    revoke([g.pk for g in live(cast.dora)], by=SYSTEM)
    assert ends.still_ending(ids) == {}
    factories.grant(cast.noor, SCHOOL_ADMIN, school=cast.abbey, until=in_days(10))
    assert ends.post_notices() == 1
