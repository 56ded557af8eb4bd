"""The proposals that a check kept, as the two states of scope: for all, some people, some children.

Each answer is right for those whom it was asked for, and costs what they cost.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from schoolgate.access import relations, scope
from schoolgate.access.own_roles import role_of
from schoolgate.access.preview import Preview
from schoolgate.access.relations import Relations
from schoolgate.access.roles import Opens
from schoolgate.intake import previews
from schoolgate.intake.models import Import
from schoolgate.kit import bulk

_NOBODY = "SELECT 0 AS n WHERE 1 = 0"


@dataclass(frozen=True)
class Pair:
    """One person and one child, gained or lost. ``of``: how many pairs the one of the two has that
    was asked about, gained and lost apart. Ids are negative, row numbers, for who is not made."""

    user_id: int
    pupil_id: int
    gained: bool
    of: int


class KeptAccess:
    """What a checked run would make of scope."""

    def __init__(self, run: Import) -> None:
        self.run = run
        self.role = role_of(run.role) if run.role else None
        self.of_users = run.kind in ("users", "parents")
        self.of_leavers = run.kind == "leavers"
        self._kept = f"FROM intake_proposal WHERE run_id = {run.pk}"
        self._created = (
            f"SELECT row AS n FROM intake_importrow WHERE run_id = {run.pk} AND outcome = 'created'"
        )

    @property
    def by_row(self) -> bool:
        """Whether each row of the file is about a user."""
        return self.of_users or self.of_leavers

    @property
    def opens_everything(self) -> bool:
        """Whether the file gives a role that opens every child."""
        return self.role is not None and self.role.opens is Opens.EVERY_PUPIL

    # Two states of scope

    def for_people(self, ids: Collection[int], rows: Collection[int] = ()) -> Preview:
        """The preview that is right for these users (negative: the row of one not made yet);
        ``rows``: those of the file, where it is one of users, that are about them."""
        stand = previews.only_users(relations.at(), [id_ for id_ in ids if id_ > 0])
        if self.of_leavers:
            return previews.of_leavers(
                self._leaving(f" AND {_among('user_id', ids)}"), before=stand
            )
        if not self.of_users:
            return self._of_records("", stand)
        those = ", ".join(map(str, sorted(rows))) or "NULL"
        return previews.of_grants(
            self.run.role,
            f"SELECT row AS n, user_id, establishment_id, subject_area_id, pupil_id {self._kept}"
            f" AND what = 'grant' AND row IN ({those})",
            f"{self._created} AND row IN ({those})",
            before=stand,
        )

    @contextmanager
    def for_children(self, ids: Collection[int]) -> Iterator[Preview]:
        """The preview that is right for these children (negative: the row of one not made yet)."""
        stand = previews.only_pupils(relations.at(), [id_ for id_ in ids if id_ > 0])
        if self.of_leavers:
            yield previews.of_leavers(self._leaving(), before=stand)
            return
        if not self.of_users:
            those = ", ".join(map(str, sorted(ids))) or "NULL"
            yield self._of_records(f" AND pupil_id IN ({those})", stand, ids)
            return
        # Those whom a grant over these children or their schools is for, in a table with a key:
        # SQLite would go through all the users of the file for each of their grants.
        places = bulk.select(f"SELECT DISTINCT establishment_id FROM {stand.enrolments} e")
        schools = ", ".join(str(id_) for (id_,) in places if id_ is not None) or "NULL"
        pupils = ", ".join(map(str, sorted(ids)))
        grants = (
            f"SELECT row AS n, user_id, establishment_id, subject_area_id, pupil_id {self._kept}"
            " AND what = 'grant'"
            f" AND (establishment_id IN ({schools}) OR pupil_id IN ({pupils}))"
        )
        with bulk.temporary("at_hand", "id BIGINT PRIMARY KEY"):
            bulk.execute(
                f"INSERT INTO at_hand SELECT DISTINCT g.user_id FROM ({grants}) g"
                f" WHERE g.user_id < 0 OR g.user_id IN (SELECT id FROM {stand.users} u)"
            )
            bulk.analyse("at_hand")
            preview = previews.of_grants(self.run.role, grants, _NOBODY, before=stand)
            after = replace(preview.after, users="(SELECT id FROM at_hand)")
            yield replace(preview, after=after, users="SELECT id AS user_id FROM at_hand")

    def _leaving(self, only: str = "") -> str:
        """A query (user_id) of those whom a file of leavers would make inactive."""
        return f"SELECT user_id {self._kept} AND what = 'deny'{only}"

    def _of_records(
        self, only: str, stand: Relations, ids: Collection[int] | None = None
    ) -> Preview:
        new = self._created
        if ids is not None:
            rows = ", ".join(str(-id_) for id_ in sorted(ids) if id_ < 0) or "NULL"
            new = f"{new} AND row IN ({rows})"
        return previews.of_records(
            stays=f"SELECT pupil_id, establishment_id {self._kept} AND what = 'stay'{only}",
            episodes=f"SELECT pupil_id {self._kept} AND what = 'episode'{only}",
            members=f"SELECT pupil_id, record_id {self._kept} AND what = 'member'{only}",
            ended="SELECT substr(what, 5) AS what, record_id AS id"
            f" {self._kept} AND what IN ('end stay', 'end episode', 'end member'){only}",
            new=new,
            pupils=f"SELECT pupil_id {self._kept}{only}",
            before=stand,
        )

    # Pairs

    def pairs_of_people(
        self,
        ids: Collection[int],
        rows: Collection[int] = (),
        *,
        reader: int,
        first: int,
        behind: int = 0,
    ) -> list[Pair]:
        """The first pairs of each of these people, by the children's names; children whom the
        reader may not see come last."""
        visible, params = _visible_to(reader)
        hidden = f"CASE WHEN g.pupil_id < 0 OR g.pupil_id IN ({visible}) THEN 0 ELSE 1 END"
        order = f"{hidden}, p.last_key, p.first_key, g.pupil_id"
        joined = "LEFT JOIN schools_pupil p ON p.id = g.pupil_id"
        preview = self.for_people(ids, rows)
        return self._pairs(preview, "user_id", joined, order, params, first, behind)

    def pairs_of_children(self, ids: Collection[int], *, first: int, behind: int = 0) -> list[Pair]:
        """The first pairs of each of these children: new people by row, then known ones."""
        order = "CASE WHEN g.user_id < 0 THEN 0 ELSE 1 END, abs(g.user_id)"
        with self.for_children(ids) as preview:
            return self._pairs(preview, "pupil_id", "", order, [], first, behind)

    def _pairs(
        self, preview: Preview, by: str, joined: str, order: str, params: list[object],
        first: int, behind: int,
    ) -> list[Pair]:  # fmt: skip
        found = []
        for gained, pairs in ((True, preview.gained_pairs()), (False, preview.lost_pairs())):
            if self.of_leavers if gained else self.of_users:
                continue  # a file of users takes nothing away, one of leavers gives nothing
            rows = bulk.select(
                "SELECT q.user_id, q.pupil_id, q.total FROM (SELECT g.user_id, g.pupil_id,"
                f" count(*) OVER (PARTITION BY g.{by}) AS total, row_number() OVER"
                f" (PARTITION BY g.{by} ORDER BY {order}) AS nth FROM ({pairs}) g {joined}) q"
                f" WHERE q.nth > %s AND q.nth <= %s ORDER BY q.{by}, q.nth",
                [*params, behind, behind + first],
            )
            found += [Pair(user, pupil, gained, total) for user, pupil, total in rows]
        return found

    # Those to ask about, some of whom gain and lose nothing

    def rows_that_change(self, after: int, limit: int) -> list[int]:
        """The rows of a file of users or leavers that would give something, or take it away,
        behind row ``after``."""
        found = bulk.select(
            f"SELECT DISTINCT row {self._kept} AND what IN ('grant', 'deny') AND row > %s"
            " ORDER BY row LIMIT %s",
            [after, limit],
        )
        return [row for (row,) in found]

    def users_near(self, after: int, limit: int) -> list[int]:
        """The users with a role at a school that a file of pupils touches, behind an id."""
        stand = relations.at()
        schools = (
            f"SELECT establishment_id {self._kept} AND what = 'stay' UNION"
            " SELECT t.establishment_id FROM schools_enrolment t WHERE t.ended_at IS NULL"
            f" AND t.pupil_id IN (SELECT pupil_id {self._kept} AND pupil_id > 0)"
        )
        found = bulk.select(
            f"SELECT DISTINCT b.user_id FROM {stand.grants} b WHERE b.establishment_id IN"
            f" ({schools}) AND b.user_id > %s ORDER BY b.user_id LIMIT %s",
            [after, limit],
        )
        return [id_ for (id_,) in found]

    def children_reached(self) -> str:
        """A query (pupil_id) of the children whom a grant of a file of users reaches, or whom those
        of a file of leavers see.

        By the rule of scope, from one grant for each place.
        """
        if self.of_leavers:
            lost = previews.of_leavers(self._leaving()).lost_pairs()
            return f"SELECT DISTINCT s.pupil_id FROM ({lost}) s"
        assert self.role is not None  # noqa: S101 - a file of users has one
        places = (
            f"(SELECT min(row) AS id, min(user_id) AS user_id, '{self.role.code}' AS role,"
            " establishment_id, subject_area_id, CAST(NULL AS BIGINT) AS school_class_id, pupil_id"
            f" {self._kept} AND what = 'grant'"
            " GROUP BY establishment_id, subject_area_id, pupil_id)"
        )
        stand = replace(relations.at(), grants=places)
        return f"SELECT DISTINCT s.pupil_id FROM ({scope.narrow(stand)}) s"

    def children_near(self, after: int, limit: int) -> list[tuple[int, int]]:
        """(key, id) of children whom the run touches: of a file of users by id, of one of pupils
        by row."""
        if self.by_row:
            query = f"SELECT c.pupil_id, c.pupil_id FROM ({self.children_reached()}) c"
        else:
            query = (
                f"SELECT row, min(pupil_id) {self._kept} GROUP BY row UNION SELECT n, -n FROM"
                f" ({self._created}) r"
            )
        keyed = f"SELECT * FROM ({query}) k (place, id)" if bulk.on_postgresql() else ""
        if not keyed:
            keyed = f"WITH k (place, id) AS ({query}) SELECT * FROM k"
        return [
            (int(key), int(id_))
            for key, id_ in bulk.select(
                f"{keyed} WHERE place > %s ORDER BY place LIMIT %s", [after, limit]
            )
        ]

    def unseen_children(self, reader: int) -> int:
        """How many children whom the reader may not see would be gained or lost by somebody."""
        visible, params = _visible_to(reader)
        touched = (
            self.children_reached()
            if self.by_row
            else f"SELECT DISTINCT pupil_id {self._kept} AND pupil_id > 0"
        )
        found = bulk.select(
            f"SELECT t.pupil_id FROM ({touched}) t WHERE t.pupil_id NOT IN ({visible})", params
        )
        hidden = [id_ for (id_,) in found]
        if not hidden:
            return 0
        return len({pair.pupil_id for pair in self.pairs_of_children(hidden, first=1)})

    def new_children(self) -> int:
        """How many children would come onto the register."""
        if self.by_row:
            return 0
        return int(bulk.value(f"SELECT count(*) FROM ({self._created}) n"))

    # Everything

    def people_with_everything(self) -> int:
        """How many people would come to see every child, or see every one and leave."""
        if self.of_leavers:
            leaving = previews.of_leavers(self._leaving()).no_longer_wide()
            return int(bulk.value(f"SELECT count(*) FROM ({leaving}) w"))
        if not self.opens_everything:
            return 0
        grants = (
            f"SELECT row AS n, user_id, establishment_id, subject_area_id, pupil_id {self._kept}"
            " AND what = 'grant' AND establishment_id IS NULL AND pupil_id IS NULL"
        )
        preview = previews.of_grants(self.run.role, grants, self._created)
        return int(bulk.value(f"SELECT count(*) FROM ({preview.newly_wide()}) w"))

    def everything_for(self, ids: Collection[int], rows: Collection[int]) -> dict[int, int]:
        """Those of these people who come to see every child, or no longer do, and how many that is
        for each: all of them, less those they may not see and those they see otherwise."""
        if not self.opens_everything and not self.of_leavers:
            return {}
        preview = self.for_people(ids, rows)
        wide = preview.no_longer_wide() if self.of_leavers else preview.newly_wide()
        people = [id_ for (id_,) in bulk.select(wide)]
        if not people:
            return {}
        stand, other = preview.after, preview.before
        if self.of_leavers:
            stand, other = other, stand
        there = bulk.value(f"SELECT count(*) FROM {stand.pupils} p")
        less = bulk.select(
            "SELECT x.user_id, count(*) FROM (SELECT r.user_id, r.pupil_id FROM"
            f" {stand.restrictions} r JOIN {stand.pupils} p ON p.id = r.pupil_id UNION"
            " SELECT s.user_id, s.pupil_id FROM"
            f" ({scope.sees(other, scope.narrow(other))}) s) x"
            " GROUP BY x.user_id"
        )
        fewer = dict(less)
        return {id_: int(there) - int(fewer.get(id_, 0)) for id_ in people}


def _among(column: str, ids: Collection[int]) -> str:
    return f"{column} IN ({', '.join(map(str, sorted(ids))) or 'NULL'})"


def _visible_to(reader: int) -> tuple[str, list[object]]:
    """The ids of the children whom a user may see, as SQL and its parameters."""
    query = scope.pupils_visible_to(reader).order_by().values("pk").query
    sql, params = query.sql_with_params()
    return sql, list(params)
