"""Asking an identity provider who somebody is: OpenID Connect, by authorization code with PKCE.

Nothing here knows of users. Each no is a Refusal with a sentence for the person; the log gets the
reason in a word, and never a token, code or secret.
"""

import logging
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from schoolgate.kit.refusal import Refusal
from schoolgate.sign_in.provider_settings import Provider

logger = logging.getLogger(__name__)

_SCOPES = "openid email profile"
# Signatures with a key that only the provider has: neither none, nor one with the client's secret.
_SIGNED_WITH = [f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512)]
_CONNECT, _READ, _IN_ALL = 3.0, 4.0, 8.0  # seconds
_LARGEST = 512 * 1024  # bytes of an answer
_KEPT = 600.0  # seconds that what a provider says of itself, and its keys, are taken to hold
_LEFT_ALONE = 15.0  # seconds after it did not answer, so that it holds up nobody else
_SKEW = 60  # seconds by which clocks may differ


@dataclass(frozen=True)
class Begun:
    """A question that a provider has been sent, to be kept until its answer: ``state`` finds it
    again, ``nonce`` and ``verifier`` (PKCE) are secrets of ours."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Identity:
    """Whom a provider says somebody is: ``issuer`` and ``subject`` are who, ``shown`` is a label
    for people (an address or name there), which proves nothing."""

    provider: str
    issuer: str
    subject: str
    shown: str
    second_factor: bool


def begin(provider: Provider, *, back: str) -> tuple[str, Begun]:
    """The address at the provider to which somebody is to go, and what to keep until they are back
    at the address ``back``. Refusal when the provider cannot be reached."""
    begun = Begun(*(secrets.token_urlsafe(32) for _ in range(3)))
    about = _about(provider)
    which = {"prompt": "select_account"} if provider.asks_which else {}
    with _session(provider, back) as session:
        address, _ = session.create_authorization_url(
            about["authorization_endpoint"],
            state=begun.state,
            code_verifier=begun.verifier,
            nonce=begun.nonce,
            **which,
        )
    return str(address), begun


def finish(provider: Provider, begun: Begun, answer: Mapping[str, str], *, back: str) -> Identity:
    """Who the provider says that it was, by the parameters of its answer.

    Refusal unless it says so in an ID token that it signed for us, now, and for this question.
    """
    if answer.get("error"):
        raise _no(provider, "answered with an error")
    code = answer.get("code")
    if not code or answer.get("state") != begun.state:
        raise _no(provider, "no code")
    about = _about(provider)
    names_itself = about.get("authorization_response_iss_parameter_supported") is True
    if (names_itself or "iss" in answer) and answer.get("iss") not in _issuers(provider, about):
        raise _no(provider, "answer of another issuer")  # RFC 9207
    try:
        with _session(provider, back) as session:
            session.token_endpoint_auth_method = _way_to_prove(about)
            token = session.fetch_token(
                about["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=begun.verifier,
                redirect_uri=back,
            )
        return _identity(provider, about, token, begun.nonce)
    except requests.RequestException as problem:
        raise _silent(provider, problem) from None
    except (AuthlibBaseError, JoseError) as problem:
        raise _no(provider, _reason(problem)) from None
    except (KeyError, TypeError, ValueError) as problem:
        raise _no(provider, type(problem).__name__) from None


def _identity(
    provider: Provider, about: Mapping[str, Any], token: Mapping[str, Any], nonce: str
) -> Identity:
    signed = _checked(provider, about, str(token["id_token"]))
    issuer = _issuer_of(provider, about, signed.claims)
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": provider.client},
        },
        {
            "nonce": nonce,
            "client_id": provider.client,
            "access_token": token.get("access_token"),
        },
    )
    claims.validate(leeway=_SKEW)
    subject = str(claims["sub"])
    if not 0 < len(subject) <= 255:
        raise ValueError("A subject has 1 to 255 characters.")
    return Identity(
        provider=provider.name,
        issuer=issuer,
        subject=subject,
        shown=_shown(claims),
        second_factor=provider.trusts_second_factor and "mfa" in (claims.get("amr") or []),
    )


def _checked(provider: Provider, about: Mapping[str, Any], token: str) -> jwt.Token:
    """The token, whose signature is right; a key that is new to us is asked for once."""
    rules = JWSRegistry(algorithms=_SIGNED_WITH, strict_check_header=False)
    try:
        return jwt.decode(token, key=_keys(provider, about), registry=rules)
    except InvalidKeyIdError:
        return jwt.decode(token, key=_keys(provider, about, anew=True), registry=rules)


def _issuer_of(provider: Provider, about: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """The issuer that the token must have: of a Microsoft address for many tenants, the one of the
    tenant that it names, if that is one of ours."""
    if not provider.tenants:
        return provider.issuer
    tenant = claims.get("tid")
    if tenant not in provider.tenants:
        raise ValueError("The account is of another tenant.")
    return _of_tenant(about, str(tenant))


def _issuers(provider: Provider, about: Mapping[str, Any]) -> set[str]:
    """The issuers whose accounts are taken."""
    return {_of_tenant(about, tenant) for tenant in provider.tenants} or {provider.issuer}


def _of_tenant(about: Mapping[str, Any], tenant: str) -> str:
    return str(about["issuer"]).replace("{tenantid}", tenant)


def _shown(claims: Mapping[str, Any]) -> str:
    for claim in ("email", "preferred_username", "name"):
        if isinstance(text := claims.get(claim), str) and text.isprintable() and text.strip():
            return text.strip()[:254]
    return ""


def _way_to_prove(about: Mapping[str, Any]) -> str:
    """How we prove to be the client. In the body by choice: in the header, the common libraries
    differ on how special characters are written."""
    ways = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return "client_secret_post" if "client_secret_post" in ways else "client_secret_basic"


# What providers say of themselves, and their keys, by issuer, each with the moment it was read; and
# when one last did not answer. Of this process: another asks for itself.
_abouts: dict[str, tuple[float, dict[str, Any]]] = {}
_key_sets: dict[str, tuple[float, KeySet]] = {}
_silent_since: dict[str, float] = {}


def forget_all() -> None:
    """Know nothing of any provider any more, as a process that has just begun."""
    for kept in (_abouts, _key_sets, _silent_since):
        kept.clear()


def _about(provider: Provider) -> dict[str, Any]:
    kept = _abouts.get(provider.issuer)
    if kept and time.monotonic() - kept[0] < _KEPT:
        return kept[1]
    told = _get(provider, provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    expected = provider.issuer
    if provider.tenants:  # its word for any tenant stands first in the path
        parts = urlsplit(expected)
        words = ["", "{tenantid}", *parts.path.split("/")[2:]]
        expected = parts._replace(path="/".join(words)).geturl()
    if told.get("issuer") != expected:
        raise _no(provider, "describes another issuer")
    for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        address = told.get(endpoint)
        safe = "https://" if provider.issuer.startswith("https://") else "http"
        if not isinstance(address, str) or not address.startswith(safe):
            raise _no(provider, f"describes no {endpoint}")
    _abouts[provider.issuer] = (time.monotonic(), told)
    return told


def _keys(provider: Provider, about: Mapping[str, Any], *, anew: bool = False) -> KeySet:
    kept = _key_sets.get(provider.issuer)
    if kept and not anew and time.monotonic() - kept[0] < _KEPT:
        return kept[1]
    told: Any = _get(provider, about["jwks_uri"])
    keys = KeySet.import_key_set(told)
    _key_sets[provider.issuer] = (time.monotonic(), keys)
    return keys


def _get(provider: Provider, address: str) -> dict[str, Any]:
    since = _silent_since.get(provider.issuer)
    if since is not None and time.monotonic() - since < _LEFT_ALONE:
        raise Refusal(_silence(provider))
    try:
        with _session(provider) as session:
            answer = session.get(address, withhold_token=True)
            answer.raise_for_status()
            told = answer.json()
    except requests.RequestException as problem:
        raise _silent(provider, problem) from None
    if not isinstance(told, dict):
        raise _no(provider, "told no object")
    return told


def _session(provider: Provider, back: str = "") -> Any:
    session = OAuth2Session(
        client_id=provider.client,
        client_secret=provider.secret,
        scope=_SCOPES,
        redirect_uri=back,
        code_challenge_method="S256",
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Wary())
    return session


class _Wary(HTTPAdapter):
    """Goes where it is told and nowhere else, and waits and reads within bounds."""

    def send(self, request: requests.PreparedRequest, *_: Any, **how: Any) -> requests.Response:
        until = time.monotonic() + _IN_ALL
        how.update(stream=True, timeout=(_CONNECT, _READ))
        answer = super().send(request, **how)
        with answer:
            if answer.is_redirect:
                raise requests.TooManyRedirects("It sends on to elsewhere.")
            answer._content = _read(answer, until)
            answer._content_consumed = True
        return answer


def _read(answer: requests.Response, until: float) -> bytes:
    body = b""
    try:
        while piece := answer.raw.read1(65536, decode_content=True):
            body += piece
            if len(body) > _LARGEST or time.monotonic() > until:
                raise requests.ConnectionError("The answer is too long, or takes too long.")
    except HTTPError as problem:
        raise requests.ConnectionError(type(problem).__name__) from None
    return body


def _reason(problem: Exception) -> str:
    """The kind of a problem as a word of the standards; nothing else of what was sent."""
    word = getattr(problem, "claim", None) or getattr(problem, "error", None) or ""
    kind = type(problem).__name__
    return f"{kind}: {word}" if re.fullmatch(r"[a-z_]{1,40}", str(word)) else kind


def _no(provider: Provider, reason: str) -> Refusal:
    logger.warning("Signing in with %s came to nothing: %s.", provider.name, reason)
    return Refusal(
        f"Try again, or sign in another way: {provider.label} did not tell Schoolgate who you are."
    )


def _silent(provider: Provider, problem: Exception) -> Refusal:
    _silent_since[provider.issuer] = time.monotonic()
    logger.warning("%s did not answer: %s.", provider.name, type(problem).__name__)
    return Refusal(_silence(provider))


def _silence(provider: Provider) -> str:
    return f"Try again in a minute, or sign in another way: {provider.label} does not answer."
