"""Settings > Mail: what waits to be sent, what was sent, and what failed or bounced and why."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from schoolgate.outbox.actions import try_again
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.queries import Count, counts, in_state, mail_is_set_up
from schoolgate.people.models import User
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user

_NAMES = {
    State.FAILED: "Failed",
    State.BOUNCED: "Bounced",
    State.WAITING: "Waiting",
    State.SENT: "Sent",
    State.CANCELLED: "Not sent",
}
_KINDS = {
    "invitation": "Invitation",
    "address-changed-old": "Changed address, to the old one",
    "address-changed-new": "Changed address, to the new one",
    "access-ends": "Access ends soon",
    "sign-in-changed": "Sign-in changed",
    "factor-reset": "Second factor reset",
    "password-reset": "Link to choose a new password",
    "sign-in-code": "Code to sign in",
    "address-confirm": "New address, to be confirmed",
    "address-asked": "New address asked for, to the old one",
}


@dataclass(frozen=True)
class Tab:
    """A state in which mail can be, and how much there is of it."""

    name: str
    state: State
    count: Count
    is_current: bool


@dataclass(frozen=True)
class Line:
    """A mail as the page shows it. ``user`` is None when they are gone."""

    mail: Mail
    kind: str
    user: User | None


@only_super_user
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """The mails of one state, newest first: what failed or bounced, unless asked for another."""
    number = counts()
    state = _asked(request, number)
    page = page_of(request, [in_state(state)], ("-pk",))
    people = User.objects.filter(gone_at__isnull=True).in_bulk({row.user_id for row in page.rows})
    return render(
        request,
        "web/mail.html",
        {
            "tabs": [Tab(_NAMES[s], s, number[s], s is state) for s in _NAMES],
            "state": state.value,
            "heading": _NAMES[state],
            "lines": [
                Line(row, _KINDS.get(row.kind, row.kind), people.get(row.user_id))
                for row in page.rows
            ],
            "page": page,
            "is_set_up": mail_is_set_up(),
        },
    )


def _asked(request: HttpRequest, number: dict[State, Count]) -> State:
    for state in _NAMES:
        if request.GET.get("state") == state.value:
            return state
    return next((state for state in _NAMES if number[state].number), State.WAITING)


@only_super_user
@require_POST
def retry(request: HttpRequest) -> HttpResponse:
    """Lets one failed mail, or all of them, be tried again."""
    wanted = request.POST.get("mail", "")
    ids = [int(wanted)] if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else []
    count = try_again(None if wanted == "all" else ids, by=actor(request))
    if count:
        what = "The mail is" if count == 1 else f"{count:,} mails are"
        messages.success(request, f"{what} tried again.")
    return redirect(reverse("mail") + "?state=waiting")
