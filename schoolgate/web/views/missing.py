"""Who is missing (NEW16): the start page of an LA Super User, and the list behind each figure."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from schoolgate.access import held_links
from schoolgate.access.missing import (
    Lack,
    pupils_lacking,
    schools_without_teacher,
    users_with_nobody,
)
from schoolgate.access.restrictions import due_for_review
from schoolgate.audit.actions import viewed
from schoolgate.intake.models import Import, State
from schoolgate.outbox.models import Mail
from schoolgate.outbox.models import State as MailState
from schoolgate.people.models import User
from schoolgate.schools import today as register
from schoolgate.schools.models import Establishment, Pupil
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import (
    actor,
    has_usage_only,
    is_family_only,
    is_super_user,
    only_super_user,
    signed_in,
    visitor,
)
from schoolgate.web.views.children import my_children
from schoolgate.web.views.pupils import ORDER, my_pupils

MOST = 10_000  # beyond so many a figure says only that there are more
SCHOOLS, USERS = "school-teachers", "users"


@dataclass(frozen=True)
class Kind:
    """What may be missing: in words for one and for many, why it matters, and the remedy."""

    one: str
    many: str
    meaning: str
    remedy: str


KINDS: dict[str, Kind] = {
    Lack.DESIGNATED_TEACHER: Kind(
        "child in care without a designated teacher",
        "children in care without a designated teacher",
        "Nobody sees them as a designated teacher at a school where they are on roll.",
        "Add a designated teacher at the child’s school.",
    ),
    Lack.SOCIAL_WORKER: Kind(
        "child in care without a social worker",
        "children in care without a social worker",
        "Nobody sees them as their social worker.",
        "Link a social worker to the child, or add one first.",
    ),
    Lack.REACHED_ADULT: Kind(
        "child in care whom no adult has yet reached",
        "children in care whom no adult has yet reached",
        "Nobody near them, by a school or a link, has ever signed in.",
        "Open the child to see who was invited, and send the invitation again.",
    ),
    Lack.SCHOOL: Kind(
        "child in care with no school known",
        "children in care with no school known",
        "They are on roll nowhere, and not educated at home.",
        "Upload a pupil file with the school’s URN: the child moves there.",
    ),
    SCHOOLS: Kind(
        "school without a designated teacher",
        "schools without a designated teacher",
        "They have children in care on roll.",
        "Add a designated teacher at the school.",
    ),
    USERS: Kind(
        "user who was given nobody to see",
        "users who were given nobody to see",
        "They have no role, or one that waits for a school (URN 0) or for pupils.",
        "Open the user and give them a school or pupils.",
    ),
}


@dataclass(frozen=True)
class Figure:
    """How many there are of a kind, and where they are listed."""

    count: int
    words: str
    meaning: str
    address: str

    @property
    def said(self) -> str:
        """The figure as it is written."""
        return f"{self.count:,}" if self.count <= MOST else f"More than {MOST:,}"


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """Who is missing, for an LA Super User; for everybody else their pupils.

    For a Finance Manager, who has none, the page of usage; for a parent their children."""
    if has_usage_only(request):
        return redirect("usage")
    if is_family_only(request):
        return my_children(request)
    if not is_super_user(request):
        return my_pupils(request)
    reader = visitor(request).pk
    figures = [
        *(_figure(lack, pupils_lacking(lack, reader)) for lack in Lack),
        _figure(SCHOOLS, schools_without_teacher(reader)),
        _figure(USERS, users_with_nobody()),
    ]
    return render(
        request,
        "web/missing.html",
        {
            "missing": [figure for figure in figures if figure.count],
            "complete": [figure for figure in figures if not figure.count],
            "waiting": [figure for figure in _waiting(reader) if figure.count],
            "steps": _first_steps(reader),
        },
    )


@only_super_user
@require_safe
def lacking(request: HttpRequest, lack: str) -> HttpResponse:
    """The children, schools or users behind one figure, each with the way to the remedy."""
    if lack not in KINDS:
        raise Http404
    here: dict[str, Any] = {"kind": KINDS[lack], "lack": lack}
    reader = visitor(request).pk
    if lack == SCHOOLS:
        here["page"] = page_of(request, [schools_without_teacher(reader)], ("name_key", "pk"))
        return render(request, "web/missing_schools.html", here)
    if lack == USERS:
        found = users_with_nobody().select_related("workplace")
        here["page"] = page_of(request, [found], ("last_key", "first_key", "pk"))
        return render(request, "web/missing_users.html", here)
    children = pupils_lacking(Lack(lack), reader)
    page = page_of(request, [register.with_register(children, timezone.localdate())], ORDER)
    viewed(by=actor(request), kind="missing", object_id=None, pupil_ids=[p.pk for p in page.rows])
    here.update(page=page, lines=[_line(pupil, lack) for pupil in page.rows])
    return render(request, "web/missing_pupils.html", here)


@dataclass(frozen=True)
class Line:
    """A child who lacks somebody, and the links to what mends it: words and address of each."""

    pupil: Pupil
    upn: str
    schools: list[str]
    since: Any
    remedies: list[tuple[str, str]]


def _line(pupil: Pupil, lack: str) -> Line:
    schools = register.schools(pupil)
    since = register.in_care_since(pupil)
    return Line(pupil, register.upn(pupil), schools, since, _remedies(pupil, lack))


def _remedies(pupil: Pupil, lack: str) -> list[tuple[str, str]]:
    if lack == Lack.SOCIAL_WORKER:
        return [
            ("Link a social worker", reverse("pupil-link", args=[pupil.pk])),
            ("Add a new one", add_user("social_worker")),
        ]
    if lack == Lack.REACHED_ADULT:
        return [("See who was invited", reverse("pupil", args=[pupil.pk]) + "#seen")]
    upload = ("Upload a pupil file", f"{reverse('import-new')}?kind=pupils")
    if lack == Lack.SCHOOL:
        return [upload]
    places = register.establishments_of(pupil)
    added = [
        (f"Add a designated teacher at {school.name}", add_user("designated_teacher", school.pk))
        for school in places
    ]
    return added or [upload]


def add_user(role: str, establishment_id: int | None = None) -> str:
    """The address of the form that adds a user, with the role and the place filled in."""
    place = f"&establishment={establishment_id}" if establishment_id else ""
    return f"{reverse('users')}add/?role={role}{place}"


def _figure(code: str, found: QuerySet[Any]) -> Figure:
    kind, count = KINDS[code], found[: MOST + 1].count()
    words = kind.one if count == 1 else kind.many
    return Figure(count, words, kind.meaning, reverse("missing", args=[code]))


def _waiting(reader: int) -> list[Figure]:
    """What else waits for a person: imports with questions or not applied yet, mail that failed,
    restrictions to be looked at again, connections that need a second person."""
    imports = Import.objects.filter(state__in=[State.NEEDS_PERSON, State.READY])
    failed = Mail.objects.filter(state=MailState.FAILED)
    due, held = due_for_review(reader), held_links.waiting(reader)
    a, b = imports[: MOST + 1].count(), failed[: MOST + 1].count()
    c, d = due[: MOST + 1].count(), held[: MOST + 1].count()
    return [
        Figure(
            a,
            "import that waits for a person" if a == 1 else "imports that wait for a person",
            "Answer what was asked, then apply or cancel.",
            reverse("imports"),
        ),
        Figure(
            b,
            "e-mail that could not be sent" if b == 1 else "e-mails that could not be sent",
            "See the reason, correct it, and try again.",
            reverse("mail"),
        ),
        Figure(
            c,
            "restriction to look at again" if c == 1 else "restrictions to look at again",
            "Keep each until another day, or lift it.",
            reverse("restrictions") + "?show=due",
        ),
        Figure(
            d,
            "connection that needs a second person"
            if d == 1
            else "connections that need a second person",
            "Somebody with that name was kept from the child: approve or refuse it.",
            reverse("held-links"),
        ),
    ]


def _first_steps(reader: int) -> list[tuple[str, str, str, bool]]:
    """What to do first, with its hint and address and whether it is done; none when all is."""
    kinds = [
        ("Import establishments", "An extract of the national register (GIAS).", "establishments"),
        ("Import pupils", "Their schools and care dates come with them.", "pupils"),
        ("Add users", "Designated teachers, social workers and your own team.", "users"),
    ]
    done = [
        Establishment.objects.filter(gone_at__isnull=True).exists(),
        Pupil.objects.filter(gone_at__isnull=True).exists(),
        User.objects.filter(gone_at__isnull=True).exclude(pk=reader).exists(),
    ]
    if all(done):
        return []
    return [
        (words, hint, f"{reverse('import-new')}?kind={kind}", is_done)
        for (words, hint, kind), is_done in zip(kinds, done, strict=True)
    ]
