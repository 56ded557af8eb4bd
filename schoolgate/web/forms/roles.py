"""Adding and changing a role of the organisation's own (LAC15)."""

from typing import Any

from django import forms

from schoolgate.access.models import OwnRole
from schoolgate.access.role_names import LONGEST_NAME, LONGEST_PURPOSE
from schoolgate.access.roles import Detail
from schoolgate.web.components import Line, Radios

SHOWS = {
    Detail.EVERYTHING.value: "Everything: also whether the child is in care, who else works with"
    " them, and the messages about them",
    Detail.REGISTER.value: "The register: name, school, year, class and identifiers",
}


class RoleForm(forms.Form):
    """A role over pupils: what it is called, what it is for, and what it shows."""

    name = forms.CharField(
        label="Name of the role",
        max_length=LONGEST_NAME,
        help_text="For example Independent Reviewing Officer",
        error_messages={
            "required": "Enter a name for the role.",
            "max_length": f"Shorten the name to {LONGEST_NAME} characters or fewer.",
        },
        widget=Line(attrs={"autocomplete": "off"}),
    )
    purpose = forms.CharField(
        label="What it is for",
        required=False,
        max_length=LONGEST_PURPOSE,
        help_text="A sentence that is shown wherever the role can be chosen",
        error_messages={
            "max_length": f"Shorten this to {LONGEST_PURPOSE} characters or fewer.",
        },
        widget=Line(attrs={"autocomplete": "off"}),
    )
    shows = forms.ChoiceField(
        label="What does it show of the children linked to it?",
        choices=list(SHOWS.items()),
        help_text="This cannot be changed later: what somebody could see on a past day is answered"
        " by it.",
        error_messages={
            "required": "Choose what the role shows of a child.",
            "invalid_choice": "Choose what the role shows of a child.",
        },
        widget=Radios(),
    )
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, role: OwnRole | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if role is not None:
            del self.fields["shows"]
            self.initial = {"name": role.name, "purpose": role.purpose, "seen": role.standing()}
