"""Who sees whom today, and how days passing and lives changing change it by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest

from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_USER, SOCIAL_WORKER
from schoolgate.access.scope import may_see, pupils_visible_to, users_who_can_see
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Ending, Source
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.models import CareEpisode, Elsewhere, Enrolment, Establishment, Pupil
from tests import factories
from tests.cast import Cast, seen_by, who_sees
from tests.clock import Clock


def test_each_role_sees_what_the_table_of_roles_says(cast: Cast) -> None:
    assert seen_by(cast.ada) == seen_by(cast.liam) == "Amira Ben Carys Dylan Eve"
    assert seen_by(cast.sara) == "Amira Eve"
    assert seen_by(cast.dora) == "Amira"
    assert seen_by(cast.theo) == "Amira Carys"
    assert seen_by(cast.noor) == ""


def test_each_pupil_is_seen_by_the_same_users_that_see_it(cast: Cast) -> None:
    assert who_sees(cast.amira) == "Ada Dora Liam Sara Theo"
    assert who_sees(cast.ben) == who_sees(cast.dylan) == "Ada Liam"
    assert who_sees(cast.carys) == "Ada Liam Theo"
    assert who_sees(cast.eve) == "Ada Liam Sara"


def test_nobody_sees_a_pupil_or_is_seen_as_a_user_that_is_not_there(cast: Cast) -> None:
    assert not may_see(cast.ada.pk, 999_999)
    assert not may_see(999_999, cast.amira.pk)
    assert users_who_can_see(999_999) == []
    assert not pupils_visible_to(999_999).exists()


def test_a_designated_teacher_whose_school_is_not_known_yet_sees_nobody(cast: Cast) -> None:
    factories.grant(cast.noor, DESIGNATED_TEACHER)

    assert seen_by(cast.noor) == ""


def test_a_link_made_by_hand_opens_no_pupil_to_a_designated_teacher(cast: Cast) -> None:
    straight_into_the_table(cast.noor, DESIGNATED_TEACHER.code, cast.amira)

    assert seen_by(cast.noor) == ""
    assert not may_see(cast.noor.pk, cast.amira.pk)


def test_a_pupil_assigned_to_an_la_user_is_opened_by_the_role_and_not_by_that(cast: Cast) -> None:
    straight_into_the_table(cast.noor, LA_USER.code, cast.amira)

    assert seen_by(cast.noor) == ""
    assert "Noor" not in who_sees(cast.amira)


def straight_into_the_table(user: User, role: str, pupil: Pupil) -> None:
    """A grant that the actions would not make, or not leave by itself."""
    usual = Grant.objects.filter(ended_at__isnull=True).earliest("pk")
    Grant.objects.create(
        user=user, role=role, pupil=pupil, starts_on=usual.starts_on,
        recorded_at=usual.recorded_at, source=Source.IMPORT,
    )  # fmt: skip


# Days from today: first, last (None: open) and whether it holds today.
PERIODS = [
    (-5, None, True),
    (0, None, True),
    (0, 0, True),
    (-5, 0, True),
    (-5, -1, False),
    (1, None, False),
    (1, 5, False),
]


@pytest.mark.parametrize(("first", "last", "holds"), PERIODS)
@pytest.mark.parametrize("what", ["grant", "enrolment", "episode", "restriction"])
def test_first_and_last_day_are_included(
    clock: Clock, cast: Cast, what: str, first: int, last: int | None, holds: bool
) -> None:
    since, until = clock.day(first), None if last is None else clock.day(last)
    teacher = factories.user(first_name="Tess")
    child = factories.pupil(first_name="Kim")
    make: dict[str, Callable[[date | None, date | None], object]] = {
        "grant": lambda since, until: factories.grant(
            teacher, DESIGNATED_TEACHER, school=cast.abbey, since=since, until=until
        ),
        "enrolment": lambda since, until: factories.enrolment(
            child, cast.abbey, since=since, until=until
        ),
        "episode": lambda since, until: factories.episode(child, since=since, until=until),
    }
    for kind, made in make.items():
        made(*((since, until) if kind == what else (None, None)))
    if what == "restriction":
        factories.restriction(teacher, child, since=since, until=until)
        holds = not holds

    assert may_see(teacher.pk, child.pk) == holds
    assert ("Kim" in seen_by(teacher)) == holds
    assert ("Tess" in who_sees(child)) == holds


def test_midnight_is_that_of_london(clock: Clock, cast: Cast) -> None:
    clock.set(date(2026, 7, 1))
    factories.episode(cast.ben, since=date(2026, 7, 10))

    clock.set(date(2026, 7, 9), time(23, 59, 59))
    assert not may_see(cast.dora.pk, cast.ben.pk)

    clock.set(date(2026, 7, 10), time(0, 0))  # still the 9th by Greenwich
    assert may_see(cast.dora.pk, cast.ben.pk)


def test_a_child_who_comes_into_care_appears_to_the_designated_teachers(cast: Cast) -> None:
    factories.episode(cast.ben)

    assert seen_by(cast.dora) == "Amira Ben"
    assert seen_by(cast.theo) == "Amira Ben Carys"
    assert seen_by(cast.sara) == "Amira Eve"


def test_a_child_who_leaves_care_disappears_after_the_last_day(clock: Clock, cast: Cast) -> None:
    open_episode = CareEpisode.objects.get(pupil=cast.amira)
    schools.end_records(CareEpisode, [open_episode.pk], how=Ending.REPLACED, by=SYSTEM)
    factories.episode(cast.amira, since=open_episode.starts_on, until=clock.today)

    assert seen_by(cast.dora) == "Amira"
    assert seen_by(cast.sara) == "Amira Eve"

    clock.wait(days=1)
    assert seen_by(cast.dora) == ""
    assert seen_by(cast.sara) == "Amira Eve"  # the social worker's link does not end with care


def test_coming_back_into_care_counts_although_an_earlier_episode_is_over(cast: Cast) -> None:
    factories.episode(cast.dylan)

    assert seen_by(cast.dora) == "Amira Dylan"


def test_a_move_takes_effect_at_once(clock: Clock, cast: Cast) -> None:
    before = clock.moment
    clock.wait(hours=1)
    move(cast.amira, cast.brook, clock.today)

    assert seen_by(cast.dora) == ""
    assert seen_by(cast.theo) == "Amira Carys"
    assert seen_by(cast.dora, before) == "Amira"
    last_day = Enrolment.objects.get(
        pupil=cast.amira, establishment=cast.abbey, ended_at__isnull=True
    ).ends_on
    assert last_day == clock.day(-1)


def test_a_move_to_no_known_school_leaves_it_to_the_social_worker(clock: Clock, cast: Cast) -> None:
    move(cast.amira, None, clock.today)

    assert who_sees(cast.amira) == "Ada Liam Sara"


def move(pupil: Pupil, school: Establishment | None, day: date) -> None:
    elsewhere = "" if school else Elsewhere.UNKNOWN
    row = schools.NewEnrolment(pupil.pk, school.pk if school else None, elsewhere, day, None)
    schools.move([row], by=SYSTEM, source=Source.BY_HAND)


def test_a_child_at_two_schools_is_seen_at_both(cast: Cast) -> None:
    bella = factories.user(first_name="Bella")
    factories.grant(bella, DESIGNATED_TEACHER, school=cast.brook)
    factories.enrolment(cast.amira, cast.brook)

    assert seen_by(cast.dora) == "Amira"
    assert seen_by(bella) == "Amira Carys"


def test_a_pupil_reached_by_several_grants_is_listed_once_and_each_grant_named(
    cast: Cast,
) -> None:
    factories.grant(cast.dora, SOCIAL_WORKER, pupil=cast.amira)
    factories.episode(cast.amira, since=date(2026, 1, 1))  # overlaps with the open one

    assert [p.first_name for p in pupils_visible_to(cast.dora.pk)] == ["Amira"]
    openings = [o for o in users_who_can_see(cast.amira.pk) if o.user == cast.dora]
    assert [o.grant.role for o in openings] == ["designated_teacher", "social_worker"]


def test_users_who_can_see_are_listed_by_last_name(cast: Cast) -> None:
    last_names = [opening.user.last_name for opening in users_who_can_see(cast.amira.pk)]

    assert last_names == ["Lindqvist", "Marsh", "Novak", "Osei", "Teague"]


def test_somebody_who_has_not_signed_in_yet_counts_as_seeing(cast: Cast) -> None:
    assert not cast.dora.has_signed_in
    assert "Dora" in who_sees(cast.amira)


def test_a_user_who_is_gone_sees_nobody(cast: Cast) -> None:
    people.remove_users([cast.liam.pk, cast.dora.pk], how=Ending.REMOVED, by=cast.as_ada)

    assert seen_by(cast.liam) == seen_by(cast.dora) == ""
    assert who_sees(cast.amira) == "Ada Sara Theo"


def test_a_pupil_who_is_gone_is_seen_by_nobody(cast: Cast) -> None:
    schools.remove_things(Pupil, [cast.amira.pk], how=Ending.REMOVED, by=cast.as_ada)

    assert seen_by(cast.ada) == "Ben Carys Dylan Eve"
    assert seen_by(cast.sara) == "Eve"
    assert seen_by(cast.theo) == "Carys"
    assert who_sees(cast.amira) == ""


def test_a_closed_school_still_opens_its_pupils(cast: Cast) -> None:
    schools.change_things(Establishment, [(cast.abbey.pk, "status", "Closed")], by=cast.as_ada)

    assert seen_by(cast.dora) == "Amira"
