"""What is proposed on a page for one user, before it is saved: whom would they come to see?

The answer is scope, over the relations as they would stand (access/preview.py).
"""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.actions import NewGrant
from schoolgate.access.authority import authority_of
from schoolgate.access.preview import Preview, UserPreview, for_user
from schoolgate.access.relations import Relations
from schoolgate.access.roles import LICENCE, OWN, ROLES
from schoolgate.access.scope import among_visible, of_register
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks
from schoolgate.people.models import User
from schoolgate.people.queries import hold

# Stands for a user who is not made yet.
NEW_USER = -1


def preview_of(
    user_id: int,
    *,
    adding: Iterable[NewGrant] = (),
    ending: Collection[int] = (),
    active: bool | None = True,
    reader: Actor | None = None,
) -> UserPreview:
    """What the user (``NEW_USER`` for one not made yet) would see more, and no more.

    ``ending`` are ids of grants; ``active``: whether they would be active then, None for as they
    are. ``reader``: to whom it is told; whoever is no LA Super User is told of the register alone
    (:func:`told_to`).
    """
    before = relations.at()
    after = _with_grants(before, adding, ending)
    if active is not None:
        others = f"SELECT id FROM {before.users} o WHERE o.id <> {int(user_id)}"
        users = f"{others} UNION ALL SELECT {int(user_id)}" if active else others
        after = replace(after, users=f"({users})")
    return for_user(user_id, told_to(reader, before), told_to(reader, after))


def told_to(reader: Actor | None, stand: Relations) -> Relations:
    """The relations of which a reader may be told: all of them for an LA Super User (and without a
    reader), for others those that say nothing of who is in care."""
    if reader is None or authority_of(reader).everything:
        return stand
    return of_register(stand)


@dataclass(frozen=True)
class Moved:
    """The pupils (ids) whom a user would come to see, and would see no more."""

    gained: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)


def changes_of(
    reader: Actor, *, adding: Collection[NewGrant] = (), ending: Collection[int] = ()
) -> dict[int, Moved]:
    """What grants given and ended would change for many users, as the reader may be told.

    Only pupils whom the reader sees. Whoever sees every pupil then is not listed, nor is a user
    for whom nothing changes. One statement each for what is gained and lost.
    """
    before = relations.at()
    whose = [f"SELECT {int(row.user_id)} AS user_id" for row in adding]
    if ending:
        ids = ", ".join(str(int(id_)) for id_ in ending)
        whose.append(f"SELECT e.user_id FROM access_grant e WHERE e.id IN ({ids})")
    if not whose:
        return {}
    after = _with_grants(before, adding, ending)
    return _moved(reader, before, after, " UNION ".join(whose))


def changes_by_subjects(reader: Actor, subjects: Mapping[int, int | None]) -> dict[int, Moved]:
    """The same, where classes (ids) come to belong to subject areas (ids, None for none)."""
    if not subjects:
        return {}
    before = relations.at()
    cases = " ".join(
        f"WHEN {int(class_id)} THEN {'NULL' if area is None else int(area)}"
        for class_id, area in subjects.items()
    )
    classes = (
        "(SELECT k.school_class_id, k.establishment_id,"
        f" CASE k.school_class_id {cases} ELSE k.subject_area_id END AS subject_area_id"
        f" FROM {before.classes} k)"
    )
    # Of a class's subject area only Leaders of the same establishment see more or less.
    leaders = (
        f"SELECT g.user_id FROM {before.grants} g WHERE g.subject_area_id IS NOT NULL"
        " AND g.establishment_id IN (SELECT c.establishment_id FROM schools_schoolclass c"
        f" WHERE c.id IN ({', '.join(str(int(id_)) for id_ in subjects)}))"
    )
    return _moved(reader, before, replace(before, classes=classes), leaders)


def _moved(reader: Actor, before: Relations, after: Relations, users: str) -> dict[int, Moved]:
    preview = Preview(told_to(reader, before), told_to(reader, after), users)
    visible, params = among_visible(reader.user_id or 0, "x.pupil_id")
    moved: dict[int, Moved] = {}
    for pairs, is_gain in ((preview.gained_pairs(), True), (preview.lost_pairs(), False)):
        told = f"SELECT x.user_id, x.pupil_id FROM ({pairs}) x WHERE {visible}"
        for user_id, pupil_id in bulk.select(told, params):
            one = moved.setdefault(user_id, Moved())
            (one.gained if is_gain else one.lost).add(pupil_id)
    return moved


def _with_grants(
    before: Relations, adding: Iterable[NewGrant], ending: Collection[int]
) -> Relations:
    """The relations with these grants besides, and without those that are ended."""
    kept = f"SELECT {relations.GRANT} FROM {before.grants} b"
    if ending:
        kept += f" WHERE b.id NOT IN ({', '.join(str(int(id_)) for id_ in ending)})"
    return replace(before, grants=f"({' UNION ALL '.join([kept, *_rows(adding)])})")


def _rows(adding: Iterable[NewGrant]) -> list[str]:
    """The new grants that hold today, as one SELECT; they have numbers below those of grants."""
    today = timezone.localdate()
    rows = [
        f"({-n}, {int(row.user_id)}, '{_code(row.role)}', {_id(row.establishment_id)},"
        f" {_id(row.subject_area_id)}, {_id(row.school_class_id)}, {_id(row.pupil_id)})"
        for n, row in enumerate(adding, start=1)
        if row.starts_on <= today and (row.ends_on is None or row.ends_on >= today)
    ]
    if not rows:
        return []
    names = relations.GRANT.split(", ")
    columns = ", ".join(
        f"CAST(column{n} AS {'VARCHAR' if name == 'role' else 'BIGINT'}) AS {name}"
        for n, name in enumerate(names, start=1)
    )
    given = f"SELECT {columns} FROM (VALUES {', '.join(rows)}) v"
    # What is given over a place that is denied to the user sleeps from the start.
    return [f"SELECT * FROM ({given}) q WHERE NOT {relations.asleep(grant='q')}"]


def _code(role: str) -> str:
    """The code of a role, for SQL; raises KeyError for what is none."""
    for added in (OWN, LICENCE):
        if role.startswith(added) and role not in ROLES:
            return f"{added}{int(role.removeprefix(added))}"
    return ROLES[role].code


def _id(value: int | None) -> str:
    return "NULL" if value is None else str(int(value))


@contextlib.contextmanager
def deciding(user_ids: Iterable[int] = (), *, by: Actor) -> Iterator[list[User]]:
    """One transaction in which these users stay as they are, and no import is applied.

    In it a page looks again at what it has shown, and saves it only if it is still so.
    """
    with batch(by=by):
        locks.while_writing()
        # Before the users, as who denies takes them: otherwise the two would wait for each other.
        locks.while_removing_administrators()
        yield hold(user_ids)
