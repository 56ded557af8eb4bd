"""Whether parents may sign in: the switches, whom they shut out, and that it is for good (ITS1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access import parent_access, relations, scope
from schoolgate.access.parent_access import Change, standing_of, weighed, would_shut_out
from schoolgate.access.roles import LA_USER, PARENT, PUPIL, SCHOOL_ADMIN
from schoolgate.access.sign_in import SignInBackend, may_enter
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.kit import bulk
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import set_password
from schoolgate.schools.models import Elsewhere, Establishment, Organisation
from schoolgate.sign_in.models import AskedByMail, UserSession
from tests import factories
from tests.sign_in import mailed


def organisation() -> Organisation:
    return Organisation.objects.get()


def switch(on: bool, *, names: bool = False, by=SYSTEM) -> None:
    parent_access.set_organisation_access(
        parent_access=on, names_to_parents=names, seen=standing_of(organisation()), by=by
    )


def switch_schools(*schools: Establishment, on: bool, by=SYSTEM) -> int:
    ids = frozenset(school.pk for school in schools)
    seen = weighed(Change(schools=ids, school_access=on)).mark
    return parent_access.set_schools_access(ids, on=on, seen=seen, by=by)


@pytest.fixture
def families(cast):
    """Users by what they hold, all with a password; parent access is on everywhere."""
    Organisation.objects.create(name="Northshire")
    switch(True)
    switch_schools(cast.abbey, cast.brook, on=True)
    nowhere = factories.pupil(first_name="Noah")
    at_home = factories.pupil(first_name="Holly")
    factories.enrolment(at_home, None, elsewhere=Elsewhere.AT_HOME)
    held = {
        "abbey": [(PARENT, {"pupil": cast.amira})],
        "both": [(PARENT, {"pupil": cast.amira}), (PARENT, {"pupil": cast.carys})],
        "brook": [(PARENT, {"pupil": cast.carys})],
        "child": [(PUPIL, {"pupil": cast.ben})],
        "nowhere": [(PARENT, {"pupil": nowhere})],
        "home": [(PARENT, {"pupil": at_home})],
        "admin": [(PARENT, {"pupil": cast.amira}), (SCHOOL_ADMIN, {"school": cast.brook})],
        "wide": [(PARENT, {"pupil": cast.amira}), (LA_USER, {})],
        "past": [(PARENT, {"pupil": cast.amira, "until": timezone.localdate() - timedelta(1)})],
        "nothing": [],
    }
    made = {}
    for name, grants in held.items():
        made[name] = factories.user(first_name=name.capitalize())
        set_password(user=made[name], password="correct horse battery staple", by=SYSTEM)
        for role, place in grants:
            factories.grant(made[name], role, **place)
    return made


def kept_out(families) -> str:
    return " ".join(sorted(name for name, user in families.items() if not may_enter(user.pk)))


def of_query(families, query: str) -> str:
    ids = {user_id for (user_id,) in bulk.select(f"SELECT x.user_id FROM ({query}) x")}
    return " ".join(sorted(name for name, user in families.items() if user.pk in ids))


def signed_in(user) -> UserSession:
    now = timezone.now()
    return UserSession.objects.create(
        user=user, door="password", made_at=now, seen_at=now, confirmed_at=now
    )


def test_the_switches_govern_who_signs_in_and_no_link(cast, families):
    assert kept_out(families) == ""
    seen = scope.pupils_visible_to(families["both"].pk).count()
    switch_schools(cast.abbey, on=False)
    assert kept_out(families) == "abbey child"
    assert scope.pupils_visible_to(families["both"].pk).count() == seen == 2
    switch(False)
    assert kept_out(families) == "abbey both brook child home nowhere"
    assert scope.pupils_visible_to(families["abbey"].pk).count() == 1
    switch(True)
    switch_schools(cast.abbey, on=True)
    assert kept_out(families) == ""


def test_all_at_once_is_told_the_same_as_one_by_one(cast, families):
    for organisation_on in (True, False):
        switch(organisation_on)
        for schools in ([], [cast.abbey], [cast.brook], [cast.abbey, cast.brook]):
            for school in (cast.abbey, cast.brook):
                switch_schools(school, on=school in schools)
            assert of_query(families, relations.shut_out_families()) == kept_out(families)


def test_it_is_told_before_whom_a_switch_shuts_out(cast, families):
    assert would_shut_out(Change(organisation=False)) == 6
    assert would_shut_out(Change(schools=frozenset([cast.abbey.pk]))) == 2
    assert would_shut_out(Change(schools=frozenset([cast.abbey.pk, cast.brook.pk]))) == 4
    assert would_shut_out(Change(schools=frozenset([cast.abbey.pk]), school_access=True)) == 0
    # Whoever cannot sign in anyway is not counted: no sign-in set up, or inactive.
    families["abbey"].password = ""
    families["abbey"].save()
    assert would_shut_out(Change(organisation=False)) == 5
    # And once it is off, nobody is shut out any more.
    switch(False)
    assert would_shut_out(Change(organisation=False)) == 0


@pytest.mark.parametrize("what", ["organisation", "school"])
def test_s2_whoever_is_shut_out_is_signed_out_for_good(cast, families, what):
    ended, other, staff = (signed_in(families[name]) for name in ("abbey", "brook", "admin"))

    def turn(on: bool) -> None:
        if what == "organisation":
            switch(on)
        else:
            switch_schools(cast.abbey, on=on)

    turn(False)
    assert SignInBackend().get_user(families["abbey"].pk) is None
    late = signed_in(families["abbey"])  # as one that began in the very moment
    turn(True)
    assert SignInBackend().get_user(families["abbey"].pk) is not None
    for session in (ended, late):
        session.refresh_from_db()
        assert session.ended_how == "shut-out"
    staff.refresh_from_db()
    assert staff.ended_at is None
    other.refresh_from_db()
    assert (other.ended_at is None) is (what == "school")


def test_s3_what_was_mailed_to_them_to_come_in_works_no_more(cast, families):
    mailed.reset_link(families["abbey"])
    assert AskedByMail.objects.filter(user=families["abbey"], ended_at=None).exists()
    switch(False)
    assert not AskedByMail.objects.filter(user=families["abbey"], ended_at=None).exists()


def test_only_an_la_super_user_switches_and_a_stale_edit_is_refused(cast, families, school):
    for user in (school.nia, cast.liam, families["abbey"]):
        with pytest.raises(Refusal, match="Ask an LA Super User"):
            switch(False, by=user_actor(user.pk))
        with pytest.raises(Refusal, match="Ask an LA Super User"):
            switch_schools(cast.abbey, on=False, by=user_actor(user.pk))
    stale = standing_of(organisation())
    seen = weighed(Change(schools=frozenset([cast.abbey.pk]))).mark
    switch(True, names=True)
    with pytest.raises(Refusal, match="Look at what is there now"):
        parent_access.set_organisation_access(
            parent_access=False, names_to_parents=False, seen=stale, by=cast.as_ada
        )
    with pytest.raises(Refusal, match="Look at what is there now"):
        parent_access.set_schools_access([cast.abbey.pk], on=False, seen=seen, by=cast.as_ada)
    assert organisation().parent_access
    assert organisation().names_to_parents


def test_each_switch_is_an_event_that_says_what_and_no_value(cast, families):
    assert switch_schools(cast.abbey, cast.brook, on=True, by=cast.as_ada) == 0
    assert switch_schools(cast.abbey, cast.brook, on=False, by=cast.as_ada) == 2
    found = Event.objects.filter(kind="establishment", verb="changed").order_by("-pk")[:2]
    assert {(e.object_id, e.fields) for e in found} == {
        (cast.abbey.pk, "parent_access"),
        (cast.brook.pk, "parent_access"),
    }
    switch(False, by=cast.as_ada)
    last = Event.objects.filter(kind="organisation").latest("pk")
    assert (last.verb, last.fields) == ("changed", "parent_access")


def test_what_is_missing_is_counted(cast, families):
    assert parent_access.has_families()
    assert parent_access.without_sign_in() == 0
    factories.grant(factories.user(), PARENT, pupil=cast.ben)
    assert parent_access.without_sign_in() == 1
    gone = factories.establishment(name="Cedar School")
    assert gone not in parent_access.schools_with_pupils()
    assert {cast.abbey, cast.brook} == set(parent_access.schools_with_pupils())
