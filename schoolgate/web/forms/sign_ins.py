"""Filtering what happened at the doors: by outcome, door, user and day."""

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from schoolgate.kit.dates import end_of
from schoolgate.people.models import User
from schoolgate.sign_in.models import Door, Outcome, SignInEvent
from schoolgate.sign_in.queries import beginning_of
from schoolgate.web.forms.events import Day, Words
from schoolgate.web.forms.pupils import Filter
from schoolgate.web.search import users_meant


class SignInFilters(forms.Form):
    """Which of them to show. What cannot be read is said at its field, and shows nothing."""

    who = Words(label="Who", help_text="Name or e-mail address")
    outcome = Filter(
        label="Outcome", required=False, choices=[("", "Everything"), *Outcome.choices]
    )
    door = Filter(
        label="By",
        required=False,
        choices=[
            ("", "Every way in"),
            *((code, str(door).capitalize()) for code, door in Door.choices),
        ],
    )
    since = Day(label="From", required=False)
    until = Day(label="Until", required=False)
    # What the link on a user's page says.
    user = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people: list[User] = []
        self._people_asked = False
        self.is_valid()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        number, who = given.get("user"), given.get("who")
        if who:
            self._people_asked, self.people = True, users_meant(who)
            if not self.people:
                self.add_error("who", f"Check the spelling: nobody here has “{who[:100]}”.")
        elif number is not None:
            self._people_asked = True
            self.people = list(User.objects.filter(pk=number)) if 0 < number < 2**63 else []
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", "Enter a last day that is not before the first.")
        return given

    def applied(self) -> QuerySet[SignInEvent]:
        """The events that are asked for."""
        found = SignInEvent.objects.all()
        if self.errors:
            return found.none()
        given = self.cleaned_data
        since: date | None = given.get("since")
        until: date | None = given.get("until")
        if self._people_asked:
            found = found.filter(user_id__in=[user.pk for user in self.people])
        for name in ("outcome", "door"):
            if given.get(name):
                found = found.filter(**{name: given[name]})
        if since:
            found = found.filter(at__gte=beginning_of(since))
        if until:
            found = found.filter(at__lte=end_of(until))
        return found
