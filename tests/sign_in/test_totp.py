"""Codes of an authenticator app: when one works, and that it does once."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from django.utils import timezone

from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.sign_in import factors, recovery_codes, totp
from schoolgate.sign_in.models import Totp
from tests import cast as company
from tests.cast import Cast
from tests.clock import Clock
from tests.databases import OwnDatabase
from tests.sign_in.at_once import at_once


def code_of(secret: str, *, later: float = 0) -> str:
    """What an app that has the secret shows so many seconds from now."""
    return pyotp.TOTP(secret).at(timezone.now() + timedelta(seconds=later))


def with_app(user: User) -> str:
    """Set up an app for the user, a minute and a half ago; its secret."""
    secret = totp.start()
    totp.set_up(user_id=user.pk, secret=secret, code=code_of(secret), by=user_actor(user.pk))
    Totp.objects.filter(user=user).update(last_step=0)
    return secret


def test_a_code_works_from_half_a_minute_before_its_time_until_half_a_minute_after(
    clock: Clock, cast: Cast
) -> None:
    secret = with_app(cast.dora)
    taken = []
    for later in (-60, -30, 0, 30, 60):
        taken.append(totp.check(cast.dora.pk, code_of(secret, later=later)))
        Totp.objects.update(last_step=0)

    assert taken == [False, True, True, True, False]


def test_s26_a_code_works_once(clock: Clock, cast: Cast) -> None:
    secret = with_app(cast.dora)
    code = code_of(secret)

    assert totp.check(cast.dora.pk, code)
    assert not totp.check(cast.dora.pk, code)
    clock.wait(seconds=30)
    assert not totp.check(cast.dora.pk, code)
    assert totp.check(cast.dora.pk, code_of(secret))


def test_s26_an_older_code_than_the_last_one_works_no_more(clock: Clock, cast: Cast) -> None:
    secret = with_app(cast.dora)

    assert totp.check(cast.dora.pk, code_of(secret))
    assert not totp.check(cast.dora.pk, code_of(secret, later=-30))


def test_s26_the_code_that_set_the_app_up_signs_nobody_in(clock: Clock, cast: Cast) -> None:
    secret = totp.start()
    code = code_of(secret)
    totp.set_up(user_id=cast.dora.pk, secret=secret, code=code, by=user_actor(cast.dora.pk))

    assert not totp.check(cast.dora.pk, code)


@pytest.mark.postgresql
def test_s26_of_fifty_who_bring_a_code_at_once_one_is_let_in(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    code = code_of(with_app(dora))

    assert at_once(lambda: totp.check(dora.pk, code)) == 1


def test_a_code_may_be_typed_with_spaces_and_of_nothing_else(clock: Clock, cast: Cast) -> None:
    secret = with_app(cast.dora)
    code = code_of(secret)

    for wrong in ("", code[:5], code + "0", "٣" * 6, "abcdef", secret):
        assert not totp.check(cast.dora.pk, wrong)
    assert totp.check(cast.dora.pk, f" {code[:3]} {code[3:]}\n")


def test_a_code_is_of_one_user_alone(clock: Clock, cast: Cast) -> None:
    secret = with_app(cast.dora)
    with_app(cast.theo)

    assert not totp.check(cast.theo.pk, code_of(secret))
    assert not totp.check(cast.noor.pk, code_of(secret))


def test_a_wrong_code_sets_up_nothing(clock: Clock, cast: Cast) -> None:
    secret = totp.start()
    wrong = code_of(totp.start())

    with pytest.raises(Refusal, match="Enter the 6 digits"):
        totp.set_up(user_id=cast.dora.pk, secret=secret, code=wrong, by=user_actor(cast.dora.pk))
    assert not factors.has_factor(cast.dora.pk)
    assert not Event.objects.filter(kind="authenticator app").exists()


def test_another_app_takes_the_place_of_the_first(clock: Clock, cast: Cast) -> None:
    old = with_app(cast.dora)
    new = with_app(cast.dora)

    assert not totp.check(cast.dora.pk, code_of(old))
    assert totp.check(cast.dora.pk, code_of(new))
    verbs = Event.objects.filter(kind="authenticator app").order_by("pk")
    assert list(verbs.values_list("verb", "user_id")) == [
        ("added", cast.dora.pk),
        ("changed", cast.dora.pk),
    ]


def test_the_secret_is_sealed_and_of_no_use_under_another_key(
    clock: Clock, cast: Cast, settings
) -> None:
    secret = with_app(cast.dora)
    assert secret not in Totp.objects.get().sealed_secret

    settings.SECRET_KEY = "another key, as long and as random as the first one was"
    assert not totp.check(cast.dora.pk, code_of(secret))


def test_what_the_qr_code_holds_names_organisation_and_user() -> None:
    told = pyotp.parse_uri(totp.uri("A" * 32, account="dora@abbey.example", issuer="Bath & Wells"))

    assert (told.issuer, told.name, told.secret) == (
        "Bath & Wells",
        "dora@abbey.example",
        "A" * 32,
    )


def test_the_last_second_factor_stays_with_who_must_have_one(clock: Clock, cast: Cast) -> None:
    secret = with_app(cast.dora)
    recovery_codes.make_first(user_id=cast.dora.pk, by=user_actor(cast.dora.pk))

    with pytest.raises(Refusal, match="Set up another second factor first"):
        totp.remove(user_id=cast.dora.pk, must_have_one=True, by=user_actor(cast.dora.pk))
    assert totp.check(cast.dora.pk, code_of(secret))
    assert recovery_codes.left(cast.dora.pk) == 10
    assert not Event.objects.filter(verb="removed").exists()


def test_the_recovery_codes_go_with_the_last_second_factor(clock: Clock, cast: Cast) -> None:
    with_app(cast.dora)
    recovery_codes.make_first(user_id=cast.dora.pk, by=user_actor(cast.dora.pk))

    totp.remove(user_id=cast.dora.pk, must_have_one=False, by=user_actor(cast.dora.pk))
    assert factors.kinds(cast.dora.pk) == set()
    gone = Event.objects.filter(verb="removed").order_by("pk")
    assert list(gone.values_list("kind", flat=True)) == ["authenticator app", "recovery codes"]


def test_events_tell_no_secret(clock: Clock, cast: Cast) -> None:
    secret = with_app(cast.dora)
    (code, *_) = recovery_codes.make_new(user_id=cast.dora.pk, by=SYSTEM)
    recovery_codes.use(cast.dora.pk, code)

    told = str(list(Event.objects.filter(user_id=cast.dora.pk).values()))
    assert secret not in told and code not in told
