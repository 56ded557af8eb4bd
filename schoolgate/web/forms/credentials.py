"""Whom sign-ins are given out to."""

from typing import Any

from django import forms
from django.http import QueryDict

from schoolgate.access.credentials import Whom, places_waiting
from schoolgate.web.forms.pupils import Filter


class WhomForm(forms.Form):
    """By school and class, by the import they came with, or (from a user's page) one user."""

    school = Filter(label="School", required=False)
    school_class = Filter(label="Class", required=False)
    file = Filter(label="Import they came with", required=False)
    user = forms.IntegerField(
        required=False, widget=forms.HiddenInput, min_value=1, max_value=2**62
    )

    def __init__(self, given: QueryDict) -> None:
        super().__init__(given)
        self._labels: dict[str, dict[str, str]] = {}
        known = places_waiting(_number(given.get("school")))
        self._fill("school", [("", "Every school"), *_choices(known.schools)])
        self._fill("school_class", [("", "Every class"), *_choices(known.classes)])
        imports = [(id_, f"Import {id_}: {label}") for id_, label in known.imports]
        self._fill("file", [("", "Any"), *_choices(imports)])
        if not known.classes:
            del self.fields["school_class"]
        self.is_valid()

    def _fill(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = choices
        self._labels[name] = dict(choices)

    @property
    def whom(self) -> Whom | None:
        """Whom the form says; None for what it does not offer."""
        if self.errors:
            return None
        given: dict[str, Any] = self.cleaned_data
        user = given.get("user")
        return Whom(
            school_id=_number(given.get("school")),
            class_id=_number(given.get("school_class")),
            import_id=_number(given.get("file")),
            user_ids=[user] if user else [],
        )

    @property
    def words(self) -> str:
        """What the form says, in words; empty for everybody."""
        chosen = [(name, str(self.cleaned_data.get(name) or "")) for name in self._labels]
        return ", ".join(self._labels[name][value] for name, value in chosen if value)


def _choices(rows: list[tuple[int, str]]) -> list[tuple[str, str]]:
    return [(str(id_), label) for id_, label in rows]


def _number(text: Any) -> int | None:
    text = str(text or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
