"""Adding and editing a user by hand (LAC11, LAC12)."""

from collections.abc import Iterable
from typing import Any

from django import forms

from schoolgate.access.own_roles import user_roles
from schoolgate.access.roles import DESIGNATED_TEACHER, Role
from schoolgate.intake import checks
from schoolgate.kit.names import email_key, name_key, tidy
from schoolgate.people.models import User
from schoolgate.schools.establishments import described
from schoolgate.schools.models import Establishment
from schoolgate.web.components import Choice, Line, Radios, Tick, Ticks
from schoolgate.web.forms.establishments import EstablishmentField

ONE_OF_THE_ROLES = "Choose one of the roles."
STATUSES = [("active", "Active"), ("inactive", "Inactive: cannot sign in and sees nobody")]


class NameField(forms.CharField):
    """A name, or another short text, without blanks to spare."""

    def __init__(self, *, max_length: int = 150, **kwargs: Any) -> None:
        errors = {"max_length": f"Shorten this to {max_length} characters or fewer."}
        errors |= kwargs.pop("error_messages", {})
        super().__init__(
            max_length=max_length,
            error_messages=errors,
            widget=Line(attrs={"autocomplete": "off", "spellcheck": "false"}),
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return tidy(str(super().to_python(value) or ""))


class PersonForm(forms.Form):
    """Who somebody is and where they work. ``taken_by``: the user who has the address typed."""

    first_name = NameField(label="First name", error_messages={"required": "Enter a first name."})
    last_name = NameField(label="Last name", error_messages={"required": "Enter a last name."})
    email = forms.CharField(
        label="E-mail address",
        max_length=254,
        help_text="With this they sign in",
        error_messages={
            "required": "Enter an e-mail address.",
            "max_length": "Enter an e-mail address of 254 characters or fewer.",
        },
        widget=Line(attrs={"autocomplete": "off", "spellcheck": "false", "type": "email",
                           "autocapitalize": "none"}),
    )  # fmt: skip
    job_title = NameField(label="Job title", required=False)
    phone = NameField(label="Phone", required=False, max_length=50)

    person: User | None = None
    taken_by: User | None = None

    def clean_first_name(self) -> str:
        return _with_letters(self.cleaned_data["first_name"], "first")

    def clean_last_name(self) -> str:
        return _with_letters(self.cleaned_data["last_name"], "last")

    def clean_email(self) -> str:
        email = tidy(self.cleaned_data["email"])
        if email and not checks.is_address(email):
            raise forms.ValidationError("Enter an e-mail address like name@school.sch.uk.")
        if email:
            others = User.objects.filter(email_key=email_key(email), gone_at__isnull=True)
            self.taken_by = others.exclude(pk=self.person.pk if self.person else 0).first()
        if self.taken_by:
            raise forms.ValidationError(
                f"Enter another e-mail address, or edit {self.taken_by} instead: they have this"
                " one."
            )
        return email

    def carried(self) -> list[tuple[str, str]]:
        """What the form holds, as hidden fields that say the same when they come back."""
        values: list[tuple[str, str]] = []
        for name, field in self.fields.items():
            given = self.cleaned_data.get(name)
            if isinstance(given, Establishment):
                values.append((name, described(given)))
            elif isinstance(field, forms.BooleanField):
                values += [(name, "on")] if given else []
            elif isinstance(given, list):
                values += [(name, str(value)) for value in given]
            else:
                values.append((name, str(given or "")))
        return values


def _offer(field: forms.Field, roles: Iterable[Role]) -> None:
    """Let a field have these roles to choose from, each with what it is for."""
    known = list(roles)
    field.choices = [(role.code, role.name) for role in known]  # type: ignore[attr-defined]
    field.widget.hints = {role.code: role.purpose for role in known}


def _with_letters(name: str, which: str) -> str:
    if name and not name_key(name):
        raise forms.ValidationError(f"Enter a {which} name that has letters in it.")
    return name


class AddForm(PersonForm):
    """A user to add. The role decides what the establishment means."""

    field_order = ("role", "first_name", "last_name", "email", "job_title", "phone")

    role = forms.ChoiceField(
        label="Role",
        error_messages={"required": "Choose a role.", "invalid_choice": ONE_OF_THE_ROLES},
        widget=Radios(),
    )
    establishment = EstablishmentField(
        label="Establishment",
        required=False,
        help_text="Its name, town or URN. For a Designated Teacher it decides which pupils they"
        " see; for others it is where they work, and opens nothing.",
    )
    school_unknown = forms.BooleanField(
        label="The school of this Designated Teacher is not known yet",
        required=False,
        help_text="They then see nobody until a school is entered",
        widget=Tick(),
    )
    status = forms.ChoiceField(
        label="Status", choices=STATUSES, initial="active", widget=Choice(), required=True
    )
    invite = forms.BooleanField(
        label="Send the invitation when this is saved",
        required=False,
        initial=True,
        help_text="An e-mail with a link with which they set up their sign-in",
        widget=Tick(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["role"], user_roles().values())

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("role") == DESIGNATED_TEACHER.code and "establishment" in given:
            school, unknown = given["establishment"], given.get("school_unknown")
            if school is None and not unknown:
                self.add_error(
                    "establishment",
                    "Enter the school of this Designated Teacher, or tick that it is not known"
                    " yet.",
                )
            if school is not None and unknown:
                self.add_error(
                    "school_unknown", "Take the tick away, or empty the field of the establishment."
                )
        return given


class EditForm(PersonForm):
    """A user to edit; ``schools``: those offered as places of a Designated Teacher."""

    roles = forms.MultipleChoiceField(
        label="Roles",
        required=False,
        error_messages={"invalid_choice": ONE_OF_THE_ROLES},
        widget=Ticks(),
    )
    schools = forms.MultipleChoiceField(
        label="Designated Teacher at",
        required=False,
        help_text="Take a tick away to end it",
        error_messages={"invalid_choice": "Choose among the establishments shown."},
        widget=Ticks(),
    )
    add_school = EstablishmentField(
        label="Another establishment where they are Designated Teacher", required=False
    )
    school_unknown = forms.BooleanField(
        label="The school of this Designated Teacher is not known yet",
        required=False,
        help_text="They then see nobody as Designated Teacher until a school is entered",
        widget=Tick(),
    )
    establishment = EstablishmentField(
        label="Works at",
        required=False,
        help_text="Its name, town or URN. Where somebody works opens nothing by itself.",
    )
    status = forms.ChoiceField(label="Status", choices=STATUSES, widget=Choice(), required=True)
    invite = forms.BooleanField(
        label="Send an invitation when this is saved",
        required=False,
        help_text="They have not set up their sign-in yet",
        widget=Tick(),
    )

    def __init__(
        self,
        *args: Any,
        person: User,
        schools: Iterable[Establishment],
        can_invite: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        _offer(self.fields["roles"], user_roles().values())
        self.places = {school.urn: school for school in schools}
        choices = [(urn, described(school)) for urn, school in self.places.items()]
        self.fields["schools"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            self.fields["schools"].widget = forms.MultipleHiddenInput()
        self.fields["email"].required = not person.username
        if not can_invite:
            del self.fields["invite"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "schools" not in given or "add_school" not in given:
            return given
        added = given["add_school"]
        if added is not None:
            self.places[added.urn] = added
            given["schools"] = sorted({*given["schools"], added.urn})
        teaches = DESIGNATED_TEACHER.code in given.get("roles", [])
        if teaches and not given["schools"] and not given["school_unknown"]:
            self.add_error(
                "add_school",
                "Enter the school of this Designated Teacher, or tick that it is not known yet.",
            )
        if teaches and given["schools"] and given["school_unknown"]:
            self.add_error("school_unknown", "Take this tick away: a school is known.")
        if not teaches and given["schools"]:
            self.add_error(
                "roles", "Tick Designated Teacher, or take the ticks at their schools away."
            )
        return given

    def carried(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in super().carried() if name != "add_school"]
