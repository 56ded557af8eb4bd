"""Subject areas and their categories (PP7)."""

from collections.abc import Sequence
from typing import Any

from django import forms

from schoolgate.kit.names import name_key
from schoolgate.people.models import User
from schoolgate.schools.models import SubjectArea, SubjectCategory
from schoolgate.web.components import Choice, Ticks
from schoolgate.web.forms.users import NameField

GONE = "Choose again: this is there no more."


class NamedForm(forms.Form):
    """A name within a school."""

    name = NameField(label="Name", max_length=100, error_messages={"required": "Enter a name."})

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name_key(name):
            raise forms.ValidationError("Enter a name that has letters in it.")
        return name


class SubjectForm(NamedForm):
    """A subject area: its name, and the category it is in."""

    category = forms.ChoiceField(
        label="Category",
        required=False,
        help_text="For choosing several subject areas in one step",
        error_messages={"invalid_choice": GONE},
        widget=Choice(),
    )

    def __init__(self, *args: Any, categories: Sequence[SubjectCategory], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "None"), *((str(one.pk), one.name) for one in categories)]
        self.fields["category"].choices = choices  # type: ignore[attr-defined]
        if not categories:
            del self.fields["category"]

    @property
    def category_id(self) -> int | None:
        """The category that was chosen; None for none."""
        return int(self.cleaned_data.get("category") or 0) or None


class NewSubjectForm(SubjectForm):
    """A subject area to add. ``leaders``: those who lead all the others, offered to lead it too."""

    lead = forms.MultipleChoiceField(
        label="Leaders of it too",
        required=False,
        help_text="They lead all the other subject areas",
        error_messages={"invalid_choice": "Choose again: one of them does not lead all any more."},
        widget=Ticks(),
    )

    def __init__(self, *args: Any, leaders: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(user.pk), str(user)) for user in leaders]
        self.fields["lead"].choices = choices  # type: ignore[attr-defined]
        if not leaders and "lead" not in self.data:
            del self.fields["lead"]


class CategoryForm(NamedForm):
    """A category and the subject areas in it; one that is in another comes over."""

    subjects = forms.MultipleChoiceField(
        label="Subject areas in it",
        required=False,
        help_text="Each is in one category; one that is in another comes over",
        error_messages={"invalid_choice": "Choose again: one of these is there no more."},
        widget=Ticks(),
    )

    def __init__(self, *args: Any, areas: Sequence[SubjectArea], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(area.pk), area.name) for area in areas]
        self.fields["subjects"].choices = choices  # type: ignore[attr-defined]
        if not areas:
            del self.fields["subjects"]
