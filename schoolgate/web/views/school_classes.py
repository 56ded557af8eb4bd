"""My school > Classes: the table, and to which subject area classes belong."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access.authority import may_run
from schoolgate.access.class_lists import classes_for, counts_for, subjects_of, teachers_of
from schoolgate.access.proposals import changes_by_subjects, deciding
from schoolgate.kit.names import name_key
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools import classes as actions
from schoolgate.schools.models import ClassSubject, Establishment, SchoolClass, SubjectArea
from schoolgate.schools.today import holds
from schoolgate.web.paging import SIZE, beginning, page_of, sought
from schoolgate.web.permissions import actor, authority, leads_in_school, runs_school, visitor
from schoolgate.web.views.moves import Moves, moves_of
from schoolgate.web.views.staff_form import areas_of
from schoolgate.web.views.user_preview import CHANGED

NO_SUBJECT = "none"
AT_MOST_TICKED = 4 * SIZE


@dataclass(frozen=True)
class Line:
    """A class as the table shows it; ``pupils``: how many the reader may see."""

    one: SchoolClass
    subject: SubjectArea | None
    teachers: list[User]
    pupils: int


@leads_in_school
@require_safe
def classes(request: HttpRequest, school: Establishment) -> HttpResponse:
    """The classes of a school; for a Leader those of their own subject areas."""
    mine, wanted = authority(request), sought(request)
    runs = mine.runs(school.pk)
    areas = [area for area in areas_of(school) if runs or area.pk in mine.subjects]
    by_subject = request.GET.get("subject", "")
    there = _filtered(classes_for(mine, school.pk), wanted, by_subject, areas)
    page = page_of(request, [there], ("name_key", "pk"))
    return render(
        request,
        "web/school_classes.html",
        {
            "school": school,
            "runs": runs,
            "areas": areas,
            "by_subject": by_subject,
            "lines": lines_of(visitor(request).pk, page.rows),
            "page": page,
            "q": wanted,
        },
    )


def _filtered(
    there: QuerySet[SchoolClass], wanted: str, by_subject: str, areas: list[SubjectArea]
) -> QuerySet[SchoolClass]:
    if wanted:
        key = name_key(wanted)
        there = there.filter(beginning("name_key", key)) if key else there.none()
    belonging = ClassSubject.objects.filter(holds(timezone.localdate()))
    if by_subject == NO_SUBJECT:
        return there.exclude(pk__in=belonging.values("school_class_id"))
    if chosen := [area for area in areas if str(area.pk) == by_subject]:
        inside = belonging.filter(subject_area=chosen[0])
        return there.filter(pk__in=inside.values("school_class_id"))
    return there


def lines_of(reader_id: int, rows: list[SchoolClass]) -> list[Line]:
    """Classes with what is told of them, in a few queries however many they are."""
    ids = [one.pk for one in rows]
    subjects, teachers = subjects_of(ids), teachers_of(ids)
    counts = counts_for(reader_id, ids)
    return [
        Line(one, subjects.get(one.pk), teachers.get(one.pk, []), counts.get(one.pk, 0))
        for one in rows
    ]


@dataclass(frozen=True)
class Wish:
    """Classes that are to belong to a subject area, or (None) to none."""

    classes: list[SchoolClass]
    area: SubjectArea | None

    def moves(self, request: HttpRequest) -> Moves:
        """What that gives and takes."""
        area = self.area.pk if self.area else None
        moved = changes_by_subjects(actor(request), {one.pk: area for one in self.classes})
        people = User.objects.in_bulk(moved)
        order = sorted(people.values(), key=lambda user: (user.last_key, user.first_key, user.pk))
        return moves_of(request, [(user, "") for user in order], moved)


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def set_subjects(request: HttpRequest, school: Establishment) -> HttpResponse:
    """Says to which subject area classes belong: asks on GET about those that the address names
    (``tick``, ``subject``), does it on POST."""
    by, problem = actor(request), ""
    wish = _wish(request, school)
    if request.method == "POST":
        try:
            with deciding(by=by):
                may_run(by, [school.pk])
                wish = _wish(request, school)
                if wish and wish.classes and wish.moves(request).mark == request.POST.get("shown"):
                    area = wish.area.pk if wish.area else None
                    actions.set_subjects([(one.pk, area) for one in wish.classes], by=by)
                    return _done(request, school, wish)
                problem = CHANGED
        except Refusal as refusal:
            problem = str(refusal)
    return render(
        request,
        "web/school_classes_set.html",
        {
            "school": school,
            "wish": wish,
            "moves": wish.moves(request).told(request) if wish else None,
            "failed": problem,
        },
    )


def _wish(request: HttpRequest, school: Establishment) -> Wish | None:
    """What the address asks for; None where it names no class, or no subject area that is there."""
    ticks = request.GET.getlist("tick")[:AT_MOST_TICKED]
    ids = [int(tick) for tick in ticks if tick.isascii() and tick.isdigit() and len(tick) < 18]
    there = classes_for(authority(request), school.pk).filter(pk__in=ids)
    found = list(there.order_by("name_key", "pk"))
    chosen = request.GET.get("subject", "")
    area = next((area for area in areas_of(school) if str(area.pk) == chosen), None)
    if not found or (area is None and chosen != NO_SUBJECT):
        return None
    return Wish(found, area)


def _done(request: HttpRequest, school: Establishment, wish: Wish) -> HttpResponse:
    count = len(wish.classes)
    which = f"{wish.classes[0]} belongs" if count == 1 else f"{count} classes belong"
    messages.success(request, f"{which} to {wish.area or 'no subject area'} now.")
    if count == 1:
        return redirect("school-class", school.pk, wish.classes[0].pk)
    back = reverse("school-classes", args=[school.pk])
    return redirect(f"{back}?{urlencode({'subject': wish.area.pk})}" if wish.area else back)
