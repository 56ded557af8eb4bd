"""My school > Subject areas > one of them: its Leaders, its classes, its name (PP7)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.access.authority import may_run
from schoolgate.access.levels import leading
from schoolgate.access.staff_list import staff_of
from schoolgate.audit.actions import batch
from schoolgate.kit.refusal import Refusal
from schoolgate.schools import classes
from schoolgate.schools.models import Establishment, SchoolClass, SubjectArea
from schoolgate.schools.today import holds
from schoolgate.web.forms.subjects import SubjectForm
from schoolgate.web.paging import page_of, sought
from schoolgate.web.permissions import actor, authority, leads_in_school
from schoolgate.web.search import called
from schoolgate.web.views.category import CHANGED
from schoolgate.web.views.school_subjects import categories_of

ORDER = ("last_key", "first_key", "pk")


@leads_in_school
@require_http_methods(["GET", "HEAD", "POST"])
def subject(request: HttpRequest, school: Establishment, subject_id: int) -> HttpResponse:
    """One subject area; for who runs the school, its name and category to change."""
    area = area_of(request, school, subject_id)
    if request.method != "POST":
        return _page(request, school, area, _form(school, area))
    if not authority(request).runs(school.pk):
        raise Http404
    form = SubjectForm(request.POST, categories=categories_of(school))
    if form.is_valid() and request.POST.get("seen") != _seen(area):
        form.add_error(None, CHANGED)
    if not form.is_valid():
        return _page(request, school, area, form)
    return _save(request, school, area, form)


def _save(
    request: HttpRequest, school: Establishment, area: SubjectArea, form: SubjectForm
) -> HttpResponse:
    by, name = actor(request), form.cleaned_data["name"]
    try:
        with batch(by=by):
            may_run(by, [school.pk])
            if name != area.name:
                classes.rename(SubjectArea, [(area.pk, name)], by=by)
            if form.category_id != area.category_id:
                classes.put_in_category([(area.pk, form.category_id)], by=by)
    except Refusal as refusal:
        form.add_error("name", str(refusal))
        return _page(request, school, area, form)
    messages.success(request, f"{name} has been saved.")
    return redirect("school-subject", school.pk, area.pk)


def area_of(request: HttpRequest, school: Establishment, subject_id: int) -> SubjectArea:
    """The subject area, which the reader manages; Http404 for any other, as for none."""
    mine = authority(request)
    found = SubjectArea.objects.filter(
        pk=subject_id, establishment=school, gone_at__isnull=True
    ).first()
    if found is None or not (mine.runs(school.pk) or found.pk in mine.subjects):
        raise Http404
    return found


def _form(school: Establishment, area: SubjectArea) -> SubjectForm:
    initial = {"name": area.name, "category": str(area.category_id or "")}
    return SubjectForm(initial=initial, categories=categories_of(school))


def _seen(area: SubjectArea) -> str:
    """By which it is known whether somebody else was quicker (S57)."""
    return f"{area.name}:{area.category_id or ''}"


def _page(
    request: HttpRequest, school: Establishment, area: SubjectArea, form: SubjectForm
) -> HttpResponse:
    leaders = list(dict.fromkeys(held.user for held in leading([area.pk])))
    wanted = sought(request)
    others = staff_of(school.pk).exclude(pk__in=[user.pk for user in leaders])
    inside = SchoolClass.objects.filter(
        gone_at__isnull=True,
        subjects__in=area.classes.filter(holds(timezone.localdate())),
    )
    return render(
        request,
        "web/school_subject.html",
        {
            "school": school,
            "area": area,
            "runs": authority(request).runs(school.pk),
            "form": form,
            "seen": _seen(area),
            "leaders": leaders,
            "classes": inside.order_by("name_key", "pk"),
            "page": page_of(request, [called(others, wanted)], ORDER),
            "q": wanted,
            "search_label": "Search staff by last name or e-mail address",
        },
    )
