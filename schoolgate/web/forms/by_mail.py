"""What is asked for by mail: a new password, a code, another address."""

from django import forms
from django.core.exceptions import ValidationError

from schoolgate.intake.checks import is_address
from schoolgate.web.components import Line


class NameForm(forms.Form):
    """Under which name mail is asked for. Whether somebody has it is told to nobody (S11)."""

    name = forms.CharField(
        label="E-mail address or user name",
        max_length=254,
        error_messages={"required": "Enter your e-mail address or user name."},
        widget=Line(attrs={"autocomplete": "username", "spellcheck": "false",
                           "autocapitalize": "none"}),
    )  # fmt: skip


class CodeForm(forms.Form):
    """The code from the mail, with or without blanks."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text="Six digits, from the e-mail",
        error_messages={"required": "Enter the code from the e-mail."},
        widget=Line(width=10, attrs={"autocomplete": "one-time-code", "inputmode": "numeric",
                                     "spellcheck": "false"}),
    )  # fmt: skip

    def clean_code(self) -> str:
        return "".join(str(self.cleaned_data["code"]).split())


class NewAddressForm(forms.Form):
    """The address with which somebody wants to sign in from now on."""

    email = forms.EmailField(
        label="New e-mail address",
        max_length=254,
        error_messages={
            "required": "Enter your new e-mail address.",
            "invalid": "Enter an e-mail address like name@school.sch.uk.",
        },
        widget=Line(attrs={"autocomplete": "email", "spellcheck": "false", "type": "email"}),
    )

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if not is_address(email):
            raise ValidationError("Enter an e-mail address like name@school.sch.uk.")
        return email
