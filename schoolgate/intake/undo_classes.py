"""The class lists that an import brought in step with the register, taken back with it (S43).

They follow from the Class of each pupil and the schools where they are on roll. So once these are
as they were, so are the lists: what the import ended comes back as it was, where it is right again.
"""

from datetime import date

from schoolgate.audit.actions import Actor
from schoolgate.intake.models import Import
from schoolgate.intake.to_keep import CHANGED, classes_to_keep
from schoolgate.intake.undo_fields import keep
from schoolgate.kit import bulk, records
from schoolgate.kit.records import Ending, Source
from schoolgate.schools import classes
from schoolgate.schools.models import ClassMembership, SchoolClass


def restore_class_lists(run: Import, by: Actor) -> None:
    """Bring the lists in step again, and let the classes that it made be gone unless in use."""
    pupils = _pupils_of(run)
    if pupils:
        listed = _listed_before(pupils)
        stale, missing = classes.out_of_step(pupils)
        _end(stale, listed, run, by)
        _bring_back(missing, run, by)
        classes.follow_register(listed, by=by, import_id=run.pk)
    _remove_classes(run, by)


def _pupils_of(run: Import) -> set[int]:
    """Whose lists the import may have changed: by their class, their school, or being new."""
    found = bulk.select(
        "SELECT object_id FROM intake_change WHERE run_id = %s AND kind = 'pupil'"
        " AND field = 'class_name' UNION"
        " SELECT pupil_id FROM schools_enrolment WHERE import_id = %s UNION"
        " SELECT pupil_id FROM schools_enrolment WHERE ended_import_id = %s UNION"
        " SELECT pupil_id FROM schools_classmembership WHERE import_id = %s UNION"
        " SELECT pupil_id FROM schools_classmembership WHERE ended_import_id = %s",
        [run.pk] * 5,
    )
    return {id_ for (id_,) in found}


def _listed_before(pupil_ids: set[int]) -> set[int]:
    """Those who were on a list by the register in some other way than by an import that is undone.

    (Whom no file has put on one yet, from before there were lists, is on none again.)
    """
    with bulk.temporary("back", "id BIGINT PRIMARY KEY"):
        bulk.load("back", ["id"], ((id_,) for id_ in pupil_ids))
        found = bulk.select(
            "SELECT DISTINCT m.pupil_id FROM back b JOIN schools_classmembership m"
            " ON m.pupil_id = b.id AND m.from_register"
            " LEFT JOIN intake_import i ON i.id = m.import_id"
            " WHERE i.id IS NULL OR i.state <> 'undone'"
        )
    return {id_ for (id_,) in found}


def _end(stale: list[int], listed: set[int], run: Import, by: Actor) -> None:
    live = ClassMembership.objects.filter(
        import_id=run.pk, ended_at__isnull=True, from_register=True
    )
    made = dict(live.values_list("pk", "pupil_id"))
    gone = set(stale)
    mine = [id_ for id_, pupil_id in made.items() if id_ in gone or pupil_id not in listed]
    classes.leave(mine, by=by, how=Ending.UNDONE, import_id=run.pk)
    others = sorted(gone - made.keys())
    classes.leave(others, by=by, how=Ending.REPLACED, import_id=run.pk)


def _bring_back(missing: list[classes.Membership], run: Import, by: Actor) -> None:
    """Write again those of the missing that an import ended which is undone: they say they come
    from where the old ones came, and the old ones that their ending was undone."""
    with bulk.temporary("missing", "school_class_id BIGINT, pupil_id BIGINT"):
        bulk.load("missing", ["school_class_id", "pupil_id"], missing)
        ended = bulk.select(
            "SELECT m.id, m.school_class_id, m.pupil_id, m.source, m.import_id, m.starts_on"
            " FROM missing w JOIN schools_classmembership m ON m.pupil_id = w.pupil_id"
            " AND m.school_class_id = w.school_class_id AND m.ended_how = 'replaced'"
            " AND m.from_register JOIN intake_import e ON e.id = m.ended_import_id"
            " AND (e.id = %s OR e.state = 'undone') LEFT JOIN intake_import i ON i.id = m.import_id"
            " WHERE i.id IS NULL OR (i.id <> %s AND i.state <> 'undone') ORDER BY m.id",
            [run.pk, run.pk],
        )
    latest = {classes.Membership(row[1], row[2]): row for row in ended}
    origins: dict[tuple[str, int | None, date], list[classes.Membership]] = {}
    for pair, row in latest.items():
        origins.setdefault((row[3], row[4], row[5]), []).append(pair)
    for (source, import_id, since), rows in origins.items():
        classes.join(
            rows, by=by, source=Source(source), from_register=True, since=since, import_id=import_id
        )
    undone = ((row[0], Ending.UNDONE.value) for row in latest.values())
    records.set_field(ClassMembership, "ended_how", undone)


def _remove_classes(run: Import, by: Actor) -> None:
    """Classes that it made, empty now, go; those of which somebody has made more are listed."""
    kept = [id_ for id_, _ in classes_to_keep(run)]
    keep(run, "class", kept, CHANGED)
    empty = bulk.select(
        "SELECT c.id FROM schools_schoolclass c WHERE c.import_id = %s AND c.gone_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM schools_classmembership m WHERE m.school_class_id = c.id"
        " AND m.ended_at IS NULL) ORDER BY 1",
        [run.pk],
    )
    gone = [id_ for (id_,) in empty if id_ not in set(kept)]
    classes.remove(SchoolClass, gone, how=Ending.UNDONE, by=by, import_id=run.pk)
