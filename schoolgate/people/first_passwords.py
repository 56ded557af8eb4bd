"""First passwords that came with a file (ITS8, S22): sealed, then hashed, then changed.

Until one is hashed its user cannot sign in with it. Whoever signs in with one must choose their own
before anything else; one that nobody changed works for as long as an invitation does.
"""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.audit.actions import SYSTEM, Actor, batch
from schoolgate.kit import bulk, records
from schoolgate.kit.sealed import Unsealable, seal, unseal
from schoolgate.people.models import FirstPassword, User

KEPT = timedelta(days=1)  # until one that was not hashed is wiped
AT_ONCE = 20  # hashed between two looks at what else there is to do: about a second
_HASHING = 2  # threads; the hashing itself runs beside Python

log = logging.getLogger(__name__)


def lasts() -> timedelta:
    """How long a first password works that its user has not changed: as long as an invitation."""
    return timedelta(days=settings.INVITATION_DAYS)


def is_over(user: User, at: datetime) -> bool:
    """Whether the password of a user is a first one that was not changed in time."""
    began = user.first_password_at
    return bool(user.has_first_password) and (began is None or began + lasts() <= at)


# What the SQL says of users whom a file may give a first password: they are there and have not set
# up their sign-in; nor do they have one from a file already that still works.
_MAY_HAVE = (
    "u.gone_at IS NULL AND (substr(u.password, 1, 1) IN ('', '!')"
    " OR (u.has_first_password AND u.first_password_at <= %s))"
)


def keep(rows: Iterable[tuple[int, str]], *, by: Actor, import_id: int | None) -> int:
    """Keep first passwords, sealed, until they are hashed; how many. ``rows``: id of the user and
    what the file says, of which empty ones are nothing.

    Users who set up their sign-in keep it. Of several for one user the last one counts.
    """
    kept = 0
    with batch(by=by, import_id=import_id) as events:
        given = ((user_id, seal(plain)) for user_id, plain in rows if plain)
        for chunk in bulk.chunks(given, 5_000):
            kept += _keep(dict(chunk), at=events.at, import_id=import_id)
    return kept


def _keep(given: dict[int, str], *, at: datetime, import_id: int | None) -> int:
    with bulk.temporary("first_ones", "id BIGINT PRIMARY KEY, sealed TEXT"):
        bulk.load("first_ones", ["id", "sealed"], given.items())
        bulk.execute(
            "DELETE FROM people_firstpassword WHERE user_id IN (SELECT id FROM first_ones)"
        )
        return bulk.execute(
            "INSERT INTO people_firstpassword (user_id, sealed, import_id, made_at)"
            " SELECT f.id, f.sealed, CAST(%s AS BIGINT), %s FROM first_ones f"
            f" JOIN people_user u ON u.id = f.id WHERE {_MAY_HAVE}",
            [import_id, at, at - lasts()],
        )


def waited_for() -> set[int | None]:
    """The imports of which some first password is not hashed yet."""
    return set(FirstPassword.objects.values_list("import_id", flat=True).distinct())


def waiting_of(import_id: int) -> int:
    """How many of an import are not hashed yet."""
    return FirstPassword.objects.filter(import_id=import_id).count()


def hash_all(import_id: int) -> int:
    """Hash all of an import, as the command line does at its end; how many."""
    hashed = 0
    while some := hash_some(import_id=import_id):
        hashed += some
    return hashed


def hash_some(*, import_id: int | None = None) -> int:
    """Hash a few that wait, at full cost and in no transaction; how many are done with.

    Each goes when its hash is there, in one transaction: a worker that is killed leaves it to the
    next. Two workers at the same one do it twice, and the second finds nothing to write.
    """
    waiting = FirstPassword.objects.filter(made_at__gt=timezone.now() - KEPT).order_by("pk")
    if import_id is not None:
        waiting = waiting.filter(import_id=import_id)
    found = list(waiting[:AT_ONCE])
    if not found:
        return 0
    with ThreadPoolExecutor(_HASHING) as threads:
        hashes = dict(zip((one.pk for one in found), threads.map(_hashed, found), strict=True))
    by_import: dict[int | None, dict[int, str | None]] = {}
    for one in found:
        by_import.setdefault(one.import_id, {})[one.pk] = hashes[one.pk]
    for of_import, some in by_import.items():
        _set(some, import_id=of_import)
    return len(found)


def _hashed(one: FirstPassword) -> str | None:
    try:
        return make_password(unseal(one.sealed))
    except Unsealable:
        log.warning("first password %s: sealed with another secret, given up", one.pk)
        return None


def _set(hashes: dict[int, str | None], *, import_id: int | None) -> None:
    """Give users the passwords whose hashes these are, by the ids of what waited."""
    with batch(by=SYSTEM, import_id=import_id) as events:
        there = FirstPassword.objects.filter(pk__in=hashes)
        users = User.objects.filter(pk__in=there.values("user_id"))
        # The users first, as everybody locks them; then what waits, which one worker deletes.
        free = set(
            users.filter(_may_have(events.at))
            .order_by("pk")
            .select_for_update(no_key=True)
            .values_list("pk", flat=True)
        )
        locked = there.order_by("pk").select_for_update()
        known: dict[int, int] = dict(locked.values_list("pk", "user_id"))
        new = [
            (user_id, hashed)
            for pk, user_id in known.items()
            if user_id in free and (hashed := hashes[pk]) is not None
        ]
        records.set_field(User, "password", new)
        ids = [user_id for user_id, _ in new]
        User.objects.filter(pk__in=ids).update(
            has_first_password=True,
            first_password_at=events.at,
            first_password_import_id=import_id,
        )
        FirstPassword.objects.filter(pk__in=known).delete()
        events.add(("changed", "user", id_, "password", id_, None, "") for id_ in ids)


def _may_have(at: datetime) -> Q:
    """The same as _MAY_HAVE."""
    none = Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    old = Q(has_first_password=True, first_password_at__lte=at - lasts())
    return Q(gone_at__isnull=True) & (none | old)


def forget_old() -> int:
    """Wipe those that were not hashed within a day, and end those that nobody changed in time; how
    many of both."""
    now = timezone.now()
    wiped, _ = FirstPassword.objects.filter(made_at__lte=now - KEPT).delete()
    old = User.objects.filter(has_first_password=True, first_password_at__lte=now - lasts())
    return wiped + _take_away(old, by=SYSTEM, import_id=None)


def take_back(import_id: int, *, by: Actor) -> None:
    """Undo what an import gave: wipe what waits, and end what nobody changed. In a batch."""
    FirstPassword.objects.filter(import_id=import_id).delete()
    given = User.objects.filter(has_first_password=True, first_password_import_id=import_id)
    _take_away(given, by=by, import_id=import_id)


def _take_away(users: QuerySet[User], *, by: Actor, import_id: int | None) -> int:
    """Leave users without a password, as those who have yet to set up their sign-in."""
    if not users.exists():
        return 0
    with batch(by=by, import_id=import_id) as events:
        found = users.order_by("pk").select_for_update(no_key=True)
        ids = list(found.values_list("pk", flat=True))
        users.filter(pk__in=ids).update(
            password=UNUSABLE_PASSWORD_PREFIX, has_first_password=None, first_password_at=None,
            first_password_import_id=None,
        )  # fmt: skip
        events.add(("changed", "user", id_, "password", id_, None, "") for id_ in ids)
    return len(ids)
