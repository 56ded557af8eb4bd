"""The roles and licence types that the organisation adds, over pupils (LAC15, PT11), beside the
ones that are there."""

from collections.abc import Mapping

from schoolgate.access.licences import licence_role
from schoolgate.access.models import OwnRole
from schoolgate.access.roles import LICENCE, OWN, ROLES, USER_ROLES, Detail, Opens, Over, Role
from schoolgate.kit import bulk

_LINKED = "Sees the pupils that are linked to them."


def every_role() -> dict[str, Role]:
    """Every role there is now, by its code, those of the organisation's own after the others."""
    return {**ROLES, **_added("WHERE gone_at IS NULL")}


def _added(condition: str) -> dict[str, Role]:
    """The roles, then the licence types, that the organisation has added; in one query."""
    columns = "id, name, name_key, purpose"
    found = bulk.select(
        f"SELECT 1 AS kind, {columns}, shows FROM access_ownrole {condition} UNION ALL"
        f" SELECT 2, {columns}, '{Detail.LICENCE.value}' FROM (SELECT * FROM access_licencetype"
        f" WHERE builtin = '') t {condition} ORDER BY 1, 4, 2"
    )
    roles = (
        Role(
            code=f"{OWN if kind == 1 else LICENCE}{id_}",
            name=name,
            over=Over.PUPILS,
            opens=Opens.THE_PUPIL,
            detail=Detail(shows),
            purpose=purpose or _LINKED,
        )
        for kind, id_, name, _, purpose, shows in found
    )
    return {role.code: role for role in roles}


def user_roles() -> dict[str, Role]:
    """The roles that are given on a user's own page; those of a school are levels, set among its
    staff (access/levels.py), and licences are links to children (access/families.py)."""
    elsewhere = ROLES.keys() - {role.code for role in USER_ROLES}
    return {
        code: role
        for code, role in every_role().items()
        if code not in elsewhere and not role.is_licence
    }


def known_roles() -> dict[str, Role]:
    """The same with those that the organisation has taken away: for naming what somebody held."""
    return {**ROLES, **_added("")}


def role_of(code: str) -> Role:
    """The role with this code, also one that the organisation has taken away since.

    Raises KeyError when there never was one.
    """
    if code.startswith(LICENCE):
        return licence_role(code)
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
    """The roles that a file of users may give: all but those that come from a sync, and licences,
    which come by files of their own (LAC3, ITS2)."""
    return {
        code: role
        for code, role in every_role().items()
        if not role.from_sync and not role.is_licence
    }


def linked_by_hand(known: Mapping[str, Role]) -> list[Role]:
    """Those of the roles to which pupils are linked by hand, then those to which they are assigned
    (LAC10)."""
    linked = [role for role in known.values() if role.over is Over.PUPILS and not role.is_licence]
    return [*linked, *(role for role in known.values() if role.assigns_pupils)]


def _as_role(one: OwnRole) -> Role:
    return Role(
        code=one.code,
        name=one.name,
        over=Over.PUPILS,
        opens=Opens.THE_PUPIL,
        detail=Detail(one.shows),
        purpose=one.purpose or _LINKED,
    )
