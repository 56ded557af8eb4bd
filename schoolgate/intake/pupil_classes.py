"""What a pupil file makes of the class lists: a preview of ``schools.classes.follow_register``.

That action makes them once the pupils of the file are written; here is what it will do, set-based,
so that whom Leaders and Teachers gain and lose is shown before (NEW1).
"""

from datetime import date

from schoolgate.access.relations import sql_day
from schoolgate.intake.matching import holding
from schoolgate.kit import bulk
from schoolgate.kit.names import name_key

TABLES = {
    # Those whose class lists may change: another class, school, or none.
    "plan_touched": ("n INTEGER, pupil_id BIGINT", ("pupil_id",)),
    # Where they will be on roll today, and in which class by the register.
    "plan_list": (
        "n INTEGER, pupil_id BIGINT, establishment_id BIGINT, class_name TEXT",
        ("pupil_id", "establishment_id, class_name"),
    ),
    # Which class of a school a name means there. One that is not there yet opens nobody.
    "plan_class": (
        "establishment_id BIGINT, class_name TEXT, school_class_id BIGINT",
        ("establishment_id, class_name",),
    ),
    "plan_new_member": (
        "n INTEGER, pupil_id BIGINT, establishment_id BIGINT, school_class_id BIGINT",
        ("pupil_id",),
    ),
}


def follow(today: date) -> None:
    """Fill plan_new_member, and plan_end with the memberships that end."""
    bulk.execute(
        "INSERT INTO plan_touched"
        " SELECT n, pupil_id FROM plan_change WHERE field = 'class_name' UNION"
        " SELECT n, pupil_id FROM plan_new_stay UNION"
        " SELECT n, pupil_id FROM plan_end WHERE what = 'stay'"
    )
    bulk.analyse("plan_touched")
    _lists(today)
    _classes()
    bulk.execute(
        "INSERT INTO plan_new_member SELECT DISTINCT l.n, l.pupil_id, l.establishment_id,"
        " k.school_class_id FROM plan_list l JOIN plan_class k"
        " ON k.establishment_id = l.establishment_id AND k.class_name = l.class_name"
        " WHERE NOT EXISTS (SELECT 1 FROM schools_classmembership m WHERE m.pupil_id = l.pupil_id"
        " AND m.school_class_id = k.school_class_id AND m.ended_at IS NULL)"
    )
    bulk.execute(
        "INSERT INTO plan_end SELECT t.n, 'member', m.id, m.pupil_id FROM plan_touched t"
        " JOIN schools_classmembership m ON m.pupil_id = t.pupil_id AND m.ended_at IS NULL"
        " AND m.from_register WHERE NOT EXISTS (SELECT 1 FROM plan_list l JOIN plan_class k"
        " ON k.establishment_id = l.establishment_id AND k.class_name = l.class_name"
        " WHERE l.pupil_id = m.pupil_id AND k.school_class_id = m.school_class_id)"
    )
    bulk.analyse("plan_new_member", "plan_end")


def _lists(today: date) -> None:
    day = sql_day(today)
    stays = (
        "SELECT b.pupil_id, b.establishment_id FROM schools_enrolment b"
        f" WHERE {holding('b', today)}"
        " AND NOT EXISTS (SELECT 1 FROM plan_end x WHERE x.what = 'stay' AND x.id = b.id)"
        " AND b.pupil_id IN (SELECT pupil_id FROM plan_touched)"
        " UNION SELECT pupil_id, establishment_id FROM plan_new_stay"
        f" WHERE starts_on <= {day} AND (ends_on IS NULL OR ends_on >= {day})"
    )
    named = "CASE WHEN t.pupil_id < 0 THEN r.class_name ELSE COALESCE(c.value, p.class_name) END"
    bulk.execute(
        "INSERT INTO plan_list SELECT t.n, t.pupil_id, s.establishment_id,"
        f" {named} FROM plan_touched t JOIN ({stays}) s ON s.pupil_id = t.pupil_id"
        " JOIN plan_row r ON r.n = t.n LEFT JOIN schools_pupil p ON p.id = t.pupil_id"
        " LEFT JOIN plan_change c ON c.n = t.n AND c.field = 'class_name'"
        f" WHERE s.establishment_id IS NOT NULL AND {named} <> ''"
    )
    bulk.analyse("plan_list")


def _classes() -> None:
    named = bulk.select("SELECT DISTINCT establishment_id, class_name FROM plan_list")
    there = bulk.select(
        "SELECT c.id, c.establishment_id, c.name_key FROM schools_schoolclass c"
        " WHERE c.gone_at IS NULL"
        " AND c.establishment_id IN (SELECT establishment_id FROM plan_list)"
    )
    known = {(place, key): id_ for id_, place, key in there}
    keyed = ((place, name, known.get((place, name_key(name)[:100]))) for place, name in named)
    bulk.load(
        "plan_class",
        ["establishment_id", "class_name", "school_class_id"],
        (row for row in keyed if row[2] is not None),
    )
    bulk.analyse("plan_class")
