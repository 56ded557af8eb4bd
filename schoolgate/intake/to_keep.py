"""What an undo leaves as it is, because somebody has changed or used it since, and why (NEW3).

Queries only: the undo asks them as it works, and its page asks them before (undo_preview.py). Each
returns ids with the reason; none depends on what the undo has done so far.
"""

from schoolgate.intake.models import Change, Import, State
from schoolgate.kit import bulk
from schoolgate.kit.records import Known
from schoolgate.schools.models import CareEpisode, Enrolment, EstablishmentLink, PupilIdentifier

BORN = "SELECT id FROM schools_pupil WHERE import_id = %s"  # pupils that the import made
# Pupils who were severed: nothing of them comes back (NEW14).
SEVERED = "SELECT id FROM schools_pupil WHERE gone_how = 'severed'"
CHANGED = "it was changed since"
LINKED = "somebody has linked or changed this pupil since"
IN_USE = "pupils, users or changes depend on it"

# The fields that make a record of a pupil what it is, and why it stays.
RECORDS: dict[type[Known], tuple[tuple[str, ...], str]] = {
    PupilIdentifier: (("kind", "value"), "its identifiers were changed since"),
    Enrolment: (
        ("establishment_id", "elsewhere", "starts_on", "ends_on"),
        "its school was changed since",
    ),
    CareEpisode: (("starts_on", "ends_on"), "its care episodes were changed since"),
}

Reasons = list[tuple[int, str]]


def links_to_keep(run: Import) -> Reasons:
    """Links between establishments that it made."""
    made = EstablishmentLink.objects.filter(import_id=run.pk)
    changed = (
        Change.objects.filter(kind="link", object_id__in=made.values("pk"))
        .exclude(run=run)
        .exclude(run__state=State.UNDONE)
        .values_list("object_id", flat=True)
    )
    return [(id_, CHANGED) for id_ in sorted(set(changed))]


def users_to_keep(run: Import) -> Reasons:
    """Users whom it made, who signed in or whom others had to do with."""
    made = "SELECT id FROM people_user WHERE import_id = %s AND gone_at IS NULL"
    others = "g.import_id IS NULL OR g.import_id <> %s"
    touched = "u.touched_at IS NOT NULL AND COALESCE(u.touched_import_id, 0) <> %s"
    found = bulk.select(
        "SELECT u.id, CASE WHEN u.last_login IS NOT NULL THEN 'they have signed in since'"
        f" WHEN {touched} THEN 'they were edited since'"
        " ELSE 'somebody has given them something, or taken it away, since' END FROM people_user u"
        f" WHERE u.id IN ({made}) AND (u.last_login IS NOT NULL OR ({touched})"
        f" OR EXISTS (SELECT 1 FROM access_grant g WHERE g.user_id = u.id AND ({others})"
        " AND g.ended_how <> 'undone')"
        " OR EXISTS (SELECT 1 FROM access_grant g WHERE g.user_id = u.id AND g.import_id = %s"
        " AND g.ended_how = 'removed')"
        " OR EXISTS (SELECT 1 FROM people_staffrecord s WHERE s.user_id = u.id"
        " AND (s.import_id IS NULL OR s.import_id <> %s) AND s.ended_how <> 'undone')"
        " OR EXISTS (SELECT 1 FROM people_syncid i WHERE i.user_id = u.id"
        " AND (i.import_id IS NULL OR i.import_id <> %s) AND i.ended_how <> 'undone')"
        " OR EXISTS (SELECT 1 FROM access_familyfact f WHERE f.user_id = u.id)"
        " OR EXISTS (SELECT 1 FROM access_restriction r WHERE r.user_id = u.id)"
        " OR EXISTS (SELECT 1 FROM access_denial d WHERE d.user_id = u.id)) ORDER BY 1",
        [run.pk] * 7,
    )
    return [(id_, reason) for id_, reason in found]


def denials_to_keep(run: Import) -> Reasons:
    """Users whom it made inactive, and with whom somebody else had to do since: they stay as they
    are, so that an undo lets nobody in whom a person has looked at in the meantime."""
    other = "COALESCE({0}, 0) <> d.import_id"
    changed = (
        "EXISTS (SELECT 1 FROM access_grant g WHERE g.user_id = d.user_id"
        f" AND ((g.recorded_at > d.recorded_at AND {other.format('g.import_id')})"
        f" OR (g.ended_at > d.recorded_at AND {other.format('g.ended_import_id')})))"
    )
    denied = (
        "EXISTS (SELECT 1 FROM access_denial o WHERE o.user_id = d.user_id AND o.id > d.id"
        f" AND {other.format('o.import_id')})"
    )
    edited = f"(u.touched_at > d.recorded_at AND {other.format('u.touched_import_id')})"
    found = bulk.select(
        "SELECT d.user_id, CASE WHEN u.gone_at IS NOT NULL THEN 'they were deleted since'"
        f" WHEN d.ended_at IS NOT NULL THEN 'they were reactivated since' WHEN {denied} THEN"
        " 'somebody has made them inactive at a school since'"
        f" WHEN {edited} THEN 'they were edited since'"
        " ELSE 'somebody has given them something, or taken it away, since' END"
        " FROM access_denial d JOIN people_user u ON u.id = d.user_id"
        " WHERE d.import_id = %s AND d.ended_how <> 'undone'"
        " AND (u.gone_at IS NOT NULL OR d.ended_at IS NOT NULL"
        f" OR {denied} OR {edited} OR {changed}) ORDER BY 1",
        [run.pk],
    )
    return [(id_, reason) for id_, reason in found]


def records_to_keep(run: Import, model: type[Known]) -> set[int]:
    """The pupils on the register before it, whose records of this kind others changed since. Who
    was severed is not told of: nothing of theirs comes back in any case."""
    fields, _ = RECORDS[model]
    changed = _changed_since(run, model._meta.db_table, fields)
    if model is PupilIdentifier:
        changed |= _taken_since(run)
    return changed - {id_ for (id_,) in bulk.select(SEVERED)}


def _changed_since(run: Import, table: str, fields: tuple[str, ...]) -> set[int]:
    """The pupils of whom somebody ended what the import made, or made something after it.

    What the undo of a later import brought back was there before: nobody made it since.
    """
    same = " AND ".join(
        f"COALESCE(CAST(w.{field} AS TEXT), '') = COALESCE(CAST(o.{field} AS TEXT), '')"
        for field in fields
    )
    found = bulk.select(
        f"SELECT DISTINCT t.pupil_id FROM {table} t WHERE t.import_id = %s"
        " AND t.ended_at IS NOT NULL AND t.ended_how <> 'undone'"
        f" AND t.pupil_id NOT IN ({BORN}) UNION"
        f" SELECT DISTINCT t.pupil_id FROM {table} t JOIN {table} o"
        " ON o.pupil_id = t.pupil_id AND o.id > t.id AND o.ended_at IS NULL"
        " AND (o.import_id IS NULL OR o.import_id <> %s)"
        f" WHERE t.import_id = %s AND t.pupil_id NOT IN ({BORN})"
        f" AND NOT EXISTS (SELECT 1 FROM {table} w WHERE w.pupil_id = o.pupil_id AND w.id < t.id"
        f" AND w.ended_how = 'undone' AND {same})",
        [run.pk] * 5,
    )
    return {id_ for (id_,) in found}


def _taken_since(run: Import) -> set[int]:
    """The pupils of whom an identifier that the import replaced is another pupil's by now."""
    found = bulk.select(
        "SELECT DISTINCT t.pupil_id FROM schools_pupilidentifier t JOIN schools_pupilidentifier o"
        " ON o.kind = t.kind AND o.value_key = t.value_key AND o.ended_at IS NULL"
        " AND o.pupil_id <> t.pupil_id WHERE t.ended_import_id = %s AND t.ended_how = 'replaced'",
        [run.pk],
    )
    return {id_ for (id_,) in found}


def pupils_to_keep(run: Import) -> Reasons:
    """Pupils whom it put on the register, on whom somebody depends."""
    theirs = "t.pupil_id = p.id AND t.ended_how <> 'undone'"
    records = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} t WHERE {theirs}"
        " AND ((t.import_id IS NULL OR t.import_id <> %s)"
        " OR (t.ended_at IS NOT NULL AND COALESCE(t.ended_import_id, 0) <> %s)))"
        for table in ("schools_enrolment", "schools_careepisode", "schools_pupilidentifier")
    )
    found = bulk.select(
        "SELECT p.id FROM schools_pupil p WHERE p.import_id = %s AND p.gone_at IS NULL"
        " AND ((p.touched_at IS NOT NULL AND COALESCE(p.touched_import_id, 0) <> %s)"
        " OR EXISTS (SELECT 1 FROM access_grant g WHERE g.pupil_id = p.id"
        " AND g.ended_how <> 'undone')"
        " OR EXISTS (SELECT 1 FROM access_restriction r WHERE r.pupil_id = p.id)"
        " OR EXISTS (SELECT 1 FROM schools_classmembership m WHERE m.pupil_id = p.id"
        " AND NOT m.from_register)"
        f" OR {records}) ORDER BY 1",
        [run.pk] * 8,
    )
    return [(id_, LINKED) for (id_,) in found]


def classes_to_keep(run: Import) -> Reasons:
    """Classes that it made, of which somebody has made more since. (One that only has pupils in it
    stays for them.)"""
    found = bulk.select(
        "SELECT c.id FROM schools_schoolclass c WHERE c.import_id = %s AND c.gone_at IS NULL"
        " AND ((c.touched_at IS NOT NULL AND COALESCE(c.touched_import_id, 0) <> %s)"
        " OR EXISTS (SELECT 1 FROM schools_classsubject b WHERE b.school_class_id = c.id)"
        " OR EXISTS (SELECT 1 FROM access_grant g WHERE g.school_class_id = c.id)) ORDER BY 1",
        [run.pk, run.pk],
    )
    return [(id_, CHANGED) for (id_,) in found]


def establishments_to_keep(run: Import) -> Reasons:
    """Establishments that it put on the register, and that are in use."""
    found = bulk.select(
        "SELECT e.id FROM schools_establishment e WHERE e.import_id = %s AND e.gone_at IS NULL"
        " AND ((e.touched_at IS NOT NULL AND COALESCE(e.touched_import_id, 0) <> %s)"
        " OR EXISTS (SELECT 1 FROM schools_enrolment t WHERE t.establishment_id = e.id"
        " AND t.ended_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM access_grant g WHERE g.establishment_id = e.id"
        " AND g.ended_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM schools_subjectarea a WHERE a.establishment_id = e.id"
        " AND a.gone_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM schools_schoolclass c WHERE c.establishment_id = e.id"
        " AND c.gone_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM people_staffrecord s WHERE s.establishment_id = e.id"
        " AND s.ended_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM people_user u WHERE u.workplace_id = e.id"
        " AND u.gone_at IS NULL)) ORDER BY 1",
        [run.pk] * 2,
    )
    return [(id_, IN_USE) for (id_,) in found]
