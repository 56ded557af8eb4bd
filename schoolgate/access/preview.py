"""What a change would make of scope: scope after minus scope before (NEW1).

Both come from the scope SQL, over the relations as they stand and as they would stand. Pairs are
counted and paged, never put into a table: a hundred thousand designated teachers are millions of
pairs. Users who see every pupil are counted by multiplying, not by listing.
"""

from dataclasses import dataclass, replace

from django.db.models import QuerySet

from schoolgate.access.relations import Relations
from schoolgate.access.scope import is_wide, narrow, pupils_seen_in, sees, wide
from schoolgate.kit import bulk
from schoolgate.schools.models import Pupil


@dataclass(frozen=True)
class AccessChange:
    """User-pupil pairs that scope would hold more, and fewer.

    ``marks`` differ where other pairs of the same number would (S42).
    """

    gained: int
    lost: int
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Preview:
    """Two states of the relations, and whom a change can touch at all.

    ``users`` and ``pupils`` are SQL queries of one column, user_id or pupil_id: outside of (these
    users x all pupils) and (all users x these pupils) nothing changes. Leave the one that is not
    needed None.
    ``added``: where nothing happens but that users and grants come, a table expression of these
    grants alone; what they reach is then all there is to look at, and nothing can be lost.
    """

    before: Relations
    after: Relations
    users: str | None = None
    pupils: str | None = None
    added: str | None = None

    def count(self) -> AccessChange:
        """How many pairs are gained and lost."""
        if self.pupils is not None:
            gained, marks = self._gained_by_new_pupils()
        else:
            gained, marks = self._gained_by_new_wide_users()
        narrow_gained, gained_mark = _counted(self.gained_pairs())
        lost, lost_mark = _counted(self.lost_pairs())
        wide_lost, wide_marks = self._lost_by_wide_users()
        marks = (*marks, gained_mark, lost_mark, *wide_marks)
        return AccessChange(gained + narrow_gained, lost + wide_lost, marks)

    def gained_pairs(self) -> str:
        """The pairs gained by users who do not see every pupil: (user_id, pupil_id)."""
        after = replace(self.after, grants=self.added) if self.added else self.after
        return f"{self._seen(after)} EXCEPT {self._seen(self.before)}"

    def lost_pairs(self) -> str:
        """The pairs lost by users who do not see every pupil: (user_id, pupil_id)."""
        if self.added:
            return "SELECT 0 AS user_id, 0 AS pupil_id WHERE 1 = 0"
        return f"{self._seen(self.before)} EXCEPT {self._seen(self.after)}"

    def newly_wide(self) -> str:
        """The users who come to see every pupil: (user_id)."""
        return f"{_wide_users(self.after)} EXCEPT {_wide_users(self.before)}"

    def no_longer_wide(self) -> str:
        """The users who saw every pupil, and would not: (user_id)."""
        return f"{_wide_users(self.before)} EXCEPT {_wide_users(self.after)}"

    def _seen(self, stand: Relations) -> str:
        conditions = [f"s.user_id NOT IN ({_wide_users(self.after)})"]
        if not self.added:
            conditions.append(f"s.user_id NOT IN ({self.no_longer_wide()})")
        for column, ids in (("user_id", self.users), ("pupil_id", self.pupils)):
            if ids is not None:
                # Whoever is not made yet (a negative id) saw and was seen by nobody before.
                there = f" WHERE k.{column} > 0" if stand is self.before else ""
                conditions.append(f"s.{column} IN (SELECT k.{column} FROM ({ids}) k{there})")
        return (
            f"SELECT s.user_id, s.pupil_id FROM ({sees(stand, narrow(stand))}) s"
            f" WHERE {' AND '.join(conditions)}"
        )

    def new_pupils(self) -> str:
        """The pupils who come onto the register: (id)."""
        return f"SELECT id FROM {self.after.pupils} a EXCEPT SELECT id FROM {self.before.pupils} b"

    def _gained_by_new_pupils(self) -> tuple[int, tuple[int, ...]]:
        """Each new pupil by each user who sees every one."""
        pupils = bulk.value(f"SELECT count(*) FROM ({self.new_pupils()}) p")
        if not pupils:
            return 0, ()
        users, mark = _counted(f"SELECT user_id, 0 AS pupil_id FROM ({_wide_users(self.after)}) w")
        return users * pupils, (mark,)

    def _gained_by_new_wide_users(self) -> tuple[int, tuple[int, ...]]:
        return _by_multiplying(self.newly_wide(), self.after, other=self.before)

    def _lost_by_wide_users(self) -> tuple[int, tuple[int, ...]]:
        """The same of those who saw every pupil and no longer do."""
        if self.added:
            return 0, ()
        return _by_multiplying(self.no_longer_wide(), self.before, other=self.after)


def _by_multiplying(
    users: str, stand: Relations, *, other: Relations
) -> tuple[int, tuple[int, ...]]:
    """How many pairs these users (a query of user_id), who see every pupil in ``stand`` and not in
    the ``other`` state, have there and not here: every pupil, less the restricted ones and those
    whom each of them sees in the other state too."""
    count, users_mark = _counted(f"SELECT user_id, 0 AS pupil_id FROM ({users}) w")
    if not count:
        return 0, ()
    pupils, pupils_mark = _counted(f"SELECT 0 AS user_id, id AS pupil_id FROM {stand.pupils} p")
    blocked, blocked_mark = _counted(
        f"SELECT DISTINCT r.user_id, r.pupil_id FROM {stand.restrictions} r"
        f" JOIN {stand.pupils} p ON p.id = r.pupil_id WHERE r.user_id IN ({users})"
    )
    seen, seen_mark = _counted(
        f"SELECT DISTINCT s.user_id, s.pupil_id FROM ({sees(other, narrow(other))}) s"
        f" WHERE s.user_id IN ({users})"
    )
    marks = (users_mark, pupils_mark, blocked_mark, seen_mark)
    return count * pupils - blocked - seen, marks


@dataclass(frozen=True)
class UserPreview:
    """What a change makes of the scope of one user, child by child.

    ``every_before``, ``every_after``: every pupil, less those kept from them by a restriction;
    such are told in one line and not listed.
    """

    before: QuerySet[Pupil]
    after: QuerySet[Pupil]
    every_before: bool
    every_after: bool

    @property
    def gained(self) -> QuerySet[Pupil]:
        """The pupils whom the user would come to see."""
        return self.after.exclude(pk__in=self.before.values("pk"))

    @property
    def lost(self) -> QuerySet[Pupil]:
        """The pupils whom the user would no longer see."""
        return self.before.exclude(pk__in=self.after.values("pk"))


def for_user(user_id: int, before: Relations, after: Relations) -> UserPreview:
    """The scope of a user as the relations stand, and as they would stand.

    The two differ in users and grants, not in pupils.
    """
    there = Pupil.objects.filter(gone_at__isnull=True)
    seen_before = pupils_seen_in(before, user_id, there)
    seen_after = pupils_seen_in(after, user_id, there)
    return UserPreview(
        seen_before,
        seen_after,
        not seen_before.query.is_empty() and is_wide(before, user_id),
        not seen_after.query.is_empty() and is_wide(after, user_id),
    )


def _counted(pairs: str) -> tuple[int, int]:
    """How many rows (user_id, pupil_id) a query has, and a mark by which to know them again."""
    ((count, mark),) = bulk.select(
        "SELECT count(*), COALESCE(sum(((x.user_id * 7919 + x.pupil_id * 104729) %% 65521)"
        f" * ((x.user_id * 15013 + x.pupil_id * 50021) %% 65519)), 0) FROM ({pairs}) x"
    )
    return int(count), int(mark)


def _wide_users(stand: Relations) -> str:
    """The users, neither gone nor denied, who see every pupil: (user_id)."""
    return (
        f"SELECT w.user_id FROM ({wide(stand)}) w JOIN {stand.users} v ON v.id = w.user_id"
        " GROUP BY w.user_id"
    )
