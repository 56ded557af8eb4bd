"""Who leaves, and what goes with them: before they are made inactive, deleted or taken off a staff.

What is told is scope before minus scope after, from the SQL of scope (NEW1), as far as the reader
may know it: of children whom they see alone (S35); and to a reader who is no LA Super User what
others see is worked out over the roles of a school, which say nothing of care.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from schoolgate.access import relations
from schoolgate.access.authority import authority_of
from schoolgate.access.relations import Relations
from schoolgate.access.roles import Opens, codes
from schoolgate.access.scope import among_visible, narrow, of_register, sees, wide
from schoolgate.audit.actions import user_actor
from schoolgate.kit import bulk


@dataclass(frozen=True)
class Leaving:
    """What would go with some users.

    ``losses``: how many children each would no longer see, by user id; None for one who would no
    longer see every pupil. Who loses nobody is not in it.
    ``alone``: the ids of the children who would be left with nobody: no other user sees them as
    their Designated Teacher, by a class or by a link. Whoever sees every pupil, of the organisation
    or of a school, does not count.
    """

    losses: Mapping[int, int | None]
    alone: list[int]

    @property
    def lost(self) -> int:
        """How many pairs of user and child scope would hold fewer, those of every pupil left
        out."""
        return sum(count or 0 for count in self.losses.values())


def of(
    user_ids: Collection[int], *, reader_id: int, establishment_id: int | None = None
) -> Leaving:
    """What goes when these users are made inactive or deleted; with ``establishment_id``, when what
    they hold there sleeps or is taken from them. A handful of queries however many they are."""
    with _going(user_ids):
        everything = authority_of(user_actor(reader_id)).everything
        stand = relations.at() if everything else of_register(relations.at())
        change = _Change(stand, establishment_id)
        only, params = among_visible(reader_id, "s.pupil_id")
        counted = bulk.select(
            f"SELECT s.user_id, count(*) FROM ({change.lost()}) s WHERE {only} GROUP BY s.user_id",
            params,
        )
        losses: dict[int, int | None] = dict(counted)
        if establishment_id is None:
            losses.update((user_id, None) for (user_id,) in bulk.select(change.wide_users()))
        return Leaving(losses, _alone(change, only, params))


@contextmanager
def _going(user_ids: Collection[int]) -> Iterator[None]:
    """A temporary table of those who leave, and one of the children they see."""
    with (
        bulk.temporary("leavers", "id BIGINT PRIMARY KEY"),
        bulk.temporary("left_behind", "id BIGINT PRIMARY KEY"),
    ):
        bulk.load("leavers", ["id"], ((id_,) for id_ in sorted(set(user_ids))))
        bulk.analyse("leavers")
        yield


@dataclass(frozen=True)
class _Change:
    """How the relations stand, and what goes: all that those in ``leavers`` hold, or only what they
    hold over an establishment."""

    stand: Relations
    establishment_id: int | None

    @property
    def _there(self) -> str:
        """A condition on a grant: it goes, if its user does."""
        if self.establishment_id is None:
            return "1 = 1"
        return f"k.establishment_id = {int(self.establishment_id)}"

    @property
    def gone(self) -> Relations:
        """With the grants alone that go."""
        grants = (
            f"(SELECT k.* FROM {self.stand.grants} k"
            f" WHERE k.user_id IN (SELECT id FROM leavers) AND {self._there})"
        )
        return replace(self.stand, grants=grants)

    @property
    def left(self) -> Relations:
        """With all the grants that stay."""
        grants = (
            f"(SELECT k.* FROM {self.stand.grants} k WHERE"
            f" NOT (k.user_id IN (SELECT id FROM leavers) AND COALESCE({self._there}, 1 = 0)))"
        )
        return replace(self.stand, grants=grants)

    def seen_by_what_goes(self) -> str:
        """The pairs (user_id, pupil_id) seen through what goes."""
        return (
            f"SELECT DISTINCT s.user_id, s.pupil_id FROM ({sees(self.gone, narrow(self.gone))}) s"
            f" WHERE s.user_id NOT IN ({self.wide_users()})"
        )

    def lost(self) -> str:
        """The pairs (user_id, pupil_id) that scope would no longer hold."""
        if self.establishment_id is None:
            return self.seen_by_what_goes()
        kept = sees(self.left, narrow(self.left))
        return (
            f"{self.seen_by_what_goes()} EXCEPT SELECT t.user_id, t.pupil_id FROM ({kept}) t"
            " WHERE t.user_id IN (SELECT id FROM leavers)"
        )

    def wide_users(self) -> str:
        """Those in ``leavers`` who see every pupil (user_id)."""
        return (
            f"SELECT w.user_id FROM ({wide(self.stand)}) w JOIN {self.stand.users} v"
            " ON v.id = w.user_id WHERE w.user_id IN (SELECT id FROM leavers)"
        )


def _alone(change: _Change, only: str, params: list[int]) -> list[int]:
    """The children, seen through what goes, whom nobody sees through what is left."""
    gone, left = _in_person(change.gone), _in_person(change.left)
    bulk.execute(
        "INSERT INTO left_behind (id) SELECT DISTINCT s.pupil_id"
        f" FROM ({sees(gone, narrow(gone))}) s WHERE {only}",
        params,
    )
    bulk.analyse("left_behind")
    found = bulk.select(
        "SELECT t.id FROM left_behind t WHERE t.id NOT IN (SELECT s.pupil_id"
        f" FROM ({sees(left, narrow(left))}) s"
        " WHERE s.pupil_id IN (SELECT id FROM left_behind)) ORDER BY t.id"
    )
    return [pupil_id for (pupil_id,) in found]


def _in_person(stand: Relations) -> Relations:
    """The relations without those grants that open all the pupils of a school."""
    every = ", ".join(f"'{code}'" for code in codes(Opens.ON_ROLL))
    return replace(
        stand, grants=f"(SELECT i.* FROM {stand.grants} i WHERE i.role NOT IN ({every}))"
    )
