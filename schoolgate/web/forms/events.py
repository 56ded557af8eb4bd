"""Filtering the audit log: by who, what, child and day."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.audit.models import Event, EventBatch
from schoolgate.audit.queries import events_about
from schoolgate.kit.dates import end_of
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from schoolgate.web.components import DayField, Line
from schoolgate.web.forms.pupils import Filter
from schoolgate.web.search import pupils_meant, users_meant

_WRITTEN = ["created", "changed", "recorded", "ended", "removed"]
# Of how people sign in.
_WAYS_IN = [
    "session", "second factors", "authenticator app", "passkey", "recovery codes", "recovery code",
]  # fmt: skip
_ELSEWHERE = ["user", "organisation", "role", "grant", "family fact", *_WAYS_IN]
# The kinds of event to choose from: words, and which events they are.
KINDS: dict[str, tuple[str, Q]] = {
    "roles": ("Roles given and taken away", Q(verb__in=["granted", "revoked"]) | Q(kind="role")),
    "families": (
        "Families: what is known, and who waits",
        Q(kind__in=["family fact", "waiting connection"]) | Q(kind="grant", verb="changed"),
    ),
    "restrictions": (
        "Restrictions added and lifted",
        Q(verb__in=["restricted", "reviewed", "lifted"]),
    ),
    "active": ("Users made inactive or active", Q(verb__in=["denied", "allowed"])),
    "users": ("Users added, changed and removed", Q(verb__in=_WRITTEN, kind="user")),
    "invitations": (
        "Invitations",
        Q(verb__in=["invited", "cancelled", "accepted"], kind="invitation"),
    ),
    "sign-ins": ("Signing in", Q(verb="signed in") | Q(kind__in=_WAYS_IN)),
    "register": (
        "Pupils and schools changed",
        Q(verb__in=_WRITTEN) & ~Q(kind__in=_ELSEWHERE),
    ),
    "imports": ("Imports", Q(kind="import") & ~Q(verb__in=["viewed", "exported"])),
    "viewed": ("Children’s records shown", Q(verb="viewed")),
    "exported": ("Files downloaded", Q(verb="exported")),
}
SYSTEM = ("command line", "schoolgate")


class Words(forms.CharField):
    """A few words to filter by; empty means everything, so it is not called optional."""

    depends = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            max_length=400,
            strip=True,
            widget=Line(attrs={"autocomplete": "off", "spellcheck": "false"}),
            **kwargs,
        )


class Day(DayField):
    """A first or last day; empty means no such bound."""

    depends = True


class EventFilters(forms.Form):
    """What of the log to show. What cannot be read is said at its field, and shows nothing.

    ``pupils``: those whom the reader may see. Nobody else's events are found by their child, and
    one whom the reader may not see is not told from one who is not there.
    """

    who = Words(label="Who did it", help_text="Name or e-mail address")
    what = Filter(
        label="What",
        required=False,
        choices=[("", "Everything"), *((code, words) for code, (words, _) in KINDS.items())],
    )
    child = Words(label="About which child", help_text="UPN or name")
    since = Day(label="From", required=False)
    until = Day(label="Until", required=False)
    # What the link on a child's page says.
    pupil = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, pupils: QuerySet[Pupil], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pupils = pupils
        self.children: list[Pupil] = []
        self.people: list[User] = []
        self._children_asked = self._people_asked = False
        self.is_valid()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if who := given.get("who"):
            self._people_asked = True
            self.people = [] if who.casefold() in SYSTEM else users_meant(who)
            if not self.people and who.casefold() not in SYSTEM:
                self.add_error("who", f"Check the spelling: nobody here has “{who[:100]}”.")
        number, words = given.get("pupil"), given.get("child")
        if words:
            self.children = pupils_meant(words, self.pupils)
            self._children_asked = True
            if not self.children:
                self.add_error(
                    "child",
                    f"Check the spelling: you see no pupil with “{words[:100]}”.",
                )
        elif number is not None:
            known = 0 < number < 2**63
            self.children = list(self.pupils.filter(pk=number)) if known else []
            self._children_asked = True
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", "Enter a last day that is not before the first.")
        return given

    def applied(self) -> QuerySet[Event]:
        """The events that are asked for."""
        found = Event.objects.all()
        if self.errors or (self._children_asked and not self.children):
            return found.none()
        given = self.cleaned_data
        if self._children_asked:
            found = events_about([child.pk for child in self.children])
        if given.get("what"):
            found = found.filter(KINDS[given["what"]][1])
        batches = self._batches(given)
        return found if batches is None else found.filter(batch_id__in=batches.values("pk"))

    def _batches(self, given: dict[str, Any]) -> QuerySet[EventBatch] | None:
        """Those by whom and when; None for all."""
        since: date | None = given.get("since")
        until: date | None = given.get("until")
        batches = EventBatch.objects.all()
        if self.people:
            batches = batches.filter(actor_id__in=[user.pk for user in self.people])
        elif self._people_asked:
            batches = batches.filter(actor=given["who"].casefold())
        if since:
            batches = batches.filter(at__gte=timezone.make_aware(datetime.combine(since, time.min)))
        if until:
            batches = batches.filter(at__lte=end_of(until))
        return batches if since or until or self._people_asked else None
