"""My account > Other accounts: with which accounts of identity providers somebody signs in."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.kit.refusal import Refusal
from schoolgate.sign_in import providers, sessions
from schoolgate.sign_in.models import ProviderLink, SessionEnding
from schoolgate.web.permissions import actor, confirmed, current_session, signed_in, visitor
from schoolgate.web.provider_asks import Purpose
from schoolgate.web.provider_choices import label_of, other_accounts
from schoolgate.web.views.providers import known, lead_on


@signed_in
@require_safe
def account_providers(request: HttpRequest) -> HttpResponse:
    """The accounts that are linked, and the providers of which one can be."""
    return render(request, "web/account_providers.html", other_accounts(visitor(request).pk))


@signed_in
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, provider: str) -> HttpResponse:
    """Links an account, by a way to the provider and back; whoever asks has just proved who they
    are (S27)."""
    asked = known(provider)
    if request.method == "POST":
        return lead_on(request, asked, Purpose.LINK, str(current_session(request).pk))
    return render(request, "web/account_provider_add.html", {"provider": asked})


@signed_in
@confirmed
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, link_id: int) -> HttpResponse:
    """Unlinks one, after asking. Other sessions can be ended with it (S5)."""
    mine = visitor(request)
    found = ProviderLink.objects.filter(pk=link_id, user_id=mine.pk).first()
    if found is None:
        raise Http404
    label, failed = label_of(found.provider), ""
    if request.method == "POST":
        try:
            providers.remove(user_id=mine.pk, link_id=link_id, by=actor(request))
        except Refusal as no:
            failed = str(no)
        else:
            if request.POST.get("end_others"):
                sessions.end_all(
                    [mine.pk],
                    how=SessionEnding.CHANGED,
                    by=actor(request),
                    but=current_session(request).pk,
                )
            messages.success(request, f"You no longer sign in with your {label} account.")
            return redirect("account-providers")
    words = {"link": found, "label": label, "failed": failed}
    return render(request, "web/account_provider_remove.html", words)
