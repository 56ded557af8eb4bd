"""The roles that the organisation adds, over pupils (LAC15)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import role_changes
from schoolgate.access.actions import NewGrant
from schoolgate.access.models import Grant, OwnRole
from schoolgate.access.own_roles import by_file, every_role, known_roles, role_named, role_of
from schoolgate.access.roles import TEACHER, Detail
from schoolgate.access.scope import pupils_told_of_care
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from tests import factories
from tests.cast import seen_by, who_sees

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cast import Cast
    from tests.clock import Clock
    from tests.school import School


def last_event() -> tuple[str, str, str]:
    event = Event.objects.latest("pk")
    return event.verb, event.kind, event.fields


def test_a_role_of_ones_own_opens_the_pupils_linked_and_no_others(cast: Cast) -> None:
    officer = factories.own_role(by=cast.as_ada)
    assert last_event() == ("created", "role", "")
    factories.grant(cast.noor, officer, pupil=cast.amira)
    assert seen_by(cast.noor) == "Amira"
    assert [p.first_name for p in pupils_told_of_care(cast.noor.pk)] == ["Amira"]


def test_one_that_shows_the_register_tells_nothing_of_care(cast: Cast) -> None:
    carer = factories.own_role("Driver", shows="the register")
    assert role_of(carer.code).detail is Detail.REGISTER
    factories.grant(cast.noor, carer, pupil=cast.amira)
    assert seen_by(cast.noor) == "Amira"
    assert list(pupils_told_of_care(cast.noor.pk)) == []


def test_it_is_found_by_its_name_and_offered_after_the_four(cast: Cast) -> None:
    officer = factories.own_role()
    assert role_named("independent  reviewing OFFICER") == officer
    assert [*every_role()][:4] == ["designated_teacher", "la_user", "la_super_user",
                                   "social_worker"]  # fmt: skip
    assert [*every_role()][-1] == officer.code
    assert officer.code in by_file()
    assert TEACHER.code not in by_file()


@pytest.mark.parametrize("name", ["Social worker", "SocialWorker", "independent reviewing officer"])
def test_a_name_that_is_taken_is_refused(cast: Cast, name: str) -> None:
    factories.own_role()
    with pytest.raises(Refusal, match="Enter another name"):
        factories.own_role(name)
    assert OwnRole.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"name": " "}, "Enter a name"),
        ({"name": "…"}, "Enter a name"),
        ({"name": "x" * 101}, "Shorten the name"),
        ({"purpose": "x" * 201}, "Shorten the purpose"),
        ({"shows": "everything but past care episodes"}, "Choose what"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(
    cast: Cast, facts: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Refusal, match=sentence):
        factories.own_role(**facts)  # type: ignore[arg-type]  # never says by whom
    assert not OwnRole.objects.exists()


def test_renaming_keeps_what_it_opens_and_refuses_whom_somebody_outran(cast: Cast) -> None:
    officer = factories.own_role()
    factories.grant(cast.noor, officer, pupil=cast.amira)
    (role,) = role_changes.own_roles()
    seen = role.standing()

    def rename(name: str, seen: str) -> None:
        role_changes.rename_role(role.pk, name=name, purpose="", seen=seen, by=cast.as_ada)

    rename("IRO", seen)
    assert last_event() == ("changed", "role", "name,purpose")
    assert (seen_by(cast.noor), role_of(officer.code).name) == ("Amira", "IRO")
    assert role_named(officer.name) is None
    with pytest.raises(Refusal, match="Look at what is there now"):
        rename("Reviewer", seen)
    with pytest.raises(Refusal, match="Enter another name"):
        rename("Leader", OwnRole.objects.get().standing())
    assert role_of(officer.code).name == "IRO"


def test_taking_it_away_ends_its_grants_and_past_days_still_answer(
    clock: Clock, cast: Cast
) -> None:
    officer = factories.own_role()
    factories.grant(cast.noor, officer, pupil=cast.amira)
    factories.grant(cast.sara, officer, pupil=cast.amira)
    then = timezone.now()
    clock.wait(minutes=1)
    (role,) = role_changes.own_roles()
    role_changes.remove_role(role.pk, seen=role_changes.mark_of(role), by=cast.as_ada)
    assert (seen_by(cast.noor), seen_by(cast.sara)) == ("", "Amira Eve")
    assert not Grant.objects.filter(role=officer.code, ended_at=None).exists()
    assert seen_by(cast.noor, then) == "Amira"
    assert "Noor" in who_sees(cast.amira, then)
    assert officer.code not in every_role()
    assert known_roles()[officer.code].name == role_of(officer.code).name == officer.name
    with pytest.raises(Refusal, match="has been taken away"):
        factories.grant(cast.noor, officer, pupil=cast.amira)
    with pytest.raises(Refusal, match="has been taken away"):
        role_changes.remove_role(role.pk, seen="", by=cast.as_ada)
    assert factories.own_role().name == officer.name  # the name is free again


def test_it_is_not_taken_from_others_than_were_shown(cast: Cast) -> None:
    officer = factories.own_role()
    (role,) = role_changes.own_roles()
    seen = role_changes.mark_of(role)
    factories.grant(cast.noor, officer, pupil=cast.amira)
    with pytest.raises(Refusal, match="Look at who has the role now"):
        role_changes.remove_role(role.pk, seen=seen, by=cast.as_ada)
    assert seen_by(cast.noor) == "Amira"


def test_what_is_lost_is_what_no_other_role_opens_and_the_reader_sees(cast: Cast) -> None:
    officer = factories.own_role()
    for user, pupil in [
        (cast.noor, cast.amira), (cast.noor, cast.carys), (cast.noor, cast.ben),
        (cast.sara, cast.amira), (cast.sara, cast.ben), (cast.liam, cast.eve),
    ]:  # fmt: skip
        factories.grant(user, officer, pupil=pupil)
    (role,) = role_changes.own_roles()
    before = {user.pk: seen_by(user).split() for user in cast.users}
    lost = role_changes.lost_without(role, reader_id=cast.ada.pk)
    assert lost == {cast.noor.pk: 3, cast.sara.pk: 1}
    factories.restriction(cast.ada, cast.carys)
    assert role_changes.lost_without(role, reader_id=cast.ada.pk)[cast.noor.pk] == 2
    role_changes.remove_role(role.pk, seen=role_changes.mark_of(role), by=cast.as_ada)
    gone = {user.pk: len(before[user.pk]) - len(seen_by(user).split()) for user in cast.users}
    gone[cast.ada.pk] = 0  # lost Carys by the restriction
    assert {pk: count for pk, count in gone.items() if count} == lost


def test_s31_only_an_la_super_user_makes_changes_gives_and_takes_it(school: School) -> None:
    cast = school.cast
    officer = factories.own_role()
    (role,) = role_changes.own_roles()
    for user in (cast.liam, cast.sara, cast.dora, school.nia, school.lena, school.femi):
        by = user_actor(user.pk)
        link = NewGrant(user.pk, officer.code, None, cast.amira.pk, timezone.localdate())
        seen, mark = role.standing(), role_changes.mark_of(role)
        attempts: list[Callable[[], object]] = [
            partial(factories.own_role, "Mine", by=by),
            partial(role_changes.rename_role, role.pk, name="Mine", purpose="", seen=seen, by=by),
            partial(role_changes.remove_role, role.pk, seen=mark, by=by),
            partial(access.grant, [link], by=by, source=Source.BY_HAND),
        ]
        for attempt in attempts:
            with pytest.raises(Refusal, match="Ask an LA Super User"):
                attempt()
    assert [*role_changes.own_roles()] == [role]
    assert OwnRole.objects.get().name == officer.name
    assert not Grant.objects.filter(role=officer.code).exists()
    access.grant(
        [NewGrant(cast.noor.pk, officer.code, None, None, timezone.localdate())],
        by=SYSTEM,
        source=Source.BY_HAND,
    )
