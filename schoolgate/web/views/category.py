"""My school > Subject areas > a category: its name, and what is in it (PP7)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.authority import may_run
from schoolgate.audit.actions import batch
from schoolgate.kit.refusal import Refusal
from schoolgate.schools import classes
from schoolgate.schools.models import Establishment, SubjectArea, SubjectCategory
from schoolgate.web.forms.subjects import CategoryForm
from schoolgate.web.permissions import actor, runs_school
from schoolgate.web.views.staff_form import areas_of

CHANGED = (
    "Look again before you save: somebody has changed this since you opened the page. Nothing of"
    " yours has been saved; what you typed is below."
)


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def category(request: HttpRequest, school: Establishment, category_id: int) -> HttpResponse:
    """Renames a category, says what is in it, or removes it. It opens nothing and takes nothing."""
    found = SubjectCategory.objects.filter(
        pk=category_id, establishment=school, gone_at__isnull=True
    ).first()
    if found is None:
        raise Http404
    areas = areas_of(school)
    if request.method != "POST":
        return _page(request, school, found, _form(found, areas), areas)
    if request.POST.get("step") == "remove":
        return _remove(request, school, found)
    form = CategoryForm(request.POST, areas=areas)
    if not form.is_valid():
        return _page(request, school, found, form, areas)
    if request.POST.get("seen") != _seen(found, areas):
        form.add_error(None, CHANGED)
        return _page(request, school, found, form, areas)
    return _save(request, school, found, form, areas)


def _save(
    request: HttpRequest,
    school: Establishment,
    found: SubjectCategory,
    form: CategoryForm,
    areas: list[SubjectArea],
) -> HttpResponse:
    by, name = actor(request), form.cleaned_data["name"]
    wanted = {int(id_) for id_ in form.cleaned_data.get("subjects", ())}
    moved: list[tuple[int, int | None]] = [
        (area.pk, found.pk if area.pk in wanted else None)
        for area in areas
        if (area.category_id == found.pk) != (area.pk in wanted)
    ]
    try:
        with batch(by=by):
            may_run(by, [school.pk])
            if name != found.name:
                classes.rename(SubjectCategory, [(found.pk, name)], by=by)
            if moved:
                classes.put_in_category(moved, by=by)
    except Refusal as refusal:
        form.add_error("name", str(refusal))
        return _page(request, school, found, form, areas)
    messages.success(request, f"{name} has been saved.")
    return redirect("school-subjects", school.pk)


def _remove(request: HttpRequest, school: Establishment, found: SubjectCategory) -> HttpResponse:
    by = actor(request)
    with batch(by=by):
        may_run(by, [school.pk])
        classes.remove(SubjectCategory, [found.pk], by=by)
    messages.success(request, f"{found} has been removed. Its subject areas are still there.")
    return redirect("school-subjects", school.pk)


def _form(found: SubjectCategory, areas: list[SubjectArea]) -> CategoryForm:
    inside = [str(area.pk) for area in areas if area.category_id == found.pk]
    return CategoryForm(initial={"name": found.name, "subjects": inside}, areas=areas)


def _seen(found: SubjectCategory, areas: list[SubjectArea]) -> str:
    """By which it is known whether somebody else was quicker (S57)."""
    inside = [str(area.pk) for area in areas if area.category_id == found.pk]
    return f"{found.name}:{','.join(inside)}"


def _page(
    request: HttpRequest,
    school: Establishment,
    found: SubjectCategory,
    form: CategoryForm,
    areas: list[SubjectArea],
) -> HttpResponse:
    return render(
        request,
        "web/school_category.html",
        {"school": school, "category": found, "form": form, "seen": _seen(found, areas)},
    )
