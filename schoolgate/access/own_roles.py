"""The roles that the organisation adds, over pupils (LAC15), beside the ones that are there."""

from schoolgate.access.models import OwnRole
from schoolgate.access.roles import OWN, ROLES, Detail, Opens, Over, Role


def every_role() -> dict[str, Role]:
    """Every role there is now, by its code, those of the organisation's own after the others."""
    own = OwnRole.objects.filter(gone_at__isnull=True).order_by("name_key", "pk")
    return {**ROLES, **{one.code: _as_role(one) for one in own}}


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


def _as_role(one: OwnRole) -> Role:
    return Role(
        code=one.code,
        name=one.name,
        over=Over.PUPILS,
        opens=Opens.THE_PUPIL,
        detail=Detail(one.shows),
        purpose=one.purpose or "Sees the pupils that are linked to them.",
    )
