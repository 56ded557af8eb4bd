"""Connections that wait for a second LA Super User (NEW5)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import held_links
from schoolgate.access.models import HeldLink
from schoolgate.access.own_roles import known_roles
from schoolgate.audit.actions import viewed
from schoolgate.people.models import User
from schoolgate.web import words
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.confirm import ask
from schoolgate.web.views.family_links import kept_in_words


@only_super_user
@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """Those that wait, for children whom the reader sees."""
    reader = visitor(request)
    page = page_of(request, [held_links.waiting(reader.pk)], ("pk",))
    known = known_roles()
    people = User.objects.in_bulk({one.asked_by_id for one in page.rows if one.asked_by_id})
    named = sorted({one.pupil_id for one in page.rows})
    viewed(by=actor(request), kind="waiting links", object_id=None, pupil_ids=named)
    return render(
        request,
        "web/held_links.html",
        {
            "lines": [
                (
                    one,
                    words.role_name(one.role, known),
                    people.get(one.asked_by_id or 0),
                    reader.pk not in (one.asked_by_id, one.user_id),
                )
                for one in page.rows
            ],
            "page": page,
        },
    )


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, held_id: int) -> HttpResponse:
    """Lets the connection be, after asking."""
    held = _there(request, held_id)

    def do() -> HttpResponse:
        held_links.approve([held.pk], by=actor(request))
        messages.success(request, f"{held.user} is connected to {held.pupil} now.")
        return redirect("held-links")

    return ask(
        request,
        do,
        title=f"Connect {held.user} to {held.pupil} all the same?",
        sentences=[
            *_told(held),
            f"Only approve it when you know that {held.user} is somebody else. They see"
            f" {held.pupil} from then on as {words.role_name(held.role)}.",
        ],
        button="Approve the connection",
        back=reverse("held-links"),
        pupil_ids=[held.pupil_id],
    )


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, held_id: int) -> HttpResponse:
    """Lets the connection not be, after asking."""
    held = _there(request, held_id)

    def do() -> HttpResponse:
        held_links.refuse([held.pk], by=actor(request))
        messages.success(request, f"{held.user} is not connected to {held.pupil}.")
        return redirect("held-links")

    return ask(
        request,
        do,
        title=f"Refuse to connect {held.user} to {held.pupil}?",
        sentences=[
            *_told(held),
            f"{held.user} stays a user, and does not see this child. Whoever tries again waits"
            " again.",
        ],
        button="Refuse the connection",
        back=reverse("held-links"),
        pupil_ids=[held.pupil_id],
    )


def _there(request: HttpRequest, held_id: int) -> HeldLink:
    found = None
    if held_id < 2**63:
        found = held_links.waiting(visitor(request).pk).filter(pk=held_id).first()
    if found is None:
        raise Http404
    return found


def _told(held: HeldLink) -> list[str]:
    """Because of whom it waits."""
    user = held.user
    kept = held_links.kept_alike(user.pk, user.first_key, user.last_key, held.pupil_id)
    if not kept:
        return ["Whoever it waited for is not kept from this child any more."]
    return [
        f"Somebody with the name of {user} ({user.get_username()}), or one like it, was kept from"
        " this child.",
        *kept_in_words(kept),
    ]
