"""The identity providers that the environment names (docs/running.md), and what is wrong there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings

_MICROSOFT_HOST = "login.microsoftonline.com"
_NAME = re.compile(r"[a-z][a-z0-9]{0,29}")
_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Addresses of Microsoft that stand for any tenant, and so say nothing of whose account it is.
_ANY_TENANT = ("organizations", "common", "consumers")
_HERE = ("localhost", "127.0.0.1", "::1")
_LONGEST = 255


@dataclass(frozen=True)
class Provider:
    """An identity provider, and how Schoolgate is known to it.

    ``tenants``: of a Microsoft address that serves many organisations, the ids of those whose
    accounts are taken; empty for an issuer that is one by itself. ``asks_which``: whether it is
    asked to let people choose between accounts, for computers are shared.
    """

    name: str
    label: str
    issuer: str
    client: str
    secret: str = field(repr=False)
    trusts_second_factor: bool = False
    tenants: frozenset[str] = frozenset()
    asks_which: bool = False


def configured() -> list[Provider]:
    """The providers there are, in the order in which the setting names them."""
    found, _ = read(settings.PROVIDERS, settings.PROVIDER_SETTINGS)
    return found


def provider_named(name: str) -> Provider | None:
    """The provider with this name."""
    return next((provider for provider in configured() if provider.name == name), None)


def read(names: Sequence[str], environment: Mapping[str, str]) -> tuple[list[Provider], list[str]]:
    """The providers with these names, and a sentence for each thing that is wrong with one.

    A provider with which something is wrong is left out. No sentence repeats a secret.
    """
    found: list[Provider] = []
    problems: list[str] = []
    for place, name in enumerate(names):
        if not _NAME.fullmatch(name):
            problems.append(
                "Name each provider in SCHOOLGATE_PROVIDERS with small letters and digits, such as"
                f" microsoft,google: {name!r} is no such name."
            )
            continue
        if name in names[:place]:
            problems.append(f"Name {name} once in SCHOOLGATE_PROVIDERS: it is there twice.")
            continue
        wrong, provider = _read_one(name, environment)
        if any(other.issuer == provider.issuer for other in found):
            wrong.append(
                f"Leave out one of the providers in SCHOOLGATE_PROVIDERS: {name} has the issuer of"
                " an earlier one."
            )
        problems.extend(wrong)
        if not wrong:
            found.append(provider)
    return found, problems


def _read_one(name: str, environment: Mapping[str, str]) -> tuple[list[str], Provider]:
    def of(key: str) -> str:
        return environment.get(f"SCHOOLGATE_PROVIDER_{name.upper()}_{key}", "").strip()

    tenants = [part.strip().lower() for part in of("TENANTS").split(",") if part.strip()]
    issuer, several = _issuer(name, of("ISSUER"), tenants)
    provider = Provider(
        name=name,
        label=of("LABEL") or name.capitalize(),
        issuer=issuer,
        client=of("CLIENT"),
        secret=of("SECRET"),
        trusts_second_factor=of("TRUST_SECOND_FACTOR") == "yes",
        tenants=frozenset(tenants) if several else frozenset(),
        asks_which=(_split(issuer) or ("",))[0] in (_MICROSOFT_HOST, "accounts.google.com"),
    )
    prefix = f"SCHOOLGATE_PROVIDER_{name.upper()}"
    wrong = [
        *_wrong_with_issuer(prefix, provider, tenants),
        *_wrong_with_rest(prefix, provider, of("TRUST_SECOND_FACTOR")),
    ]
    return wrong, provider


def _issuer(name: str, given: str, tenants: list[str]) -> tuple[str, bool]:
    """The issuer, and whether it is Microsoft's address of many tenants."""
    if not given and name == "google":
        given = "https://accounts.google.com"
    if not given and name == "microsoft" and tenants:
        whose = tenants[0] if len(tenants) == 1 else _ANY_TENANT[0]
        given = f"https://{_MICROSOFT_HOST}/{whose}/v2.0"
    return given, _tenant_of(given) in _ANY_TENANT


def _tenant_of(issuer: str) -> str:
    """The tenant, or the word in its place, in an address of Microsoft; blank for any other."""
    parts = _split(issuer)
    if parts is None or parts[0] != _MICROSOFT_HOST:
        return ""
    return parts[1].strip("/").partition("/")[0]


def _split(address: str) -> tuple[str, str] | None:
    """Host and path of an address that an issuer can have; None for any other."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)
    bare = not (parts.query or parts.fragment or parts.username)
    return (host, parts.path) if host and safe and bare and len(address) <= _LONGEST else None


def _wrong_with_issuer(prefix: str, provider: Provider, tenants: list[str]) -> Iterator[str]:
    tenant = _tenant_of(provider.issuer)
    if provider.name == "microsoft" and not provider.issuer:
        yield (
            f"Set {prefix}_TENANTS to the id of your organisation at Microsoft (Directory (tenant)"
            " ID), or to several, separated by commas: it is not set."
        )
    elif _split(provider.issuer) is None:
        yield (
            f"Set {prefix}_ISSUER to the provider's issuer, an https address such as"
            f" https://login.example.org: {provider.issuer!r} is none."
        )
    elif bad := next((given for given in tenants if not _TENANT.fullmatch(given)), None):
        yield f"Set {prefix}_TENANTS to ids of tenants, separated by commas: {bad!r} is none."
    elif tenant in _ANY_TENANT and not tenants:
        yield (
            f"Set {prefix}_TENANTS to the ids of the tenants whose accounts may be used:"
            f" {tenant} stands for anybody's."
        )
    elif tenant and tenant not in _ANY_TENANT and not _TENANT.fullmatch(tenant):
        yield f"Set {prefix}_ISSUER with the id of the tenant in it: {tenant!r} is no id."
    elif tenants and tenant not in (*_ANY_TENANT, *tenants):
        yield f"Leave out {prefix}_TENANTS, or {prefix}_ISSUER: they name different accounts."


def _wrong_with_rest(prefix: str, provider: Provider, trust: str) -> Iterator[str]:
    if not provider.client:
        yield f"Set {prefix}_CLIENT to the client id that the provider gave: it is not set."
    if not provider.secret:
        yield f"Set {prefix}_SECRET to the client secret that the provider gave: it is not set."
    if trust not in ("", "yes", "no"):
        yield f"Set {prefix}_TRUST_SECOND_FACTOR to yes or no: it is {trust!r}."
    if len(provider.label) > 40:
        yield f"Set {prefix}_LABEL to at most 40 characters: it has {len(provider.label)}."
