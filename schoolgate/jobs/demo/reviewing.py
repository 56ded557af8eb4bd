"""A role of the organisation's own in the demonstration, and who holds it (LAC15)."""

from collections.abc import Sequence
from datetime import date

from schoolgate.access import actions as access
from schoolgate.access.actions import NewGrant
from schoolgate.access.models import OwnRole
from schoolgate.access.role_changes import create_role
from schoolgate.access.roles import Detail
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Source
from schoolgate.people import actions as people
from schoolgate.people.actions import NewUser

OFFICER = "edwina.pargeter@northshire.example"


def write(pupil_ids: Sequence[int], today: date) -> dict[str, int]:
    """An Independent Reviewing Officer for these children; the id of the user by address."""
    role_id = create_role(
        name="Independent Reviewing Officer",
        purpose="Chairs the reviews of the children linked to them.",
        shows=Detail.EVERYTHING.value,
        by=SYSTEM,
    )
    role = OwnRole.objects.get(pk=role_id)
    new = NewUser(OFFICER, "", "Edwina", "Pargeter", role.name, "", None)
    (user_id,) = people.create_users([new], by=SYSTEM, source=Source.IMPORT)
    access.grant(
        (NewGrant(user_id, role.code, None, pupil_id, today) for pupil_id in pupil_ids),
        by=SYSTEM,
        source=Source.IMPORT,
    )
    return {OFFICER: user_id}
