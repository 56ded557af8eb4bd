"""How long it is kept who was at which door, from where."""

from datetime import timedelta

from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from schoolgate.kit import bulk
from schoolgate.sign_in import links
from schoolgate.sign_in.models import Guesses, SignInEvent, UserSession

KEPT = timedelta(days=400)
# Longer than any limit counts back.
GUESSES_KEPT = timedelta(days=1)


def delete_old() -> int:
    """Delete sign-ins and sessions of more than 400 days ago, guesses and links of more than a day
    ago, and changes of address that nobody can stop any more; how many. The log of events, which
    holds neither devices nor addresses, keeps its own time."""
    now = timezone.now()
    old = {
        SignInEvent: ("at", now - KEPT),
        UserSession: ("made_at", now - KEPT),
        Guesses: ("last_at", now - GUESSES_KEPT),
    }
    SessionStore.clear_expired()  # what browsers had that never came back
    return links.sweep() + sum(
        bulk.execute(f"DELETE FROM {model._meta.db_table} WHERE {field} < %s", [before])
        for model, (field, before) in old.items()
    )
