"""What is proposed on a page for one user, before it is saved: whom would they come to see?

The answer is scope, over the relations as they would stand (access/preview.py).
"""

import contextlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.actions import NewGrant
from schoolgate.access.preview import UserPreview, for_user
from schoolgate.access.roles import OWN, ROLES
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import locks
from schoolgate.people.models import User
from schoolgate.people.queries import hold

# Stands for a user who is not made yet.
NEW_USER = -1


def preview_of(
    user_id: int,
    *,
    adding: Iterable[NewGrant] = (),
    ending: Collection[int] = (),
    active: bool = True,
) -> UserPreview:
    """What the user (``NEW_USER`` for one not made yet) would see more, and no more.

    ``ending`` are ids of grants; ``active``: whether they would be active then.
    """
    before = relations.at()
    kept = f"SELECT {relations.GRANT} FROM {before.grants} b"
    if ending:
        kept += f" WHERE b.id NOT IN ({', '.join(str(int(id_)) for id_ in ending)})"
    grants = " UNION ALL ".join([kept, *_rows(user_id, adding)])
    others = f"SELECT id FROM {before.users} o WHERE o.id <> {int(user_id)}"
    users = f"{others} UNION ALL SELECT {int(user_id)}" if active else others
    return for_user(user_id, before, replace(before, grants=f"({grants})", users=f"({users})"))


def _rows(user_id: int, adding: Iterable[NewGrant]) -> list[str]:
    """The new grants that hold today, as one SELECT; they have numbers below those of grants."""
    today = timezone.localdate()
    rows = [
        f"({-n}, {int(user_id)}, '{_code(row.role)}', {_id(row.establishment_id)},"
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
    return f"{OWN}{int(role.removeprefix(OWN))}" if role.startswith(OWN) else ROLES[role].code


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
