"""What somebody can sign in with who takes one of their ways in away."""

from schoolgate.people.models import User
from schoolgate.sign_in.models import Passkey, ProviderLink
from schoolgate.sign_in.provider_settings import configured


def is_left(user_id: int, *, without: Passkey | ProviderLink) -> bool:
    """Whether the user can still sign in: with a password, another passkey, or another account at
    a provider that there still is."""
    passkeys = Passkey.objects.filter(user_id=user_id)
    accounts = ProviderLink.objects.filter(
        user_id=user_id, provider__in=[provider.name for provider in configured()]
    )
    if isinstance(without, Passkey):
        passkeys = passkeys.exclude(pk=without.pk)
    else:
        accounts = accounts.exclude(pk=without.pk)
    has_password = User.objects.get(pk=user_id).has_password
    return has_password or passkeys.exists() or accounts.exists()
