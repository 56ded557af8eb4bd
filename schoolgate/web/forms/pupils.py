"""Narrowing a list of pupils down."""

from datetime import date

from django import forms
from django.db.models import QuerySet

from schoolgate.schools import today as register
from schoolgate.schools.models import CareEpisode, Pupil
from schoolgate.web.components import Choice


class Filter(forms.ChoiceField):
    """One way to narrow a list down. Its first choice is everything, so it is not "optional"."""

    widget = Choice
    depends = True


class PupilFilters(forms.Form):
    """By care. Only for readers who may see everything of every pupil."""

    care = Filter(
        label="Care",
        required=False,
        choices=[("", "All pupils"), ("now", "In care now"), ("not", "Not in care now")],
    )

    def applied_to(self, pupils: QuerySet[Pupil], day: date) -> QuerySet[Pupil]:
        """Those of ``pupils`` that were chosen; all of them for a choice that there is not."""
        chosen = self.cleaned_data.get("care") if self.is_valid() else ""
        in_care = CareEpisode.objects.filter(register.holds(day)).values("pupil_id")
        if chosen == "now":
            return pupils.filter(pk__in=in_care)
        return pupils.exclude(pk__in=in_care) if chosen == "not" else pupils
