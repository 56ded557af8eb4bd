"""Naming an establishment: typed with suggestions, or typed in full and then chosen (LAC8)."""

import re
from typing import Any

from django import forms

from schoolgate.schools.establishments import called, described
from schoolgate.schools.models import Establishment
from schoolgate.web.components import TypeAhead

_CHOSEN = re.compile(r"URN [0-9]+", re.ASCII)


class EstablishmentField(forms.CharField):
    """An establishment, named by its name, town or URN; becomes the Establishment, or None."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "Enter its name, town or URN")
        super().__init__(
            max_length=400,
            widget=TypeAhead("establishment-suggest", mark="URN"),
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = called(text)
        exact = [school for school in found if school.urn == text.strip()]
        match exact or found:
            case [school]:
                return school
            case []:
                raise forms.ValidationError(
                    f"Check the spelling, or enter the URN: no establishment on the register is"
                    f" called “{text[:100]}”, or stands in a town of that name."
                )
        self.widget.found = [(s.urn, described(s)) for s in found]  # type: ignore[attr-defined]
        raise forms.ValidationError(
            f"Choose the one you mean: “{text[:100]}” fits {len(found)} establishments"
            f"{' or more' if len(found) == 20 else ''}."
        )

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) and _CHOSEN.fullmatch(value):
            value = next(iter(called(value)), value)
        return described(value) if isinstance(value, Establishment) else value
