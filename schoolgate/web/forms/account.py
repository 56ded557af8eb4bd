"""My account: details, password, second factors, and proving who one is."""

from typing import Any

from django import forms

from schoolgate.people.models import User
from schoolgate.people.passwords import LONGEST
from schoolgate.web.components import Line, Secret, Tick
from schoolgate.web.forms.sign_in import ChoosePasswordForm, NewPassword
from schoolgate.web.forms.users import NameField


def _others() -> forms.BooleanField:
    return forms.BooleanField(
        label="Sign out everywhere else",
        required=False,
        initial=True,
        help_text="On every other device on which you are signed in now. This one stays signed in.",
        widget=Tick,
    )


def _digits() -> forms.CharField:
    return forms.CharField(
        label="Code",
        max_length=20,
        help_text="The 6 digits that the app shows now",
        error_messages={
            "required": "Enter the 6 digits that the app shows.",
            "max_length": "Enter the 6 digits that the app shows.",
        },
        widget=Line(
            width=10,
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "spellcheck": "false",
            },
        ),
    )


def _password(label: str, missing: str, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONGEST,
        strip=False,
        error_messages={"required": missing},
        widget=Secret(attrs={"autocomplete": autocomplete}),
    )


class DetailsForm(forms.Form):
    """What users change of themselves. ``seen``: how it was when the page was opened (S57)."""

    phone = NameField(label="Phone", required=False, max_length=50)
    job_title = NameField(label="Job title", required=False)
    seen = forms.CharField(max_length=1000, required=False, widget=forms.HiddenInput)


class PasswordForm(ChoosePasswordForm):
    """A new password, with the one it replaces if ``person`` has one."""

    current = _password(
        "Password you have now", "Enter the password that you have now.", "current-password"
    )
    password = NewPassword("New password")
    others = _others()
    field_order = ("current", "password", "others")

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, person=person, **kwargs)
        if not person.has_password:
            del self.fields["current"]


class AppForm(forms.Form):
    """A code that shows that the app has the secret."""

    code = _digits()
    others = _others()


class RemoveForm(forms.Form):
    """Taking a second factor away."""

    others = _others()


class ConfirmPasswordForm(forms.Form):
    """It is you: by your password."""

    password = _password("Password", "Enter your password.", "current-password")


class ConfirmCodeForm(forms.Form):
    """It is you: by your authenticator app."""

    code = _digits()
