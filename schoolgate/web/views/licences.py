"""Settings > Parents > Licence types: what each shows, and those that are added (PT11)."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access.licence_changes import (
    change_licence,
    create_licence,
    on_record,
    remove_licence,
)
from schoolgate.access.licences import BLOCK_NAMES, Block, Licence, every_licence
from schoolgate.access.models import Grant, LicenceType
from schoolgate.access.role_changes import grants_of_role, lost_without, mark_of
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.web.forms.licences import LicenceForm
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.search import BY_NAME
from schoolgate.web.views.roles import not_over


@dataclass(frozen=True)
class Listed:
    """A licence type, the names of what it shows, and how many users hold it."""

    licence: Licence
    blocks: list[str]
    holders: int


@only_super_user
@require_safe
def licences(request: HttpRequest) -> HttpResponse:
    """The licence types there are, Parent/Guardian and Pupil first."""
    there = every_licence()
    counted = Grant.objects.filter(not_over(), role__in=there).values("role").order_by()
    held = dict(
        counted.annotate(
            holders=Count("user", distinct=True, filter=Q(user__gone_at__isnull=True))
        ).values_list("role", "holders")
    )
    listed = [
        Listed(one, [BLOCK_NAMES[block] for block in one.blocks], held.get(code, 0))
        for code, one in there.items()
    ]
    return render(request, "web/licences.html", {"listed": listed})


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Adds a licence type."""
    form = LicenceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            create_licence(
                name=given["name"],
                purpose=given["purpose"],
                blocks=given["blocks"],
                by=actor(request),
            )
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, f"The licence type {given['name']} has been added.")
            return redirect("licences")
    return render(request, "web/licence_add.html", {"form": form})


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, licence: str) -> HttpResponse:
    """Changes what a licence type shows, and what an added one is called."""
    one, now = _there(licence), None
    posted = request.POST if request.method == "POST" else None
    form = LicenceForm(posted, licence=one)
    if posted is not None and form.is_valid():
        given = form.cleaned_data
        try:
            change_licence(
                one.code,
                name=given.get("name", ""),
                purpose=given.get("purpose", ""),
                blocks=given["blocks"],
                seen=given["seen"],
                by=actor(request),
            )
        except Refusal as refusal:
            if given["seen"] != one.standing():
                # What was chosen stays; what is there now is shown, and saving again overwrites it.
                now = [BLOCK_NAMES[Block(value)] for value in one.blocks]
                again = posted.copy()
                again["seen"] = one.standing()
                form = LicenceForm(again, licence=one)
            form.add_error(None if now is not None else "name", str(refusal))
        else:
            messages.success(request, "Saved.")
            return redirect("licences")
    shown = {"form": form, "licence": one, "now": now, "is_stale": now is not None}
    return render(request, "web/licence_edit.html", shown)


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, licence: str) -> HttpResponse:
    """Takes an added licence type away, after showing who has it and whom they would lose."""
    one = _there(licence)
    if one.builtin:
        raise Http404
    failed = ""
    if request.method == "POST":
        try:
            remove_licence(one.code, seen=request.POST.get("seen", ""), by=actor(request))
        except Refusal as refusal:
            failed = str(refusal)
        else:
            messages.success(request, f"The licence type {one} has been taken away.")
            return redirect("licences")
    held = grants_of_role(one).filter(not_over())
    holders = User.objects.filter(gone_at__isnull=True, pk__in=held.values("user_id"))
    page = page_of(request, [holders], BY_NAME)
    lost = lost_without(one, reader_id=visitor(request).pk)
    return render(
        request,
        "web/licence_remove.html",
        {
            "licence": one,
            "seen": mark_of(one),
            "holders": holders.count(),
            "page": page,
            "rows": [(user, lost.get(user.pk, 0)) for user in page.rows],
            "failed": failed,
        },
    )


def _there(code: str) -> LicenceType:
    found = on_record(code)
    if found is None:
        raise Http404
    return found
