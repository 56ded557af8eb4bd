"""A passkey of one's own: what it is called."""

from django import forms

from schoolgate.web.components import Line
from schoolgate.web.forms.account import RemoveForm


class PasskeyForm(forms.Form):
    """What a passkey is called."""

    name = forms.CharField(
        label="Name of the passkey",
        max_length=100,
        help_text="By which you know it again, for example “My phone”",
        error_messages={"required": "Enter a name for the passkey, for example “My phone”."},
        widget=Line(width=20, attrs={"autocomplete": "off"}),
    )


class NewPasskeyForm(RemoveForm, PasskeyForm):
    """A passkey to be made; as where one is removed, other sessions can be ended."""
