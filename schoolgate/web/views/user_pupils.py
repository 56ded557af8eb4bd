"""Selecting the pupils of a user in two panes, and saving that (LAC10).

What has been chosen so far stands in the address: back, reload and a second tab just work, and
nothing is kept anywhere until it is saved.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import scope
from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.access.actions import NewGrant
from schoolgate.access.holdings import grants_of, removed_before
from schoolgate.access.models import Grant
from schoolgate.access.own_roles import every_role, linked_by_hand
from schoolgate.access.proposals import deciding, preview_of
from schoolgate.access.roles import Over, Role
from schoolgate.audit.actions import viewed
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools import today as register
from schoolgate.schools.models import Pupil
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.pupils import ORDER, line, named
from schoolgate.web.views.user import there
from schoolgate.web.views.user_preview import CHANGED, Question, Shown, access_of, show

# As many as an address holds.
MOST = 400
TOO_MANY = f"Save these first, then go on: no more than {MOST} pupils are changed at a time."


@dataclass(frozen=True)
class Draft:
    """What has been chosen for a user under a role and not saved: pupils to add and to remove.

    Only pupils whom the reader sees; ``linked`` are those of them who are linked now.
    """

    role: Role
    linked: frozenset[int]
    adding: frozenset[int]
    removing: frozenset[int]

    @property
    def selected(self) -> frozenset[int]:
        return (self.linked - self.removing) | self.adding

    @property
    def size(self) -> int:
        return len(self.adding) + len(self.removing)

    def address(self, view: str, user_id: int, **more: str) -> str:
        """The address of a page with this draft."""
        words = {
            "role": self.role.code,
            "add": ".".join(map(str, sorted(self.adding))),
            "remove": ".".join(map(str, sorted(self.removing))),
            **more,
        }
        query = urlencode({name: value for name, value in words.items() if value})
        return f"{reverse(view, args=[user_id])}?{query}"


@only_super_user
@require_safe
def select(request: HttpRequest, user_id: int) -> HttpResponse:
    """Two panes: the pupils who are there, and those selected."""
    person, day = there(user_id), timezone.localdate()
    roles = roles_by_hand(person)
    if not roles:
        return redirect("user-pupils", person.pk)
    mine = scope.pupils_visible_to(visitor(request).pk)
    draft = _draft(request, person, roles, mine)
    asked = {name: _words(request, name) for name in ("q", "s")}
    if request.GET.get("do"):
        return _moved(request, person, draft, mine, asked)
    available = named(mine.exclude(pk__in=draft.selected), asked["q"])
    selected = named(mine.filter(pk__in=draft.selected), asked["s"])
    left = page_of(request, [register.with_register(available, day)], ORDER)
    right = page_of(
        request, [register.with_register(selected, day)], ORDER, names=("s-after", "s-before")
    )
    shown = [pupil.pk for pupil in (*left.rows, *right.rows)]
    viewed(by=actor(request), kind="user", object_id=person.pk, pupil_ids=shown)
    return render(
        request,
        "web/user_select.html",
        {
            "person": person,
            "role": draft.role,
            "others": [
                (other, f"?role={other.code}") for other in roles if other is not draft.role
            ],
            "draft": draft,
            "left": left,
            "right": right,
            "available": [line(pupil, care=True) for pupil in left.rows],
            "selected": [
                line(pupil, is_assigned=pupil.pk in draft.adding, care=True) for pupil in right.rows
            ],
            "ticked": _ids(request.GET.getlist("tick")) | _ids(request.GET.getlist("untick")),
            "next": draft.address("user-pupils-save", person.pk) if draft.size else "",
            "nothing_ticked": "nothing" in request.GET,
            "failed": TOO_MANY if "full" in request.GET else "",
            **asked,
        },
    )


def _moved(
    request: HttpRequest,
    person: User,
    draft: Draft,
    mine: QuerySet[Pupil],
    asked: dict[str, str],
) -> HttpResponse:
    """Back to the panes, with the ticked ones on the other side."""
    more = dict(asked)
    ticked: frozenset[int] = frozenset()
    if request.GET["do"] == "add":
        ticked = _seen(mine, _ids(request.GET.getlist("tick"))) - draft.selected
        adding, removing = draft.adding | (ticked - draft.linked), draft.removing - ticked
    elif request.GET["do"] == "remove":
        ticked = _seen(mine, _ids(request.GET.getlist("untick"))) & draft.selected
        adding, removing = draft.adding - ticked, draft.removing | (ticked & draft.linked)
    else:
        adding, removing = draft.adding, draft.removing
        ticked = frozenset([0])  # a search moves nobody
    moved = Draft(draft.role, draft.linked, adding, removing)
    if moved.size > MOST:
        moved, more["full"] = draft, "1"
    elif not ticked:
        more["nothing"] = "1"
    return redirect(moved.address("user-pupils-select", person.pk, **more))


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: HttpRequest, user_id: int) -> HttpResponse:
    """What saving the selection would do; and saving it, if it would still do that."""
    person = there(user_id)
    roles = roles_by_hand(person)
    if not roles:
        raise Http404
    if request.method != "POST" or request.POST.get("step") == "change":
        draft = _draft(request, person, roles, scope.pupils_visible_to(visitor(request).pk))
        if request.method == "POST":
            return redirect(draft.address("user-pupils-select", person.pk))
        return show(request, _shown(request, person, draft), person=person)
    problems: list[str] = []
    with deciding([user_id], by=actor(request)):
        mine = scope.pupils_visible_to(visitor(request).pk)
        draft = _draft(request, person, roles_by_hand(person) or roles, mine)
        shown = _shown(request, person, draft)
        if shown.mark != request.POST.get("shown"):
            return show(request, shown, person=person, problems=[CHANGED])
        if unanswered := shown.unanswered(request):
            return show(request, shown, person=person, unanswered=unanswered)
        try:
            save_users([_change(person, draft)], by=actor(request))
        except Refusal as refusal:
            problems = [str(refusal)]
    if problems:
        return show(request, shown, person=person, problems=problems)
    messages.success(request, f"The pupils of {person} have been saved.")
    return redirect("user", person.pk)


def roles_by_hand(person: User) -> list[Role]:
    """The roles of a user to which pupils are linked by hand."""
    today, known = timezone.localdate(), linked_by_hand(every_role())
    held = set(
        grants_of(person.pk)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=today), starts_on__lte=today)
        .filter(Q(pupil__isnull=True) | ~Q(role__in=[r.code for r in known if r.assigns_pupils]))
        .values_list("role", flat=True)
        .distinct()
    )
    return [role for role in known if role.code in held]


def _draft(request: HttpRequest, person: User, roles: list[Role], mine: QuerySet[Pupil]) -> Draft:
    asked = request.GET.get("role", "")
    role = next((role for role in roles if role.code == asked), roles[0])
    links = links_of(person, role).values_list("pupil_id", flat=True)
    linked = frozenset(mine.filter(pk__in=links).values_list("pk", flat=True))
    adding = _seen(mine, _ids(request.GET.get("add", "").split("."))) - linked
    removing = _ids(request.GET.get("remove", "").split(".")) & linked
    return Draft(role, linked, adding, removing)


def links_of(person: User, role: Role) -> QuerySet[Grant]:
    """The links of the user under the role, those too that have yet to begin."""
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    return grants_of(person.pk).filter(not_over, role=role.code, pupil__isnull=False)


def _ids(texts: Iterable[str]) -> frozenset[int]:
    return frozenset(
        int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 18
    )


def _seen(mine: QuerySet[Pupil], ids: frozenset[int]) -> frozenset[int]:
    """Those of the pupils whom the reader sees."""
    if not ids:
        return ids
    return frozenset(mine.filter(pk__in=sorted(ids)[: 2 * MOST]).values_list("pk", flat=True))


def _words(request: HttpRequest, name: str) -> str:
    return "".join(c for c in request.GET.get(name, "")[:100] if c.isprintable()).strip()


def _change(person: User, draft: Draft) -> UserToSave:
    today, role = timezone.localdate(), draft.role
    adding = [
        NewGrant(person.pk, role.code, None, pupil_id, today) for pupil_id in sorted(draft.adding)
    ]
    links = list(links_of(person, role).values_list("pk", "pupil_id"))
    ending = [pk for pk, pupil_id in links if pupil_id in draft.removing]
    replaced: list[int] = []
    if role.over is Over.PUPILS:
        # A role without a pupil is still held: it waits, and is replaced by the first link.
        waiting = grants_of(person.pk).filter(role=role.code, pupil__isnull=True)
        on_record = list(waiting.values_list("pk", flat=True))
        if adding:
            replaced = on_record
        elif len(ending) == len(links) and not on_record:
            adding = [NewGrant(person.pk, role.code, None, None, today)]
    return UserToSave(person.pk, {}, adding, ending, replaced)


def _shown(request: HttpRequest, person: User, draft: Draft) -> Shown:
    change = _change(person, draft)
    told = preview_of(
        person.pk,
        adding=change.adding,
        ending=[*change.ending, *change.replaced],
        active=not person.is_denied,  # type: ignore[attr-defined]
    )
    pupils = Pupil.objects.filter(pk__in=draft.adding | draft.removing)
    words = ("Not assigned", "Assigned") if draft.role.assigns_pupils else ("Not linked", "Linked")
    facts = [
        (f"{p.last_name}, {p.first_name}", *(words if p.pk in draft.adding else words[::-1]))
        for p in pupils.order_by(*ORDER)
    ]
    return Shown(
        title=f"Check before you save: pupils of {person}",
        facts=facts,
        access=access_of(request, told, is_new=False),
        questions=_questions(person, draft),
        carried=[],
        notes=_notes(person, draft),
        standing=f"{draft.role.code} {sorted(draft.linked)}",
        extra={
            "compares": True,
            "action": draft.address("user-pupils-save", person.pk),
            "pupil_ids": sorted(draft.adding | draft.removing),
        },
    )


def _questions(person: User, draft: Draft) -> list[Question]:
    """A link that a person has removed is asked about, as in a file."""
    removed = removed_before(person.pk, draft.role.code, pupils=sorted(draft.adding))
    pupils = Pupil.objects.filter(pk__in=[id_ for _, id_ in removed]).order_by(*ORDER)
    return [
        Question(
            f"removed-{pupil.pk}",
            f"Say whether to restore it: somebody has removed {pupil} from {person}.",
            f"Yes, {pupil} is to be theirs again",
        )
        for pupil in pupils
    ]


def _notes(person: User, draft: Draft) -> list[str]:
    if not draft.size:
        return ["Nothing has been chosen that is different from what is on record."]
    notes = []
    if draft.role.assigns_pupils:
        notes.append(
            f"{person} sees every pupil as {draft.role.name}: those assigned to them come first in"
            " their list, and nothing else changes."
        )
    if person.is_denied:  # type: ignore[attr-defined]
        notes.append("They are inactive, and see nobody until somebody reactivates them.")
    return notes
