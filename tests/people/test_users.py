"""Making and finding users; the password nobody can guess before it is set."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError

from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Ending, Source
from schoolgate.people import actions as people
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.people.queries import user_signing_in, users_called
from tests import factories
from tests.cast import Cast
from tests.clock import Clock


def test_ids_come_in_the_order_of_the_users(db: None) -> None:
    new = [NewUser(f"{name}@example.org", "", name, "X") for name in ("c", "a", "b")]
    ids = people.create_users(new, by=SYSTEM, source=Source.IMPORT)

    assert [User.objects.get(pk=pk).first_name for pk in ids] == ["c", "a", "b"]


@pytest.mark.parametrize("email", ["DORA@abbey.example", " dora@abbey.example\u00a0"])
def test_an_address_is_taken_however_it_is_written(cast: Cast, email: str) -> None:
    with pytest.raises(IntegrityError):
        factories.user(email=email)


def test_an_address_is_free_again_when_its_user_is_gone(cast: Cast) -> None:
    people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=cast.as_ada)
    new = factories.user(email="dora@abbey.example")

    assert user_signing_in("Dora@Abbey.example") == new


def test_users_without_an_address_are_many_and_sign_in_by_username(db: None) -> None:
    kim = factories.user(email="", username="Kim.2014")
    factories.user(email="", username="lee.2014")

    assert user_signing_in("kim.2014") == kim
    assert user_signing_in("") is None


def test_one_who_has_not_set_up_cannot_sign_in_with_anything(cast: Cast) -> None:
    for password in ("", "!", User.objects.get(pk=cast.dora.pk).password):
        assert authenticate(username="dora@abbey.example", password=password) is None


def test_a_password_is_kept_as_argon2id_at_full_cost(cast: Cast) -> None:
    people.set_password(user=cast.dora, password="correct horse battery", by=SYSTEM)

    kept = User.objects.get(pk=cast.dora.pk).password
    assert kept.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert "correct" not in kept


def test_a_past_user_is_found_for_a_past_day(clock: Clock, cast: Cast) -> None:
    then = clock.moment
    clock.wait(days=1)
    people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=SYSTEM)
    clock.wait(days=1)
    new = factories.user(email="dora@abbey.example")

    assert users_called("dora@abbey.example") == [new]
    assert users_called("dora@abbey.example", then) == [cast.dora]
    assert users_called("nobody@abbey.example") == []
