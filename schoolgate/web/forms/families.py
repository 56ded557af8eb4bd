"""Connecting adults and children, and what is known between them (ITS7)."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from schoolgate.access.family_list import Connection
from schoolgate.access.licences import every_licence
from schoolgate.access.models import Fact
from schoolgate.access.roles import PARENT
from schoolgate.kit.names import LONGEST_NAME, tidy
from schoolgate.people.queries import users_called
from schoolgate.schools.models import Pupil
from schoolgate.web.components import DayField, Line, Radios, Tick
from schoolgate.web.forms.users import NameField, PersonForm
from schoolgate.web.forms.why import PupilField, UserField
from schoolgate.web.search import pupils_described, user_described

LAST_BEFORE_FIRST = "Enter a last day that is not before the first."
YES, NO, UNKNOWN = "yes", "no", ""


class LinkForm(forms.Form):
    """As what somebody is connected to a child, and for which days."""

    licence = forms.ChoiceField(
        label="As",
        initial=PARENT.code,
        error_messages={
            "required": "Choose a licence type.",
            "invalid_choice": "Choose one of the licence types.",
        },
        widget=Radios(),
    )
    relationship = NameField(
        label="What are they to the child?",
        required=False,
        max_length=100,
        help_text="For example mother, foster carer or grandfather. It decides nothing.",
    )
    starts_on = DayField(
        label="From", required=False, help_text="Leave empty for today. For example 21/11/2026"
    )
    ends_on = DayField(
        label="Until",
        required=False,
        help_text="The last day. Leave empty when it is open. For example 30/06/2027",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [licence.role for licence in every_licence().values()]
        field = self.fields["licence"]
        field.choices = [(role.code, role.name) for role in known]  # type: ignore[attr-defined]
        field.widget.hints = {role.code: role.purpose for role in known}  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        start, end = given.get("starts_on") or timezone.localdate(), given.get("ends_on")
        if end is not None and end < start:
            self.add_error("ends_on", LAST_BEFORE_FIRST)
        return given

    def carried(self) -> list[tuple[str, str]]:
        """What the form holds, as hidden fields that say the same when they come back."""
        given = self.cleaned_data
        return [(name, str(given.get(name) or "")) for name in LinkForm.base_fields]

    @property
    def offered(self) -> list[int]:
        """The pupils (ids) among whom the form asks to choose."""
        return []


class AdultToConnect(LinkForm):
    """Somebody who is a user already."""

    field_order = ("user",)

    user = UserField(
        label="Who is it?",
        help_text="Begin with the last name or the e-mail address",
        error_messages={"required": "Enter the name, e-mail address or user name of a user."},
    )

    def carried(self) -> list[tuple[str, str]]:
        return [("user", user_described(self.cleaned_data["user"])), *super().carried()]


class ChildToConnect(LinkForm):
    """One of the children whom the reader sees."""

    field_order = ("pupil",)

    pupil = PupilField(
        label="Which child?",
        help_text="Begin with the last name or the UPN; any other identifier must be complete",
        error_messages={"required": "Enter the name or an identifier of a child."},
    )

    def __init__(self, *args: Any, pupils: QuerySet[Pupil], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pupil"].pupils = pupils  # type: ignore[attr-defined]

    def carried(self) -> list[tuple[str, str]]:
        (described,) = pupils_described([self.cleaned_data["pupil"]])
        return [("pupil", described), *super().carried()]

    @property
    def offered(self) -> list[int]:
        return [int(number) for number, _ in self.fields["pupil"].widget.found]  # type: ignore[attr-defined]


class AdultToAdd(PersonForm, LinkForm):
    """Somebody who is no user yet."""

    field_order = ("first_name", "last_name", "email", "username", "phone", "licence")

    job_title = None  # type: ignore[assignment]
    username = forms.CharField(
        label="User name",
        required=False,
        max_length=LONGEST_NAME,
        help_text="For somebody without an e-mail address of their own: a letter brings them in",
        error_messages={"max_length": "Enter a user name of 150 characters or fewer."},
        widget=Line(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )

    invite = forms.BooleanField(
        label="Send an invitation by e-mail when this is saved",
        required=False,
        help_text="With it they set up their sign-in. It can be sent later too.",
        widget=Tick(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = False

    def clean_email(self) -> str:
        try:
            return super().clean_email()
        except forms.ValidationError:
            if self.taken_by is None:
                raise
        raise forms.ValidationError(
            f"Connect {self.taken_by} instead, if it is the same person: they have this e-mail"
            " address. If they are two people, leave it empty here and enter a user name: a letter"
            " takes the place of the e-mail."
        )

    def clean_username(self) -> str:
        name = tidy(self.cleaned_data["username"])
        if "@" in name:
            raise forms.ValidationError("Enter a user name without @, or an e-mail address above.")
        if name and users_called(name):
            raise forms.ValidationError("Enter another user name: somebody here has this one.")
        return name

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "email" in given and "username" in given and not given["email"] + given["username"]:
            self.add_error(
                "email", "Enter an e-mail address, or a user name for somebody who has none."
            )
        if given.get("invite") and not given.get("email") and "email" not in self.errors:
            self.add_error("invite", "Take the tick away, or enter an e-mail address.")
        return given

    def carried(self) -> list[tuple[str, str]]:
        names = ("first_name", "last_name", "email", "username", "phone")
        invite = [("invite", "on")] if self.cleaned_data["invite"] else []
        mine = [(name, self.cleaned_data[name]) for name in names]
        return [*mine, *invite, *LinkForm.carried(self)]


class FactsForm(forms.Form):
    """The relationship, and for each fact whether it is so and for which days.

    ``connection``: what is on record, with which the form begins.
    """

    relationship = NameField(label="What are they to the child?", required=False, max_length=100)

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection = connection
        self.fields["relationship"].initial = connection.grant.relationship or ""
        for fact in Fact:
            holds, since, until = self.known(fact)
            self.fields[fact.value] = forms.ChoiceField(
                label=fact.label,
                required=False,
                initial={True: YES, False: NO}.get(holds, UNKNOWN)
                if holds is not None
                else UNKNOWN,
                choices=[(YES, "Yes"), (NO, "No"), (UNKNOWN, "Not known")],
                error_messages={"invalid_choice": "Choose Yes, No or Not known."},
                widget=Radios(),
            )
            self.fields[f"{fact.value}-since"] = DayField(
                label=f"{fact.label}: since",
                required=False,
                initial=f"{since:%d/%m/%Y}" if since else "",
                help_text="Leave empty for today. For example 21/11/2026",
            )
            self.fields[f"{fact.value}-until"] = DayField(
                label=f"{fact.label}: until",
                required=False,
                initial=f"{until:%d/%m/%Y}" if until else "",
                help_text="The last day. Leave empty when it is open.",
            )

    def known(self, fact: Fact) -> tuple[bool | None, Any, Any]:
        """What is said last of a fact, since when and until when."""
        said = self.connection.facts[fact]
        return (
            (said[-1].holds, said[-1].starts_on, said[-1].ends_on) if said else (None, None, None)
        )

    def wanted(self, fact: Fact) -> tuple[bool | None, Any, Any]:
        """The same as the form has it."""
        given = self.cleaned_data
        holds = {YES: True, NO: False}.get(given[fact.value])
        if holds is None:
            return None, None, None
        since = given[f"{fact.value}-since"] or timezone.localdate()
        return holds, since, given[f"{fact.value}-until"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for fact in Fact:
            since, until = given.get(f"{fact.value}-since"), given.get(f"{fact.value}-until")
            if until is not None and until < (since or timezone.localdate()):
                self.add_error(f"{fact.value}-until", LAST_BEFORE_FIRST)
        return given
