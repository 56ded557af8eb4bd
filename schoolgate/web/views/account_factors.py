"""My account > Second factors: which I have, setting one up, recovery codes (S25, S26)."""

import json

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access.second_factor import Standing
from schoolgate.audit.actions import batch
from schoolgate.kit.refusal import Refusal
from schoolgate.kit.sealed import Unsealable, seal, unseal
from schoolgate.schools.models import Organisation
from schoolgate.sign_in import factors, recovery_codes, sessions, totp
from schoolgate.sign_in.models import Passkey, Second, Totp
from schoolgate.sign_in.notices import tell_of_change
from schoolgate.web import fresh_codes
from schoolgate.web.context import PRODUCT
from schoolgate.web.entering import standing_of
from schoolgate.web.forms.account import AppForm, RemoveForm
from schoolgate.web.permissions import (
    account_start,
    actor,
    confirmed,
    current_session,
    signed_in,
    visitor,
)
from schoolgate.web.views.account import others_out, outcome

_NEW_APP = "new-app"
_NEW_APP_SECONDS = 30 * 60


@account_start
@require_safe
def account_factors(request: HttpRequest) -> HttpResponse:
    """Those there are, and the ways to another. Open also while nothing else is (S25)."""
    person, standing = visitor(request), _standing(request)
    shown = {
        "standing": standing,
        "is_overdue": standing.is_overdue(timezone.now()),
        "app": Totp.objects.filter(user=person).first(),
        "passkeys": Passkey.objects.filter(user=person).order_by("pk"),
        "codes": recovery_codes.left(person.pk),
    }
    return render(request, "web/account_factors.html", shown)


def _standing(request: HttpRequest) -> Standing:
    known = standing_of(request)
    if known is None:
        raise Http404
    return known


@account_start
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def app(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app, the first or in place of another: scan, then type a code."""
    person = visitor(request)
    secret, form = _secret(request), AppForm(request.POST or None)
    if secret is None:
        if request.method == "POST":
            form.add_error("code", "Scan the square anew: the one before was too old.")
        secret = _new_secret(request)
    elif request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            with batch(by=actor(request)):
                totp.set_up(user_id=person.pk, secret=secret, code=given["code"], by=actor(request))
                codes = recovery_codes.make_first(user_id=person.pk, by=actor(request))
                if current_session(request).second == Second.NONE:
                    sessions.prove_second(current_session(request), Second.TOTP)
                others_out(request, given["others"])
        except Refusal as refusal:
            form.add_error("code", str(refusal))
        else:
            return _done(request, codes, given["others"])
    told = totp.uri(secret, account=person.get_username(), issuer=_issuer())
    shown = {"form": form, "square": _square(told), "uri": told, "secret": _in_groups(secret)}
    return render(request, "web/account_app.html", shown)


def _done(request: HttpRequest, codes: list[str], others: bool) -> HttpResponse:
    request.session.pop(_NEW_APP, None)
    request.session.cycle_key()
    messages.success(request, f"Your authenticator app is set up.{outcome(others)}")
    if not codes:
        return redirect("account-factors")
    fresh_codes.keep(request, codes)
    return redirect("account-codes")


def _new_secret(request: HttpRequest) -> str:
    """A secret for an app that is being set up: sealed in the browser's session alone."""
    secret = totp.start()
    known = [visitor(request).pk, timezone.now().timestamp(), secret]
    request.session[_NEW_APP] = seal(json.dumps(known))
    return secret


def _secret(request: HttpRequest) -> str | None:
    """The secret that the page showed last, unless that is too long ago."""
    try:
        user_id, since, secret = json.loads(unseal(request.session.get(_NEW_APP, "")))
    except (Unsealable, ValueError):
        return None
    late = timezone.now().timestamp() - since > _NEW_APP_SECONDS
    return None if late or user_id != visitor(request).pk else str(secret)


def _issuer() -> str:
    found = Organisation.objects.order_by("pk").first()
    return (found.name if found else "") or PRODUCT


def _square(told: str) -> SafeString:
    """The QR code as SVG: shapes of our own library, with no text in it."""
    code = segno.make(told, micro=False, error="m")
    drawn = code.svg_inline(border=4, light="#fff", scale=5, omitsize=True, svgclass="sg-qr__code")
    return mark_safe(drawn)  # noqa: S308 - no text of anybody is in it


def _in_groups(secret: str) -> str:
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def app_remove(request: HttpRequest) -> HttpResponse:
    """Take the authenticator app away, after asking."""
    person, refused = visitor(request), ""
    form = RemoveForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        others = form.cleaned_data["others"]
        needs_one = _standing(request).is_required
        try:
            with batch(by=actor(request)):
                totp.remove(user_id=person.pk, must_have_one=needs_one, by=actor(request))
                others_out(request, others)
        except Refusal as refusal:
            refused = str(refusal)
        else:
            messages.success(request, f"Your authenticator app is removed.{outcome(others)}")
            return redirect("account-factors")
    return render(request, "web/account_app_remove.html", {"form": form, "failed": refused})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def codes(request: HttpRequest) -> HttpResponse:
    """Recovery codes: those just made, until they are kept; and making new ones."""
    person = visitor(request)
    if request.method == "POST" and request.POST.get("step") == "kept":
        fresh_codes.forget(request)
        return redirect("account-factors")
    if request.method == "POST" and factors.has_factor(person.pk):
        with batch(by=actor(request)) as events:
            made = recovery_codes.make_new(user_id=person.pk, by=actor(request))
            tell_of_change([person.pk], at=events.at)
        fresh_codes.keep(request, made)
        return redirect("account-codes")
    shown = {
        "codes": fresh_codes.fresh(request),
        "left": recovery_codes.left(person.pk),
        "has_factor": factors.has_factor(person.pk),
        "made_at": timezone.now(),
    }
    return render(request, "web/account_codes.html", shown)


@signed_in
@require_safe
def codes_file(request: HttpRequest) -> HttpResponse:
    """The codes just made, as a text file; once they are kept, there is none."""
    found = fresh_codes.fresh(request)
    if not found:
        return redirect("account-codes")
    lines = [
        f"Recovery codes for {visitor(request).get_username()} at {_issuer()}",
        "Each works once, in place of your second factor. Keep them where nobody else looks.",
        "",
        *found,
        "",
    ]
    answer = HttpResponse("\r\n".join(lines), content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return answer
