"""The address to which an invitation goes."""

from typing import Any

from django import forms

from schoolgate.intake import checks
from schoolgate.kit.names import email_key, tidy
from schoolgate.people.models import User
from schoolgate.web.components import Line


class AddressForm(forms.Form):
    """An e-mail address. ``tells``: whether the reader may be told who has it already."""

    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        help_text="The invitation goes to it, and with it they sign in",
        error_messages={
            "required": "Enter an e-mail address.",
            "max_length": "Enter an e-mail address of 254 characters or fewer.",
        },
        widget=Line(attrs={"autocomplete": "off", "spellcheck": "false", "type": "email",
                           "autocapitalize": "none"}),
    )  # fmt: skip

    def __init__(self, *args: Any, person: User, tells: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person, self._tells = person, tells

    def clean_email(self) -> str:
        """The address without blanks to spare, which is nobody else's."""
        email = tidy(self.cleaned_data["email"])
        if not checks.is_address(email):
            raise forms.ValidationError("Enter an e-mail address like name@school.sch.uk.")
        others = User.objects.filter(email_key=email_key(email), gone_at__isnull=True)
        taken_by = others.exclude(pk=self._person.pk).first()
        if taken_by and self._tells:
            raise forms.ValidationError(
                f"Enter another e-mail address, or edit {taken_by} instead: they have this one."
            )
        if taken_by:
            raise forms.ValidationError(
                "Enter another e-mail address, or ask an LA Super User: this one cannot be used."
            )
        return email
