"""A passkey of one's own: what it is called."""

from django import forms

from schoolgate.web.components import Line, Tick

EVERYWHERE_ELSE = "Sign out everywhere else"


class PasskeyForm(forms.Form):
    """What a passkey is called."""

    name = forms.CharField(
        label="Name of the passkey",
        max_length=100,
        help_text="By which you know it again, for example “My phone”",
        error_messages={"required": "Enter a name for the passkey, for example “My phone”."},
        widget=Line(width=20, attrs={"autocomplete": "off"}),
    )


class NewPasskeyForm(PasskeyForm):
    """A passkey to be made."""

    sign_out_others = forms.BooleanField(
        label=EVERYWHERE_ELSE,
        required=False,
        help_text="On other devices and in other browsers you then have to sign in again",
        widget=Tick(),
    )
