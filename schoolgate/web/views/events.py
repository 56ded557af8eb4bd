"""Settings > Events: the audit log, newest first (NEW13)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from schoolgate.access import scope
from schoolgate.audit.actions import viewed
from schoolgate.audit.models import Event, EventBatch
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user, visitor

SIZE = 50


@dataclass(frozen=True)
class About:
    """A record that an event tells of: its name, and the address of its page if it has one."""

    name: str
    address: str = ""


@dataclass(frozen=True)
class Told:
    """An event as the page tells it."""

    batch: EventBatch
    who: About
    what: str
    about: list[About]


@only_super_user
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Who did what, when, to which record. Children are named as far as the reader sees them."""
    page = page_of(request, [Event.objects.all()], ("-batch_id", "-n"), size=SIZE)
    batches = EventBatch.objects.in_bulk({event.batch_id for event in page.rows})
    names = _Names(request, page.rows, batches)
    viewed(by=actor(request), kind="events", object_id=None, pupil_ids=sorted(names.pupils))
    return render(
        request,
        "web/events.html",
        {
            "page": page,
            "told": [
                Told(
                    batches[event.batch_id],
                    names.actor(batches[event.batch_id]),
                    _what(event),
                    names.about(event),
                )
                for event in page.rows
                if event.batch_id in batches
            ],
        },
    )


class _Names:
    """The records that a page of events tells of, looked up in three queries."""

    def __init__(
        self, request: HttpRequest, events: Sequence[Event], batches: dict[int, EventBatch]
    ) -> None:
        users = {id_ for event in events if (id_ := event.user_id)}
        users |= {id_ for batch in batches.values() if (id_ := batch.actor_id)}
        pupils = {id_ for event in events if (id_ := event.pupil_id)}
        schools = {e.object_id for e in events if e.kind == "establishment" and e.object_id}
        self.users = User.objects.in_bulk(users)
        self.pupils: dict[int, Pupil] = {
            pupil.pk: pupil
            for pupil in scope.pupils_visible_to(visitor(request).pk).filter(pk__in=pupils)
        }
        self.schools = Establishment.objects.in_bulk(schools)

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
    "user": "Viewed a user’s pupils",
    "why": "Asked why",
    "events": "Viewed events about pupils",
    "import": "Viewed an import’s pupils",
    "question": "Was asked about a pupil",
}
_DONE = {
    "granted": "Gave a role",
    "revoked": "Took a role away",
    "denied": "Made inactive",
    "allowed": "Reactivated",
    "restricted": "Restricted",
    "lifted": "Lifted a restriction",
    "signed in": "Signed in",
    "uploaded": "Uploaded a file",
    "exported": "Downloaded a file of",
}
_FIELDS = {"class_name": "class", "workplace_id": "establishment"}


def _what(event: Event) -> str:
    """What happened, in words."""
    if event.verb == "viewed":
        return _VIEWED.get(event.kind, f"Viewed {event.kind}")
    what = _DONE.get(event.verb, f"{event.verb} {event.kind}".capitalize())
    if event.fields:
        fields = [_FIELDS.get(name, name).replace("_", " ") for name in event.fields.split(",")]
        what += f": {', '.join(fields)}"
    return what
