"""The sessions of users: opened at a door, seen, confirmed, ended. Ended, they never come back."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from schoolgate.audit.actions import Actor, batch, user_actor
from schoolgate.kit import bulk
from schoolgate.people import activity
from schoolgate.sign_in.log import Origin
from schoolgate.sign_in.models import Door, Second, SessionEnding, UserSession

# For so long somebody who has just proved who they are is not asked again.
RECENT = timedelta(minutes=15)
# How far behind the time of last use may be: not every page is a write.
SEEN_EVERY = timedelta(minutes=1)


def idle_after() -> timedelta:
    """After how long without use a session is over (a setting)."""
    return timedelta(minutes=settings.SESSION_IDLE_MINUTES)


def lasts() -> timedelta:
    """How long a session lasts at the most (a setting)."""
    return timedelta(hours=settings.SESSION_HOURS)


def open_session(*, user_id: int, door: Door, second: Second, origin: Origin) -> UserSession:
    """Record that a user has signed in on a device. When that cannot be written, they do not
    (S60)."""
    with batch(by=user_actor(user_id)) as events:
        activity.signed_in(user_id)
        return UserSession.objects.create(
            user_id=user_id,
            door=door,
            second=second,
            device=origin.device,
            address=origin.address,
            made_at=events.at,
            seen_at=events.at,
            confirmed_at=events.at,
        )


def is_live(session: UserSession, at: datetime) -> bool:
    """Whether the session holds: neither ended nor timed out (S6)."""
    return (
        session.ended_at is None
        and session.seen_at > at - idle_after()
        and session.made_at > at - lasts()
    )


def live(user_id: int) -> QuerySet[UserSession]:
    """The sessions of a user that hold, the one used last first."""
    now = timezone.now()
    return UserSession.objects.filter(
        user_id=user_id, ended_at__isnull=True,
        seen_at__gt=now - idle_after(), made_at__gt=now - lasts(),
    ).order_by("-seen_at", "-pk")  # fmt: skip


def see(session: UserSession, at: datetime) -> None:
    """Note that the session is in use, to the minute. Waits for nobody: while an import holds the
    one lock of SQLite, pages are read on, and the next one notes it."""
    if at - session.seen_at < SEEN_EVERY:
        return
    with bulk.unless_busy():
        UserSession.objects.filter(pk=session.pk, ended_at__isnull=True).update(seen_at=at)


def confirm(session: UserSession, at: datetime) -> None:
    """Note that the user has just proved who they are in this session."""
    UserSession.objects.filter(pk=session.pk, ended_at__isnull=True).update(confirmed_at=at)


def prove_second(session: UserSession, second: Second) -> None:
    """Note that a second factor was shown in this session: set up in it just now.

    The user's others that have shown none are over, and come back with no factor that goes (S2).
    """
    UserSession.objects.filter(pk=session.pk, ended_at__isnull=True).update(second=second)
    without = f"s.user_id IN (SELECT id FROM ending_sessions) AND s.second = '{Second.NONE.value}'"
    by = user_actor(session.user_id)
    _end(without, [session.user_id], how=SessionEnding.CHANGED, by=by)


def end(session_ids: Iterable[int], *, how: SessionEnding, by: Actor) -> int:
    """End sessions now, by their ids; how many were not over yet."""
    return _end("s.id IN (SELECT id FROM ending_sessions)", session_ids, how=how, by=by)


def end_all(
    user_ids: Iterable[int], *, how: SessionEnding, by: Actor, but: int | None = None
) -> int:
    """End all sessions of users, but for one (its id); how many were not over yet."""
    kept = f" AND s.id <> {int(but)}" if but is not None else ""
    theirs = f"s.user_id IN (SELECT id FROM ending_sessions){kept}"
    return _end(theirs, user_ids, how=how, by=by)


def _end(which: str, ids: Iterable[int], *, how: SessionEnding, by: Actor) -> int:
    with (
        batch(by=by) as events,
        bulk.temporary("ending_sessions", "id BIGINT PRIMARY KEY"),
    ):
        bulk.load("ending_sessions", ["id"], ((id_,) for id_ in set(ids)))
        bulk.analyse("ending_sessions")
        # Locked in the order of their ids: of two who end the same ones, one waits.
        locked = " FOR NO KEY UPDATE OF s" if bulk.on_postgresql() else ""
        live = (
            "SELECT s.id FROM sign_in_usersession s"
            f" WHERE s.ended_at IS NULL AND {which} ORDER BY s.id{locked}"
        )
        ended = bulk.select(
            "UPDATE sign_in_usersession SET ended_at = %s, ended_how = %s, ended_by_id = %s"
            f" WHERE ended_at IS NULL AND id IN ({live}) RETURNING id, user_id",
            [events.at, how.value, by.user_id],
        )
        events.add(
            ("ended", "session", id_, "", user_id, None, "") for id_, user_id in sorted(ended)
        )
    return len(ended)
