"""Which role, or licence type, those in a file are given (LAC3, ITS2)."""

from schoolgate.access.own_roles import every_role, role_named
from schoolgate.kit.refusal import Refusal


def role_of_file(kind: str, role: str) -> str:
    """The code of what those in a file of this kind are given; ``role``: its code or name, as
    somebody chose it. Raises Refusal."""
    if kind not in ("users", "parents"):
        return ""
    given = every_role().get(role) or role_named(role)
    if kind == "parents":
        if given is None or not given.is_licence:
            raise Refusal("Choose a profile for this import, for example Parent/Guardian.")
    elif given is None or given.from_sync or given.is_licence:
        raise Refusal("Choose a user role for this import.")
    return given.code
