"""How long it is kept who was at which door, from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from schoolgate.sign_in import guesses, log, retention
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import Door, Guesses, Outcome, SignInEvent, UserSession

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock


def test_sign_ins_and_sessions_are_kept_for_400_days_and_guesses_for_one(
    clock: Clock, cast: Cast
) -> None:
    def at_the_door() -> None:
        now = timezone.now()
        log.note(Outcome.FAILED, door=Door.PASSWORD, user_id=cast.dora.pk)
        UserSession.objects.create(
            user=cast.dora, door=Door.PASSWORD, made_at=now, seen_at=now, confirmed_at=now
        )
        guesses.may_try(Kind.NAME, now)

    def kept() -> list[int]:
        return [model.objects.count() for model in (SignInEvent, UserSession, Guesses)]

    at_the_door()
    clock.wait(days=1)
    at_the_door()
    assert (retention.delete_old(), kept()) == (0, [2, 2, 2])
    clock.wait(seconds=1)
    assert (retention.delete_old(), kept()) == (1, [2, 2, 1])
    clock.wait(days=399, hours=1)  # the clocks have gone forward meanwhile
    assert (retention.delete_old(), kept()) == (3, [1, 1, 0])
    clock.wait(days=1)
    assert (retention.delete_old(), kept()) == (2, [0, 0, 0])


def test_what_browsers_had_goes_when_it_is_past_its_time(clock: Clock, cast: Cast) -> None:
    SessionStore().save()
    clock.wait(hours=11)
    retention.delete_old()
    assert Session.objects.count() == 1
    clock.wait(hours=2)
    retention.delete_old()
    assert Session.objects.count() == 0
