"""Uploading a file, and answering what its check asks."""

from typing import Any

from django import forms

from schoolgate.access.roles import ROLES
from schoolgate.intake.columns import KINDS
from schoolgate.web.components import Choice, File, Radios

# In the order in which an organisation needs them: schools, their links, pupils, then people.
ORDER = ("users", "pupils", "establishments", "links")


class Dependent(forms.ChoiceField):
    """A choice that another field decides the need of, and so is not called optional."""

    depends = True


class UploadForm(forms.Form):
    """What the file holds, which role it gives, and the file."""

    kind = forms.ChoiceField(
        label="What does the file hold?",
        choices=[(code, KINDS[code].name) for code in ORDER],
        error_messages={"required": "Choose what the file holds."},
        widget=Radios(hints={code: kind.purpose for code, kind in KINDS.items()}),
    )
    role = Dependent(
        label="Choose a user role for this import",
        required=False,
        help_text="For a file of users: one role for the whole file",
        choices=[("", "Choose a role"), *((role.code, role.name) for role in ROLES.values())],
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

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("kind") == "users" and not given.get("role"):
            self.add_error("role", "Choose a user role for this import.")
        return given
