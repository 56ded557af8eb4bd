"""Settings > Roles: what each role sees, and the roles that the organisation adds (LAC15)."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access.models import Grant, OwnRole
from schoolgate.access.role_changes import (
    create_role,
    grants_of_role,
    lost_without,
    mark_of,
    own_roles,
    remove_role,
    rename_role,
)
from schoolgate.access.roles import ROLES
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.web.forms.roles import RoleForm
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.search import BY_NAME


@dataclass(frozen=True)
class Listed:
    """One of the organisation's own roles, and how many users hold it."""

    role: OwnRole
    holders: int


@only_super_user
@require_safe
def roles(request: HttpRequest) -> HttpResponse:
    """The roles that are always there, and the organisation's own."""
    own = list(own_roles())
    held = dict(
        Grant.objects.filter(not_over(), role__in=[role.code for role in own])
        .values("role")
        .order_by()
        .annotate(holders=Count("user", distinct=True, filter=Q(user__gone_at__isnull=True)))
        .values_list("role", "holders")
    )
    return render(
        request,
        "web/roles.html",
        {
            "roles": [role for role in ROLES.values() if not role.is_licence],
            "own": [Listed(role, held.get(role.code, 0)) for role in own],
        },
    )


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Adds a role over pupils."""
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            create_role(
                name=given["name"],
                purpose=given["purpose"],
                shows=given["shows"],
                by=actor(request),
            )
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, f"The role {given['name']} has been added.")
            return redirect("roles")
    return render(request, "web/role_add.html", {"form": form})


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, role_id: int) -> HttpResponse:
    """Changes what a role is called and what it is for."""
    role = _there(role_id)
    now = None
    form = RoleForm(request.POST or None, role=role)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            rename_role(
                role.pk,
                name=given["name"],
                purpose=given["purpose"],
                seen=given["seen"],
                by=actor(request),
            )
        except Refusal as refusal:
            if given["seen"] != role.standing():
                # What was typed stays; what is there now is shown, and saving again overwrites it.
                now = role
                form = RoleForm({**request.POST.dict(), "seen": role.standing()}, role=role)
            form.add_error(None if now else "name", str(refusal))
        else:
            messages.success(request, "Saved.")
            return redirect("roles")
    return render(request, "web/role_edit.html", {"form": form, "role": role, "now": now})


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, role_id: int) -> HttpResponse:
    """Takes a role away, after showing who has it and how many children each would lose."""
    role = _there(role_id)
    failed = ""
    if request.method == "POST":
        try:
            remove_role(role.pk, seen=request.POST.get("seen", ""), by=actor(request))
        except Refusal as refusal:
            failed = str(refusal)
        else:
            messages.success(request, f"The role {role} has been taken away.")
            return redirect("roles")
    holders = User.objects.filter(
        gone_at__isnull=True, pk__in=grants_of_role(role).filter(not_over()).values("user_id")
    )
    page = page_of(request, [holders], BY_NAME)
    lost = lost_without(role, reader_id=visitor(request).pk)
    return render(
        request,
        "web/role_remove.html",
        {
            "role": role,
            "seen": mark_of(role),
            "holders": holders.count(),
            "page": page,
            "rows": [(user, lost.get(user.pk, 0)) for user in page.rows],
            "losing": sum(lost.values()),
            "failed": failed,
        },
    )


def _there(role_id: int) -> OwnRole:
    found = own_roles().filter(pk=role_id).first() if role_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def not_over() -> Q:
    """The grants on record whose last day is not over."""
    return Q(ended_at__isnull=True) & (
        Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    )
