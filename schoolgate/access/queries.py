"""Lists of pupils in the order in which a user reads them."""

from datetime import datetime

from django.db.models import Case, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from schoolgate.access import relations
from schoolgate.access.roles import ROLES
from schoolgate.schools.models import Pupil


def in_order_for(
    user_id: int, pupils: QuerySet[Pupil], as_at: datetime | None = None
) -> QuerySet[Pupil]:
    """``pupils`` with those first that are (or at ``as_at`` were) assigned to the user, by name.

    An assignment opens nothing (LAC7); each pupil says in ``is_assigned`` whether there is one.
    """
    roles = [role.code for role in ROLES.values() if role.assigns_pupils]
    assigned = RawSQL(
        f"SELECT g.pupil_id FROM {relations.at(as_at).grants} g WHERE g.user_id = %s"
        f" AND g.pupil_id IS NOT NULL AND g.role IN ({', '.join(['%s'] * len(roles))})",
        [user_id, *roles],
    )
    return pupils.annotate(
        is_assigned=Case(When(pk__in=assigned, then=Value(1)), default=Value(0))
    ).order_by("-is_assigned", "last_key", "first_key", "pk")
