"""Adults who may be on record twice (ITS10): found by what they share, decided by a person.

Nothing here makes two users one, and a pair of whom a person has said that they are two is not
brought up again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.authority import may_manage
from schoolgate.access.models import TwoPeople
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User

SAME_NAME, SAME_PHONE, LOOKALIKE = "name", "phone", "lookalike"
_NAMED = {
    SAME_NAME: "the same name",
    SAME_PHONE: "the same last name and phone number",
    LOOKALIKE: "addresses that look alike",
}


@dataclass(frozen=True)
class Pair:
    """Two users, the one with the lower id first, and what they have in common in words."""

    first_id: int
    second_id: int
    alike: list[str]


def likely() -> QuerySet[User]:
    """The users whom another one, made later, resembles: each begins the pairs of :func:`pairs`.

    Counted group by group of those who are alike, and not pair by pair: of a hundred thousand
    adults many have their name in common with many.
    """
    found = " UNION ".join(_firsts(kind) for kind in _KINDS)
    return User.objects.filter(pk__in=RawSQL(found, []))


def pairs(first_ids: Sequence[int]) -> list[Pair]:
    """The pairs of these users (a page of them) with those made after them."""
    if not first_ids:
        return []
    among = ", ".join(str(int(id_)) for id_ in first_ids)
    found: dict[tuple[int, int], list[str]] = {}
    for first, second, alike in bulk.select(
        f"SELECT p.first_id, p.second_id, p.alike FROM ({_pairs(among)}) p"
        " ORDER BY p.first_id, p.second_id, p.alike"
    ):
        found.setdefault((first, second), []).append(alike)
    return [
        Pair(first, second, [_NAMED[one] for one in _NAMED if one in alike])
        for (first, second), alike in found.items()
    ]


def alike(first_id: int, second_id: int) -> list[str]:
    """What two users have in common, in words; whatever a person has said of them."""
    first, second = sorted((first_id, second_id))
    found = bulk.select(_pairs(str(int(first)), said=False))
    have = {how for one, other, how in found if (one, other) == (first, second)}
    return [_NAMED[one] for one in _NAMED if one in have]


@dataclass(frozen=True)
class _Kind:
    """A way to be alike: the columns (of ``{0}``) that are equal, and who has any."""

    code: str
    keys: tuple[str, ...]
    has: str = "1 = 1"

    def same(self, one: str, other: str) -> str:
        """The condition that two users are alike in this way."""
        equal = [f"{key.format(one)} = {key.format(other)}" for key in self.keys]
        return " AND ".join([*equal, self.has.format(one), self.has.format(other)])


_PHONE = "replace(replace({0}.phone, ' ', ''), '-', '')"
_KINDS = (
    _Kind(SAME_NAME, ("{0}.last_key", "{0}.first_key")),
    _Kind(SAME_PHONE, ("{0}.last_key", _PHONE), "{0}.phone <> ''"),
    _Kind(LOOKALIKE, ("{0}.lookalike_key",), "{0}.lookalike_key <> ''"),
)


def _holders() -> str:
    """A query (user_id) of those who hold a licence, now or later on."""
    day = relations.sql_day(timezone.localdate())
    return (
        "SELECT h.user_id FROM access_grant h WHERE h.ended_at IS NULL"
        f" AND {relations.is_licence('h.role')} AND (h.ends_on IS NULL OR h.ends_on >= {day})"
    )


def _firsts(kind: _Kind) -> str:
    """A query (id) of the users whom a later one resembles in this way: of each the later ones are
    counted, and those who hold a licence, less those of whom it was said that they are two."""
    holders = f"(SELECT DISTINCT d.user_id FROM ({_holders()}) d)"
    later = (
        f"(PARTITION BY {', '.join(key.format('u') for key in kind.keys)} ORDER BY u.id DESC"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    )
    counted = (
        "SELECT u.id, CASE WHEN l.user_id IS NULL THEN 0 ELSE 1 END AS holds,"
        f" count(*) OVER {later} AS others,"
        f" sum(CASE WHEN l.user_id IS NULL THEN 0 ELSE 1 END) OVER {later} AS holders"
        f" FROM people_user u LEFT JOIN {holders} l ON l.user_id = u.id"
        f" WHERE u.gone_at IS NULL AND {kind.has.format('u')}"
    )
    said = (
        "SELECT t.first_id, count(*) AS others, count(l.user_id) AS holders"
        " FROM access_twopeople t JOIN people_user a ON a.id = t.first_id"
        f" JOIN people_user b ON b.id = t.second_id AND b.gone_at IS NULL"
        f" AND {kind.same('b', 'a')}"
        f" LEFT JOIN {holders} l ON l.user_id = b.id GROUP BY t.first_id"
    )
    return (
        f"SELECT w.id FROM ({counted}) w LEFT JOIN ({said}) s ON s.first_id = w.id"
        " WHERE CASE WHEN w.holds = 1 THEN w.others - COALESCE(s.others, 0)"
        " ELSE COALESCE(w.holders, 0) - COALESCE(s.holders, 0) END > 0"
    )


def _pairs(first_ids: str, *, said: bool = True) -> str:
    """A query (first_id, second_id, alike) of the pairs that begin with these users, both there,
    one of whom holds a licence. ``said``: but for those of whom a person said that they are two."""
    holder = _holders()
    each = " UNION ALL ".join(
        f"SELECT a.id AS first_id, b.id AS second_id, '{kind.code}' AS alike FROM people_user a"
        f" JOIN people_user b ON {kind.same('b', 'a')} AND b.id > a.id AND b.gone_at IS NULL"
        f" WHERE a.gone_at IS NULL AND a.id IN ({first_ids})"
        for kind in _KINDS
    )
    not_two = (
        " AND NOT EXISTS (SELECT 1 FROM access_twopeople t"
        " WHERE t.first_id = q.first_id AND t.second_id = q.second_id)"
    )
    return (
        f"SELECT q.first_id, q.second_id, q.alike FROM ({each}) q"
        f" WHERE (q.first_id IN ({holder}) OR q.second_id IN ({holder})){not_two if said else ''}"
    )


def said_two(first_id: int, second_id: int) -> TwoPeople | None:
    """What a person said of these users, if anybody said that they are two."""
    first, second = sorted((first_id, second_id))
    return TwoPeople.objects.filter(first_id=first, second_id=second).first()


def say_two(first_id: int, second_id: int, *, by: Actor) -> None:
    """Note that these users are two people: they are not brought up again. Raises Refusal unless
    an LA Super User says so, and both are there."""
    first, second = sorted((first_id, second_id))
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        there = User.objects.filter(pk__in=(first, second), gone_at__isnull=True)
        if first == second or there.count() < 2:
            raise Refusal("Choose two users who are there: one of these is not, or not any more.")
        made, is_new = TwoPeople.objects.get_or_create(
            first_id=first,
            second_id=second,
            defaults={"said_at": events.at, "said_by_id": by.user_id},
        )
        if is_new:
            events.add([("told apart", "two people", made.pk, "", first, None, "")])


def hand_down(from_id: int, to_id: int, *, by: Actor) -> None:
    """Who was said to be somebody else than one user is somebody else than the user they became."""
    with batch(by=by):
        said = TwoPeople.objects.filter(Q(first=from_id) | Q(second=from_id))
        for one in said:
            other = one.second_id if one.first_id == from_id else one.first_id
            if other == to_id:
                continue
            first, second = sorted((other, to_id))
            TwoPeople.objects.get_or_create(
                first_id=first,
                second_id=second,
                defaults={"said_at": one.said_at, "said_by_id": one.said_by_id},
            )
