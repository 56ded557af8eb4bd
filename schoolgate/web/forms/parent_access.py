"""Settings > Parents: who of them may sign in, and what they are told of staff (ITS1, ITS9)."""

from django import forms

from schoolgate.access.parent_access import standing_of
from schoolgate.schools.models import Organisation
from schoolgate.web.components import Radios

ON, OFF = "on", "off"


class ParentAccessForm(forms.Form):
    """What the organisation has decided. ``seen``: what was set when the page was opened."""

    access = forms.ChoiceField(
        label="May parents sign in?",
        help_text="Parents, and everybody else who holds a licence type and no role of staff.",
        choices=[(ON, "Yes, where their child’s school is switched on too"), (OFF, "No")],
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose whether parents may sign in."
        ),
        widget=Radios(
            hints={
                ON: "Of a child who is at no school today, this is enough.",
                OFF: "Their links to children stay as they are.",
            }
        ),
    )
    names = forms.ChoiceField(
        label="Who can see my child’s record?",
        help_text="What a parent is told of the staff who see their child. Of other parents they"
        " are told nothing, nor of anybody who sees the child only because the child is in care.",
        choices=[(OFF, "Their roles, and how many they are"), (ON, "Their names too")],
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose what parents are told of staff."
        ),
        widget=Radios(),
    )
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, organisation: Organisation | None) -> "ParentAccessForm":
        """The form with what is set now."""
        one = organisation or Organisation()
        return cls(
            initial={
                "access": ON if one.parent_access else OFF,
                "names": ON if one.names_to_parents else OFF,
                "seen": standing_of(one),
            }
        )
