"""Handing over: which of it, and to whom."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse

from schoolgate.people.models import User
from schoolgate.web.components import Radios, Ticks, TypeAhead
from schoolgate.web.forms.why import UserField
from schoolgate.web.search import called, user_described

ALL, SOME = "all", "some"


class StaffTypeAhead(TypeAhead):
    """Suggests people of one school."""

    school_id = 0

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["address"] = reverse("school-staff-suggest", args=[self.school_id])
        return context


class StaffField(UserField):
    """One of the staff of a school (``staff``), by name or e-mail address; becomes the User."""

    def __init__(self, school_id: int, staff: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.staff = staff
        self.widget = StaffTypeAhead("user-suggest", mark="User number")
        self.widget.school_id = school_id

    def clean(self, value: Any) -> Any:
        text = str(forms.CharField.clean(self, value))
        number = text.removeprefix("User number ")
        if number != text and number.isascii() and number.isdigit() and len(number) <= 18:
            found = list(self.staff.filter(pk=int(number)))
        else:
            found = staff_meant(text, self.staff)
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(
                f"Check the spelling: nobody on the staff here has “{text[:100]}”."
            )
        self.widget.found = [(str(user.pk), user_described(user)) for user in found]  # type: ignore[attr-defined]
        raise forms.ValidationError(f"Choose the one you mean: “{text[:100]}” fits several people.")


def staff_meant(text: str, staff: QuerySet[User], limit: int = 8) -> list[User]:
    """Those of the staff whom ``text`` may mean, as :func:`web.search.users_meant`."""
    described = text.rpartition(", ")[2] if ", " in text else text
    for words in (text.strip(), described.strip()):
        found = called(staff, words).order_by("last_key", "first_key", "pk") if words else ()
        if shown := list(found[:limit]):
            return shown
    return []


class HandoverForm(forms.Form):
    """All or some of what somebody holds, and the colleague."""

    colleague = UserField(
        label="Who takes over?",
        help_text="Their name, e-mail address or user name",
        error_messages={"required": "Enter the name or e-mail address of the colleague."},
    )
    which = forms.ChoiceField(
        label="What is handed over?",
        choices=[(ALL, "All of it"), (SOME, "Only what is ticked here")],
        widget=Radios,
        initial=ALL,
        required=False,
    )
    what = forms.MultipleChoiceField(
        label="Which of it?",
        required=False,
        widget=Ticks,
        error_messages={"invalid_choice": "Tick again: something of it is there no more."},
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("which") == SOME and not given.get("what") and "what" not in self.errors:
            self.add_error("what", "Tick what is handed over, or choose all of it.")
        return given
