"""My children: the pages of parents and other licence holders (ITS9)."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access import scope
from schoolgate.access.children import Shown, shown_to, staff_who_see
from schoolgate.access.class_lists import classes_of, subjects_of, teachers_of
from schoolgate.access.licences import Block
from schoolgate.access.roles import LA_SUPER_USER, LA_USER, LEADER, SCHOOL_ADMIN, TEACHER
from schoolgate.audit.actions import viewed
from schoolgate.schools import today as register
from schoolgate.schools.models import Organisation, Pupil
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, is_child, is_family, of_family, visitor

ORDER = ("first_key", "last_key", "pk")


@dataclass(frozen=True)
class Card:
    """A child as the list shows them; ``schools`` is None where the school is not shown."""

    pupil: Pupil
    schools: list[str] | None


@of_family
@require_safe
def my_children(request: HttpRequest) -> HttpResponseBase:
    """The children linked to the reader; a child who signs in is led to their own page."""
    reader, day = visitor(request).pk, timezone.localdate()
    mine = register.with_schools(scope.pupils_by_licence(reader), day)
    page = page_of(request, [mine], ORDER)
    if is_child(request) and len(page.rows) == 1:
        return redirect("child", page.rows[0].pk)
    ids = [pupil.pk for pupil in page.rows]
    shown = shown_to(reader, ids)
    cards = [_card(pupil, shown.get(pupil.pk, Shown())) for pupil in page.rows]
    viewed(by=actor(request), kind="list", object_id=None, pupil_ids=ids)
    return render(request, "web/children.html", {"cards": cards, "page": page})


def _card(pupil: Pupil, shown: Shown) -> Card:
    return Card(pupil, register.schools(pupil) if Block.SCHOOL in shown.blocks else None)


@of_family
@require_safe
def child(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """One child, with the blocks that the reader's licence types are given."""
    reader, day = visitor(request).pk, timezone.localdate()
    mine = register.with_schools(scope.pupils_by_licence(reader), day)
    found = mine.filter(pk=pupil_id).first()
    if found is None:
        raise Http404
    shown = shown_to(reader, [found.pk]).get(found.pk, Shown())
    here: dict[str, Any] = {
        "pupil": found,
        "is_self": shown.is_self,
        "blocks": [block.name for block in shown.blocks],
        "is_alone": is_child(request),
    }
    if Block.SCHOOL in shown.blocks:
        here["schools"] = register.schools(found)
    if Block.CLASSES in shown.blocks:
        classes = classes_of(found.pk)
        ids = [one.pk for one in classes]
        subjects, teachers = subjects_of(ids), teachers_of(ids)
        here["classes"] = [(one, subjects.get(one.pk), teachers.get(one.pk, [])) for one in classes]
    if Block.WHO_SEES in shown.blocks:
        here["seers"] = _seers(found.pk)
    viewed(by=actor(request), kind="child", object_id=found.pk, pupil_ids=[found.pk])
    return render(request, "web/child.html", here)


@dataclass(frozen=True)
class Seer:
    """A role of the staff who see the child: what it is for, in the words of a family, the names
    that are told, and how many there are beside those."""

    role: str
    what: str
    names: list[str]
    rest: int


WHAT = {
    TEACHER.code: "teaches one of the classes",
    LEADER.code: "leads a subject that is taught",
    SCHOOL_ADMIN.code: "looks after the school’s users",
    LA_USER.code: "works with the records of all pupils",
    LA_SUPER_USER.code: "looks after users and settings",
}


def _seers(pupil_id: int) -> list[Seer]:
    organisation = Organisation.objects.order_by("pk").first()
    with_names = bool(organisation and organisation.names_to_parents)
    return [
        Seer(one.role.name, WHAT[one.role.code], one.names, one.count - len(one.names))
        for one in staff_who_see(pupil_id, with_names=with_names)
    ]


def is_own_child(request: HttpRequest, pupil_id: int) -> bool:
    """Whether the reader sees the pupil by a licence, whatever else they see them by."""
    if not is_family(request):
        return False
    return scope.pupils_by_licence(visitor(request).pk).filter(pk=pupil_id).exists()


def is_family_alone(request: HttpRequest, pupil_id: int) -> bool:
    """Whether the reader sees the pupil by a licence, and by no role of staff."""
    if not is_own_child(request, pupil_id):
        return False
    return not scope.pupils_by_work(visitor(request).pk).filter(pk=pupil_id).exists()
