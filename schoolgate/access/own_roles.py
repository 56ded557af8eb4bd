"""The roles that the organisation adds, over pupils (LAC15), beside the ones that are there."""

from collections.abc import Mapping

from schoolgate.access.models import OwnRole
from schoolgate.access.roles import OWN, ROLES, USER_ROLES, Detail, Opens, Over, Role


def every_role() -> dict[str, Role]:
    """Every role there is now, by its code, those of the organisation's own after the others."""
    own = OwnRole.objects.filter(gone_at__isnull=True).order_by("name_key", "pk")
    return {**ROLES, **{one.code: _as_role(one) for one in own}}


def user_roles() -> dict[str, Role]:
    """The roles that are given on a user's own page; those of a school are levels, set among its
    staff (access/levels.py)."""
    of_schools = ROLES.keys() - {role.code for role in USER_ROLES}
    return {code: role for code, role in every_role().items() if code not in of_schools}


def known_roles() -> dict[str, Role]:
    """The same with those that the organisation has taken away: for naming what somebody held."""
    return {**ROLES, **{one.code: _as_role(one) for one in OwnRole.objects.order_by("pk")}}


def role_of(code: str) -> Role:
    """The role with this code, also one that the organisation has taken away since.

    Raises KeyError when there never was one.
    """
    if not code.startswith(OWN):
        return ROLES[code]
    found = OwnRole.objects.filter(pk=int(code.removeprefix(OWN))).first()
    if found is None:
        raise KeyError(code)
    return _as_role(found)


def role_named(name: str) -> Role | None:
    """The role there is now with this name, whatever its case and blanks."""
    wanted = in_one_word(name)
    for role in every_role().values():
        if in_one_word(role.name) == wanted:
            return role
    return None


def in_one_word(name: str) -> str:
    """A name of a role as two are compared: without its case and blanks."""
    return "".join(name.split()).casefold()


def by_file() -> dict[str, Role]:
    """The roles that a file of users may give: all but those that come from a sync (LAC3)."""
    return {code: role for code, role in every_role().items() if not role.from_sync}


def linked_by_hand(known: Mapping[str, Role]) -> list[Role]:
    """Those of the roles to which pupils are linked by hand, then those to which they are assigned
    (LAC10)."""
    linked = [role for role in known.values() if role.over is Over.PUPILS]
    return [*linked, *(role for role in known.values() if role.assigns_pupils)]


def _as_role(one: OwnRole) -> Role:
    return Role(
        code=one.code,
        name=one.name,
        over=Over.PUPILS,
        opens=Opens.THE_PUPIL,
        detail=Detail(one.shows),
        purpose=one.purpose or "Sees the pupils that are linked to them.",
    )
