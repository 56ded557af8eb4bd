"""Who signed in in which month, for the figures of usage (PP9).

One row a user and month, however often they signed in; it tells when they last did.
"""

from django.utils import timezone

from schoolgate.audit.actions import batch, user_actor
from schoolgate.audit.actions import signed_in as note_signed_in
from schoolgate.kit import bulk


def signed_in(user_id: int) -> None:
    """Record that a user signed in: as an event, and in the month's figures. When it cannot be
    written, they do not sign in (S60)."""
    with batch(by=user_actor(user_id)):
        note_signed_in(user_id)
        now, today = timezone.now(), timezone.localdate()
        bulk.execute(
            "INSERT INTO people_activemonth (user_id, month, last_at, last_on)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (month, user_id)"
            " DO UPDATE SET last_at = excluded.last_at, last_on = excluded.last_on",
            [user_id, today.replace(day=1), now, today],
        )
