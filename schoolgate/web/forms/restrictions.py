"""Keeping a user from a child, and looking at that again (NEW5)."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from schoolgate.access.models import Restriction
from schoolgate.schools.models import Pupil
from schoolgate.web.components import DayField, Text
from schoolgate.web.forms.families import LAST_BEFORE_FIRST
from schoolgate.web.forms.why import PupilField, UserField


def _evidence() -> forms.CharField:
    return forms.CharField(
        label="Evidence",
        required=False,
        max_length=500,
        help_text="Where what it rests on is to be found: a file and its number, say",
        error_messages={"max_length": "Shorten the evidence to 500 characters or fewer."},
        widget=Text(attrs={"rows": 2}),
    )


class RestrictionForm(forms.Form):
    """Why somebody is kept from a child, and for which days."""

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
    evidence = _evidence()
    starts_on = DayField(
        label="From", required=False, help_text="Leave empty for today. For example 21/11/2026"
    )
    ends_on = DayField(
        label="Until",
        required=False,
        help_text="The last day. Leave empty when it is open. For example 30/06/2027",
    )
    review_on = DayField(
        label="Look at it again on",
        required=False,
        help_text="From that day on LA Super Users are reminded. It ends nothing.",
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        start = given.get("starts_on") or timezone.localdate()
        end = given.get("ends_on")
        if end is not None and end < start:
            self.add_error("ends_on", LAST_BEFORE_FIRST)
        return given

    @property
    def offered(self) -> list[int]:
        """The pupils (ids) among whom the form asks to choose."""
        return []


class UserToKeepOut(RestrictionForm):
    """Which user, from a child's page."""

    field_order = ("user",)

    user = UserField(
        label="Who must not see this pupil?",
        help_text="Their name, e-mail address or user name",
        error_messages={"required": "Enter the name, e-mail address or user name of a user."},
    )


class ChildToKeepFrom(RestrictionForm):
    """Which of the children whom the reader sees, from a user's page."""

    field_order = ("pupil",)

    pupil = PupilField(
        label="Which pupil must they not see?",
        help_text="Begin with the last name or the UPN",
        error_messages={"required": "Enter the name or UPN of a pupil."},
    )

    def __init__(self, *args: Any, pupils: QuerySet[Pupil], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pupil"].pupils = pupils  # type: ignore[attr-defined]

    @property
    def offered(self) -> list[int]:
        return [int(number) for number, _ in self.fields["pupil"].widget.found]  # type: ignore[attr-defined]


class ReviewForm(forms.Form):
    """A restriction that is kept: its evidence, and the day to look at it next."""

    evidence = _evidence()
    review_on = DayField(
        label="Keep it, and look at it again on",
        required=False,
        help_text="Leave empty when nobody need look at it again. For example 21/11/2027",
    )

    def __init__(self, *args: Any, restriction: Restriction, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence"].initial = restriction.evidence or ""
        day = restriction.review_on
        is_to_come = day is not None and day > timezone.localdate()
        self.fields["review_on"].initial = f"{day:%d/%m/%Y}" if is_to_come else ""

    def clean_review_on(self) -> Any:
        day = self.cleaned_data["review_on"]
        if day is not None and day <= timezone.localdate():
            raise forms.ValidationError("Enter a day that is to come, or leave it empty.")
        return day
