"""The pupil register arriving as a file: who is each row, and what changes for them?"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from schoolgate.access import relations
from schoolgate.access.preview import Preview
from schoolgate.audit.actions import Actor
from schoolgate.intake import (
    checks,
    previews,
    progress,
    pupil_classes,
    pupil_decisions,
    pupil_findings,
)
from schoolgate.intake.columns import PUPILS
from schoolgate.intake.decided import Decided
from schoolgate.intake.plan import Plan, pages
from schoolgate.intake.undo_fields import remember_changes
from schoolgate.kit import bulk
from schoolgate.kit.dates import form_of, parse_day
from schoolgate.kit.names import LONGEST_IDENTIFIER, identifier_key, looks_garbled, name_key
from schoolgate.kit.records import Ending, Source
from schoolgate.schools import actions as schools
from schoolgate.schools import classes, upn
from schoolgate.schools.models import (
    CareEpisode,
    Elsewhere,
    Enrolment,
    IdentifierKind,
    Pupil,
    PupilIdentifier,
)

_IDENTIFIERS = {
    "upn": IdentifierKind.UPN,
    "internal_id": IdentifierKind.INTERNAL_ID,
    "sync_key": IdentifierKind.SYNC_KEY,
    "username": IdentifierKind.USERNAME,
}
_DAYS = ("date_of_birth", "in_care_since", "in_care_until", "left_on")
# A pupil who would be made has the number of its row, negative, for an id.
_ROWS = (
    "n INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, first_key TEXT, last_key TEXT,"
    " date_of_birth DATE, year TEXT, class_name TEXT, urn TEXT, in_care_since DATE,"
    " in_care_until DATE, left_on DATE"
)


class PupilsPlan(Plan):
    """Rows become pupils, identifiers, enrolments and care episodes."""

    kind = PUPILS
    tables: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "plan_row": (_ROWS, ("last_key, first_key",)),
        "plan_identifier": (
            "n INTEGER, kind TEXT, value TEXT, value_key TEXT",
            ("n", "kind, value_key"),
        ),
        "plan_refused": ("n INTEGER PRIMARY KEY", ()),
        "plan_match": ("n INTEGER, kind TEXT, pupil_id BIGINT", ("n",)),
        "plan_pupil": ("n INTEGER PRIMARY KEY, pupil_id BIGINT", ("pupil_id",)),
        "plan_school": ("n INTEGER PRIMARY KEY, establishment_id BIGINT, closed SMALLINT", ()),
        "plan_change": ("n INTEGER, pupil_id BIGINT, field TEXT, old TEXT, value TEXT", ()),
        "plan_new_identifier": ("n INTEGER, pupil_id BIGINT, kind TEXT, value TEXT", ()),
        "plan_new_stay": (
            "n INTEGER, pupil_id BIGINT, establishment_id BIGINT, elsewhere TEXT, starts_on DATE,"
            " ends_on DATE",
            ("n", "pupil_id"),
        ),
        "plan_new_episode": (
            "n INTEGER, pupil_id BIGINT, starts_on DATE, ends_on DATE",
            ("n", "pupil_id"),
        ),
        "plan_end": ("n INTEGER, what TEXT, id BIGINT, pupil_id BIGINT", ("id, what", "pupil_id")),
        **pupil_classes.TABLES,
    }
    derived = (
        "plan_refused", "plan_match", "plan_pupil", "plan_school", "plan_change",
        "plan_new_identifier", "plan_new_stay", "plan_new_episode", "plan_end",
        *pupil_classes.TABLES,
    )  # fmt: skip

    def __init__(self, *, by: Actor, decided: Decided | None = None) -> None:
        super().__init__(by=by, decided=decided)
        self._forms: dict[str, str | None] = {}
        self._otherwise: dict[tuple[int, str], str] = {}

    def stage_row(self, n: int, cells: list[str]) -> None:
        first, last = self.cell(cells, "first_name"), self.cell(cells, "last_name")
        self.need(n, "first_name", first)
        self.need(n, "last_name", last)
        for name, value in (("first_name", first), ("last_name", last)):
            if looks_garbled(value):
                self.staged.warn(
                    n, self.title(name), value,
                    "Check the letters of this name: it looks as if the file went through a"
                    " wrong encoding. It is kept as it stands.", "garbled",
                )  # fmt: skip
        days = {name: self._stage_day(n, name, self.cell(cells, name)) for name in _DAYS}
        since, until = days["in_care_since"], days["in_care_until"]
        if since and until and until < since:
            self.staged.fault(
                n, self.title("in_care_until"), self.cell(cells, "in_care_until"),
                f"Enter a day from {since:%d/%m/%Y} on: the time in care would end before it"
                " begins.", "ends-before-it-begins",
            )  # fmt: skip
            days["in_care_since"] = days["in_care_until"] = None
        born = days["date_of_birth"]
        if born and born > self.today:
            self.staged.fault(
                n, self.title("date_of_birth"), self.cell(cells, "date_of_birth"),
                "Enter a date of birth that is not in the future.", "born-in-future",
            )  # fmt: skip
        found = self._stage_identifiers(n, cells)
        if not found:
            names = " or ".join(
                self.title(name) for name in _IDENTIFIERS if name in self.mapping.places
            )
            self.staged.fault(
                n, self.title(next(x for x in _IDENTIFIERS if x in self.mapping.places)), "",
                f"Enter at least one identifier of the pupil ({names}).", "no-identifier",
            )  # fmt: skip
        urn = self.cell(cells, "urn")
        if urn in (Elsewhere.UNKNOWN, Elsewhere.AT_HOME):
            self.staged.warn(
                n, self.title("urn"), urn,
                f"Nothing to do: {urn} means {Elsewhere(urn).label}; the pupil will be on roll at"
                " no school.", "urn-elsewhere",
            )  # fmt: skip
        self.keep(
            "plan_row",
            (
                n, first, last, name_key(first), name_key(last), born, self.cell(cells, "year"),
                self.cell(cells, "class_name"), urn, days["in_care_since"],
                days["in_care_until"], days["left_on"],
            ),
        )  # fmt: skip

    def _stage_day(self, n: int, name: str, text: str) -> date | None:
        if not text:
            return None
        day = parse_day(text)
        if day is None:
            self.staged.fault(
                n, self.title(name), text,
                "Enter a day as 2011-05-30 or 30/05/2011: this one cannot be read.", "not-a-day",
            )  # fmt: skip
        else:
            self._remember_form(n, name, text)
        return day

    def _remember_form(self, n: int, name: str, text: str) -> None:
        """How the first day of a column is written, and the days that are written otherwise."""
        form = form_of(text)
        if form is None or form != self._forms.setdefault(name, form):
            self._otherwise[n, name] = text

    def as_written(self, n: int, name: str, day: date | None) -> str:
        """A day of row ``n`` as its cell has it."""
        if day is None:
            return ""
        return self._otherwise.get((n, name)) or f"{day:{self._forms.get(name) or '%Y-%m-%d'}}"

    def _stage_identifiers(self, n: int, cells: list[str]) -> bool:
        found = False
        for name, kind in _IDENTIFIERS.items():
            value = self.cell(cells, name)
            key = identifier_key(value)
            if not key:
                continue
            found = True
            if len(key) > LONGEST_IDENTIFIER:
                self.staged.fault(
                    n, self.title(name), value,
                    f"Shorten this to {LONGEST_IDENTIFIER} characters: some of its letters stand"
                    " for several.", "too-long",
                )  # fmt: skip
                continue
            if kind is IdentifierKind.UPN:
                if checks.is_reason_code(value):
                    self.staged.fault(
                        n, self.title(name), value,
                        f"Leave the UPN empty and enter another identifier: {value.upper()} is a"
                        " reason for having no UPN and stands for no pupil.", "reason-code",
                    )  # fmt: skip
                    continue
                if checks.spoilt_by_spreadsheet(value):
                    self.staged.fault(
                        n, self.title(name), value,
                        "Format the column as text and enter the UPN again: the spreadsheet has"
                        " rounded it.", "spoilt-number",
                    )  # fmt: skip
                    continue
                if problem := upn.problem(key):
                    self.staged.warn(
                        n, self.title(name), value,
                        f"Check this UPN when you can: it {problem}. It is kept as it stands.",
                        "odd-upn",
                    )  # fmt: skip
            self.keep("plan_identifier", (n, str(kind), value, key))
        return found

    # Working out

    def find(self) -> None:
        pupil_findings.match(self)
        pupil_findings.find(self)
        pupil_decisions.decide(self)
        self.flush()
        bulk.load("plan_refused", ["n"], ((n,) for n in sorted(self.findings.refused)))
        for table in ("plan_change", "plan_new_identifier", "plan_new_stay", "plan_new_episode",
                      "plan_end"):  # fmt: skip
            bulk.execute(f"DELETE FROM {table} WHERE n IN (SELECT n FROM plan_refused)")
        bulk.analyse("plan_new_stay", "plan_new_episode", "plan_end", "plan_pupil")
        pupil_classes.follow(self.today)

    def _new(self) -> str:
        return (
            "SELECT r.n FROM plan_row r WHERE NOT EXISTS (SELECT 1 FROM plan_pupil p WHERE"
            " p.n = r.n) AND NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = r.n)"
        )

    def _changed(self) -> str:
        tables = ("plan_change", "plan_new_identifier", "plan_new_stay", "plan_new_episode")
        return " UNION ".join(
            [f"SELECT n FROM {table} WHERE pupil_id > 0" for table in tables]
            + ["SELECT n FROM plan_end"]
        )

    def outcomes(self) -> tuple[int, int]:
        created = bulk.value(f"SELECT count(*) FROM ({self._new()}) q")
        return created, bulk.value(f"SELECT count(*) FROM ({self._changed()}) q")

    def told_rows(self) -> str:
        return (
            "SELECT r.n, CASE WHEN x.n IS NOT NULL THEN 'refused' WHEN p.n IS NULL THEN 'created'"
            " WHEN c.n IS NOT NULL THEN 'updated' ELSE 'unchanged' END,"
            " trim(r.first_name || ' ' || r.last_name), COALESCE(i.label, ''), p.pupil_id"
            " FROM plan_row r LEFT JOIN plan_refused x ON x.n = r.n"
            " LEFT JOIN plan_pupil p ON p.n = r.n"
            " LEFT JOIN (SELECT n, COALESCE(max(CASE WHEN kind = 'upn' THEN value END), min(value))"
            " AS label FROM plan_identifier GROUP BY n) i ON i.n = r.n"
            f" LEFT JOIN ({self._changed()}) c ON c.n = r.n"
        )

    def told_access(self) -> list[str]:
        holds, nobody = self._holds(), "CAST(NULL AS BIGINT)"
        return [
            f"SELECT 'stay', n, {nobody}, establishment_id, {nobody}, pupil_id, {nobody}"
            " FROM plan_new_stay"
            f" WHERE establishment_id IS NOT NULL AND {holds}",
            f"SELECT 'episode', n, {nobody}, {nobody}, {nobody}, pupil_id, {nobody}"
            " FROM plan_new_episode"
            f" WHERE {holds}",
            f"SELECT 'member', n, {nobody}, establishment_id, {nobody}, pupil_id, school_class_id"
            " FROM plan_new_member",
            f"SELECT 'end ' || what, n, {nobody}, {nobody}, {nobody}, pupil_id, id FROM plan_end"
            " WHERE what <> 'identifier'",
        ]

    def preview(self) -> Preview:
        holds = self._holds()
        return previews.of_records(
            stays=f"SELECT pupil_id, establishment_id FROM plan_new_stay WHERE {holds}",
            episodes=f"SELECT pupil_id FROM plan_new_episode WHERE {holds}",
            members="SELECT pupil_id, school_class_id FROM plan_new_member",
            ended="SELECT what, id FROM plan_end",
            new=self._new(),
            pupils="SELECT pupil_id FROM plan_new_stay UNION SELECT pupil_id FROM"
            " plan_new_episode UNION SELECT pupil_id FROM plan_new_member UNION"
            " SELECT pupil_id FROM plan_end",
        )

    def _holds(self) -> str:
        day = relations.sql_day(self.today)
        return f"starts_on <= {day} AND (ends_on IS NULL OR ends_on >= {day})"

    def proposals(self) -> list[str]:
        return [
            self._new_pupils(),
            "SELECT n, pupil_id, field, value FROM plan_change",
            "SELECT * FROM plan_new_identifier",
            "SELECT n, pupil_id, COALESCE(establishment_id, 0), elsewhere, starts_on, ends_on"
            " FROM plan_new_stay",
            "SELECT * FROM plan_new_episode",
            "SELECT * FROM plan_new_member",
            "SELECT * FROM plan_end",
        ]

    def _new_pupils(self) -> str:
        return (
            "SELECT r.n, r.first_name, r.last_name, r.date_of_birth, r.year, r.class_name"
            f" FROM plan_row r WHERE r.n IN ({self._new()})"
        )

    # Writing

    def write(self, *, import_id: int) -> None:
        made = self._make_pupils(import_id)
        for what, model in (
            ("identifier", PupilIdentifier),
            ("stay", Enrolment),
            ("episode", CareEpisode),
        ):
            ids = [id_ for (id_,) in bulk.select(f"SELECT id FROM plan_end WHERE what = '{what}'")]
            schools.end_records(model, ids, how=Ending.REPLACED, by=self.by, import_id=import_id)
        stamped: dict[str, Any] = {
            "by": self.by, "source": Source.IMPORT, "import_id": import_id,
        }  # fmt: skip
        schools.add_identifiers(
            (schools.NewIdentifier(*row) for row in self._made("plan_new_identifier", made)),
            **stamped,
        )
        schools.enrol(
            (schools.NewEnrolment(*row) for row in self._made("plan_new_stay", made)), **stamped
        )
        schools.start_episodes(
            (schools.NewEpisode(*row) for row in self._made("plan_new_episode", made)), **stamped
        )
        changes = [row for page in pages("SELECT * FROM plan_change") for row in page]
        remember_changes(import_id, "pupil", (row[1:] for row in changes))
        schools.change_things(
            Pupil, ((row[1], row[2], row[4]) for row in changes), by=self.by, import_id=import_id
        )
        touched = (id_ for (id_,) in bulk.select("SELECT pupil_id FROM plan_touched"))
        classes.follow_register(
            (made[-id_] if id_ < 0 else id_ for id_ in touched), by=self.by, import_id=import_id
        )

    def _make_pupils(self, import_id: int) -> dict[int, int]:
        """Make the new pupils; the id of each by the number of its row."""
        numbers: list[int] = []

        def rows() -> Iterator[tuple[Any, ...]]:
            for page in pages(self._new_pupils()):
                for n, *values in page:
                    numbers.append(n)
                    yield tuple(values)

        new = self.counted(progress.WRITING, rows())
        ids = schools.create_pupils(new, by=self.by, source=Source.IMPORT, import_id=import_id)
        return dict(zip(numbers, ids, strict=True))

    def _made(self, table: str, made: dict[int, int]) -> Iterator[tuple[Any, ...]]:
        rows = (row for page in pages(f"SELECT * FROM {table}") for row in page)
        for _, pupil_id, *values in self.counted(progress.LINKING, rows):
            yield (made[-pupil_id] if pupil_id < 0 else pupil_id, *values)
