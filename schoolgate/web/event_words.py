"""Events in words: who did what, to which record."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from schoolgate.access import scope
from schoolgate.access.models import LicenceType, OwnRole
from schoolgate.audit.models import Event, EventBatch
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil


@dataclass(frozen=True)
class About:
    """A record that an event tells of: its name, and the address of its page if it has one."""

    name: str
    address: str = ""


@dataclass(frozen=True)
class Told:
    """An event as the page tells it."""

    event: Event
    batch: EventBatch
    who: About
    what: str
    about: list[About]


def told(events: Sequence[Event], batches: dict[int, EventBatch], names: "Names") -> list[Told]:
    """The events in words, in their order."""
    return [
        Told(event, batch, names.actor(batch), what_of(event), names.about(event))
        for event in events
        if (batch := batches.get(event.batch_id)) is not None
    ]


class Names:
    """The records that some events tell of, looked up in a few queries.

    Children are named as far as the reader may see them: ``pupils`` are those.
    """

    def __init__(
        self, reader_id: int, events: Sequence[Event], batches: dict[int, EventBatch]
    ) -> None:
        users = {id_ for event in events if (id_ := event.user_id)}
        users |= {id_ for batch in batches.values() if (id_ := batch.actor_id)}
        pupils = {id_ for event in events if (id_ := event.pupil_id)}
        schools = {e.object_id for e in events if e.kind == "establishment" and e.object_id}
        self.users = User.objects.in_bulk(users)
        self.pupils: dict[int, Pupil] = {
            pupil.pk: pupil for pupil in scope.pupils_visible_to(reader_id).filter(pk__in=pupils)
        }
        self.schools = Establishment.objects.in_bulk(schools)
        roles = {e.object_id for e in events if e.kind == "role" and e.object_id}
        licences = {e.object_id for e in events if e.kind == "licence type" and e.object_id}
        self.licences = LicenceType.objects.in_bulk(licences) if licences else {}
        self.roles = OwnRole.objects.in_bulk(roles) if roles else {}

    def actor(self, batch: EventBatch) -> About:
        """Who acted."""
        if batch.actor_id is None:
            return About(batch.actor.capitalize())
        return self._user(batch.actor_id)

    def about(self, event: Event) -> list[About]:
        """The records that the event is about."""
        found = []
        if event.user_id is not None:
            found.append(self._user(event.user_id))
        if event.pupil_id is not None:
            found.append(self._pupil(event.pupil_id))
        if event.pupils:
            found.append(About(f"{event.pupils.count(',') + 1:,} pupils"))
        if event.kind == "establishment" and event.object_id is not None:
            school = self.schools.get(event.object_id)
            found.append(About(school.name if school else f"Establishment {event.object_id}"))
        if event.kind == "role" and event.object_id in self.roles:
            role = self.roles[event.object_id]
            address = "" if role.gone_at else reverse("role-edit", args=[role.pk])
            found.append(About(role.name, address))
        if event.kind == "licence type" and event.object_id in self.licences:
            licence = self.licences[event.object_id]
            address = "" if licence.gone_at else reverse("licence-edit", args=[licence.code])
            found.append(About(licence.name, address))
        if event.kind == "import" and event.object_id is not None:
            address = reverse("import", args=[event.object_id])
            found.append(About(f"Import {event.object_id}", address))
        return found

    def _user(self, user_id: int) -> About:
        user = self.users.get(user_id)
        if user is None:
            return About(f"User {user_id}")
        return About(str(user), "" if user.gone_at else reverse("user", args=[user_id]))

    def _pupil(self, pupil_id: int) -> About:
        pupil = self.pupils.get(pupil_id)
        if pupil is None:
            return About(f"Pupil {pupil_id}")
        return About(str(pupil), reverse("pupil", args=[pupil_id]))


_VIEWED = {
    "list": "Viewed a list of pupils",
    "pupil": "Viewed a pupil",
    "child": "Viewed a child linked to them",
    "user": "Viewed a user’s pupils",
    "why": "Asked why",
    "who": "Asked who sees a pupil",
    "class": "Viewed a class’s pupils",
    "missing": "Viewed who is missing",
    "events": "Viewed events about pupils",
    "import": "Viewed an import’s pupils",
    "question": "Was asked about a pupil",
    "restrictions": "Viewed restrictions",
    "waiting links": "Viewed connections that wait",
}
_DONE = {
    "granted": "Gave a role",
    "revoked": "Took a role away",
    "denied": "Made inactive",
    "allowed": "Reactivated",
    "restricted": "Restricted",
    "merged": "Merged another user into",
    "told apart": "Said that two users are two people",
    "severed": "Severed a record for good",
    "cleared": "Cleared rows of",
    "lifted": "Lifted a restriction",
    "signed in": "Signed in",
    "invited": "Invited",
    "printed": "Printed a letter with a code",
    "stopped": "Stopped a change of address",
    "accepted": "Set up their sign-in",
    "uploaded": "Uploaded a file",
    "let through": "Gave the word for what the brakes held",
    "exported": "Downloaded a file of",
    "retried": "Sent a mail again",
    "bounced": "Was told that a mail did not arrive",
}
_FIELDS = {
    "class_name": "class",
    "workplace_id": "establishment",
    "factor_grace_hours": "how soon a second factor must be set up",
    "blocks": "what it shows",
    "parent_access": "whether parents may sign in",
    "names_to_parents": "whether parents are told names of staff",
}


def what_of(event: Event) -> str:
    """What happened, in words."""
    if event.verb == "viewed":
        return _VIEWED.get(event.kind, f"Viewed {event.kind}")
    if event.verb == "exported" and event.kind != "import":
        return f"Downloaded a file of {event.kind}"
    what = _DONE.get(event.verb, f"{event.verb} {event.kind}".capitalize())
    if event.fields:
        fields = [_FIELDS.get(name, name).replace("_", " ") for name in event.fields.split(",")]
        what += f": {', '.join(fields)}"
    return what
