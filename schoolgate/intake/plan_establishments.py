"""A GIAS establishments extract: by name of column, unknown and missing ones tolerated."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from schoolgate.intake import checks
from schoolgate.intake.columns import ESTABLISHMENTS
from schoolgate.intake.findings import other_rows
from schoolgate.intake.plan import Plan, pages
from schoolgate.intake.undo_fields import remember_changes
from schoolgate.kit import bulk
from schoolgate.kit.dates import parse_day
from schoolgate.kit.names import looks_garbled
from schoolgate.kit.records import Source
from schoolgate.schools import actions as schools
from schoolgate.schools.models import Establishment

_FIELDS = schools.ESTABLISHMENT_FIELDS
_DAYS = ("opened_on", "closed_on")


class EstablishmentsPlan(Plan):
    """Rows become establishments. A blank cell changes nothing; nobody is removed."""

    kind = ESTABLISHMENTS
    tables: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "plan_row": (
            "n INTEGER PRIMARY KEY, " + ", ".join(f"{field} TEXT" for field in _FIELDS),
            ("urn",),
        ),
        "plan_refused": ("n INTEGER PRIMARY KEY", ()),
        "plan_known": ("n INTEGER PRIMARY KEY, establishment_id BIGINT", ()),
        "plan_change": (
            "n INTEGER, establishment_id BIGINT, field TEXT, old TEXT, value TEXT",
            (),
        ),
    }
    derived = ("plan_refused", "plan_known", "plan_change")

    def stage_row(self, n: int, cells: list[str]) -> None:
        values = {field: self.cell(cells, field) for field in _FIELDS}
        self.need(n, "urn", values["urn"])
        self.need(n, "name", values["name"])
        if values["urn"] and not checks.is_urn(values["urn"]):
            self.staged.fault(
                n, self.title("urn"), values["urn"],
                "Enter the URN, a number of five or six digits: this is none.", "not-a-urn",
            )  # fmt: skip
        if looks_garbled(values["name"]):
            self.staged.warn(
                n, self.title("name"), values["name"],
                "Check the letters of this name: it looks as if the file went through a wrong"
                " encoding. It is kept as it stands.", "garbled",
            )  # fmt: skip
        for field in _DAYS:
            if values[field]:
                day = parse_day(values[field])
                if day is None:
                    self.staged.fault(
                        n, self.title(field), values[field],
                        "Enter a day like 01-09-2012: this one cannot be read.", "not-a-day",
                    )  # fmt: skip
                values[field] = day.isoformat() if day else ""
        self.keep("plan_row", (n, *values.values()))

    def find(self) -> None:
        bulk.execute(
            "INSERT INTO plan_known SELECT r.n, e.id FROM plan_row r"
            " JOIN schools_establishment e ON e.urn = r.urn AND e.gone_at IS NULL"
        )
        self._one_urn_twice()
        bulk.load("plan_refused", ["n"], ((n,) for n in sorted(self.findings.refused)))
        bulk.analyse("plan_known", "plan_refused")
        for field in _FIELDS[1:]:
            stored = f"COALESCE(CAST(e.{field} AS TEXT), '')"
            bulk.execute(
                f"INSERT INTO plan_change SELECT r.n, e.id, '{field}', {stored}, r.{field}"
                " FROM plan_row r JOIN plan_known k ON k.n = r.n"
                " JOIN schools_establishment e ON e.id = k.establishment_id"
                f" WHERE r.{field} <> '' AND r.{field} <> {stored}"
                " AND NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = r.n)"
            )

    def _one_urn_twice(self) -> None:
        rows: dict[str, list[int]] = {}
        for urn, n in bulk.select(
            "SELECT r.urn, r.n FROM plan_row r WHERE r.urn IN (SELECT urn FROM plan_row"
            " WHERE urn <> '' GROUP BY urn HAVING count(*) > 1) ORDER BY 2"
        ):
            rows.setdefault(urn, []).append(n)
        for urn, numbers in rows.items():
            for n in numbers:
                others = other_rows(numbers, n)
                self.findings.fault(
                    n, self.title("urn"), urn,
                    f"Keep one row for each establishment: this URN is also in row {others}.",
                    "urn-twice",
                )  # fmt: skip

    def _new(self) -> str:
        return (
            f"SELECT r.n, {', '.join('r.' + field for field in _FIELDS)} FROM plan_row r"
            " WHERE NOT EXISTS (SELECT 1 FROM plan_known k WHERE k.n = r.n)"
            " AND NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = r.n)"
        )

    def outcomes(self) -> tuple[int, int]:
        created = bulk.value(f"SELECT count(*) FROM ({self._new()}) q")
        return created, bulk.value("SELECT count(DISTINCT n) FROM plan_change")

    def told_rows(self) -> str:
        return (
            "SELECT r.n, CASE WHEN x.n IS NOT NULL THEN 'refused' WHEN k.n IS NULL THEN 'created'"
            " WHEN c.n IS NOT NULL THEN 'updated' ELSE 'unchanged' END, r.name, r.urn,"
            " k.establishment_id FROM plan_row r LEFT JOIN plan_refused x ON x.n = r.n"
            " LEFT JOIN plan_known k ON k.n = r.n"
            " LEFT JOIN (SELECT DISTINCT n FROM plan_change) c ON c.n = r.n"
        )

    def proposals(self) -> list[str]:
        return [self._new(), "SELECT n, establishment_id, field, value FROM plan_change"]

    def write(self, *, import_id: int) -> None:
        schools.create_establishments(
            self._rows(), by=self.by, source=Source.IMPORT, import_id=import_id
        )
        changes = [row for page in pages("SELECT * FROM plan_change") for row in page]
        remember_changes(import_id, "establishment", (row[1:] for row in changes))
        schools.change_things(
            Establishment,
            ((row[1], row[2], row[4]) for row in changes),
            by=self.by,
            import_id=import_id,
        )

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        for page in pages(self._new()):
            for _, *values in page:
                row: dict[str, Any] = dict(zip(_FIELDS, values, strict=True))
                row["status"] = row["status"] or "Open"
                for field in _DAYS:
                    row[field] = date.fromisoformat(row[field]) if row[field] else None
                yield tuple(row.values())
