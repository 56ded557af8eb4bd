"""Somebody who was kept from a child does not come back under another account by one person's
word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access import accounts, actions, barred, families, held_links, merging
from schoolgate.access.families import NewLink
from schoolgate.access.models import Grant, HeldLink
from schoolgate.access.roles import LA_SUPER_USER, PARENT
from schoolgate.audit.actions import SYSTEM, Actor, user_actor
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser
from schoolgate.people.models import Invitation, User
from tests import factories
from tests.cast import Cast, seen_by

DAY = timedelta(days=1)


@pytest.fixture
def bea(cast: Cast) -> Actor:
    """A second LA Super User."""
    user = factories.user(first_name="Bea", last_name="Holt")
    factories.grant(user, LA_SUPER_USER)
    return user_actor(user.pk)


def adult(first_name="Karim", last_name="Haddad") -> User:
    return factories.user(first_name=first_name, last_name=last_name)


def link(user, pupil) -> NewLink:
    return NewLink(user.pk, pupil.pk, PARENT.code, "Father", timezone.localdate())


def restricted(cast: Cast, **names: str) -> User:
    user = adult(**names)
    families.connect([link(user, cast.amira)], by=cast.as_ada)
    factories.restriction(user, cast.amira, reason="Order 12", by=cast.as_ada)
    return user


def test_s35_a_second_account_waits_for_a_second_person(cast: Cast, bea: Actor) -> None:
    restricted(cast)
    again = adult()
    (held,) = families.connect([link(again, cast.amira)], by=cast.as_ada)
    assert seen_by(again) == ""
    assert not Grant.objects.filter(user=again).exists()
    with pytest.raises(Refusal, match="who asked for a connection does not approve it"):
        held_links.approve([held], by=cast.as_ada)
    assert seen_by(again) == ""
    held_links.approve([held], by=bea)
    assert seen_by(again) == "Amira"
    assert Grant.objects.get(user=again).relationship == "Father"


def test_s35_nobody_else_approves_or_refuses(cast: Cast) -> None:
    restricted(cast)
    (held,) = families.connect([link(adult(), cast.amira)], by=SYSTEM)
    for name in ("liam", "dora", "noor"):
        for act in (held_links.approve, held_links.refuse):
            with pytest.raises(Refusal, match="Ask an LA Super User"):
                act([held], by=user_actor(getattr(cast, name).pk))
    assert HeldLink.objects.get().decided_at is None


def test_s35_nobody_approves_a_connection_of_their_own(cast: Cast, bea: Actor) -> None:
    her = User.objects.get(first_name="Bea")
    restricted(cast, first_name="Bea", last_name="Holt")
    (held,) = families.connect([link(her, cast.amira)], by=cast.as_ada)
    with pytest.raises(Refusal, match="Ask another LA Super User"):
        held_links.approve([held], by=bea)


def test_one_that_is_refused_gives_nothing_and_can_be_asked_again(cast: Cast, bea: Actor) -> None:
    restricted(cast)
    again = adult()
    (held,) = families.connect([link(again, cast.amira)], by=cast.as_ada)
    assert families.connect([link(again, cast.amira)], by=cast.as_ada) == [held]
    held_links.refuse([held], by=cast.as_ada)
    assert seen_by(again) == ""
    with pytest.raises(Refusal, match="Look at the page again"):
        held_links.approve([held], by=bea)
    (other,) = families.connect([link(again, cast.amira)], by=cast.as_ada)
    assert other != held


def test_only_the_row_of_that_child_waits(cast: Cast) -> None:
    restricted(cast)
    again, mother = adult(), adult("Hana")
    rows = [link(again, cast.amira), link(again, cast.ben), link(mother, cast.amira)]
    assert len(families.connect(rows, by=cast.as_ada)) == 1
    assert (seen_by(again), seen_by(mother)) == ("Ben", "Amira")


def test_s35_the_names_of_users_who_were_made_one_are_remembered(cast: Cast) -> None:
    kept = restricted(cast, first_name="Bob", last_name="Stone")
    for name in ("Robert", "Ferdinand"):
        into = adult(first_name=name, last_name="Gale")
        merging.merge(into.pk, kept.pk, by=cast.as_ada)
        kept = into
    for name in ("Bob", "Robert", "Ferdinand"):
        (held,) = families.connect([link(adult(first_name=name), cast.amira)], by=cast.as_ada)
        assert HeldLink.objects.get(pk=held).user.first_name == name


def test_s35_what_waits_for_one_who_is_made_one_with_another_still_waits(
    cast: Cast, bea: Actor
) -> None:
    restricted(cast)
    other, keep = adult(), adult(first_name="Zed")
    (held,) = families.connect([link(other, cast.amira)], by=cast.as_ada)
    merging.merge(keep.pk, other.pk, by=cast.as_ada)
    assert seen_by(keep) == ""
    assert [one.pk for one in held_links.waiting(cast.ada.pk)] == [held]
    held_links.approve([held], by=bea)
    assert seen_by(keep) == "Amira"


def test_one_who_is_restricted_themselves_is_no_second_account(cast: Cast) -> None:
    father = adult()
    factories.restriction(father, cast.amira)
    assert families.connect([link(father, cast.amira)], by=cast.as_ada) == []
    assert seen_by(father) == ""


def test_who_was_deleted_or_made_inactive_is_remembered(cast: Cast) -> None:
    for number, pupil in enumerate((cast.amira, cast.ben)):
        first = adult()
        families.connect([link(first, pupil)], by=cast.as_ada)
        if number:
            accounts.delete_users([first.pk], by=cast.as_ada)
        else:
            actions.deny([first.pk], by=cast.as_ada)
        again = adult()
        assert families.connect([link(again, pupil)], by=cast.as_ada)
        (kept,) = held_links.kept_alike(again.pk, again.first_key, again.last_key, pupil.pk)
        assert kept.user == first
        assert kept.how == ("made inactive", "deleted")[number]
        assert kept.by_id == cast.ada.pk


def test_a_restriction_that_was_lifted_or_is_over_keeps_nobody(cast: Cast) -> None:
    today = timezone.localdate()
    factories.restriction(adult(), cast.amira, since=today - 9 * DAY, until=today - DAY)
    assert families.connect([link(adult(), cast.amira)], by=cast.as_ada) == []


def test_why_somebody_was_kept_is_told(cast: Cast) -> None:
    first = restricted(cast)
    again = adult()
    (kept,) = held_links.kept_alike(again.pk, again.first_key, again.last_key, cast.amira.pk)
    assert (kept.user, kept.how, kept.reason) == (first, "restricted", "Order 12")
    assert kept.by_id == cast.ada.pk


def test_a_new_adult_of_that_name_is_made_and_neither_connected_nor_invited(cast: Cast) -> None:
    restricted(cast)
    new = NewUser("k.haddad@example.org", "", "Karim", "Haddad")
    row = NewLink(0, cast.amira.pk, PARENT.code, "Father", timezone.localdate())
    added = families.add_adult(new, [row], invite=True, by=cast.as_ada)
    assert len(added.held) == 1
    assert seen_by(User.objects.get(pk=added.user_id)) == ""
    assert not Invitation.objects.exists()


def test_s35_whom_a_reader_may_not_see_is_not_in_their_list(cast: Cast, bea: Actor) -> None:
    restricted(cast)
    families.connect([link(adult(), cast.amira)], by=cast.as_ada)
    assert held_links.waiting(bea.user_id or 0).count() == 1
    factories.restriction(User.objects.get(first_name="Bea"), cast.amira)
    assert held_links.waiting(bea.user_id or 0).count() == 0


def test_one_that_was_given_by_a_file_meanwhile_is_not_given_twice(cast: Cast, bea: Actor) -> None:
    restricted(cast)
    again = adult()
    (held,) = families.connect([link(again, cast.amira)], by=cast.as_ada)
    factories.grant(again, PARENT, pupil=cast.amira)
    held_links.approve([held], by=bea)
    assert Grant.objects.filter(user=again).count() == 1


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("karim", "haddad"), ("karim", "haddad"), True),
        (("kar", "haddad"), ("karim", "haddad"), True),
        (("karim", "haddad"), ("haddad", "karim"), True),
        (("elizabeth", "dickinson"), ("elizabeth", "smith"), True),
        (("elizabeth", "dickinson"), ("john", "dickinson"), False),
        (("", "haddad"), ("karim", "haddad"), True),
        (("", "haddad"), ("karim", "smith"), False),
    ],
)
def test_names_that_may_be_one_persons(one, other, alike) -> None:
    assert barred.names_are_alike(*one, *other) is alike
    assert barred.names_are_alike(*other, *one) is alike
