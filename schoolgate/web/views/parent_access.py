"""Settings > Parents: the switch of the organisation and those of its schools, and what is still
missing before parents can use it (ITS1)."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from schoolgate.access.parent_access import (
    CHANGED_SINCE,
    Change,
    Weighed,
    has_families,
    schools_with_pupils,
    set_organisation_access,
    set_schools_access,
    standing_of,
    weighed,
    without_sign_in,
)
from schoolgate.kit.names import name_key
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.schools.models import Establishment, Organisation, Pupil
from schoolgate.web.forms.parent_access import ON, ParentAccessForm
from schoolgate.web.paging import beginning, page_of, sought
from schoolgate.web.permissions import actor, only_super_user

LISTED = 20  # names of schools that the page which asks says


@dataclass(frozen=True)
class Step:
    """Something without which parents cannot use it: whether it is done, and where it is."""

    words: str
    hint: str
    address: str
    is_done: bool


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def parent_access(request: HttpRequest) -> HttpResponse:
    """The settings, the checklist and the schools; saving the settings, which asks first where
    that shuts somebody out."""
    one = Organisation.objects.order_by("pk").first()
    form = ParentAccessForm(request.POST) if request.method == "POST" else ParentAccessForm.of(one)
    is_stale = False
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        change = Change(organisation=given["access"] == ON)
        shown = request.POST.get("shown", "")
        weight = weighed(change)
        try:
            if weight.out and given["seen"] == standing_of(one) and shown != weight.mark:
                return _ask_first(request, form, weight, is_again=bool(shown))
            set_organisation_access(
                parent_access=given["access"] == ON,
                names_to_parents=given["names"] == ON,
                seen=given["seen"],
                by=actor(request),
            )
        except Refusal as refusal:
            # What was chosen stays; what is there now is shown, and saving again overwrites it.
            one = Organisation.objects.order_by("pk").first()
            form = ParentAccessForm({**request.POST.dict(), "seen": standing_of(one)})
            form.add_error(None, str(refusal))
            is_stale = True
        else:
            messages.success(request, "Saved.")
            return redirect("parent-access")
    wanted = sought(request)
    shown_now = {"form": form, "now": one, "is_stale": is_stale, "q": wanted}
    page = page_of(request, [_found(wanted)], ("name_key", "pk"))
    search = {"search_label": "Search by name or URN", "page": page}
    return render(request, "web/parent_access.html", {**shown_now, **search, "steps": _steps(one)})


def _ask_first(
    request: HttpRequest, form: ParentAccessForm, weight: Weighed, *, is_again: bool
) -> HttpResponse:
    return render(
        request,
        "web/parent_access_off.html",
        {
            "given": form.cleaned_data,
            "weight": weight,
            "failed": CHANGED_SINCE if is_again else "",
        },
    )


def _found(wanted: str) -> QuerySet[Establishment]:
    there = schools_with_pupils()
    if not wanted:
        return there
    number, key = Q(urn=wanted), name_key(wanted)
    return there.filter(number | beginning("name_key", key) if key else number)


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def schools(request: HttpRequest) -> HttpResponse:
    """Switches schools on or off: asks on GET about those that the address names (``tick``, or
    ``who=all``; ``do``), does it on POST."""
    failed = ""
    on = request.GET.get("do") == "on"
    chosen = _chosen(request)
    change = Change(schools=frozenset(school.pk for school in chosen), school_access=on)
    if request.method == "POST" and chosen:
        try:
            count = set_schools_access(
                change.schools, on=on, seen=request.POST.get("shown", ""), by=actor(request)
            )
        except Refusal as refusal:
            failed = str(refusal)
        else:
            messages.success(request, _done(count, on=on))
            return redirect("parent-access")
    return render(
        request,
        "web/parent_access_schools.html",
        {
            "chosen": chosen[:LISTED],
            "count": len(chosen),
            "more": max(len(chosen) - LISTED, 0),
            "on": on,
            "weight": weighed(change),
            "failed": failed,
        },
    )


def _chosen(request: HttpRequest) -> list[Establishment]:
    there = schools_with_pupils().order_by("name_key", "pk")
    if request.GET.get("do") not in ("on", "off"):
        return []
    if request.GET.get("who") == "all":
        return list(there)
    ticks = request.GET.getlist("tick")
    ids = [int(tick) for tick in ticks if tick.isascii() and tick.isdigit() and len(tick) < 18]
    return list(there.filter(pk__in=ids))


def _done(count: int, *, on: bool) -> str:
    schools = "1 school" if count == 1 else f"{count:,} schools"
    return f"Parent access is {'on' if on else 'off'} now for {schools}."


def _steps(one: Organisation | None) -> list[Step]:
    """What is still missing before parents can use it, and what is done."""
    waiting = without_sign_in()
    linked = has_families()
    files = reverse("import-new")
    on_anywhere = Establishment.objects.filter(gone_at__isnull=True, parent_access=True).exists()
    return [
        Step(
            "Switch parent access on",
            "For the organisation, below.",
            "#access",
            bool(one and one.parent_access),
        ),
        Step(
            "Switch it on for a school",
            "Parents sign in where their child’s school is on too.",
            "#schools",
            on_anywhere,
        ),
        Step(
            "Set up mail",
            "Without it parents get letters, and cannot reset a password by themselves.",
            reverse("mail"),
            mail_is_set_up(),
        ),
        Step(
            "Import pupils",
            "Parents are linked to children who are on the register.",
            f"{files}?kind=pupils",
            Pupil.objects.filter(gone_at__isnull=True).exists(),
        ),
        Step(
            "Import parents",
            "A file links them to their children.",
            f"{files}?kind=parents",
            linked,
        ),
        Step(
            f"Give {waiting:,} of them a way to sign in"
            if waiting
            else "Give them a way to sign in",
            "By invitation, or by a letter.",
            reverse("users-credentials"),
            linked and not waiting,
        ),
    ]
