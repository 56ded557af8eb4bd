"""What adding and editing a member of staff have in common."""

from typing import Any

from django.http import HttpRequest

from schoolgate.access.authority import accounts_managed
from schoolgate.access.levels import SUGGESTED
from schoolgate.access.staff_list import staff_of
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, SubjectArea
from schoolgate.web.forms.staff import StaffForm
from schoolgate.web.permissions import actor, authority
from schoolgate.web.views.staff_standing import DETAILS


def areas_of(school: Establishment) -> list[SubjectArea]:
    """The subject areas of a school by name, each with its category."""
    there = SubjectArea.objects.filter(establishment=school, gone_at__isnull=True)
    return list(there.select_related("category").order_by("name_key", "pk"))


def names_of(areas: list[SubjectArea]) -> dict[int, str]:
    """The names of subject areas by their ids."""
    return {area.pk: area.name for area in areas}


def a_form(request: HttpRequest, school: Establishment, *args: Any, **kwargs: Any) -> StaffForm:
    """The form as this reader may have it: Finance Managers are for LA Super Users to make, and of
    users who are not the reader's to manage nothing is told."""
    by = actor(request)
    return StaffForm(
        *args,
        areas=areas_of(school),
        sets_finance=authority(request).everything,
        may_name=lambda user: bool(accounts_managed(by, [user.pk])),
        **kwargs,
    )


def page_of_form(request: HttpRequest, school: Establishment, form: StaffForm) -> dict[str, Any]:
    """What the page of the form shows."""
    details = [form[name] for name in form.fields if name in DETAILS]
    return {
        "school": school,
        "form": form,
        "details": details,
        "suggested": SUGGESTED,
        "taken_by": form.taken_by,
        "taken_is_here": bool(form.taken_by) and _is_here(school, form.taken_by),
    }


def _is_here(school: Establishment, user: User | None) -> bool:
    return user is not None and staff_of(school.pk).filter(pk=user.pk).exists()
