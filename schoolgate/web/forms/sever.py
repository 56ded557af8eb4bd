"""Severing a pupil's record: why, and the name that the second person types."""

from django import forms

from schoolgate.web.components import Line, Text

LONGEST_REASON = 500


class AskForm(forms.Form):
    """What the first person says."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        help_text="What it rests on: the court’s order, its date and where it is kept. The second"
        " person decides by it.",
        error_messages={
            "required": "Enter a reason: the second person decides by it.",
            "max_length": f"Shorten the reason to {LONGEST_REASON} characters or fewer.",
        },
        widget=Text(attrs={"rows": 4}),
    )


class ConfirmForm(forms.Form):
    """What the second person types."""

    name = forms.CharField(
        label="Type the child’s first name and last name",
        max_length=400,
        error_messages={
            "required": "Type the child’s first name and last name as they stand above.",
        },
        widget=Line(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
