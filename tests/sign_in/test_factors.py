"""All second factors of somebody: reset where they are lost, forgotten with the user."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.sign_in import factors, recovery_codes
from schoolgate.sign_in.models import Passkey, ProviderLink, RecoveryCode, Second, Totp
from tests import cast as company
from tests.cast import Cast
from tests.databases import OwnDatabase
from tests.sign_in.at_once import at_once
from tests.sign_in.test_totp import with_app


def with_everything(user: User) -> None:
    """An app, a passkey, recovery codes, and an account at an identity provider."""
    now = timezone.now()
    with_app(user)
    name = f"key of {user.pk}"
    Passkey.objects.create(user=user, name=name, credential_id=name, public_key=b"key", made_at=now)
    recovery_codes.make_first(user_id=user.pk, by=SYSTEM)
    ProviderLink.objects.create(
        user=user, provider="microsoft", issuer="https://id.example", subject=name, made_at=now
    )


def test_which_second_factors_somebody_has(cast: Cast) -> None:
    assert (factors.has_factor(cast.dora.pk), factors.kinds(cast.dora.pk)) == (False, set())

    with_everything(cast.dora)
    assert factors.has_factor(cast.dora.pk)
    assert factors.kinds(cast.dora.pk) == {Second.TOTP, Second.PASSKEY, Second.RECOVERY_CODE}


def test_recovery_codes_alone_are_no_second_factor(cast: Cast) -> None:
    recovery_codes.make_new(user_id=cast.dora.pk, by=SYSTEM)

    assert not factors.has_factor(cast.dora.pk)


def test_a_reset_takes_all_second_factors_and_gives_no_new_grace(cast: Cast) -> None:
    with_everything(cast.dora)
    with_everything(cast.theo)

    factors.reset([cast.dora.pk], by=cast.as_ada)

    assert factors.kinds(cast.dora.pk) == set()
    assert factors.has_factor(cast.theo.pk) and recovery_codes.left(cast.theo.pk) == 10
    asked_at = User.objects.get(pk=cast.dora.pk).factor_asked_at
    assert asked_at is not None and asked_at < timezone.now() - timedelta(days=365)
    assert ProviderLink.objects.filter(user=cast.dora).exists()
    assert list(Event.objects.filter(verb="reset").values_list("user_id", flat=True)) == [
        cast.dora.pk
    ]


def test_whoever_is_gone_leaves_nothing(cast: Cast) -> None:
    with_everything(cast.dora)
    with_everything(cast.theo)

    factors.forget([cast.dora.pk, cast.noor.pk], by=cast.as_ada)

    for model in (Totp, Passkey, RecoveryCode, ProviderLink):
        assert {row.user_id for row in model.objects.all()} == {cast.theo.pk}
    # Of somebody who had none there is nothing to tell.
    told = Event.objects.filter(verb="removed", kind="second factors")
    assert [event.user_id for event in told] == [cast.dora.pk]


@pytest.mark.postgresql
def test_of_two_factors_taken_away_at_once_one_stays(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    now = timezone.now()
    keys = [
        Passkey.objects.create(
            user=dora, name=name, credential_id=name, public_key=b"", made_at=now
        ).pk
        for name in ("phone", "tablet")
    ]
    both = threading.Barrier(2)
    remaining = iter(keys)

    def remove() -> bool:
        try:
            with factors.removing(user_id=dora.pk, must_have_one=True, by=user_actor(dora.pk)):
                Passkey.objects.filter(pk=next(remaining)).delete()
                # Both are here at once, unless one waits for the other: then it is half a second.
                with contextlib.suppress(threading.BrokenBarrierError):
                    both.wait(0.5)
        except Refusal:
            return False
        return True

    assert at_once(remove, how_many=2) == 1
    assert factors.has_factor(dora.pk)


@pytest.mark.postgresql
def test_a_reset_takes_what_is_added_at_the_same_moment_and_neither_fails(
    own_database: OwnDatabase,
) -> None:
    dora = company.assemble().dora
    with_app(dora)
    inside = threading.Event()

    def replace() -> bool:
        with factors.changing(user_id=dora.pk, by=user_actor(dora.pk)):
            inside.set()
            time.sleep(0.5)  # for so long the reset is under way
            Totp.objects.filter(user=dora).delete()
            Passkey.objects.create(
                user=dora, name="new", credential_id="new", public_key=b"", made_at=timezone.now()
            )
        return True

    def reset() -> bool:
        inside.wait(5)
        factors.reset([dora.pk], by=SYSTEM)
        return True

    todo = iter([replace, reset])
    assert at_once(lambda: next(todo)(), how_many=2) == 2
    assert not factors.has_factor(dora.pk)
