"""A file of users of one role (LAC2 to LAC8): who is each row, and what would they be granted?"""

from collections.abc import Iterator, Mapping
from typing import Any

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.access.preview import Preview
from schoolgate.access.roles import FINANCE_MANAGER, LEADER, SCHOOL_ADMIN, Opens, Over, Role
from schoolgate.audit.actions import Actor
from schoolgate.intake import (
    checks,
    matching,
    previews,
    progress,
    user_findings,
    user_subjects,
)
from schoolgate.intake.columns import kind_of
from schoolgate.intake.decided import Decided
from schoolgate.intake.plan import Plan, Summary, pages
from schoolgate.intake.undo_fields import remember_changes
from schoolgate.kit import bulk
from schoolgate.kit.names import email_key, lookalike_key, looks_garbled, name_key
from schoolgate.kit.records import Ending, Source
from schoolgate.people import actions as people
from schoolgate.people import staff

# A user who would be made has the number of its row, negative, for an id.
_ROWS = (
    "n INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, first_key TEXT, last_key TEXT,"
    " job_title TEXT, email TEXT, email_key TEXT, lookalike TEXT, phone TEXT, urn TEXT"
)
_GRANTS = (
    "n INTEGER, user_id BIGINT, establishment_id BIGINT, subject_area_id BIGINT, pupil_id BIGINT,"
    " place INTEGER"
)
_NONE = "CAST(NULL AS BIGINT)"


class UsersPlan(Plan):
    """Rows become users, and grants of ``role`` over establishments, subject areas and pupils."""

    tables: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "plan_row": (_ROWS, ("email_key", "lookalike")),
        "plan_cell": ("n INTEGER, place INTEGER, value TEXT, value_key TEXT", ("n",)),
        **user_subjects.TABLES,
        "plan_refused": ("n INTEGER PRIMARY KEY", ()),
        "plan_user": ("n INTEGER PRIMARY KEY, user_id BIGINT", ()),
        "plan_school": ("n INTEGER PRIMARY KEY, establishment_id BIGINT, closed SMALLINT", ()),
        "plan_hit": ("n INTEGER, place INTEGER, pupil_id BIGINT, odd SMALLINT", ("n, place",)),
        "plan_want": (_GRANTS, ("n", "user_id")),
        "plan_grant": (_GRANTS, ("n", "user_id", "establishment_id")),
        "plan_change": ("n INTEGER, user_id BIGINT, field TEXT, old TEXT, value TEXT", ()),
    }
    derived = (
        "plan_refused", "plan_user", "plan_school", "plan_hit", "plan_want", "plan_grant",
        "plan_change", *user_subjects.DERIVED,
    )  # fmt: skip

    def __init__(
        self,
        *,
        role: Role,
        by: Actor,
        decided: Decided | None = None,
    ) -> None:
        super().__init__(by=by, decided=decided)
        self.role = role
        self.kind = kind_of("users", role.code)
        self.leads = role.over is Over.SUBJECT_AREA
        # Who gets a role of the staff of a school is on it from then on.
        self.staffs = role in (SCHOOL_ADMIN, LEADER, FINANCE_MANAGER)

    def stage_row(self, n: int, cells: list[str]) -> None:
        first, last = self.cell(cells, "first_name"), self.cell(cells, "last_name")
        email, urn = self.cell(cells, "email"), self.cell(cells, "urn")
        phone = self.cell(cells, "phone")
        self.need(n, "first_name", first)
        self.need(n, "last_name", last)
        self.need(n, "email", email)
        if email and not checks.is_address(email):
            self.staged.fault(
                n, self.title("email"), email,
                "Enter an email address like name@school.sch.uk.", "not-an-address",
            )  # fmt: skip
        if phone and not checks.is_phone(phone):
            self.staged.warn(
                n, self.title("phone"), phone,
                "Check the phone number: it is kept as it stands, and is not one that we"
                " understand.", "phone",
            )  # fmt: skip
        for name, value in (("first_name", first), ("last_name", last)):
            if looks_garbled(value):
                self.staged.warn(
                    n, self.title(name), value,
                    "Check the letters of this name: it looks as if the file went through a"
                    " wrong encoding. It is kept as it stands.", "garbled",
                )  # fmt: skip
        self._stage_urn(n, urn)
        key = email_key(email)
        self.keep(
            "plan_row",
            (
                n, first, last, name_key(first), name_key(last), self.cell(cells, "job_title"),
                email, key, lookalike_key(key), phone, urn,
            ),
        )  # fmt: skip
        for place in self.places(cells, "upn"):
            if value := cells[place].strip():
                self._stage_upn(n, place, value)
        if self.leads:
            user_subjects.stage(self, n, cells)

    def _stage_urn(self, n: int, urn: str) -> None:
        heading = self.title("urn")
        if self.staffs and urn in ("", "0"):
            self.staged.fault(
                n, heading, urn,
                f"Enter the {heading} of their school: a {self.role.name} is one at a school.",
                "urn-missing",
            )  # fmt: skip
        elif urn == "0":
            whom = "sees nobody until linked" if self.role.follows_register else "has no workplace"
            self.staged.warn(
                n, heading, urn, f"Nothing to do now: school not known yet; this person {whom}.",
                "urn-zero",
            )  # fmt: skip
        elif not urn and self.role.over is Over.ESTABLISHMENT:
            self.staged.fault(
                n, heading, "",
                f"Enter the {heading}, or 0 if the school is not known yet: it decides which"
                f" pupils a {self.role.name} sees.", "urn-missing",
            )  # fmt: skip

    def _stage_upn(self, n: int, place: int, value: str) -> None:
        heading = self.mapping.headings[place]
        if self.role.opens is Opens.EVERY_PUPIL and not self.role.assigns_pupils:
            self.staged.warn(
                n, heading, value,
                f"Nothing to do: a {self.role.name} sees every pupil, so this number is not used.",
                "upn-not-needed", place=place,
            )  # fmt: skip
        elif self.staffs:
            self.staged.warn(
                n, heading, value,
                f"Nothing to do: no pupil is linked to a {self.role.name}, so this number is not"
                " used.", "upn-not-needed", place=place,
            )  # fmt: skip
        elif checks.is_reason_code(value):
            self.staged.fault(
                n, heading, value,
                f"Enter the pupil's UPN, or leave the cell empty: {value.upper()} is a reason for"
                " having none and stands for no pupil.", "reason-code", place=place,
            )  # fmt: skip
        else:
            self.keep("plan_cell", (n, place, value, matching.identifier_key(value)))

    # Working out

    def find(self) -> None:
        matching.users(self)
        matching.schools(self)
        matching.pupils(self)
        if self.leads:
            user_subjects.match()
        self._want()
        user_findings.find(self, self.role)
        bulk.load("plan_refused", ["n"], ((n,) for n in sorted(self.findings.refused)))
        self._decide()
        bulk.analyse("plan_refused", "plan_user", "plan_grant")

    def _want(self) -> None:
        """The grants that the rows ask for, whether there already or not."""
        user = "COALESCE(u.user_id, -r.n)"
        who = f"SELECT r.n, {user}, %s FROM plan_row r LEFT JOIN plan_user u ON u.n = r.n"
        there = "JOIN plan_school s ON s.n = r.n"
        places = []
        if self.role.over is Over.ESTABLISHMENT:
            places.append((f"s.establishment_id, {_NONE}, {_NONE}, -1", there))
        if self.leads:
            led = f"{there} JOIN ({user_subjects.LED}) a ON a.n = r.n"
            places.append((f"s.establishment_id, a.subject_area_id, {_NONE}, a.place", led))
        if self.role.over is Over.ORGANISATION:
            places.append((f"{_NONE}, {_NONE}, {_NONE}, -1", ""))
        if self.role.over is Over.PUPILS or self.role.assigns_pupils:
            hits = (
                "JOIN (SELECT n, pupil_id, min(place) AS place FROM plan_hit"
                " GROUP BY n, pupil_id) h ON h.n = r.n"
            )
            places.append((f"{_NONE}, {_NONE}, h.pupil_id, h.place", hits))
        for columns, join in places:
            bulk.execute(f"INSERT INTO plan_want {who % columns} {join}")
        if self.role.over is not Over.ORGANISATION and not self.staffs:
            # A role whose place is not known yet is still held, and sees nobody (LAC6).
            none = f"{_NONE}, {_NONE}, {_NONE}, -1"
            bulk.execute(
                f"INSERT INTO plan_want {who % none}"
                " WHERE NOT EXISTS (SELECT 1 FROM plan_want w WHERE w.n = r.n)"
                " AND NOT EXISTS (SELECT 1 FROM access_grant g WHERE g.user_id = u.user_id"
                f" AND g.role = '{self.role.code}' AND {matching.holding('g', self.today)})"
            )
        bulk.analyse("plan_want")

    def _decide(self) -> None:
        """What is not there yet, in the rows that are not refused."""
        bulk.execute(
            "INSERT INTO plan_grant SELECT w.n, w.user_id, w.establishment_id, w.subject_area_id,"
            " w.pupil_id, w.place FROM plan_want w"
            " WHERE NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = w.n)"
            f" AND NOT EXISTS ({matching.live_grant('w', self.role.code, self.today)})"
        )
        text = (
            "INSERT INTO plan_change SELECT r.n, p.id, '{0}', p.{0}, r.{0} FROM plan_row r"
            " JOIN plan_user u ON u.n = r.n JOIN people_user p ON p.id = u.user_id"
            " WHERE r.{0} <> '' AND r.{0} <> p.{0}"
            " AND NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = r.n)"
        )
        for name in ("job_title", "phone"):
            bulk.execute(text.format(name))
        followed = " AND p.workplace_id IS NULL" if self.role.follows_register else ""
        bulk.execute(
            "INSERT INTO plan_change SELECT u.n, p.id, 'workplace',"
            " CAST(p.workplace_id AS TEXT), CAST(s.establishment_id AS TEXT) FROM plan_school s"
            " JOIN plan_user u ON u.n = s.n JOIN people_user p ON p.id = u.user_id"
            f" WHERE COALESCE(p.workplace_id, 0) <> s.establishment_id{followed}"
            " AND NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = s.n)"
        )

    def _new(self) -> str:
        return (
            "SELECT r.n FROM plan_row r WHERE NOT EXISTS (SELECT 1 FROM plan_user u WHERE"
            " u.n = r.n) AND NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = r.n)"
        )

    def outcomes(self) -> tuple[int, int]:
        created = bulk.value(f"SELECT count(*) FROM ({self._new()}) q")
        updated = bulk.value(
            "SELECT count(*) FROM (SELECT n FROM plan_change UNION"
            " SELECT n FROM plan_grant WHERE user_id > 0) q"
        )
        return created, updated

    def linked(self) -> int:
        return int(bulk.value("SELECT count(*) FROM plan_grant WHERE pupil_id IS NOT NULL"))

    def invitations(self, summary: Summary) -> int:
        return summary.created  # each of them has an address

    def told_rows(self) -> str:
        changed = "SELECT n FROM plan_change UNION SELECT n FROM plan_grant WHERE user_id > 0"
        return (
            "SELECT r.n, CASE WHEN x.n IS NOT NULL THEN 'refused' WHEN u.n IS NULL THEN 'created'"
            " WHEN c.n IS NOT NULL THEN 'updated' ELSE 'unchanged' END,"
            " trim(r.first_name || ' ' || r.last_name), r.email, u.user_id FROM plan_row r"
            " LEFT JOIN plan_refused x ON x.n = r.n LEFT JOIN plan_user u ON u.n = r.n"
            f" LEFT JOIN ({changed}) c ON c.n = r.n"
        )

    def told_access(self) -> list[str]:
        return [
            "SELECT 'grant', n, user_id, establishment_id, subject_area_id, pupil_id,"
            f" {_NONE} FROM plan_grant"
        ]

    def preview(self) -> Preview:
        grants = "SELECT n, user_id, establishment_id, subject_area_id, pupil_id FROM plan_grant"
        return previews.of_grants(self.role.code, grants, self._new())

    def proposals(self) -> list[str]:
        return [
            self._new_users(),
            "SELECT n, user_id, COALESCE(subject_area_id, pupil_id, 0) AS inside,"
            " COALESCE(establishment_id, 0) FROM plan_grant",
            "SELECT n, user_id, field, value FROM plan_change",
        ]

    def _new_users(self) -> str:
        return (
            "SELECT r.n, r.email, r.first_name, r.last_name, r.job_title, r.phone,"
            " s.establishment_id FROM plan_row r LEFT JOIN plan_school s ON s.n = r.n"
            f" WHERE r.n IN ({self._new()})"
        )

    # Writing

    def write(self, *, import_id: int) -> None:
        made = self._make_users(import_id)
        grants = self.counted(progress.LINKING, self._grants(made))
        access.grant(grants, by=self.by, source=Source.IMPORT, import_id=import_id)
        waiting = self._waiting()
        if waiting:
            access.revoke(waiting, by=self.by, how=Ending.REPLACED, import_id=import_id)
        if self.staffs:
            given = bulk.select("SELECT DISTINCT user_id, establishment_id FROM plan_grant")
            posts = (staff.NewPost(made[-id_] if id_ < 0 else id_, at) for id_, at in given)
            staff.record(posts, by=self.by, source=Source.IMPORT, import_id=import_id)
        changes = [row for page in pages("SELECT * FROM plan_change") for row in page]
        remember_changes(import_id, "user", (row[1:] for row in changes))
        people.change_users(
            ((row[1], row[2], row[4]) for row in changes), by=self.by, import_id=import_id
        )

    def _make_users(self, import_id: int) -> dict[int, int]:
        """Make the new users; the id of each by the number of its row."""
        numbers: list[int] = []

        def users() -> Iterator[people.NewUser]:
            for page in pages(self._new_users()):
                for n, email, first, last, job, phone, workplace in page:
                    numbers.append(n)
                    yield people.NewUser(email, "", first, last, job, phone, workplace)

        rows = self.counted(progress.WRITING, users())
        ids = people.create_users(rows, by=self.by, source=Source.IMPORT, import_id=import_id)
        self.made_users = ids
        return dict(zip(numbers, ids, strict=True))

    def _grants(self, made: dict[int, int]) -> Iterator[access.NewGrant]:
        grants = (
            "SELECT n, user_id, COALESCE(subject_area_id, pupil_id, 0) AS inside, establishment_id,"
            " subject_area_id, pupil_id FROM plan_grant"
        )
        for page in pages(grants):
            for _, user_id, _, establishment_id, subject_area_id, pupil_id in page:
                yield access.NewGrant(
                    made[-user_id] if user_id < 0 else user_id,
                    self.role.code, establishment_id, pupil_id, self.today,
                    subject_area_id=subject_area_id,
                )  # fmt: skip

    def _waiting(self) -> list[int]:
        """Grants of the role that waited for a place, of users who now have one."""
        if self.role.over is Over.ORGANISATION:
            return []
        found: list[tuple[Any, ...]] = bulk.select(
            f"SELECT g.id FROM {Grant._meta.db_table} g WHERE g.role = %s AND g.ended_at IS NULL"
            " AND g.establishment_id IS NULL AND g.pupil_id IS NULL AND g.user_id IN"
            " (SELECT user_id FROM plan_grant WHERE establishment_id IS NOT NULL"
            " OR pupil_id IS NOT NULL)",
            [self.role.code],
        )
        return [id_ for (id_,) in found]
