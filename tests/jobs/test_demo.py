"""The demonstration organisation is what its description says it is."""

from __future__ import annotations

import re
from dataclasses import astuple
from random import Random
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from schoolgate.access import scope
from schoolgate.access.models import Denial, Grant
from schoolgate.access.own_roles import every_role
from schoolgate.access.roles import DESIGNATED_TEACHER, ROLES, SCHOOL_ROLES
from schoolgate.audit.queries import verify
from schoolgate.jobs import demo
from schoolgate.jobs.demo import crowd, places, sign_ins
from schoolgate.outbox.models import Mail
from schoolgate.outbox.queries import last_problems
from schoolgate.people import invitations
from schoolgate.people.models import StaffRecord, SyncStatus, User
from schoolgate.schools import upn
from schoolgate.schools.models import (
    CareEpisode,
    Enrolment,
    Establishment,
    IdentifierKind,
    Pupil,
    PupilIdentifier,
    SchoolClass,
    SubjectArea,
)
from schoolgate.schools.queries import pupils_identified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

    from tests.clock import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def northshire(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demonstration, made once for all tests here and then taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo.load()
        yield
        transaction.set_rollback(True)


def in_care() -> set[int]:
    today = timezone.localdate()
    holding = CareEpisode.objects.filter(starts_on__lte=today).exclude(ends_on__lt=today)
    return set(holding.values_list("pupil_id", flat=True))


def child(identifier: str) -> Pupil:
    (found,) = pupils_identified(identifier)
    return found


def who_sees(identifier: str) -> set[str]:
    """The last names of those who see a child, the virtual school's people aside, and those of a
    school who see it by the register alone."""
    openings = scope.users_who_can_see(child(identifier).pk)
    aside = {"la_user", "la_super_user", *(role.code for role in SCHOOL_ROLES)}
    return {o.user.last_name for o in openings if o.grant.role not in aside}


def user(email: str) -> User:
    return User.objects.get(email=email)


def test_it_is_as_large_as_promised() -> None:
    assert Pupil.objects.count() == 2000
    assert len(in_care()) == 150
    open_ones = [school for school in Establishment.objects.all() if not school.is_closed]
    assert len(open_ones) >= 20
    assert Establishment.objects.count() - len(open_ones) == 7
    assert set(Grant.objects.values_list("role", flat=True)) == set(every_role())
    assert len(every_role()) == len(ROLES) + 2  # a role and a licence type of its own


def test_everything_in_its_description_is_on_the_register() -> None:
    text = demo.__doc__ or ""
    for email in re.findall(r"[\w.]+@[\w.-]+", text):
        assert User.objects.filter(email=email).exists(), email
    for upn_ in re.findall(r"\b[A-Z]990\d{9}\b", text):
        assert pupils_identified(upn_), upn_
    for name, identifier in re.findall(r"([A-Z]\w+ [A-Z][\w ]*?\w) {2,}([\w-]+)", text):
        if found := pupils_identified(identifier):
            assert str(found[0]) == name
    for urn in re.findall(r"\b990\d\d\d?\b", text):
        assert Establishment.objects.filter(urn=urn).exists(), urn


def test_the_sign_ins_work_and_all_but_a_few_have_the_same_pass_phrase() -> None:
    validate_password(demo.PASS_PHRASE)
    assert [role for role, _ in demo.SIGN_INS] == [
        "LA Super User", "LA User", "Social Worker", "Designated Teacher", "School Admin",
        "Leader", "Teacher", "Finance Manager", "Parent/Guardian",
    ]  # fmt: skip
    for role, email in demo.SIGN_INS:
        found = authenticate(None, username=email, password=demo.PASS_PHRASE)
        assert found == user(email)
        assert {ROLES[grant.role].name for grant in Grant.objects.filter(user=found)} == {role}
        assert scope.pupils_visible_to(user(email).pk).exists() is (role != "Finance Manager")
    waiting = [u for u in User.objects.all() if not u.has_usable_password()]
    assert {u.get_username() for u in waiting} == {
        *sign_ins.INVITED, *sign_ins.REFUSED, *sign_ins.EXPIRED, *sign_ins.NOT_INVITED,
    }  # fmt: skip
    assert not User.objects.exclude(last_login=None).exists()


def test_the_few_stand_in_every_state_of_an_invitation() -> None:
    ids = {u.get_username(): u.pk for u in User.objects.all()}
    told = invitations.invitation_states(list(ids.values()))
    states = {email: told[pk] for email, pk in ids.items()}
    assert {states[email] for email in sign_ins.INVITED} == {"Invited"}
    assert {states[email] for email in sign_ins.REFUSED} == {"Mail bounced"}
    assert {states[email] for email in sign_ins.EXPIRED} == {"Invitation expired"}
    assert {states[email] for email in sign_ins.NOT_INVITED} == {"Not invited"}
    assert set(last_problems(list(ids.values()))) == {ids[email] for email in sign_ins.REFUSED}
    assert Mail.objects.filter(state="waiting").count() == len(sign_ins.INVITED)


def test_upns_are_well_formed_but_for_some() -> None:
    upns = PupilIdentifier.objects.filter(kind=IdentifierKind.UPN)
    wrong = [i.value for i in upns if upn.problem(i.value)]
    assert 10 <= len(wrong) <= 30
    assert upns.filter(well_formed=False).count() == len(wrong)
    lacking = Pupil.objects.exclude(identifiers__kind=IdentifierKind.UPN)
    assert 50 <= lacking.count() <= 200
    assert not Pupil.objects.filter(identifiers=None).exists()


def test_nobody_is_there_twice() -> None:
    twins = Pupil.objects.values("first_key", "last_key", "date_of_birth").annotate(n=Count("id"))
    assert not twins.filter(n__gt=1).exists()
    for key in ("email_key", "username_key"):
        named = User.objects.exclude(**{key: None})
        assert named.values(key).distinct().count() == named.count() > 2


def test_the_templates_example_is_not_on_the_register() -> None:
    urns = ("983561", "546983", "761259")
    assert not Establishment.objects.filter(urn__in=urns).exists()
    for number in ("9875", "4932", "4683", "4779", "6634", "5962", "4692"):
        assert pupils_identified(number) == []
    for email in ("jbloggs@school.sch.uk", "doe.jane@school.sch.uk", "john@school.sch.uk"):
        assert not User.objects.filter(email=email).exists()


def test_a_child_is_on_roll_once_a_day_but_for_the_one_who_is_dual_registered() -> None:
    today = timezone.localdate()
    now = Enrolment.objects.filter(starts_on__lte=today).exclude(ends_on__lt=today)
    several = now.values("pupil_id").annotate(n=Count("id")).filter(n__gt=1)
    assert [row["pupil_id"] for row in several] == [child("R990200120905").pk]
    assert now.values("pupil_id").distinct().count() == 2000


def test_each_hard_case_is_seen_by_the_right_adults() -> None:
    expected = {
        "K990200120901": {"Mensah", "Nair"},  # moved to Thornwick
        "Z990200120902": {"Mensah", "Nair"},  # still at Thornwick
        "N990200120903": set(),  # no school known
        "C990200120904": set(),  # educated at home
        "V990200120907": set(),  # their teacher's grant is over the closed school
        "Y990200120911": {"Mensah"},  # left care; linked to Mensah as social worker
        "M990200120912": {"Rhys"},  # last day in care
        "B990200120913": set(),  # not in care yet
        "M990200120941": {"Rhys", "Whitaker"},
        "B990200120942": set(),  # restricted from both who would
        "Q990200120943": {"Whitaker"},
        "L990200120921": {"Marlowe"},
    }
    assert {identifier: who_sees(identifier) for identifier in expected} == expected
    assert {"Rhys", "Nair"} < who_sees("R990200120905")  # and the other school's teacher
    assert len(who_sees("R990200120905")) == 3
    assert {"Oldroyd", "Banerjee"} <= who_sees("U990200120916")
    assert who_sees("A990200120922").isdisjoint(who_sees("P990200120923"))
    seen_by_haigh = scope.pupils_visible_to(user("lorna.haigh@greywateracademy.example").pk)
    assert not seen_by_haigh.exists()
    assert Denial.objects.filter(establishment=None).count() == 2
    for email in ("nathan.quirke@northshire.example", "judith.sowerby@tarnbeckprimary.example"):
        assert not scope.pupils_visible_to(user(email).pk).exists()
    both = Grant.objects.filter(user=user("sian.fothergill@fellside.example"))
    assert both.values("establishment").distinct().count() == 2


def test_what_ends_today_has_ended_tomorrow(clock: Clock) -> None:
    last_day = CareEpisode.objects.get(pupil=child("M990200120912")).ends_on
    assert last_day
    clock.set(last_day)
    assert who_sees("M990200120912") == {"Rhys"}
    assert "Nair" in who_sees("E990200120915")
    clock.wait(days=1)
    assert who_sees("M990200120912") == set()
    assert "Nair" not in who_sees("E990200120915")


def test_most_schools_have_a_teacher_and_most_children_in_care_a_social_worker() -> None:
    with_teacher = set(
        Grant.objects.filter(role=DESIGNATED_TEACHER.code).values_list("establishment__urn")
    )
    assert len(with_teacher) >= 20
    linked = set(Grant.objects.filter(role="social_worker").values_list("pupil_id", flat=True))
    assert len(in_care() & linked) >= 120


def test_a_school_is_told_from_inside() -> None:
    school = Establishment.objects.get(urn=places.MADDENFORD)
    live = StaffRecord.objects.filter(establishment=school, ended_at=None)
    assert 35 <= live.count() <= 45
    assert set(live.values_list("sync", flat=True)) == set(SyncStatus.values)
    states = invitations.invitation_states(list(live.values_list("user_id", flat=True)))
    assert set(states.values()) == {
        "Active", "Invited", "Invitation expired", "Mail bounced", "Not invited",
    }  # fmt: skip
    assert Denial.objects.filter(establishment=school).count() == 1
    areas = SubjectArea.objects.filter(establishment=school)
    assert {area.category.name for area in areas if area.category} == {
        "Humanities", "Sciences", "Languages", "Arts",
    }  # fmt: skip
    ruth, owen, imani = (
        scope.pupils_visible_to(user(f"{name}@maddenfordhigh.example").pk)
        for name in ("ruth.calloway", "owen.fairclough", "imani.clarke")
    )
    on_roll = Enrolment.objects.filter(establishment=school, ended_at=None, ends_on=None)
    assert set(ruth.values_list("pk", flat=True)) == set(
        on_roll.filter(starts_on__lte=timezone.localdate()).values_list("pupil_id", flat=True)
    )
    assert 0 < imani.count() < owen.count() < ruth.count()
    # Each other school's classes are those that the pupil file names.
    names = Pupil.objects.exclude(class_name="").values_list("class_name", flat=True)
    elsewhere = SchoolClass.objects.exclude(establishment=school)
    assert set(elsewhere.values_list("name", flat=True)) <= set(names)
    assert elsewhere.count() > 100


def test_it_is_the_same_each_time() -> None:
    today = timezone.localdate()
    chosen = places.places(today)
    first, again = (crowd.children(200, chosen, today, Random(1)) for _ in range(2))
    assert [astuple(c) for c in first] == [astuple(c) for c in again]


def test_its_events_are_one_whole_chain() -> None:
    assert list(verify()) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_event WHERE verb = 'created'")
        assert cursor.fetchone()[0] >= 2000 + User.objects.count()
