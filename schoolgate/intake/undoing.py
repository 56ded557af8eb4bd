"""Taking an applied import back (NEW3, S43).

What the import made is ended or gone, what it changed is restored, unless somebody (a later import
included) has changed it since or depends on it: that is kept, and listed. Set-based throughout.
"""

from collections.abc import Callable
from typing import Any

from schoolgate.access import accounts
from schoolgate.access import actions as access
from schoolgate.access.models import Denial, Grant
from schoolgate.audit.actions import Actor, batch
from schoolgate.intake.matching import same_place
from schoolgate.intake.models import Import, Kept
from schoolgate.intake.to_keep import (
    BORN,
    CHANGED,
    IN_USE,
    LINKED,
    RECORDS,
    SEVERED,
    Reasons,
    denials_to_keep,
    establishments_to_keep,
    links_to_keep,
    pupils_to_keep,
    records_to_keep,
    users_to_keep,
)
from schoolgate.intake.undo_classes import restore_class_lists
from schoolgate.intake.undo_fields import keep, restore_fields
from schoolgate.kit import bulk, records
from schoolgate.kit.records import Ending, Known, Source
from schoolgate.people import first_passwords, staff, sync_ids
from schoolgate.people.models import StaffRecord
from schoolgate.schools import actions as schools
from schoolgate.schools.models import (
    CareEpisode,
    Enrolment,
    Establishment,
    EstablishmentLink,
    Pupil,
    PupilIdentifier,
)


def take_back(run: Import, *, by: Actor) -> int:
    """Undo the import inside the caller's transaction; returns how many things were kept."""
    restore_fields(run, by)
    _let_in_again(run, by)
    _end_grants(run, by)
    _end_posts(run, by)
    first_passwords.take_back(run.pk, by=by)
    _remove_users(run, by)
    _end_sync_ids(run, by)
    _restore_records(run, by)
    _remove_pupils(run, by)
    restore_class_lists(run, by)
    _remove_establishments(run, by)
    _remove_links(run, by)
    return Kept.objects.filter(run=run).count()


def _let_in_again(run: Import, by: Actor) -> None:
    """Whom it made inactive is let in again, but for those with whom others had to do since."""
    kept = denials_to_keep(run)
    _list_kept(run, kept)
    stay = {id_ for id_, _ in kept}
    made = Denial.objects.filter(import_id=run.pk, ended_at__isnull=True)
    back = [id_ for id_ in made.values_list("user_id", flat=True) if id_ not in stay]
    if back:
        access.allow(back, by=by, how=Ending.UNDONE, import_id=run.pk)


def _list_kept(run: Import, kept: Reasons) -> None:
    """List users who stay as they are, by the reasons."""
    for reason in sorted({reason for _, reason in kept}):
        keep(run, "user", (id_ for id_, why in kept if why == reason), reason)


def _remove_links(run: Import, by: Actor) -> None:
    """Links decide no scope, so those that the import made are deleted, unless changed since."""
    changed = [id_ for id_, _ in links_to_keep(run)]
    keep(run, "link", changed, CHANGED)
    made = EstablishmentLink.objects.filter(import_id=run.pk).exclude(pk__in=changed)
    ids = list(made.order_by("pk").values_list("pk", flat=True))
    made.delete()
    with batch(by=by, import_id=run.pk) as events:
        events.add(("removed", "link", id_, "", None, None, "") for id_ in ids)


def _end_grants(run: Import, by: Actor) -> None:
    """End the grants that the import made, and bring back those that it replaced.

    Not one that an import gave which was itself undone, nor one that is there again already.
    """
    made = Grant.objects.filter(import_id=run.pk, ended_at__isnull=True)
    access.revoke(made.values_list("pk", flat=True), by=by, how=Ending.UNDONE, import_id=run.pk)
    _bring_back(
        Grant,
        (
            "user_id", "role", "establishment_id", "pupil_id", "starts_on", "ends_on",
            "subject_area_id", "school_class_id", "relationship",
        ),
        access.NewGrant,
        access.grant,
        run,
        by,
        leave=set(),
        unless=f" AND COALESCE(t.pupil_id, 0) NOT IN ({SEVERED})"
        " AND NOT EXISTS (SELECT 1 FROM intake_import i WHERE i.id = t.import_id"
        " AND i.state = 'undone') AND NOT EXISTS (SELECT 1 FROM access_grant l"
        " WHERE l.user_id = t.user_id AND l.role = t.role AND l.ended_at IS NULL"
        f" AND {same_place('l', 't')}"
        " AND COALESCE(l.school_class_id, 0) = COALESCE(t.school_class_id, 0))",
    )  # fmt: skip


def _end_posts(run: Import, by: Actor) -> None:
    """Those whom the import put on the staff of a school are on it no more."""
    made = StaffRecord.objects.filter(import_id=run.pk, ended_at__isnull=True)
    ids = list(made.values_list("pk", flat=True))
    staff.end(ids, by=by, how=Ending.UNDONE, import_id=run.pk)


def _bring_back(
    model: type[Known],
    fields: tuple[str, ...],
    shape: Callable[..., Any],
    action: Callable[..., None],
    run: Import,
    by: Actor,
    *,
    leave: set[int],
    unless: str = "",
) -> None:
    """Write again what the import ended, but for owners (first field) in ``leave``.

    The new records say they come from where the old ones came, so that undoing that import later
    finds them; the old ones say that their ending was undone.
    """
    table = model._meta.db_table
    ended = bulk.select(
        f"SELECT t.id, t.source, t.import_id, {', '.join('t.' + field for field in fields)}"
        f" FROM {table} t WHERE t.ended_import_id = %s AND t.ended_how = 'replaced'"
        f" AND (t.import_id IS NULL OR t.import_id <> %s){unless} ORDER BY t.id",
        [run.pk, run.pk],
    )
    again = [row for row in ended if row[3] not in leave]
    origins: dict[tuple[str, int | None], list[Any]] = {}
    for _, source, import_id, *values in again:
        origins.setdefault((source, import_id), []).append(shape(*values))
    for (source, import_id), rows in origins.items():
        action(rows, by=by, source=Source(source), import_id=import_id)
    records.set_field(model, "ended_how", ((row[0], Ending.UNDONE.value) for row in again))


def _remove_users(run: Import, by: Actor) -> None:
    """The users it made are gone, but for those who signed in or whom others had to do with."""
    depends = users_to_keep(run)
    kept = {id_ for id_, _ in depends}
    for id_, reason in depends:
        keep(run, "user", [id_], reason)
    made = "SELECT id FROM people_user WHERE import_id = %s AND gone_at IS NULL"
    gone = {id_ for (id_,) in bulk.select(made, [run.pk])} - kept
    accounts.let_go(gone, how=Ending.UNDONE, by=by, import_id=run.pk)


def _end_sync_ids(run: Import, by: Actor) -> None:
    """The SyncIDs that it gave to users who were here before it; those of its own go with them,
    or stay with whoever stays."""
    found = bulk.select(
        "SELECT s.id FROM people_syncid s JOIN people_user u ON u.id = s.user_id"
        " WHERE s.import_id = %s AND s.ended_at IS NULL AND COALESCE(u.import_id, 0) <> %s",
        [run.pk, run.pk],
    )
    sync_ids.end((id_ for (id_,) in found), how=Ending.UNDONE, by=by, import_id=run.pk)


def _restore_records(run: Import, by: Actor) -> None:
    """Identifiers, enrolments and episodes as they were, pupil by pupil, unless changed since."""
    shapes: list[tuple[Any, Callable[..., Any], Callable[..., None]]] = [
        (PupilIdentifier, schools.NewIdentifier, schools.add_identifiers),
        (Enrolment, schools.NewEnrolment, schools.enrol),
        (CareEpisode, schools.NewEpisode, schools.start_episodes),
    ]
    for model, shape, action in shapes:
        fields, reason = RECORDS[model]
        changed = records_to_keep(run, model)
        keep(run, "pupil", sorted(changed), reason)
        made = bulk.select(
            f"SELECT id, pupil_id FROM {model._meta.db_table} WHERE import_id = %s"
            f" AND ended_at IS NULL AND pupil_id NOT IN ({BORN})",
            [run.pk, run.pk],
        )
        schools.end_records(
            model, [id_ for id_, pupil_id in made if pupil_id not in changed],
            how=Ending.UNDONE, by=by, import_id=run.pk,
        )  # fmt: skip
        _bring_back(
            model, ("pupil_id", *fields), shape, action, run, by, leave=changed,
            unless=f" AND t.pupil_id NOT IN ({SEVERED})",
        )  # fmt: skip


def _remove_pupils(run: Import, by: Actor) -> None:
    """The pupils it put on the register are gone, but for those whom somebody depends on."""
    kept = [id_ for id_, _ in pupils_to_keep(run)]
    keep(run, "pupil", kept, LINKED)
    made = "SELECT id FROM schools_pupil WHERE import_id = %s AND gone_at IS NULL"
    stays = set(kept)
    gone = [id_ for (id_,) in bulk.select(made, [run.pk]) if id_ not in stays]
    if not gone:
        return
    with bulk.temporary("leaving", "id BIGINT PRIMARY KEY"):
        bulk.load("leaving", ["id"], ((id_,) for id_ in gone))
        for model in (PupilIdentifier, Enrolment, CareEpisode):
            live = bulk.select(
                f"SELECT t.id FROM {model._meta.db_table} t JOIN leaving l ON l.id = t.pupil_id"
                " WHERE t.ended_at IS NULL"
            )
            schools.end_records(
                model, (id_ for (id_,) in live), how=Ending.UNDONE, by=by, import_id=run.pk
            )
    schools.remove_things(Pupil, gone, how=Ending.UNDONE, by=by, import_id=run.pk)


def _remove_establishments(run: Import, by: Actor) -> None:
    """The establishments it put on the register are gone, but for those that are in use."""
    kept = [id_ for id_, _ in establishments_to_keep(run)]
    keep(run, "establishment", kept, IN_USE)
    made = "SELECT id FROM schools_establishment WHERE import_id = %s AND gone_at IS NULL"
    stays = set(kept)
    gone = [id_ for (id_,) in bulk.select(made, [run.pk]) if id_ not in stays]
    schools.remove_things(Establishment, gone, how=Ending.UNDONE, by=by, import_id=run.pk)
