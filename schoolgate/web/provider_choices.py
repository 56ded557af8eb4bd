"""The accounts elsewhere with which somebody can sign in, as pages show them."""

from typing import Any, NamedTuple

from schoolgate.sign_in import providers
from schoolgate.sign_in.models import ProviderLink
from schoolgate.sign_in.provider_settings import configured, provider_named


class Account(NamedTuple):
    """A linked account: ``label`` of its provider; ``works`` unless there is none such any more."""

    link: ProviderLink
    label: str
    works: bool


def other_accounts(user_id: int) -> dict[str, Any]:
    """What parts/account_providers.html needs: ``accounts`` that are linked, and ``providers`` of
    which one can be."""
    there = configured()
    names = {provider.name for provider in there}
    accounts = [
        Account(link, label_of(link.provider), link.provider in names)
        for link in providers.links_of(user_id)
    ]
    return {"accounts": accounts, "providers": there}


def label_of(name: str) -> str:
    """What people call the provider with the name, one that is offered no longer too."""
    found = provider_named(name)
    return found.label if found else name.capitalize()
