"""A GIAS links extract: which establishment followed which, as published, cycles and all."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from schoolgate.audit.actions import batch
from schoolgate.intake import checks
from schoolgate.intake.columns import LINKS
from schoolgate.intake.plan import Plan, pages
from schoolgate.intake.undo_fields import remember_changes
from schoolgate.kit import bulk, records
from schoolgate.kit.dates import parse_day
from schoolgate.schools.models import EstablishmentLink

_FIELDS = ["urn", "link_urn", "link_name", "link_type", "established_on"]


class LinksPlan(Plan):
    """Rows become links by URN; either end may be unknown to the register."""

    kind = LINKS
    tables: Mapping[str, tuple[str, tuple[str, ...]]] = {
        "plan_row": (
            "n INTEGER PRIMARY KEY, urn TEXT, link_urn TEXT, link_name TEXT, link_type TEXT,"
            " established_on TEXT",
            (),
        ),
        "plan_refused": ("n INTEGER PRIMARY KEY", ()),
        "plan_first": ("n INTEGER PRIMARY KEY, link_id BIGINT", ()),
        "plan_change": ("n INTEGER, link_id BIGINT, field TEXT, old TEXT, value TEXT", ()),
    }
    derived = ("plan_refused", "plan_first", "plan_change")

    def stage_row(self, n: int, cells: list[str]) -> None:
        values = [self.cell(cells, field) for field in _FIELDS]
        for place, field in enumerate(_FIELDS):
            if field in ("urn", "link_urn", "link_type"):
                self.need(n, field, values[place])
            if field in ("urn", "link_urn") and values[place] and not checks.is_urn(values[place]):
                self.staged.fault(
                    n, self.title(field), values[place],
                    "Enter the URN, a number of five or six digits: this is none.", "not-a-urn",
                )  # fmt: skip
        if values[4]:
            day = parse_day(values[4])
            if day is None:
                self.staged.fault(
                    n, self.title("established_on"), values[4],
                    "Enter a day like 01-09-2012: this one cannot be read.", "not-a-day",
                )  # fmt: skip
            values[4] = day.isoformat() if day else ""
        self.keep("plan_row", (n, *values))

    def find(self) -> None:
        bulk.load("plan_refused", ["n"], ((n,) for n in sorted(self.findings.refused)))
        # The first row of each link; a later one that says the same is unchanged.
        bulk.execute(
            "INSERT INTO plan_first SELECT min(r.n), min(l.id) FROM plan_row r"
            " LEFT JOIN schools_establishmentlink l ON l.urn = r.urn AND l.link_urn = r.link_urn"
            " AND l.link_type = r.link_type"
            " WHERE NOT EXISTS (SELECT 1 FROM plan_refused x WHERE x.n = r.n)"
            " GROUP BY r.urn, r.link_urn, r.link_type"
        )
        for field in ("link_name", "established_on"):
            stored = f"COALESCE(CAST(l.{field} AS TEXT), '')"
            bulk.execute(
                f"INSERT INTO plan_change SELECT r.n, l.id, '{field}', {stored}, r.{field}"
                " FROM plan_row r JOIN plan_first f ON f.n = r.n"
                " JOIN schools_establishmentlink l ON l.id = f.link_id"
                f" WHERE r.{field} <> '' AND r.{field} <> {stored}"
            )
        unknown = bulk.value(
            "SELECT count(*) FROM plan_row r WHERE NOT EXISTS (SELECT 1 FROM schools_establishment"
            " e WHERE e.urn = r.urn AND e.gone_at IS NULL)"
        )
        if unknown:
            self.findings.warn(
                None, "", "",
                f"Nothing to do: {unknown:,} of the links are of establishments that are not on"
                " the register. They are kept for when they are.", "links-of-others",
            )  # fmt: skip

    def _new(self) -> str:
        return (
            f"SELECT r.n, {', '.join('r.' + field for field in _FIELDS)} FROM plan_row r"
            " JOIN plan_first f ON f.n = r.n WHERE f.link_id IS NULL"
        )

    def outcomes(self) -> tuple[int, int]:
        created = bulk.value(f"SELECT count(*) FROM ({self._new()}) q")
        return created, bulk.value("SELECT count(DISTINCT n) FROM plan_change")

    def told_rows(self) -> str:
        return (
            "SELECT r.n, CASE WHEN x.n IS NOT NULL THEN 'refused' WHEN f.n IS NOT NULL AND"
            " f.link_id IS NULL THEN 'created' WHEN c.n IS NOT NULL THEN 'updated'"
            " ELSE 'unchanged' END, r.link_type, r.urn || ' to ' || r.link_urn,"
            " CAST(NULL AS BIGINT) FROM plan_row r LEFT JOIN plan_refused x ON x.n = r.n"
            " LEFT JOIN plan_first f ON f.n = r.n"
            " LEFT JOIN (SELECT DISTINCT n FROM plan_change) c ON c.n = r.n"
        )

    def proposals(self) -> list[str]:
        return [self._new(), "SELECT n, link_id, field, value FROM plan_change"]

    def write(self, *, import_id: int) -> None:
        with batch(by=self.by, import_id=import_id) as events:
            table = EstablishmentLink._meta.db_table
            bulk.load(table, [*_FIELDS, "import_id"], self._rows(import_id))
            bulk.analyse(table)
            made = EstablishmentLink.objects.filter(import_id=import_id).order_by("pk")
            events.add(
                ("created", "link", id_, "", None, None, "")
                for id_ in list(made.values_list("pk", flat=True))
            )
            changes = [row for page in pages("SELECT * FROM plan_change") for row in page]
            remember_changes(import_id, "link", (row[1:] for row in changes))
            for field in ("link_name", "established_on"):
                values = [(row[1], row[4]) for row in changes if row[2] == field]
                records.set_field(EstablishmentLink, field, values)
            events.add(("changed", "link", row[1], row[2], None, None, "") for row in changes)

    def _rows(self, import_id: int) -> Iterator[tuple[Any, ...]]:
        for page in pages(self._new()):
            for _, *values, established_on in page:
                yield (
                    *values,
                    date.fromisoformat(established_on) if established_on else None,
                    import_id,
                )
