"""How a user signs in, for whoever looks after their account: sessions and ending them, second
factors and their reset, and what happened at the doors (S5, S62). Never a secret."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from schoolgate.access.accounts import end_sessions, reset_second_factors
from schoolgate.access.authority import accounts_managed
from schoolgate.access.staff_list import staff_of
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from schoolgate.sign_in import recovery_codes, sessions
from schoolgate.sign_in.models import Passkey, ProviderLink, Totp
from schoolgate.sign_in.queries import events_of
from schoolgate.web.permissions import actor, confirmed, only_super_user, runs_school, visitor
from schoolgate.web.views.confirm import ask
from schoolgate.web.views.sign_ins import lines
from schoolgate.web.views.user import there

LATELY = 10


@dataclass(frozen=True)
class Desk:
    """Where somebody's sign-in is looked at: the pages of it, and the one they are reached from."""

    person: User
    page: str
    reset: str
    back: str
    back_words: str
    every_sign_in: str = ""


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def of_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """How a user signs in, and ending their sessions."""
    return _page(request, _of_user(user_id))


@runs_school
@require_http_methods(["GET", "HEAD", "POST"])
def of_staff(request: HttpRequest, school: Establishment, user_id: int) -> HttpResponse:
    """The same of a member of staff; for whoever's account is not the reader's it does not exist
    (S62)."""
    return _page(request, _of_staff(request, school, user_id))


@only_super_user
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def reset_of_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """Takes the second factors of a user away, after asking."""
    return _reset(request, _of_user(user_id))


@runs_school
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def reset_of_staff(request: HttpRequest, school: Establishment, user_id: int) -> HttpResponse:
    """The same of a member of staff."""
    return _reset(request, _of_staff(request, school, user_id))


def _of_user(user_id: int) -> Desk:
    person = there(user_id)
    return Desk(
        person,
        reverse("user-sign-in", args=[person.pk]),
        reverse("user-factor-reset", args=[person.pk]),
        reverse("user", args=[person.pk]),
        str(person),
        f"{reverse('sign-ins')}?user={person.pk}",
    )


def _of_staff(request: HttpRequest, school: Establishment, user_id: int) -> Desk:
    person = staff_of(school.pk).filter(pk=user_id).first()
    if person is None or not accounts_managed(actor(request), [person.pk]):
        raise Http404
    return Desk(
        person,
        reverse("school-staff-sign-in", args=[school.pk, person.pk]),
        reverse("school-staff-factor-reset", args=[school.pk, person.pk]),
        reverse("school-staff", args=[school.pk]),
        f"Staff of {school.name}",
    )


def _page(request: HttpRequest, desk: Desk) -> HttpResponse:
    person, failed = desk.person, ""
    if request.method == "POST":
        try:
            return _end(request, desk)
        except Refusal as refusal:
            failed = str(refusal)
    passkeys = Passkey.objects.filter(user=person).order_by("pk")
    app = Totp.objects.filter(user=person).first()
    return render(
        request,
        "web/user_sign_in.html",
        {
            "desk": desk,
            "person": person,
            "is_reader": person.pk == visitor(request).pk,
            "failed": failed,
            "sessions": sessions.live(person.pk),
            "passkeys": passkeys,
            "app": app,
            "codes_left": recovery_codes.left(person.pk),
            "links": ProviderLink.objects.filter(user=person).order_by("pk"),
            "lines": lines(list(events_of(person.pk)[:LATELY])),
        },
    )


def _end(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ends the session that the form names, or all."""
    which = request.POST.get("session", "")
    if which == "all":
        count = end_sessions(desk.person.pk, None, by=actor(request))
    elif which.isascii() and which.isdigit() and len(which) < 18:
        count = end_sessions(desk.person.pk, [int(which)], by=actor(request))
    else:
        raise Refusal("Choose the session to end.")
    told = {0: "There was nothing to end: it was over already.", 1: "1 session is ended."}
    messages.success(request, told.get(count, f"{count:,} sessions are ended."))
    return redirect(desk.page)


def _reset(request: HttpRequest, desk: Desk) -> HttpResponse:
    person = desk.person

    def do() -> HttpResponse:
        reset_second_factors([person.pk], by=actor(request))
        messages.success(
            request, f"The second factor of {person} is reset. They set up a new one at sign-in."
        )
        return redirect(desk.page)

    told = f"A mail to {person.email} tells them." if person.email else "Tell them yourself."
    return ask(
        request,
        do,
        title=f"Reset the second factor of {person}?",
        sentences=[
            "Make sure that it is really they who ask: ring them, or see them. Somebody who"
            " pretends to be them comes in with their password alone once this is done.",
            "Their passkeys, authenticator app and recovery codes work no longer, and they are"
            " signed out everywhere. When they next sign in they set up a new second factor before"
            " anything else. You see none of its secrets.",
            told,
        ],
        button="Reset the second factor",
        back=desk.page,
    )
