"""The Subject of a file of leaders: which subject areas of the school of its row it means (PP7)."""

from typing import TYPE_CHECKING

from schoolgate.kit import bulk
from schoolgate.kit.names import listed, name_key, tidy

if TYPE_CHECKING:
    from schoolgate.intake.plan_users import UsersPlan

TABLES = {
    "plan_subject": ("n INTEGER, place INTEGER, value TEXT, value_key TEXT", ("n",)),
    "plan_led": (
        "n INTEGER, place INTEGER, value_key TEXT, subject_area_id BIGINT",
        ("n, value_key",),
    ),
}
DERIVED = ("plan_led",)
# A query (n, subject_area_id, place) of what the rows ask for.
LED = "SELECT n, subject_area_id, min(place) AS place FROM plan_led GROUP BY n, subject_area_id"
ALL = name_key("All subjects")
_AT_MOST = 12  # subject areas named in one sentence


def stage(plan: "UsersPlan", n: int, cells: list[str]) -> None:
    """Keep what the cells of a row name; a fault where they name nothing."""
    named = False
    for place in plan.places(cells, "subject"):
        for part in cells[place].split(";"):
            if value := tidy(part):
                named = True
                plan.keep("plan_subject", (n, place, value, name_key(value)[:100]))
    if not named:
        plan.staged.fault(
            n, plan.title("subject"), "",
            "Enter the subject areas that this person leads, or All subjects.", "subject-missing",
        )  # fmt: skip


def match() -> None:
    """plan_led: the subject areas that each cell means: one by its name, those of a category by
    the category's, or all of the school. A subject area goes before a category of its name."""
    areas = (
        "INSERT INTO plan_led SELECT c.n, c.place, c.value_key, a.id FROM plan_subject c"
        " JOIN plan_school s ON s.n = c.n JOIN schools_subjectarea a"
        " ON a.establishment_id = s.establishment_id AND a.gone_at IS NULL {} AND NOT EXISTS"
        " (SELECT 1 FROM plan_led l WHERE l.n = c.n AND l.value_key = c.value_key)"
    )
    in_category = (
        "JOIN schools_subjectcategory k ON k.id = a.category_id AND k.gone_at IS NULL"
        " WHERE k.name_key = c.value_key"
    )
    for which in ("WHERE a.name_key = c.value_key", in_category, f"WHERE c.value_key = '{ALL}'"):
        bulk.execute(areas.format(which))
    bulk.analyse("plan_led")


def unknown_subjects(plan: "UsersPlan") -> None:
    """A subject that is none of the school is a fault, which names those that there are."""
    found = bulk.select(
        "SELECT c.n, c.place, c.value, e.id, e.name FROM plan_subject c"
        " JOIN plan_school s ON s.n = c.n JOIN schools_establishment e ON e.id = s.establishment_id"
        " WHERE NOT EXISTS (SELECT 1 FROM plan_led l WHERE l.n = c.n AND"
        " l.value_key = c.value_key) ORDER BY 1, 2, 3"
    )
    there = _subjects_of({place for _, _, _, place, _ in found})
    for n, place, value, school_id, school in found:
        names = there.get(school_id)
        if names:
            problem = (
                f"Enter a subject area of {school}, or All subjects: it has {_listed(names)}, and"
                " this is none of them."
            )
        else:
            problem = f"Add the subject areas of {school} first, in My school: it has none yet."
        plan.findings.fault(
            n, plan.mapping.headings[place], value, problem, "unknown-subject", place=place
        )


def _subjects_of(school_ids: set[int]) -> dict[int, list[str]]:
    """The names of the subject areas, then of the categories, of each of these schools."""
    names: dict[int, list[str]] = {}
    those = ", ".join(map(str, sorted(school_ids))) or "NULL"
    for school_id, name in bulk.select(
        "SELECT a.establishment_id, a.name FROM schools_subjectarea a WHERE a.gone_at IS NULL"
        f" AND a.establishment_id IN ({those}) ORDER BY a.name, a.id"
    ):
        names.setdefault(school_id, []).append(name)
    return names


def _listed(names: list[str]) -> str:
    shown = names[:_AT_MOST]
    if len(names) > _AT_MOST:
        return f"{', '.join(shown)} and {len(names) - _AT_MOST:,} more"
    return listed(shown)
