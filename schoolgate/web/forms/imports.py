"""Uploading a file, and what is decided about it."""

from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils import timezone

from schoolgate.access.licences import every_licence
from schoolgate.access.own_roles import by_file
from schoolgate.intake.columns import KINDS
from schoolgate.intake.models import Import, State
from schoolgate.intake.sources.open_file import LOOKED_AT, refuse_other_kinds
from schoolgate.intake.sources.table import Unreadable
from schoolgate.web.components import Choice, DayField, File, Radios, Text, Tick

# In the order in which a person looks for them: what is done most stands first.
ORDER = ("users", "parents", "leavers", "pupils", "establishments", "links")


class Dependent(forms.ChoiceField):
    """A choice that another field decides the need of, and so is not called optional."""

    depends = True


class Reason(forms.CharField):
    """A line of text that something else decides the need of, and so is not called optional."""

    depends = True


class UploadForm(forms.Form):
    """What the file holds, which role (or of parents profile) it gives, and the file."""

    kind = forms.ChoiceField(
        label="What does the file hold?",
        choices=[(code, KINDS[code].name) for code in ORDER],
        error_messages={
            "required": "Choose what the file holds.",
            "invalid_choice": "Choose what the file holds.",
        },
        widget=Radios(hints={code: kind.purpose for code, kind in KINDS.items()}),
    )
    role = Dependent(
        label="Choose a user role for this import",
        required=False,
        help_text="One role for the whole file. What each role sees is told beside this form.",
        error_messages={"invalid_choice": "Choose a user role for this import."},
        widget=Choice(),
    )
    profile = Dependent(
        label="Profile",
        required=False,
        help_text="What everybody in the file is to the child whom their row names.",
        error_messages={"invalid_choice": "Choose a profile for this import."},
        widget=Choice(),
    )
    file = forms.FileField(
        label="File",
        help_text="CSV or Excel (.xlsx). Nothing is written before you have seen what it would do.",
        error_messages={
            "required": "Choose a file.",
            "empty": "Choose another file: this one is empty.",
            "max_length": "Shorten the name of the file.",
        },
        widget=File(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = ((role.code, role.name) for role in by_file().values())
        self.fields["role"].choices = [("", "Choose a role"), *named]  # type: ignore[attr-defined]
        profiles = [(code, licence.role.name) for code, licence in every_licence().items()]
        self.fields["profile"].choices = [("", "Choose a profile"), *profiles]  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile:
        """A file that cannot be what we read is sent back at once, by its first bytes."""
        file: UploadedFile = self.cleaned_data["file"]
        try:
            refuse_other_kinds(file.read(LOOKED_AT))
        except Unreadable as problem:
            raise forms.ValidationError(str(problem)) from problem
        file.seek(0)
        return file

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("kind") == "users" and not given.get("role") and "role" not in self.errors:
            self.add_error("role", "Choose a user role for this import.")
        if given.get("kind") == "parents":
            given["role"] = given.get("profile", "")
            if not given["role"] and "profile" not in self.errors:
                self.add_error("profile", "Choose a profile for this import.")
        return given


class FilterForm(forms.Form):
    """Narrows the list of imports. What is not understood narrows nothing."""

    kind = Dependent(
        label="What it holds",
        required=False,
        choices=[("", "Any kind"), *((code, KINDS[code].name) for code in ORDER)],
        widget=Choice(),
    )
    state = Dependent(
        label="State",
        required=False,
        choices=[("", "Any state"), *State.choices],
        widget=Choice(),
    )

    def narrow(self, found: QuerySet[Import]) -> QuerySet[Import]:
        """Those of the list that are wanted."""
        self.is_valid()
        wanted = {name: value for name, value in self.cleaned_data.items() if value}
        return found.filter(**wanted)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return any(self.cleaned_data.values())


class ApplyForm(forms.Form):
    """Apply what was shown; when the invitations go out; and a person's word where the brakes hold
    it (``is_held``, NEW8)."""

    shown = forms.CharField(widget=forms.HiddenInput())
    skip_faulty = forms.BooleanField(required=False, widget=forms.HiddenInput())
    invite = forms.ChoiceField(
        label="When should their invitations go out?",
        required=False,
        choices=[("now", "Now"), ("later", "On a day that you choose"), ("no", "Not now")],
    )
    invite_on = DayField(label="Day", required=False)
    is_right = forms.BooleanField(
        label="I have looked at who would be made inactive, and it is right",
        required=False,
        widget=Tick(),
    )
    over_brakes = Reason(
        label="Why is it right?",
        required=False,
        max_length=500,
        help_text="For example: the contract with the agency ended. LA Super Users can read it.",
        error_messages={"max_length": "Shorten the reason to 500 characters or fewer."},
        widget=Text(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, is_held: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_held = is_held

    def clean_invite(self) -> str:
        """Nobody is invited whose page did not ask."""
        return self.cleaned_data["invite"] or "no"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        day: date | None = given.get("invite_on")
        if given.get("invite") != "later":
            self.errors.pop("invite_on", None)
            given["invite_on"] = None
        elif day is None and "invite_on" not in self.errors:
            self.add_error("invite_on", "Enter the day on which the invitations should go out.")
        elif day is not None and day <= timezone.localdate():
            self.add_error("invite_on", "Enter a day that is still to come.")
        if not self.is_held:
            given["over_brakes"] = ""
            self.errors.pop("over_brakes", None)
            return given
        if not given.get("is_right"):
            self.add_error("is_right", "Tick this once you have looked at who they are.")
        if not given.get("over_brakes") and "over_brakes" not in self.errors:
            self.add_error("over_brakes", "Enter why it is right that so many go at once.")
        return given
