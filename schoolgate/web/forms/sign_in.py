"""Signing in, and setting up the first LA Super User."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from schoolgate.access import passwords
from schoolgate.intake.checks import is_address
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.people.passwords import LONGEST, shortest
from schoolgate.web.components import Line, Secret


class SignInForm(forms.Form):
    """Who, and their password. What is wrong with them is told in one sentence, never which."""

    name = forms.CharField(
        label="E-mail address or user name",
        max_length=254,
        error_messages={"required": "Enter your e-mail address or user name."},
        widget=Line(attrs={"autocomplete": "username", "spellcheck": "false",
                           "autocapitalize": "none"}),
    )  # fmt: skip
    password = forms.CharField(
        label="Password",
        max_length=LONGEST,
        strip=False,
        error_messages={"required": "Enter your password."},
        widget=Secret(attrs={"autocomplete": "current-password"}),
    )


class SecondStepForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=100,
        help_text="The 6 digits that your authenticator app shows now, or a recovery code",
        error_messages={"required": "Enter the code that your authenticator app shows."},
        widget=Line(attrs={"autocomplete": "one-time-code", "spellcheck": "false",
                           "autocapitalize": "none"}),
    )  # fmt: skip


class NewPassword(forms.CharField):
    """A password that is being chosen: of any characters, typed, pasted or from a manager.

    The form that has it asks :mod:`schoolgate.access.passwords` whether it will do.
    """

    def __init__(self, label: str = "Password") -> None:
        # No longest length here: a browser would cut off what is pasted, and not say so.
        super().__init__(
            label=label, strip=False, widget=Secret(attrs={"autocomplete": "new-password"})
        )
        self._say(has_second_factor=False)

    def suit(self, person: User) -> None:
        """Tell how long a password of this person must be."""
        self._say(has_second_factor=passwords.has_second_factor(person))

    def _say(self, *, has_second_factor: bool) -> None:
        least = shortest(has_second_factor=has_second_factor)
        self.help_text = (
            f"{least} characters or more. Several words that do not belong together are good."
        )
        self.error_messages["required"] = f"Enter a password of {least} characters or more."


class SetUpForm(forms.Form):
    """The first LA Super User of an empty organisation."""

    organisation = forms.CharField(
        label="Name of your organisation",
        max_length=200,
        required=False,
        help_text="As people know it, for example Northshire Virtual School",
        widget=Line(attrs={"autocomplete": "organization"}),
    )
    first_name = forms.CharField(
        label="First name",
        max_length=150,
        error_messages={"required": "Enter your first name."},
        widget=Line(attrs={"autocomplete": "given-name", "spellcheck": "false"}),
    )
    last_name = forms.CharField(
        label="Last name",
        max_length=150,
        error_messages={"required": "Enter your last name."},
        widget=Line(attrs={"autocomplete": "family-name", "spellcheck": "false"}),
    )
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="With this you sign in",
        error_messages={
            "required": "Enter your e-mail address.",
            "invalid": "Enter an e-mail address like name@school.sch.uk.",
        },
        widget=Line(attrs={"autocomplete": "email", "spellcheck": "false", "type": "email"}),
    )
    password = NewPassword()

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if not is_address(email):
            raise ValidationError("Enter an e-mail address like name@school.sch.uk.")
        return email

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        password = given.get("password")
        if password:
            person = User(
                email=given.get("email", ""),
                first_name=given.get("first_name", ""),
                last_name=given.get("last_name", ""),
            )
            try:
                passwords.check(password, person, organisation=given.get("organisation", ""))
            except Refusal as refusal:
                self.add_error("password", str(refusal))
        return given


class ChoosePasswordForm(forms.Form):
    """The password of somebody who was invited. ``person``: whose name and address it is not."""

    password = NewPassword()

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        field = self.fields["password"]
        if isinstance(field, NewPassword):
            field.suit(person)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        try:
            passwords.check(password, self.person)
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None
        return password
