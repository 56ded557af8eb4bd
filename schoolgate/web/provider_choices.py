"""The accounts elsewhere with which somebody can sign in, as pages show them."""

from typing import Any, NamedTuple

from schoolgate.sign_in import providers
from schoolgate.sign_in.models import ProviderLink
from schoolgate.sign_in.provider_settings import configured


class Account(NamedTuple):
    """A linked account: ``label`` of its provider; ``works`` unless there is none such any more."""

    link: ProviderLink
    label: str
    works: bool


def other_accounts(user_id: int) -> dict[str, Any]:
    """What parts/account_providers.html needs: ``accounts`` that are linked, and ``providers`` of
    which one can be."""
    there = {provider.name: provider.label for provider in configured()}
    accounts = [
        Account(link, there.get(link.provider, link.provider), link.provider in there)
        for link in providers.links_of(user_id)
    ]
    return {"accounts": accounts, "providers": configured()}
