"""The link with which the first LA Super User sets up an empty organisation."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from schoolgate.access import accounts
from schoolgate.access.authority import administrators
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.refusal import Refusal
from schoolgate.people import actions as people
from schoolgate.people.actions import SET_UP_LINK_HOURS, NewUser
from schoolgate.people.models import SetUpLink, User
from tests.cast import Cast, seen_by
from tests.clock import Clock

ADA = NewUser("ada@council.example", "", "Ada", "Osei")
PASSWORD = "correct horse battery"


def set_up(token: str, new: NewUser = ADA) -> User:
    """Use the link as the page does."""
    return accounts.set_up_first_administrator(token=token, new=new, password=PASSWORD, by=SYSTEM)


def test_the_link_makes_an_la_super_user_who_can_sign_in(db: None) -> None:
    ada = set_up(people.make_set_up_link(by=SYSTEM))

    assert administrators() == {ada.pk}
    assert authenticate(username="ADA@council.example ", password=PASSWORD) == ada
    assert authenticate(username="ada@council.example", password="another") is None


def test_the_link_works_once(db: None) -> None:
    token = people.make_set_up_link(by=SYSTEM)
    set_up(token)

    assert not people.set_up_link_works(token)
    with pytest.raises(Refusal, match="Start Schoolgate again"):
        set_up(token, ADA._replace(email="mallory@example.org"))
    assert User.objects.count() == 1


def test_looking_at_the_link_uses_nothing_up(db: None) -> None:
    token = people.make_set_up_link(by=SYSTEM)

    assert [people.set_up_link_works(token) for _ in range(3)] == [True, True, True]
    assert not people.set_up_link_works(token + "x")
    assert not people.set_up_link_works("")
    set_up(token)


def test_a_new_link_kills_the_one_before(db: None) -> None:
    first, second = people.make_set_up_link(by=SYSTEM), people.make_set_up_link(by=SYSTEM)

    assert not people.set_up_link_works(first)
    with pytest.raises(Refusal):
        set_up(first)
    set_up(second)


def test_the_link_expires_by_the_clock(clock: Clock, db: None) -> None:
    token = people.make_set_up_link(by=SYSTEM)
    clock.wait(hours=SET_UP_LINK_HOURS, seconds=-1)
    assert people.set_up_link_works(token)

    clock.wait(seconds=1)
    assert not people.set_up_link_works(token)
    with pytest.raises(Refusal):
        set_up(token)


def test_s15_the_token_is_in_no_table(db: None) -> None:
    token = people.make_set_up_link(by=SYSTEM)

    assert len(token) >= 22  # 128 bits in base 64
    kept = [*SetUpLink.objects.values_list(), *Event.objects.values_list()]
    assert token not in str(kept)


def test_a_link_is_not_used_up_by_a_set_up_that_fails(cast: Cast) -> None:
    token = people.make_set_up_link(by=SYSTEM)
    with pytest.raises(Refusal, match="another email address"):
        set_up(token)

    assert people.set_up_link_works(token)
    assert seen_by(cast.noor) == ""
