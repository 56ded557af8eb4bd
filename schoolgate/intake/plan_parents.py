"""A file of parents, or of children who sign in (ITS2 to ITS6): who is each row, and whose?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from schoolgate.access import actions as access
from schoolgate.access.preview import Preview
from schoolgate.access.roles import PUPIL, Role
from schoolgate.audit.actions import Actor
from schoolgate.intake import (
    mapping,
    matching,
    parent_findings,
    parent_matching,
    parent_questions,
    parent_rows,
    previews,
    progress,
)
from schoolgate.intake.columns import PARENTS
from schoolgate.intake.decided import Decided
from schoolgate.intake.hidden_cells import hidden_in, means_password
from schoolgate.intake.plan import Plan, Summary, pages
from schoolgate.intake.sources.open_file import open_table
from schoolgate.intake.undo_fields import remember_changes
from schoolgate.kit import bulk
from schoolgate.kit.names import LONGEST_IDENTIFIER, heading_key, identifier_key
from schoolgate.kit.records import Source
from schoolgate.people import actions as people
from schoolgate.people import first_passwords, sync_ids

RELATIONSHIP = "Parent relationship"
_ROWS = (
    "n INTEGER PRIMARY KEY, ident TEXT, first_name TEXT, last_name TEXT, first_key TEXT,"
    " last_key TEXT, sync TEXT, sync_key TEXT, username TEXT, username_key TEXT, email TEXT,"
    " email_key TEXT, lookalike TEXT, phone TEXT, relationship TEXT, child TEXT, child_key TEXT"
)
_NONE = "CAST(NULL AS BIGINT)"
_GOOD = "NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = {0}.n)"


class ParentsPlan(Plan):
    """Rows become users, and licences of ``role`` over the children that they name.

    ``plan_lead``: the people who would be made: their first row that is not refused, which is
    their id (negative), and the first rows with a user name, an address, a phone and a password.
    ``plan_holder``: whose each row is that is not refused. ``plan_other``: where no row has found
    a child, the cells of the other columns, among which the right ones may be.
    """

    kind = PARENTS
    tables: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "plan_row": (
            _ROWS,
            ("ident", "username_key", "email_key", "sync_key", "child_key", "lookalike"),
        ),
        "plan_password": ("n INTEGER PRIMARY KEY", ()),
        "plan_other": ("place INTEGER, child_key TEXT", ("child_key",)),
        "plan_refused": ("n INTEGER PRIMARY KEY", ()),
        **parent_matching.TABLES,
        "plan_lead": (
            "root INTEGER PRIMARY KEY, n INTEGER, username_n INTEGER, email_n INTEGER,"
            " phone_n INTEGER, password_n INTEGER",
            ("n",),
        ),
        "plan_holder": ("n INTEGER PRIMARY KEY, user_id BIGINT", ("user_id",)),
        "plan_grant": (
            "n INTEGER, user_id BIGINT, pupil_id BIGINT, relationship TEXT",
            ("n", "user_id"),
        ),
        "plan_sync_id": ("n INTEGER, user_id BIGINT, value TEXT", ("n",)),
        "plan_change": ("n INTEGER, user_id BIGINT, field TEXT, old TEXT, value TEXT", ()),
    }
    derived = (
        "plan_refused", *parent_matching.TABLES, "plan_lead", "plan_holder", "plan_grant",
        "plan_sync_id", "plan_change",
    )  # fmt: skip

    # Looks up what was said of the parent relationship for an earlier file with these headings.
    recall_relation: Callable[[list[str]], tuple[str, str]] | None = None

    def __init__(self, *, role: Role, by: Actor, decided: Decided | None = None) -> None:
        super().__init__(by=by, decided=decided)
        self.role = role
        self.of_children = role == PUPIL  # each row is about the child whom it names
        self.child_place = -1
        # Here and in no table: a database writes a temporary one to its disk too (S22).
        self.passwords: dict[int, str] = {}

    # Columns

    def matched(self, headings: list[str]) -> mapping.Mapping:
        if self.recall_relation is not None and not self.decided.sync_field:
            field, match_by = self.recall_relation(headings)
            self.decided = replace(self.decided, sync_field=field, match_by=match_by)
        field = self.decided.sync_field
        found = mapping.match(self.kind, headings, self.decided.headings, self.staged, beside=field)
        secret = hidden_in(headings, self.decided.headings).places  # they name nobody (S22)
        places = [
            place
            for place, heading in enumerate(headings)
            if field and heading_key(heading) == heading_key(field)
        ]
        if field and not places and self.decided.matched == "command line":
            raise mapping.UnknownHeading(
                f"Choose a heading of the file as the synchronisation field, not “{field}”: it has"
                f" {', '.join(heading for heading in headings if heading.strip())}."
            )
        if self.decided.matched == "command line" and means_password(field):
            raise mapping.UnknownHeading(
                f"Choose another column as the synchronisation field: “{field}” holds passwords,"
                " to judge by its heading."
            )
        places = [place for place in places if place not in secret]
        if not field:
            # Which column is not needed is only known once this is.
            self.staged.warnings = [w for w in self.staged.warnings if w.code != "unknown-column"]
        if not places or not self.decided.match_by:
            self.staged.fault(
                None, RELATIONSHIP, "",
                "Choose under Parent relationship which column of the file names the child, and"
                " which identifier of the child it has.", "parent-relationship",
            )  # fmt: skip
            return replace(found, missing=[*found.missing, RELATIONSHIP])
        if len(places) > 1:
            self.staged.fault(
                None, headings[places[0]], "",
                f"Keep one column “{headings[places[0]]}”: the file has {len(places)} of them, and"
                " it names the child.", "repeated-column",
            )  # fmt: skip
        self.child_place = places[0]
        return found

    # Staging

    def stage(self, path: str) -> None:
        super().stage(path)
        if not self.staged.whole_file and not parent_matching.any_child(self):
            self._look_elsewhere(path)

    def _look_elsewhere(self, path: str) -> None:
        """Keep the other columns of a file of which no row has found a child."""
        others = set(range(len(self.mapping.headings))) - self.secret_places()
        others.discard(self.child_place)
        with open_table(path, self.known_headings()) as table:
            for _, row in table.rows:
                cells = self.staged.hidden.blank(row)
                for place in others:
                    if place < len(cells) and (key := identifier_key(cells[place])):
                        self.keep("plan_other", (place, key[:LONGEST_IDENTIFIER]))
        self.flush()
        bulk.analyse("plan_other")

    def stage_row(self, n: int, cells: list[str]) -> None:
        parent_rows.stage(self, n, cells)

    # Working out

    def find(self) -> None:
        parent_matching.match(self)
        if not parent_findings.children_are_found(self):
            return
        parent_findings.find(self)
        parent_questions.find(self)
        bulk.load("plan_refused", ["n"], ((n,) for n in sorted(self.findings.refused)))
        self._decide()

    def _decide(self) -> None:
        """What is not there yet, in the rows that are not refused."""
        firsts = ", ".join(
            f"min(CASE WHEN r.{name} <> '' THEN r.n END)" for name in ("username", "email", "phone")
        )
        bulk.execute(
            f"INSERT INTO plan_lead SELECT p.root, min(p.n), {firsts}, min(w.n)"
            " FROM plan_person p JOIN plan_row r ON r.n = p.n LEFT JOIN plan_password w"
            f" ON w.n = p.n WHERE p.user_id IS NULL AND {_GOOD.format('p')} GROUP BY p.root"
        )
        bulk.execute(
            "INSERT INTO plan_holder SELECT p.n, COALESCE(p.user_id, -l.n) FROM plan_person p"
            " LEFT JOIN plan_lead l ON l.root = p.root"
            f" WHERE {_GOOD.format('p')}"
        )
        bulk.analyse("plan_refused", "plan_lead", "plan_holder")
        bulk.execute(
            "INSERT INTO plan_grant SELECT g.n, g.user_id, g.pupil_id, r.relationship FROM"
            " (SELECT min(h.n) AS n, h.user_id, t.pupil_id FROM plan_holder h JOIN plan_hit t"
            " ON t.n = h.n GROUP BY h.user_id, t.pupil_id) g JOIN plan_row r ON r.n = g.n"
            f" WHERE NOT EXISTS ({self.live_link('g.user_id', 'g.pupil_id')})"
        )
        bulk.execute(
            "INSERT INTO plan_sync_id SELECT g.n, g.user_id, r.sync FROM (SELECT min(h.n) AS n,"
            " min(h.user_id) AS user_id FROM plan_holder h JOIN plan_row r ON r.n = h.n"
            " WHERE r.sync_key <> '' AND NOT EXISTS (SELECT 1 FROM people_syncid s"
            " WHERE s.value_key = r.sync_key AND s.ended_at IS NULL) GROUP BY r.sync_key) g"
            " JOIN plan_row r ON r.n = g.n"
        )
        bulk.execute(
            "INSERT INTO plan_change SELECT g.n, g.user_id, 'phone', '', r.phone FROM"
            " (SELECT min(h.n) AS n, h.user_id FROM plan_holder h JOIN plan_row r ON r.n = h.n"
            " JOIN people_user p ON p.id = h.user_id WHERE r.phone <> '' AND p.phone = ''"
            " GROUP BY h.user_id) g JOIN plan_row r ON r.n = g.n"
        )
        bulk.analyse("plan_grant", "plan_sync_id")

    def live_link(self, user: str, pupil: str) -> str:
        """A query that finds something when this user has the licence over this child already."""
        return (
            f"SELECT 1 FROM access_grant a WHERE a.user_id = {user} AND a.pupil_id = {pupil}"
            f" AND a.role = '{self.role.code}' AND {matching.holding('a', self.today)}"
        )

    _CHANGED = (
        "SELECT n FROM (SELECT n FROM plan_grant UNION SELECT n FROM plan_sync_id UNION"
        " SELECT n FROM plan_change) d WHERE n NOT IN (SELECT n FROM plan_lead)"
    )

    def outcomes(self) -> tuple[int, int]:
        created = bulk.value("SELECT count(*) FROM plan_lead")
        return created, bulk.value(f"SELECT count(*) FROM ({self._CHANGED}) q")

    def linked(self) -> int:
        return int(bulk.value("SELECT count(*) FROM plan_grant"))

    def invitations(self, summary: Summary) -> int:
        return int(bulk.value("SELECT count(email_n) FROM plan_lead"))

    def summary(self) -> Summary:
        summary = super().summary()
        if self.findings.whole_file and any(
            fault.code in parent_findings.OF_THE_RELATIONSHIP for fault in self.findings.faults
        ):
            # What the file says of itself is right; it is the choice that is to be changed.
            summary.columns_missing = [*summary.columns_missing, RELATIONSHIP]
        return summary

    def told_rows(self) -> str:
        return (
            "SELECT r.n, CASE WHEN x.n IS NOT NULL THEN 'refused' WHEN l.n IS NOT NULL THEN"
            " 'created' WHEN c.n IS NOT NULL THEN 'updated' ELSE 'unchanged' END,"
            " trim(r.first_name || ' ' || r.last_name),"
            " CASE WHEN r.email <> '' THEN r.email ELSE r.username END, u.user_id FROM plan_row r"
            " LEFT JOIN plan_refused x ON x.n = r.n LEFT JOIN plan_user u ON u.n = r.n"
            f" LEFT JOIN plan_lead l ON l.n = r.n LEFT JOIN ({self._CHANGED}) c ON c.n = r.n"
        )

    def told_access(self) -> list[str]:
        # All that a person is given stands at their first row, however many rows they have.
        return [
            "SELECT 'grant', min(n) OVER (PARTITION BY user_id), user_id,"
            f" {_NONE}, {_NONE}, pupil_id, {_NONE} FROM plan_grant"
        ]

    def preview(self) -> Preview:
        grants = (
            f"SELECT n, user_id, {_NONE} AS establishment_id, {_NONE} AS subject_area_id, pupil_id"
            " FROM plan_grant"
        )
        return previews.of_grants(self.role.code, grants, "SELECT n FROM plan_lead")

    def proposals(self) -> list[str]:
        return [
            self._new_users(),
            "SELECT n, user_id, pupil_id, relationship FROM plan_grant",
            "SELECT n, user_id, value FROM plan_sync_id",
            "SELECT n, user_id, field, value FROM plan_change",
        ]

    def _new_users(self) -> str:
        return (
            "SELECT l.n, e.email, u.username, r.first_name, r.last_name, p.phone FROM plan_lead l"
            " JOIN plan_row r ON r.n = l.n LEFT JOIN plan_row e ON e.n = l.email_n"
            " LEFT JOIN plan_row u ON u.n = l.username_n LEFT JOIN plan_row p ON p.n = l.phone_n"
        )

    # Writing

    def write(self, *, import_id: int) -> None:
        made = self._make_users(import_id)
        grants = self.counted(progress.LINKING, self._grants(made))
        access.grant(grants, by=self.by, source=Source.IMPORT, import_id=import_id)
        given = (
            row for page in pages("SELECT n, user_id, value FROM plan_sync_id") for row in page
        )
        sync_ids.record(
            ((made[-id_] if id_ < 0 else id_, value) for _, id_, value in given),
            by=self.by,
            source=Source.IMPORT,
            import_id=import_id,
        )
        first_passwords.keep(self._passwords(made), by=self.by, import_id=import_id)
        changes = [row for page in pages("SELECT * FROM plan_change") for row in page]
        remember_changes(import_id, "user", (row[1:] for row in changes))
        people.change_users(
            ((row[1], row[2], row[4]) for row in changes), by=self.by, import_id=import_id
        )

    def _make_users(self, import_id: int) -> dict[int, int]:
        """Make the new users; the id of each by the number of their first row."""
        numbers: list[int] = []

        def users() -> Iterator[people.NewUser]:
            for page in pages(self._new_users()):
                for n, email, username, first, last, phone in page:
                    numbers.append(n)
                    yield people.NewUser(
                        email or "", username or "", first, last, phone=phone or ""
                    )

        rows = self.counted(progress.WRITING, users())
        ids = people.create_users(rows, by=self.by, source=Source.IMPORT, import_id=import_id)
        self.made_users = ids
        return dict(zip(numbers, ids, strict=True))

    def _grants(self, made: dict[int, int]) -> Iterator[access.NewGrant]:
        for page in pages("SELECT n, user_id, pupil_id, relationship FROM plan_grant"):
            for _, user_id, pupil_id, relationship in page:
                yield access.NewGrant(
                    made[-user_id] if user_id < 0 else user_id,
                    self.role.code, None, pupil_id, self.today,
                    relationship=relationship or None,
                )  # fmt: skip

    def _passwords(self, made: dict[int, int]) -> Iterator[tuple[int, str]]:
        """The first passwords of those who are made; nobody who is here already gets one."""
        for page in pages(
            "SELECT l.n, w.n AS row, l.root FROM plan_lead l JOIN plan_password w"
            " ON w.n = l.password_n"
        ):
            for n, row, _ in page:
                yield made[n], self.passwords[row]
