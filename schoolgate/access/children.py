"""What licence holders are shown of the children linked to them (ITS9).

A parent is told of no other family, and of nobody whose very access says that a child is in care:
a designated teacher or social worker is neither listed nor counted here, nor is a role of the
organisation's own, whose name may tell as much (PRODUCT.md, "Roles and what they see").
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from schoolgate.access import relations
from schoolgate.access.licences import Block, every_licence
from schoolgate.access.relations import Relations
from schoolgate.access.roles import (
    LA_SUPER_USER,
    LA_USER,
    PUPIL,
    ROLES,
    SCHOOL_ROLES,
    Role,
)
from schoolgate.access.scope import narrow, of_licences, of_roles, reaches, sees
from schoolgate.kit import bulk
from schoolgate.people.models import User

# Of whom parents are told: the staff of the school, and those who see every child there is.
TOLD = (*reversed(SCHOOL_ROLES), LA_USER, LA_SUPER_USER)
FIRST = 20  # names of a role that are listed


@dataclass(frozen=True)
class Shown:
    """What a licence holder is shown of one child. ``is_self``: they are that child."""

    blocks: frozenset[Block] = frozenset()
    is_self: bool = False


@dataclass
class Seers:
    """Those of one role who see a child: how many, and the first of their names, where told."""

    role: Role
    count: int
    names: list[str] = field(default_factory=list)


def shown_to(user_id: int, pupil_ids: Collection[int]) -> dict[int, Shown]:
    """What the user is shown of each of these children whom they see by a licence: all that any of
    the licence types is given through which they see them. Two queries."""
    stand = of_licences(relations.at())
    among = ", ".join(map(str, pupil_ids)) or "NULL"
    found = bulk.select(
        f"SELECT DISTINCT s.pupil_id, g.role FROM ({sees(stand, narrow(stand))}) s"
        " JOIN access_grant g ON g.id = s.grant_id"
        f" WHERE s.user_id = %s AND s.pupil_id IN ({among})",
        [user_id],
    )
    known = every_licence()
    shown: dict[int, Shown] = {}
    for pupil_id, role in found:
        before = shown.get(pupil_id, Shown())
        blocks = known[role].blocks if role in known else ()
        is_self = before.is_self or role == PUPIL.code
        shown[pupil_id] = Shown(before.blocks.union(blocks), is_self)
    return shown


def staff_who_see(pupil_id: int, *, with_names: bool) -> list[Seers]:
    """Who of the staff sees the child, by role, as their family may be told: see :data:`TOLD`.

    Whoever is linked to the child by a licence too is counted among the staff and not named; nor
    are then the others of that role, or who is missing among them would tell.
    """
    told = {role.code for role in TOLD}
    stand = of_roles(relations.at(), told)
    found = bulk.select(
        f"SELECT DISTINCT g.role, s.user_id FROM ({sees(stand, reaches(stand))}) s"
        " JOIN access_grant g ON g.id = s.grant_id WHERE s.pupil_id = %s",
        [pupil_id],
    )
    by_role: dict[str, set[int]] = {}
    for role, user_id in found:
        by_role.setdefault(role, set()).add(user_id)
    seers = [Seers(ROLES[r.code], len(by_role[r.code])) for r in TOLD if r.code in by_role]
    if with_names:
        hidden = _family_of(pupil_id, relations.at())
        for one in seers:
            if by_role[one.role.code] & hidden:
                continue
            named = User.objects.filter(pk__in=by_role[one.role.code])
            order = named.order_by("last_key", "first_key", "pk")
            one.names = [str(user) for user in order[:FIRST]]
    return seers


def _family_of(pupil_id: int, stand: Relations) -> set[int]:
    """Whoever holds a licence over the child, restricted or not."""
    held = f"SELECT a.user_id FROM {of_licences(stand).grants} a WHERE a.pupil_id = %s"
    return {user_id for (user_id,) in bulk.select(held, [pupil_id])}
