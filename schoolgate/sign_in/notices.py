"""Mail to users whose way of signing in has changed, so that they learn of what was not them."""

from collections.abc import Iterable
from datetime import datetime

from schoolgate.outbox import actions as outbox
from schoolgate.outbox.actions import NewMail
from schoolgate.people.models import User

KIND = "sign-in-changed"


def tell_of_change(user_ids: Iterable[int], *, at: datetime) -> None:
    """Post a mail to those of the users who have an e-mail address. Inside of a batch."""
    there = User.objects.filter(pk__in=set(user_ids), email_key__isnull=False).order_by("pk")
    outbox.post(
        (NewMail(KIND, id_, address) for id_, address in there.values_list("pk", "email")), at=at
    )
