"""Giving out sign-ins to parents and pupils: by e-mail, by printed letter, or both (ITS8).

First whom and how, then the question, then how far it has come. What was chosen stays in the
address; who they are is found anew each time, and where they are no longer those who were shown, it
is asked again. Letters are made when the browser asks for them, and kept nowhere (S20).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import credentials, letters
from schoolgate.audit.actions import exported
from schoolgate.kit.dates import day_of, in_words
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.queries import mail_is_set_up
from schoolgate.people import printed_codes
from schoolgate.people.models import LetterRun, User
from schoolgate.schools.models import Organisation
from schoolgate.web.context import PRODUCT
from schoolgate.web.forms.credentials import WhomForm
from schoolgate.web.letters.press import Frame, Letter, press
from schoolgate.web.permissions import actor, confirmed, only_super_user
from schoolgate.web.templatetags.pages import count_of
from schoolgate.web.views.confirm import ask

HOWS = {
    "both": "By e-mail to those who have an address, by letter to the others",
    "mail": "By e-mail alone",
    "letter": "By letter alone",
}
AT_MOST_MAILS, AT_MOST_LETTERS = 100_000, 10_000
# Whom the address names.
_NAMES = ("school", "school_class", "file", "user")


class Chosen(NamedTuple):
    """Who is given a sign-in how: ids of those who are mailed, and of those who get a letter."""

    mailed: list[int]
    lettered: list[int]

    @property
    def mark(self) -> str:
        """By which those who were shown are known again (S42)."""
        told = repr((sorted(self.mailed), sorted(self.lettered)))
        return hashlib.sha256(told.encode()).hexdigest()


@only_super_user
@confirmed
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Whom and how; how many there are of each."""
    form = WhomForm(request.GET)
    waiting = _waiting(form)
    mailed = sum(one.by_mail for one in waiting)
    ways = [(how, words, _split(waiting, how)) for how, words in HOWS.items()]
    return render(
        request,
        "web/credentials.html",
        {
            "filters": form,
            "person": _person(form),
            "count": len(waiting),
            "with_address": mailed,
            "without": len(waiting) - mailed,
            "ways": [(how, words, chosen.mark) for how, words, chosen in ways],
            "has_mail": mail_is_set_up(),
            "asked": _asked(request),
        },
    )


@only_super_user
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def ask_first(request: HttpRequest) -> HttpResponse:
    """Asks, with how many of each; then invites, and leads to where the letters are."""
    form, how = WhomForm(request.GET), request.GET.get("how", "")
    if how not in HOWS:
        return redirect(_address("users-credentials", request))
    chosen = _split(_waiting(form), how)

    def do() -> HttpResponse:
        if request.GET.get(f"shown_{how}") != chosen.mark:
            raise Refusal(
                "Go back and look again: since you opened the page those who can be given a sign-in"
                " have changed. Nothing has been sent."
            )
        _refuse_too_many(chosen)
        run = credentials.give_out(
            mailed=chosen.mailed, lettered=chosen.lettered, by=actor(request)
        )
        return redirect(_address("users-credentials-run", request, run.pk))

    count = len(chosen.mailed) + len(chosen.lettered)
    return ask(
        request,
        do,
        title=f"Give out {count_of(count, 'sign-in sign-ins')}?",
        sentences=_sentences(form, chosen),
        button="Give them out",
        back=_address("users-credentials", request),
        warning=False,
    )


def _sentences(form: WhomForm, chosen: Chosen) -> list[str]:
    said = [f"For: {form.words}."] if form.words else []
    if chosen.mailed:
        said.append(
            f"{count_of(len(chosen.mailed), 'invitation_goes invitations_go')} out by e-mail, with"
            f" a link that works once, for {count_of(settings.INVITATION_DAYS, 'day days')}."
        )
    if chosen.lettered:
        said.append(
            f"{count_of(len(chosen.lettered), 'letter_is letters_are')} made when you download them"
            " on the next page, each with a code that works once, for"
            f" {count_of(settings.LETTER_DAYS, 'day days')}."
        )
    return [*said, "Whatever they were sent or given before stops working."]


def _refuse_too_many(chosen: Chosen) -> None:
    if not chosen.mailed and not chosen.lettered:
        raise Refusal("Choose others: nobody there is waiting for a sign-in of this kind.")
    if len(chosen.lettered) > AT_MOST_LETTERS or len(chosen.mailed) > AT_MOST_MAILS:
        raise Refusal(
            f"Choose fewer, by school or class: no more than {AT_MOST_LETTERS:,} letters are made"
            f" in one file, and {AT_MOST_MAILS:,} invitations sent at once."
        )


@only_super_user
@confirmed
@require_safe
def progress(request: HttpRequest, run_id: int) -> HttpResponse:
    """How far the mails and the letters have come."""
    return _progress(request, _run(request, run_id))


def _progress(request: HttpRequest, run: LetterRun, failed: str = "") -> HttpResponse:
    mails = credentials.mails_of(run)
    return render(
        request,
        "web/credentials_run.html",
        {
            "run": run,
            "mails": mails,
            "failed": failed,
            "here": _address("users-credentials-run", request, run.pk),
            "is_moving": bool(mails.waiting or (run.total and not run.finished_at)),
            "letters": _address("users-credentials-letters", request, run.pk),
            "again": bool(run.done),
            "days": settings.LETTER_DAYS,
            "has_mail": mail_is_set_up(),
        },
    )


@only_super_user
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def letters_file(request: HttpRequest, run_id: int) -> HttpResponseBase:
    """The letters, with fresh codes each time: earlier ones stop working (S20)."""
    run, back = _run(request, run_id), _address("users-credentials-run", request, run_id)
    if request.method != "POST":
        return redirect(back)  # from confirming who they are
    chosen = _split(_waiting(WhomForm(request.GET)), request.GET.get("how", ""))
    try:
        _refuse_too_many(chosen._replace(mailed=[]))
        codes = credentials.print_letters(chosen.lettered, run=run, by=actor(request))
    except Refusal as refusal:
        return _progress(request, run, failed=str(refusal))
    exported(by=actor(request), kind="letters", object_id=run.pk)
    response = StreamingHttpResponse(
        _pieces(codes, _frame(request), run.pk), content_type="application/pdf"
    )
    name = f"letters-{timezone.localdate().isoformat()}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _pieces(codes: dict[int, str], frame: Frame, run_id: int) -> Iterator[bytes]:
    pages = [
        Letter(to.name, to.place, to.signs_in_as, codes[to.user_id])
        for to in letters.addressees(codes)
    ]
    yield from press(pages, frame, done=_teller(run_id))
    credentials.note_done(run_id, len(pages), finished=True)


def _teller(run_id: int) -> Callable[[int], None]:
    last = timezone.now()

    def tell(done: int) -> None:
        nonlocal last
        if timezone.now() - last > timedelta(seconds=0.5):
            credentials.note_done(run_id, done)
            last = timezone.now()

    return tell


def _frame(request: HttpRequest) -> Frame:
    found = Organisation.objects.order_by("pk").first()
    home = f"{settings.URL}/" if settings.URL else request.build_absolute_uri("/")
    # All of the day before: the code ends at this time of day.
    last = day_of(timezone.now() + printed_codes.lasts()) - timedelta(days=1)
    return Frame(
        title="Letters with codes to sign in",
        organisation=(found.name if found else "") or PRODUCT,
        address=home.rstrip("/") + reverse("letter"),
        home=home,
        until=in_words(last),
        contact=(found.contact if found else "") or "",
    )


def _waiting(form: WhomForm) -> list[credentials.Waits]:
    """Who is waiting for a sign-in."""
    if form.whom is None:
        return []
    return credentials.waiting(form.whom)


def _split(waiting: Sequence[credentials.Waits], how: str) -> Chosen:
    mailed = [one.user_id for one in waiting if one.by_mail and how in ("mail", "both")]
    lettered = [
        one.user_id
        for one in waiting
        if one.by_letter and (how == "letter" or (how == "both" and not one.by_mail))
    ]
    return Chosen(mailed, lettered)


def _run(request: HttpRequest, run_id: int) -> LetterRun:
    found = LetterRun.objects.filter(pk=run_id, made_by_id=actor(request).user_id).first()
    if found is None:
        raise Http404
    return found


def _person(form: WhomForm) -> User | None:
    whom = form.whom
    return User.objects.filter(pk__in=whom.user_ids).first() if whom and whom.user_ids else None


def _asked(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in _NAMES if request.GET.get(name)}


def _address(view: str, request: HttpRequest, *arguments: int) -> str:
    """The page with what was chosen."""
    kept = _asked(request)
    if "how" in request.GET and view != "users-credentials":
        kept["how"] = request.GET["how"]
    where = reverse(view, args=arguments)
    return f"{where}?{urlencode(kept)}" if kept else where
