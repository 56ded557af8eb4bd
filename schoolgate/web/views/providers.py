"""Going to an identity provider and coming back: to sign in, to set up, or to link (NEW11, S27)."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from schoolgate.access.sign_in import SignInBackend, may_enter
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.sign_in import guesses, log, openid, providers
from schoolgate.sign_in.guesses import Kind
from schoolgate.sign_in.models import Door, Outcome, Second
from schoolgate.sign_in.openid import Identity
from schoolgate.sign_in.provider_settings import Provider, provider_named
from schoolgate.web import provider_asks
from schoolgate.web.entering import enter, first_factor_passed
from schoolgate.web.origin import network_of, origin
from schoolgate.web.permissions import actor, current_session, is_in, public, visitor
from schoolgate.web.provider_asks import Ask, Purpose
from schoolgate.web.views.sign_in import TOO_MANY, local


@public
@require_POST
def start(request: HttpRequest, provider: str) -> HttpResponse:
    """From the sign-in page to a provider. Whoever is signed in already is led on."""
    asked = known(provider)
    if request.user.is_authenticated:
        return HttpResponseRedirect(local(request))
    return lead_on(request, asked, Purpose.SIGN_IN, local(request))


@public
@require_POST
def set_up(request: HttpRequest, link: str, provider: str) -> HttpResponse:
    """From an invitation to a provider, with whose account it is to be set up (S27)."""
    asked = known(provider)
    found = invitations.find(link)
    if found is None or SignInBackend().get_user(found.user_id) is None:
        return render(request, "web/invitation_over.html", status=404)
    return lead_on(request, asked, Purpose.SET_UP, link)


@public
@require_safe
def back(request: HttpRequest, provider: str) -> HttpResponse:
    """Back from a provider, with its answer in the address. Whatever is wrong with it ends on the
    same calm page, and nobody is signed in by half (S12)."""
    asked, ask = known(provider), None
    try:
        ask = provider_asks.take(request, provider)
        identity = openid.finish(
            asked, ask.begun, request.GET.dict(), back=_address_back(request, asked)
        )
        answer = _ON[ask.purpose](request, asked, ask, identity)
    except Refusal as no:
        return failed(request, asked, str(no), ask.purpose if ask else Purpose.SIGN_IN)
    guesses.take_back(Kind.PROVIDER_ADDRESS, _network(request))
    return answer


def known(name: str) -> Provider:
    """The provider with the name; one that there is not is a missing page."""
    found = provider_named(name)
    if found is None:
        raise Http404
    return found


def lead_on(
    request: HttpRequest, provider: Provider, purpose: Purpose, bound_to: str
) -> HttpResponse:
    """A page of ours that leads on to the provider.

    Not a redirect: our policy lets no form lead to elsewhere, and where a provider sends people on
    from its own page cannot be known.
    """
    if not guesses.may_try(Kind.PROVIDER_ADDRESS, _network(request)):
        return failed(request, provider, TOO_MANY, purpose)
    try:
        address, begun = openid.begin(provider, back=_address_back(request, provider))
    except Refusal as no:
        return failed(request, provider, str(no), purpose)
    provider_asks.keep(request, Ask(provider.name, purpose, bound_to, begun))
    return render(request, "web/provider_leave.html", {"provider": provider, "address": address})


def failed(
    request: HttpRequest, provider: Provider, sentence: str, purpose: Purpose
) -> HttpResponse:
    """The page of every end that is none."""
    words = {
        "provider": provider,
        "sentence": sentence,
        "is_in": is_in(request),
        "is_set_up": purpose == Purpose.SET_UP,
    }
    return render(request, "web/provider_failed.html", words)


def _sign_in(
    request: HttpRequest, provider: Provider, ask: Ask, identity: Identity
) -> HttpResponse:
    """In, or on to the second factor; the same sentence for an account that is nobody's and for
    one of somebody who may not come in (S8, S12)."""
    user_id = providers.user_of(identity)
    user = may_enter(user_id)
    if user is None:
        whose = f"{identity.issuer} {identity.subject}"
        log.note(
            Outcome.FAILED,
            door=Door.PROVIDER,
            user_id=user_id,
            name=whose,
            origin=origin(request),
        )
        raise Refusal(nobody(provider))
    providers.note_use(identity)
    if identity.second_factor:
        enter(request, user, door=Door.PROVIDER, second=Second.PROVIDER)
        return HttpResponseRedirect(ask.bound_to)
    return first_factor_passed(request, user, Door.PROVIDER, ask.bound_to)


def _link(request: HttpRequest, provider: Provider, ask: Ask, identity: Identity) -> HttpResponse:
    """Linked to the account of whoever asked, if they are still there, in the same session."""
    if not is_in(request) or str(current_session(request).pk) != ask.bound_to:
        raise Refusal(provider_asks.BEGIN_AGAIN)
    providers.link(user_id=visitor(request).pk, identity=identity, by=actor(request))
    messages.success(request, f"You can sign in with your {provider.label} account from now on.")
    return redirect("account-providers")


def _set_up(request: HttpRequest, provider: Provider, ask: Ask, identity: Identity) -> HttpResponse:
    """Set up with this account in place of a password, and in."""
    second = Second.PROVIDER if identity.second_factor else Second.NONE
    with transaction.atomic():
        user = may_enter(providers.accept(ask.bound_to, identity=identity).pk)
        if user is None:
            raise Refusal(invitations.USE_ANOTHER)
        enter(request, user, door=Door.SET_UP, second=second)
    return redirect("home")


_ON: dict[Purpose, Callable[[HttpRequest, Provider, Ask, Identity], HttpResponse]] = {
    Purpose.SIGN_IN: _sign_in,
    Purpose.LINK: _link,
    Purpose.SET_UP: _set_up,
}


def nobody(provider: Provider) -> str:
    """What is said of every account with which nobody comes in."""
    return (
        f"Sign in another way, or ask for help: nobody is signed in here with that {provider.label}"
        " account."
    )


def _address_back(request: HttpRequest, provider: Provider) -> str:
    """The address that the provider knows as ours."""
    here = settings.URL or f"{request.scheme}://{request.get_host()}"
    return here + reverse("provider-back", args=[provider.name])


def _network(request: HttpRequest) -> str:
    return network_of(origin(request).address)
