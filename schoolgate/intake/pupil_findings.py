"""Who is each row of a pupil file, and what is wrong or to be asked about it. Set-based."""

from datetime import date
from typing import TYPE_CHECKING

from schoolgate.intake import matching
from schoolgate.intake.findings import other_rows
from schoolgate.intake.user_findings import unknown_school
from schoolgate.kit import bulk
from schoolgate.kit.dates import in_words
from schoolgate.kit.names import names_differ_clearly
from schoolgate.schools.actions import NOT_USABLE
from schoolgate.schools.queries import severed_keys

if TYPE_CHECKING:
    from schoolgate.intake.plan_pupils import PupilsPlan


def match(plan: "PupilsPlan") -> None:
    """plan_match and plan_pupil: whose identifiers a row has; a UPN may be a former one."""
    bulk.execute(
        "INSERT INTO plan_match SELECT DISTINCT p.n, p.kind, i.pupil_id FROM plan_identifier p"
        " JOIN schools_pupilidentifier i ON i.value_key = p.value_key AND i.ended_at IS NULL"
        " AND (i.kind = p.kind OR (p.kind = 'upn' AND i.kind = 'former_upn'))"
    )
    bulk.execute(
        "INSERT INTO plan_pupil SELECT n, min(pupil_id) FROM plan_match GROUP BY n"
        " HAVING min(pupil_id) = max(pupil_id)"
    )
    matching.schools(plan)
    bulk.analyse("plan_match", "plan_pupil")


def find(plan: "PupilsPlan") -> None:
    """All of them; none stops the rest."""
    spent_numbers(plan)
    two_pupils(plan)
    one_pupil_twice(plan)
    somebody_else(plan)
    namesakes(plan)
    unknown_schools(plan)


def spent_numbers(plan: "PupilsPlan") -> None:
    """A number that fits nobody any more, and never will again (NEW14)."""
    for n, kind, value in bulk.select(
        "SELECT i.n, i.kind, i.value FROM plan_identifier i"
        f" WHERE i.value_key IN ({severed_keys()}) ORDER BY 1, 2"
    ):
        plan.findings.fault(n, plan.title(kind), value, NOT_USABLE, "number-not-usable")


def two_pupils(plan: "PupilsPlan") -> None:
    """Identifiers that fit two pupils."""
    for n, kind, value, pupil_id in bulk.select(
        "SELECT i.n, i.kind, i.value, m.pupil_id FROM plan_identifier i"
        " JOIN (SELECT n, min(kind) AS kind, min(pupil_id) AS pupil_id FROM plan_match"
        " GROUP BY n HAVING min(pupil_id) <> max(pupil_id)) m"
        " ON m.n = i.n AND m.kind = i.kind ORDER BY 1"
    ):
        plan.findings.fault(
            n, plan.title(kind), value,
            "Correct the identifiers of this row: they belong to two different pupils on the"
            " register.", "two-pupils", pupil_id=pupil_id,
        )  # fmt: skip


def one_pupil_twice(plan: "PupilsPlan") -> None:
    """One pupil in two rows of a pupil file is a fault, named in both."""
    shared = bulk.select(
        "SELECT p.n, p.kind, p.value, p.value_key FROM plan_identifier p JOIN"
        " (SELECT kind, value_key FROM plan_identifier GROUP BY kind, value_key"
        " HAVING min(n) <> max(n)) d ON d.kind = p.kind AND d.value_key = p.value_key ORDER BY 1"
    )
    rows: dict[tuple[str, str], list[int]] = {}
    for n, kind, _, key in shared:
        rows.setdefault((kind, key), []).append(n)
    told = set()
    for n, kind, value, key in shared:
        if n not in told:
            told.add(n)
            _twice(plan, n, kind, value, rows[kind, key])
    found = bulk.select(
        "SELECT p.pupil_id, i.n, i.kind, i.value FROM plan_pupil p JOIN plan_identifier i"
        " ON i.n = p.n JOIN (SELECT n, min(kind) AS kind FROM plan_match GROUP BY n) m"
        " ON m.n = i.n AND m.kind = i.kind WHERE p.pupil_id IN (SELECT pupil_id FROM plan_pupil"
        " GROUP BY pupil_id HAVING count(*) > 1) ORDER BY 2"
    )
    same: dict[int, list[int]] = {}
    for pupil_id, n, _, _ in found:
        same.setdefault(pupil_id, []).append(n)
    for pupil_id, n, kind, value in found:
        if n not in told:
            _twice(plan, n, kind, value, same[pupil_id], pupil_id)


def _twice(
    plan: "PupilsPlan", n: int, kind: str, value: str, rows: list[int], pupil_id: int | None = None
) -> None:
    plan.findings.fault(
        n, plan.title(kind), value,
        f"Keep one row for each pupil: this pupil is also in row {other_rows(rows, n)}.",
        "pupil-twice", pupil_id=pupil_id,
    )  # fmt: skip


def somebody_else(plan: "PupilsPlan") -> None:
    """The key matches, but the name or the date of birth clearly does not (NEW4)."""
    found = bulk.select(
        "SELECT r.n, r.first_name, r.last_name, r.first_key, r.last_key, r.date_of_birth,"
        " p.first_name, p.last_name, p.first_key, p.last_key, p.date_of_birth,"
        " i.kind, i.value, p.id FROM plan_row r JOIN plan_pupil m ON m.n = r.n"
        " JOIN schools_pupil p ON p.id = m.pupil_id"
        " JOIN plan_match k ON k.n = r.n JOIN plan_identifier i ON i.n = k.n AND i.kind = k.kind"
        " WHERE r.last_key <> p.last_key OR r.date_of_birth <> p.date_of_birth ORDER BY 1, 12"
    )
    told = set()
    for row in found:
        n, first, last, key, last_key, born, p_first, p_last, p_key, p_last_key, p_born = row[:11]
        born, p_born = _day(born), _day(p_born)
        if n in told:
            continue
        if first and last and names_differ_clearly(key, last_key, p_key, p_last_key):
            told.add(n)
            plan.findings.ask(
                n, plan.title(row[11]), row[12],
                f"Say whether {first} {last} is the same child as {p_first} {p_last}, who has this"
                " identifier: the names differ. If so, the stored name stays.", "name-differs",
                pupil_id=row[13],
            )  # fmt: skip
        elif born and p_born and born != p_born:
            told.add(n)
            plan.findings.ask(
                n, plan.title("date_of_birth"), plan.as_written(n, "date_of_birth", born),
                f"Say whether this is the same child as {p_first} {p_last}, born on"
                f" {in_words(p_born)}: the dates of birth differ. If so, the stored date stays.",
                "birth-differs", pupil_id=row[13],
            )  # fmt: skip


def namesakes(plan: "PupilsPlan") -> None:
    """A new pupil has the name and the date of birth of another (NEW4)."""
    new = "NOT EXISTS (SELECT 1 FROM plan_match m WHERE m.n = r.n)"
    found = bulk.select(
        "SELECT r.n, r.first_name, r.last_name, min(p.id), 0 FROM plan_row r JOIN schools_pupil p"
        " ON p.last_key = r.last_key AND p.first_key = r.first_key"
        " AND p.date_of_birth = r.date_of_birth AND p.gone_at IS NULL"
        f" WHERE {new} GROUP BY r.n, r.first_name, r.last_name ORDER BY 1"
    )
    asked = {row[0] for row in found}
    found += [
        row
        for row in bulk.select(
            "SELECT r.n, r.first_name, r.last_name, 0, d.first FROM plan_row r JOIN"
            " (SELECT r.first_key, r.last_key, r.date_of_birth, min(r.n) AS first FROM plan_row r"
            f" WHERE r.date_of_birth IS NOT NULL AND {new} GROUP BY r.first_key, r.last_key,"
            " r.date_of_birth HAVING count(*) > 1) d ON d.first_key = r.first_key"
            f" AND d.last_key = r.last_key AND d.date_of_birth = r.date_of_birth AND {new}"
            " AND r.n <> d.first ORDER BY 1"
        )
        if row[0] not in asked
    ]
    for n, first, last, pupil_id, row_before in found:
        where = "on the register" if pupil_id else f"in row {row_before}"
        plan.findings.ask(
            n, plan.title("last_name"), f"{first} {last}",
            "Say whether this is another child, or use the identifiers of the one that is meant: a"
            f" pupil of this name and date of birth is {where}.", "namesake",
            pupil_id=pupil_id or None,
        )  # fmt: skip


def unknown_schools(plan: "PupilsPlan") -> None:
    """The URN must be on the register of establishments."""
    for n, urn in bulk.select(
        "SELECT r.n, r.urn FROM plan_row r WHERE r.urn NOT IN ('', '888888', '999999')"
        " AND NOT EXISTS (SELECT 1 FROM plan_school s WHERE s.n = r.n) ORDER BY 1"
    ):
        plan.findings.fault(n, plan.title("urn"), urn, unknown_school(urn), "unknown-school")


def _day(value: date | str | None) -> date | None:
    """A day as the driver gives it: SQLite keeps text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
