"""Asking about a user: why they can, or cannot, see a child; and naming a user or a pupil."""

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from schoolgate.web.components import DayField, TypeAhead
from schoolgate.web.search import (
    AT_MOST,
    pupils_described,
    pupils_meant,
    user_described,
    users_meant,
)


class UserField(forms.CharField):
    """A user, named by name, e-mail address or user name; becomes the User."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 400)
        super().__init__(widget=TypeAhead("user-suggest", mark="User number"), **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if number := _number(text, "User number"):
            found = list(User.objects.filter(pk=number, gone_at__isnull=True))
        else:
            found = users_meant(text)
        match found:
            case [user]:
                return user
            case []:
                raise forms.ValidationError(
                    "Check the spelling, or enter the whole e-mail address or user name: nobody"
                    f" here has “{text[:100]}”."
                )
        self.widget.found = [  # type: ignore[attr-defined]
            (str(user.pk), user_described(user)) for user in found
        ]
        raise forms.ValidationError(_several(text, len(found), "users"))


class PupilField(forms.CharField):
    """One of the pupils whom the reader may see (``pupils``), by name or UPN; becomes the Pupil."""

    def __init__(self, **kwargs: Any) -> None:
        self.pupils = Pupil.objects.none()
        super().__init__(
            max_length=400, widget=TypeAhead("pupil-suggest", mark="Pupil number"), **kwargs
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        number = _number(text, "Pupil number")
        found = list(self.pupils.filter(pk=number)) if number else pupils_meant(text, self.pupils)
        match found:
            case [pupil]:
                return pupil
            case []:
                raise forms.ValidationError(
                    "Check the spelling, or enter the UPN: you see no pupil whose last name or UPN"
                    f" begins with “{text[:100]}”."
                )
        self.widget.found = [  # type: ignore[attr-defined]
            (str(pupil.pk), words)
            for pupil, words in zip(found, pupils_described(found), strict=True)
        ]
        raise forms.ValidationError(_several(text, len(found), "pupils"))


def _number(text: str, mark: str) -> int | None:
    number = text.removeprefix(f"{mark} ")
    if number == text or not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    return int(number)


def _several(text: str, count: int, things: str) -> str:
    or_more = " or more" if count == AT_MOST else ""
    return f"Choose the one you mean: “{text[:100]}” fits {count}{or_more} {things}."


class DayBefore(DayField):
    """A day that has been; empty means today."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="On a past day",
            required=False,
            help_text="For example 21/11/2026. Empty means today.",
            **kwargs,
        )

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and day > timezone.localdate():
            raise forms.ValidationError("Enter a day that has been, or leave it empty for today.")
        return day


class WhyForm(forms.Form):
    """Which user, and on which day."""

    user = UserField(
        label="Name, e-mail address or user name",
        help_text="Begin with the last name or the e-mail address",
        error_messages={"required": "Enter the name, e-mail address or user name of a user."},
    )
    on = DayBefore()


class WhyPupilForm(forms.Form):
    """Which pupil, of those whom the reader may see, and on which day."""

    pupil = PupilField(
        label="Name or UPN of the pupil",
        help_text="Begin with the last name or the UPN",
        error_messages={"required": "Enter the name or UPN of a pupil."},
    )
    on = DayBefore()

    def __init__(self, *args: Any, pupils: QuerySet[Pupil], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pupil"].pupils = pupils  # type: ignore[attr-defined]


class SocialWorkerForm(forms.Form):
    """Which user is to be a child's social worker."""

    user = UserField(
        label="Who is the social worker?",
        help_text="Their name, e-mail address or user name",
        error_messages={"required": "Enter the name, e-mail address or user name of a user."},
    )
