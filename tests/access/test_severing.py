"""Severing a pupil for good: by two people, irreversibly, and the child is nowhere any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import scope, severing
from schoolgate.access.models import FamilyFact, Grant, Restriction, Severance
from schoolgate.access.roles import LA_SUPER_USER, PARENT, PUPIL
from schoolgate.audit.actions import SYSTEM, Actor, user_actor
from schoolgate.audit.models import Event
from schoolgate.intake.severed import sever
from schoolgate.kit.records import Ending, Source
from schoolgate.kit.refusal import Refusal
from schoolgate.schools import actions as schools
from schoolgate.schools.models import (
    CareEpisode,
    ClassMembership,
    Enrolment,
    IdentifierKind,
    Pupil,
    PupilIdentifier,
)
from tests import factories
from tests.cast import Cast, seen_by, who_sees
from tests.intake.desk import upn_of

if TYPE_CHECKING:
    from tests.clock import Clock

pytestmark = pytest.mark.django_db
AMIRA = "Amira Haddad"


@pytest.fixture
def second(cast: Cast) -> Actor:
    """Another LA Super User."""
    user = factories.user(first_name="Bea", last_name="Second")
    factories.grant(user, LA_SUPER_USER)
    return user_actor(user.pk)


def ask(cast: Cast, pupil: Pupil) -> None:
    severing.ask(pupil.pk, reason="Adoption order of 3 March", by=cast.as_ada)


def severed(cast: Cast, pupil: Pupil, second: Actor) -> None:
    ask(cast, pupil)
    sever(pupil.pk, name=str(pupil), by=second)


def test_nothing_happens_until_the_second_person_confirms(cast: Cast, second: Actor) -> None:
    ask(cast, cast.amira)
    assert [one.pupil for one in severing.waiting()] == [cast.amira]
    assert "Ada" in who_sees(cast.amira)

    sever(cast.amira.pk, name="amira  HADDAD", by=second)

    assert who_sees(cast.amira) == ""
    assert not severing.waiting().exists()
    (one,) = severing.done()
    assert (one.asked_by_id, one.confirmed_by_id) == (cast.ada.pk, second.user_id)


def test_all_that_is_on_record_of_the_child_is_closed_and_nothing_is_erased(
    cast: Cast, second: Actor
) -> None:
    factories.grant(cast.noor, PARENT, pupil=cast.amira)
    factories.restriction(cast.liam, cast.amira)
    factories.school_class(cast.abbey, pupils=[cast.amira])
    FamilyFact.objects.create(
        user=cast.noor, pupil=cast.amira, fact="contact", holds=True, source=Source.BY_HAND,
        starts_on=timezone.localdate(), recorded_at=timezone.now(),
    )  # fmt: skip
    models = (
        Grant, Restriction, FamilyFact, ClassMembership, Enrolment, CareEpisode, PupilIdentifier,
    )  # fmt: skip

    severed(cast, cast.amira, second)

    for model in models:
        found = model.objects.filter(pupil=cast.amira)
        assert {one.ended_how for one in found} == {Ending.SEVERED}, model
        assert {one.ended_by_id for one in found} == {second.user_id}
    gone = Pupil.objects.get(pk=cast.amira.pk)
    assert (gone.gone_how, str(gone)) == (Ending.SEVERED, AMIRA)
    assert seen_by(cast.theo) == "Carys"
    assert Event.objects.filter(verb="severed", pupil_id=cast.amira.pk).count() == 1


def test_s35_a_past_day_does_not_know_the_child_either(
    clock: Clock, cast: Cast, second: Actor
) -> None:
    before = timezone.now()
    clock.wait(days=2)
    assert seen_by(cast.dora, before) == "Amira"

    severed(cast, cast.amira, second)

    for user in cast.users:
        assert "Amira" not in seen_by(user, before)
        assert not scope.may_see(user.pk, cast.amira.pk, before)
    assert who_sees(cast.amira, before) == ""


def test_two_different_la_super_users_who_see_the_child(cast: Cast, second: Actor) -> None:
    with pytest.raises(Refusal, match="Ask an LA Super User"):
        severing.ask(cast.amira.pk, reason="Order", by=user_actor(cast.liam.pk))
    with pytest.raises(Refusal, match="two people decide"):
        severing.ask(cast.amira.pk, reason="Order", by=SYSTEM)
    with pytest.raises(Refusal, match="Enter a reason"):
        severing.ask(cast.amira.pk, reason=" ", by=cast.as_ada)
    with pytest.raises(Refusal, match="Look at the page again"):
        sever(cast.amira.pk, name=AMIRA, by=second)

    ask(cast, cast.amira)

    with pytest.raises(Refusal, match="Look at the page again"):
        ask(cast, cast.amira)
    with pytest.raises(Refusal, match="you have asked for it yourself"):
        sever(cast.amira.pk, name=AMIRA, by=cast.as_ada)
    with pytest.raises(Refusal, match="Type the child’s first name and last name"):
        sever(cast.amira.pk, name="Amira", by=second)
    assert "Ada" in who_sees(cast.amira)


def test_s35_whoever_is_restricted_takes_no_part(cast: Cast, second: Actor) -> None:
    ask(cast, cast.amira)
    restricted = factories.user()
    factories.grant(restricted, LA_SUPER_USER)
    factories.restriction(restricted, cast.amira)
    by = user_actor(restricted.pk)
    nobody = "there is none with this number"

    for act in (
        lambda: severing.ask(cast.amira.pk, reason="Order", by=by),
        lambda: severing.withdraw(cast.amira.pk, by=by),
        lambda: sever(cast.amira.pk, name=AMIRA, by=by),
        lambda: severing.ask(987_654, reason="Order", by=by),
    ):
        with pytest.raises(Refusal, match=nobody):
            act()

    factories.restriction(cast.ada, cast.amira)
    with pytest.raises(Refusal, match="ask for it anew"):
        sever(cast.amira.pk, name=AMIRA, by=second)


def test_the_one_who_asked_must_still_be_one_who_may(cast: Cast, second: Actor) -> None:
    ask(cast, cast.amira)
    access.deny([cast.ada.pk], by=second)

    with pytest.raises(Refusal, match="ask for it anew"):
        sever(cast.amira.pk, name=AMIRA, by=second)
    severing.withdraw(cast.amira.pk, by=second)

    assert Severance.objects.get().withdrawn_by_id == second.user_id
    assert not severing.waiting().exists()
    severing.ask(cast.amira.pk, reason="Order", by=second)


def test_it_is_done_once(cast: Cast, second: Actor) -> None:
    severed(cast, cast.amira, second)
    for act in (
        lambda: ask(cast, cast.amira),
        lambda: severing.withdraw(cast.amira.pk, by=second),
        lambda: sever(cast.amira.pk, name=AMIRA, by=second),
    ):
        with pytest.raises(Refusal, match="there is none with this number"):
            act()


def test_no_action_gives_the_number_to_anybody(cast: Cast, second: Actor) -> None:
    upn = upn_of(cast.amira)
    severed(cast, cast.amira, second)

    for kind in (IdentifierKind.UPN, IdentifierKind.FORMER_UPN, IdentifierKind.INTERNAL_ID):
        row = schools.NewIdentifier(cast.ben.pk, kind, f" {upn.lower()} ")
        with pytest.raises(Refusal, match="Take this number out"):
            schools.add_identifiers([row], by=SYSTEM, source=Source.IMPORT)
    other = schools.NewIdentifier(cast.ben.pk, IdentifierKind.INTERNAL_ID, "4711")
    schools.add_identifiers([other], by=SYSTEM, source=Source.IMPORT)


def test_a_number_that_was_put_right_before_stays_with_the_other_child(
    cast: Cast, second: Actor
) -> None:
    mistake = schools.NewIdentifier(cast.amira.pk, IdentifierKind.INTERNAL_ID, "4711")
    schools.add_identifiers([mistake], by=SYSTEM, source=Source.IMPORT)
    found = PupilIdentifier.objects.get(value="4711")
    schools.end_records(PupilIdentifier, [found.pk], how=Ending.REPLACED, by=SYSTEM)
    right = schools.NewIdentifier(cast.ben.pk, IdentifierKind.INTERNAL_ID, "4711")
    schools.add_identifiers([right], by=SYSTEM, source=Source.IMPORT)

    severed(cast, cast.amira, second)

    again = schools.NewIdentifier(cast.ben.pk, IdentifierKind.USERNAME, "4711")
    schools.add_identifiers([again], by=SYSTEM, source=Source.IMPORT)


def test_the_account_with_which_the_child_signs_in_goes_with_them(
    cast: Cast, second: Actor
) -> None:
    herself = factories.user(first_name="Amira", last_name="Haddad", username="amira.h", email="")
    mother = factories.user(first_name="Hana", last_name="Haddad")
    factories.grant(herself, PUPIL, pupil=cast.amira)
    factories.grant(mother, PARENT, pupil=cast.amira)

    severed(cast, cast.amira, second)

    herself.refresh_from_db()
    mother.refresh_from_db()
    assert herself.gone_how == Ending.SEVERED
    assert mother.gone_at is None
