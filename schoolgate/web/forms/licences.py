"""Adding and changing a licence type (PT11)."""

from typing import Any

from django import forms

from schoolgate.access.licences import BLOCK_NAMES
from schoolgate.access.models import LicenceType
from schoolgate.access.role_names import LONGEST_NAME, LONGEST_PURPOSE
from schoolgate.web.components import Line, Ticks


class LicenceForm(forms.Form):
    """A licence type: what it is called, what it is for, and what it shows of a child."""

    name = forms.CharField(
        label="Name of the licence type",
        max_length=LONGEST_NAME,
        help_text="For example Childminder",
        error_messages={
            "required": "Enter a name for the licence type.",
            "max_length": f"Shorten the name to {LONGEST_NAME} characters or fewer.",
        },
        widget=Line(attrs={"autocomplete": "off"}),
    )
    purpose = forms.CharField(
        label="What it is for",
        required=False,
        max_length=LONGEST_PURPOSE,
        help_text="A sentence that is shown wherever the licence type can be chosen",
        error_messages={"max_length": f"Shorten this to {LONGEST_PURPOSE} characters or fewer."},
        widget=Line(attrs={"autocomplete": "off"}),
    )
    blocks = forms.MultipleChoiceField(
        label="What does it show of the children linked to it?",
        required=False,
        choices=[(block.value, name) for block, name in BLOCK_NAMES.items()],
        help_text="Beside the name. Somebody who is linked to a child by several licence types is"
        " shown what any of them shows.",
        error_messages={"invalid_choice": "Choose from what there is."},
        widget=Ticks(),
    )
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, licence: LicenceType | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if licence is None:
            return
        self.initial = {
            "name": licence.name,
            "purpose": licence.purpose,
            "blocks": licence.blocks,
            "seen": licence.standing(),
        }
        if licence.builtin:
            del self.fields["name"], self.fields["purpose"]
