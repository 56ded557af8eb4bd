"""What each row of a pupil file changes: its pupil's records beside the row, in blocks.

A block is read with one query for each kind of record, whatever its number of rows; the rules
themselves are in pupil_changes.py.
"""

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

from schoolgate.intake import pupil_changes
from schoolgate.intake.findings import Finding, Severity
from schoolgate.intake.plan import pages
from schoolgate.intake.pupil_changes import Episode, Outcome, Problem, Stay, is_current
from schoolgate.intake.successors import successors
from schoolgate.intake.user_findings import closed_school
from schoolgate.kit import bulk
from schoolgate.kit.names import identifier_key, name_key, names_differ_clearly
from schoolgate.schools.models import Establishment

if TYPE_CHECKING:
    from schoolgate.intake.plan_pupils import PupilsPlan

_UPN, _FORMER = "upn", "former_upn"


def decide(plan: "PupilsPlan") -> None:
    """Fill the plan's tables of changes, and add what stands in the way to its findings."""
    rows = (
        "SELECT r.n, r.first_name, r.last_name, r.date_of_birth, r.year, r.class_name, r.urn,"
        " r.in_care_since, r.in_care_until, r.left_on, m.pupil_id, p.first_name AS p_first,"
        " p.last_name AS p_last, p.date_of_birth AS p_birth, p.year AS p_year,"
        " p.class_name AS p_class, s.establishment_id, s.closed,"
        " x.n AS matches FROM plan_row r"
        " LEFT JOIN (SELECT DISTINCT n FROM plan_match) x ON x.n = r.n"
        " LEFT JOIN plan_pupil m ON m.n = r.n LEFT JOIN schools_pupil p ON p.id = m.pupil_id"
        " LEFT JOIN plan_school s ON s.n = r.n"
    )
    closed = _closed_schools()
    for page in pages(rows, 5_000):
        _Block(plan, page[0][0], page[-1][0], closed).decide(page)


def _closed_schools() -> dict[int, str]:
    """The sentence to ask for each closed establishment that a row of the plan names."""
    ids = [id_ for (id_,) in bulk.select(
        "SELECT DISTINCT establishment_id FROM plan_school WHERE closed = 1"
    )]  # fmt: skip
    schools = list(Establishment.objects.filter(pk__in=ids))
    followed = successors({school.urn for school in schools})
    return {school.pk: closed_school(school.name, followed[school.urn]) for school in schools}


class _Block:
    """Rows ``first`` to ``last`` of the file, with the records of their pupils."""

    def __init__(self, plan: "PupilsPlan", first: int, last: int, closed: dict[int, str]) -> None:
        self.plan = plan
        self.closed = closed
        here = f"SELECT pupil_id FROM plan_pupil WHERE n >= {first} AND n <= {last}"
        self.stays: dict[int, list[Stay]] = defaultdict(list)
        for pupil_id, id_, establishment_id, elsewhere, starts_on, ends_on in bulk.select(
            "SELECT pupil_id, id, establishment_id, elsewhere, starts_on, ends_on FROM"
            f" schools_enrolment WHERE ended_at IS NULL AND pupil_id IN ({here}) ORDER BY id"
        ):
            self.stays[pupil_id].append(
                Stay(id_, establishment_id, elsewhere, _date(starts_on), _day(ends_on))
            )
        self.episodes: dict[int, list[Episode]] = defaultdict(list)
        for pupil_id, id_, starts_on, ends_on in bulk.select(
            "SELECT pupil_id, id, starts_on, ends_on FROM schools_careepisode"
            f" WHERE ended_at IS NULL AND pupil_id IN ({here}) ORDER BY starts_on, id"
        ):
            self.episodes[pupil_id].append(Episode(id_, _date(starts_on), _day(ends_on)))
        self.held: dict[int, list[tuple[int, str, str, str]]] = defaultdict(list)
        for pupil_id, id_, kind, value, key in bulk.select(
            "SELECT pupil_id, id, kind, value, value_key FROM schools_pupilidentifier"
            f" WHERE ended_at IS NULL AND pupil_id IN ({here}) ORDER BY id"
        ):
            self.held[pupil_id].append((id_, kind, value, key))
        self.given: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for n, kind, value in bulk.select(
            f"SELECT n, kind, value FROM plan_identifier WHERE n >= {first} AND n <= {last}"
        ):
            self.given[n].append((kind, value))

    def decide(self, page: list[tuple[Any, ...]]) -> None:
        for row in page:
            (n, first, last, born, year, class_name, urn, since, until, left_on, pupil_id,
             p_first, p_last, p_birth, p_year, p_class, establishment_id, _,
             matches) = row  # fmt: skip
            if pupil_id is None and matches:
                continue  # fits two pupils; a fault already
            who = pupil_id or -n
            if pupil_id is not None:
                self._fields(
                    n, pupil_id, (first, last, _day(born), year, class_name),
                    (p_first, p_last, _day(p_birth), p_year, p_class),
                )  # fmt: skip
            self._identifiers(n, who)
            comes = self._schooling(n, who, urn, establishment_id, _day(left_on))
            if comes and p_class and not class_name:
                self._class_kept(n, who, p_class)
            self._care(n, who, _day(since), _day(until))

    def _fields(
        self, n: int, pupil_id: int, given: tuple[Any, ...], stored: tuple[Any, ...]
    ) -> None:
        first, last, born, year, class_name = given
        changes = []
        # Another name is a correction unless it clearly differs; then the stored one stays, and
        # so does the stored date of birth of a child who has one.
        asked = _names_differ(first, last, stored[0], stored[1])
        if not asked:
            changes += [("first_name", stored[0], first), ("last_name", stored[1], last)]
        if stored[2] is None:
            changes.append(("date_of_birth", None, born))
        changes += [("year", stored[3], year), ("class_name", stored[4], class_name)]
        for field, old, new in changes:
            if new and new != old:
                self.plan.keep(
                    "plan_change",
                    (n, pupil_id, field, None if old is None else str(old), str(new)),
                )

    def _identifiers(self, n: int, who: int) -> None:
        held = self.held.get(who, [])
        for kind, value in self.given.get(n, []):
            key = identifier_key(value)
            if any(k == kind and stored == key for _, k, _, stored in held):
                continue
            if kind == _UPN and any(k == _FORMER and stored == key for _, k, _, stored in held):
                continue
            others = [(id_, old) for id_, k, old, _ in held if k == kind]
            if kind == _UPN and others and not self._new_upn(n, who, value, others[0][1]):
                continue
            for id_, old in others:
                self.plan.keep("plan_end", (n, "identifier", id_, who))
                if kind == _UPN:
                    self.plan.keep("plan_new_identifier", (n, who, _FORMER, old))
            self.plan.keep("plan_new_identifier", (n, who, kind, value))

    def _new_upn(self, n: int, who: int, value: str, old: str) -> bool:
        """Another UPN for a pupil known by another identifier: is the old one a former one?"""
        return self.plan.findings.ask(
            n, self.plan.title(_UPN), value,
            f"Say whether this is the pupil's new UPN: {old} is on record and would become the"
            " former one.", "another-upn", pupil_id=who,
        )  # fmt: skip

    def _schooling(
        self, n: int, who: int, urn: str, establishment_id: int | None, left_on: date | None
    ) -> bool:
        """Whether the pupil comes to a school where they are not on roll yet."""
        place: tuple[int | None, str] | None = None
        if establishment_id is not None:
            place = (establishment_id, "")
        elif urn in ("888888", "999999"):
            place = (None, urn)
        elif urn:
            return False  # not on the register; a fault already
        outcome = pupil_changes.schooling(
            self.stays.get(who, []),
            place=place,
            left_on=left_on,
            closed=self.closed.get(establishment_id) if establishment_id else None,
            today=self.plan.today,
        )
        shown = {"urn": urn, "left_on": self.plan.as_written(n, "left_on", left_on)}
        self._tell(n, who, outcome.problems, shown)
        self._keep(n, who, "stay", "plan_new_stay", outcome)
        already = {old.establishment_id for old in outcome.end}
        return any(
            new.establishment_id not in {None, *already}
            and is_current(new.ends_on, self.plan.today)
            for new in outcome.make
        )

    def _class_kept(self, n: int, who: int, class_name: str) -> None:
        self.plan.findings.warn(
            n, self.plan.title("class_name"), "",
            f"Enter the class at the new school if it is another: the pupil would be in"
            f" {class_name} there too.", "class-kept", pupil_id=who,
        )  # fmt: skip

    def _care(self, n: int, who: int, since: date | None, until: date | None) -> None:
        outcome = pupil_changes.care(
            self.episodes.get(who, []), since=since, until=until, today=self.plan.today
        )
        days = {"in_care_since": since, "in_care_until": until}
        shown = {name: self.plan.as_written(n, name, day) for name, day in days.items()}
        self._tell(n, who, outcome.problems, shown)
        self._keep(n, who, "episode", "plan_new_episode", outcome)

    def _tell(self, n: int, who: int, problems: list[Problem], values: dict[str, str]) -> None:
        for problem in problems:
            finding = Finding(
                n, self.plan.title(problem.field), values.get(problem.field, ""),
                problem.sentence, Severity(problem.severity), problem.code,
                who if who > 0 else None, settles=problem.severity == Severity.QUESTION or None,
            )  # fmt: skip
            self.plan.findings.tell(finding)

    def _keep(
        self, n: int, who: int, what: str, table: str, outcome: Outcome[Stay] | Outcome[Episode]
    ) -> None:
        for old in outcome.end:
            self.plan.keep("plan_end", (n, what, old.id, who))
        for new in outcome.make:
            self.plan.keep(table, (n, who, *new[1:]))


def _names_differ(first: str, last: str, other: str, other_last: str) -> bool:
    return names_differ_clearly(
        name_key(first), name_key(last), name_key(other), name_key(other_last)
    )


def _day(value: date | str | None) -> date | None:
    """A day as the driver gives it: SQLite keeps text in a temporary table."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _date(value: date | str) -> date:
    day = _day(value)
    assert day is not None  # noqa: S101 - the column is mandatory
    return day
