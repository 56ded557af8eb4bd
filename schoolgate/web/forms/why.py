"""Asking about a user: why they can, or cannot, see a child; and keeping one from a child."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from schoolgate.people.models import User
from schoolgate.people.queries import users_called
from schoolgate.web.components import DayField, Line, Text


class UserField(forms.CharField):
    """A user, named by e-mail address or user name; becomes the User."""

    widget = Line(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 254)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        if not name:
            return None
        return one_user(name)


def one_user(name: str) -> User:
    """The one user called that; raises ValidationError with the remedy when there is none."""
    match users_called(name):
        case [user]:
            return user
        case []:
            raise forms.ValidationError(
                f"Check the e-mail address or user name: nobody here has “{name[:100]}”."
            )
    raise forms.ValidationError(
        f"Enter the e-mail address in full: “{name[:100]}” is the sign-in of more than one user."
    )


class WhyForm(forms.Form):
    """Which user, and on which day."""

    user = UserField(
        label="E-mail address or user name",
        error_messages={"required": "Enter the e-mail address or user name of a user."},
    )
    on = DayField(
        label="On a past day",
        required=False,
        help_text="For example 21/11/2026. Empty means today.",
    )

    def clean_on(self) -> date | None:
        day: date | None = self.cleaned_data["on"]
        if day is not None and day > timezone.localdate():
            raise forms.ValidationError("Enter a day that has been, or leave it empty for today.")
        return day


class RestrictionForm(forms.Form):
    """Keeping a user from a child, with the reason and the days."""

    user = UserField(
        label="Who must not see this pupil?",
        help_text="Their e-mail address or user name",
        error_messages={"required": "Enter the e-mail address or user name of a user."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=500,
        help_text="For example the court order and its number. LA Super Users can read it.",
        error_messages={
            "required": "Enter the reason.",
            "max_length": "Shorten the reason to 500 characters or fewer.",
        },
        widget=Text(attrs={"rows": 3}),
    )
    starts_on = DayField(
        label="From", required=False, help_text="Leave empty for today. For example 21/11/2026"
    )
    ends_on = DayField(
        label="Until",
        required=False,
        help_text="The last day. Leave empty when it is open. For example 30/06/2027",
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        start = given.get("starts_on") or timezone.localdate()
        end = given.get("ends_on")
        if end is not None and end < start:
            self.add_error("ends_on", "Enter a last day that is not before the first.")
        return given
