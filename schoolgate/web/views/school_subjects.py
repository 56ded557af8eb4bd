"""My school > Subject areas: the list, with what adds a subject area or a category (PP7)."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.access.actions import grant
from schoolgate.access.authority import may_run
from schoolgate.access.levels import leaders_of_all, leading, to_lead
from schoolgate.audit.actions import batch
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools import classes
from schoolgate.schools.models import ClassSubject, Establishment, SubjectArea, SubjectCategory
from schoolgate.schools.today import holds
from schoolgate.web.forms.subjects import NamedForm, NewSubjectForm
from schoolgate.web.permissions import actor, authority, leads_in_school
from schoolgate.web.views.staff_form import areas_of


@dataclass(frozen=True)
class Line:
    """A subject area as the list shows it."""

    area: SubjectArea
    leaders: list[User]
    classes: int


@dataclass(frozen=True)
class Group:
    """The subject areas of a category, or (None) those in none."""

    category: SubjectCategory | None
    lines: list[Line]


@leads_in_school
@require_http_methods(["GET", "HEAD", "POST"])
def subjects(request: HttpRequest, school: Establishment) -> HttpResponse:
    """The subject areas that the reader may manage; for who runs the school, a way to add some."""
    if request.method != "POST":
        return _page(request, school, _new_subject(school), NamedForm(prefix="category"))
    if not authority(request).runs(school.pk):
        raise Http404
    if request.POST.get("step") == "category":
        return _add_category(request, school)
    return _add_subject(request, school)


def _add_subject(request: HttpRequest, school: Establishment) -> HttpResponse:
    form, by = _new_subject(school, request.POST), actor(request)
    if form.is_valid():
        try:
            with batch(by=by):
                may_run(by, [school.pk])
                row = classes.Named(school.pk, form.cleaned_data["name"])
                (pk,) = classes.create(SubjectArea, [row], by=by)
                if form.category_id:
                    classes.put_in_category([(pk, form.category_id)], by=by)
                leaders = [int(id_) for id_ in form.cleaned_data.get("lead", ())]
                new = to_lead(leaders, SubjectArea.objects.get(pk=pk))
                grant(new, by=by, source=Source.BY_HAND)
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, f"{form.cleaned_data['name']} has been added.")
            return redirect("school-subject", school.pk, pk)
    return _page(request, school, form, NamedForm(prefix="category"))


def _add_category(request: HttpRequest, school: Establishment) -> HttpResponse:
    form, by = NamedForm(request.POST, prefix="category"), actor(request)
    if form.is_valid():
        try:
            with batch(by=by):
                may_run(by, [school.pk])
                row = classes.Named(school.pk, form.cleaned_data["name"])
                (pk,) = classes.create(SubjectCategory, [row], by=by)
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(
                request, f"{form.cleaned_data['name']} has been added. Tick what is in it."
            )
            return redirect("school-category", school.pk, pk)
    return _page(request, school, _new_subject(school), form)


def _new_subject(school: Establishment, *given: Any) -> NewSubjectForm:
    return NewSubjectForm(
        *given, categories=categories_of(school), leaders=leaders_of_all(school.pk)
    )


def categories_of(school: Establishment) -> list[SubjectCategory]:
    """The categories of a school by name."""
    there = SubjectCategory.objects.filter(establishment=school, gone_at__isnull=True)
    return list(there.order_by("name_key", "pk"))


def _page(
    request: HttpRequest, school: Establishment, form: NewSubjectForm, category: NamedForm
) -> HttpResponse:
    mine = authority(request)
    runs = mine.runs(school.pk)
    shown = [area for area in areas_of(school) if runs or area.pk in mine.subjects]
    return render(
        request,
        "web/school_subjects.html",
        {
            "school": school,
            "runs": runs,
            "groups": _groups(shown, categories_of(school) if runs else []),
            "form": category if category.is_bound else form,
            "subject_form": form,
            "category_form": category,
        },
    )


def _groups(areas: list[SubjectArea], categories: list[SubjectCategory]) -> list[Group]:
    """By category, empty ones too; then those in none."""
    ids = [area.pk for area in areas]
    leaders: dict[int, list[User]] = {}
    for held in leading(ids):
        leaders.setdefault(held.subject_area_id or 0, []).append(held.user)
    live = ClassSubject.objects.filter(holds(timezone.localdate()), subject_area_id__in=ids)
    count = Counter(live.values_list("subject_area_id", flat=True))
    lines = [Line(area, leaders.get(area.pk, []), count[area.pk]) for area in areas]
    known = {area.category for area in areas if area.category} | set(categories)
    groups = [
        Group(one, [line for line in lines if line.area.category_id == one.pk])
        for one in sorted(known, key=lambda one: (one.name_key, one.pk))
    ]
    rest = [line for line in lines if line.area.category_id is None]
    return [*groups, Group(None, rest)] if rest else groups
