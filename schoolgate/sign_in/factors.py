"""Second factors as a whole: which a user has, and taking them away (NEW11).

An authenticator app or a passkey is a second factor. Recovery codes stand in for one that is lost,
and go with the last.
"""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from schoolgate.audit.actions import Actor, Batch, batch
from schoolgate.kit import bulk
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.sign_in.models import Passkey, RecoveryCode, Second, Totp

_FACTORS = ["sign_in_totp", "sign_in_passkey", "sign_in_recoverycode"]
_LINKS = ["sign_in_providerlink"]
# In the place of when the grace began: it is over. There is one grace in a lifetime.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def has_factor(user_id: int) -> bool:
    """Whether the user has a second factor."""
    ((has,),) = bulk.select(f"SELECT {has_one(str(int(user_id)))}")
    return bool(has)


def has_one(user: str) -> str:
    """An SQL condition: the user (an expression for an id) has a second factor."""
    return (
        f"(EXISTS (SELECT 1 FROM sign_in_totp t WHERE t.user_id = {user})"
        f" OR EXISTS (SELECT 1 FROM sign_in_passkey p WHERE p.user_id = {user}))"
    )


def kinds(user_id: int) -> set[Second]:
    """With which second factors the user can answer now, unused recovery codes among them."""
    found = {
        Second.TOTP: Totp.objects.filter(user_id=user_id),
        Second.PASSKEY: Passkey.objects.filter(user_id=user_id),
        Second.RECOVERY_CODE: RecoveryCode.objects.filter(user_id=user_id, used_at__isnull=True),
    }
    return {kind for kind, rows in found.items() if rows.exists()}


@contextlib.contextmanager
def changing(*, user_id: int, by: Actor) -> Iterator[Batch]:
    """The batch in which second factors of one user are changed: one change after the other."""
    with batch(by=by) as events:
        User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
        yield events


@contextlib.contextmanager
def removing(*, user_id: int, must_have_one: bool, by: Actor) -> Iterator[Batch]:
    """The batch in which the user takes one of their second factors away.

    The recovery codes go with the last. Raises Refusal, and nothing is changed, where it was the
    last and the user must have one.
    """
    with changing(user_id=user_id, by=by) as events:
        yield events
        if has_factor(user_id):
            return
        if must_have_one:
            raise Refusal(
                "Set up another second factor first: this is your last, and you need one to sign"
                " in."
            )
        gone, _ = RecoveryCode.objects.filter(user_id=user_id).delete()
        if gone:
            events.add([("removed", "recovery codes", None, "", user_id, None, "")])


def reset(user_ids: Iterable[int], *, by: Actor) -> None:
    """Take all second factors of users away, as they have lost them: they set up new ones at once
    when they come back, and have no grace for it (NEW11). Accounts at identity providers stay."""
    wanted = sorted(set(user_ids))
    with batch(by=by) as events:
        # First, as where one is changed: one that is being added at this moment is found and goes
        # too, and whoever changes theirs meanwhile waits.
        _lock(wanted)
        _delete(_FACTORS, wanted)
        for users in bulk.chunks((id_,) for id_ in wanted):
            User.objects.filter(pk__in=[id_ for (id_,) in users]).update(factor_asked_at=LONG_AGO)
        events.add(("reset", "second factors", None, "", id_, None, "") for id_ in wanted)


def _lock(user_ids: list[int]) -> None:
    """Hold the users, in the order of their ids, until the transaction ends."""
    if not bulk.on_postgresql():  # SQLite has one writer at a time
        return
    with bulk.temporary("resetting", "id BIGINT PRIMARY KEY"):
        bulk.load("resetting", ["id"], ((id_,) for id_ in user_ids))
        bulk.analyse("resetting")
        bulk.select(
            "SELECT u.id FROM people_user u JOIN resetting r ON r.id = u.id ORDER BY u.id"
            " FOR NO KEY UPDATE OF u"
        )


def forget(user_ids: Iterable[int], *, by: Actor) -> None:
    """Take all second factors and accounts at identity providers of users away: they are gone."""
    with batch(by=by) as events:
        had = _delete([*_FACTORS, *_LINKS], user_ids)
        events.add(("removed", "second factors", None, "", id_, None, "") for id_ in had)


def _delete(tables: list[str], user_ids: Iterable[int]) -> list[int]:
    """Delete what users have in these tables; the ids of those who had something."""
    had: set[int] = set()
    with bulk.temporary("forgetting", "id BIGINT PRIMARY KEY"):
        bulk.load("forgetting", ["id"], ((id_,) for id_ in set(user_ids)))
        bulk.analyse("forgetting")
        for table in tables:
            found = bulk.select(
                f"DELETE FROM {table} WHERE user_id IN (SELECT id FROM forgetting)"
                " RETURNING user_id"
            )
            had.update(id_ for (id_,) in found)
    return sorted(had)
