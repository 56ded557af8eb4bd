"""Asking the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import QuerySet

from schoolgate.outbox.models import Mail, State

MOST_COUNTED = 1000


@dataclass(frozen=True)
class Count:
    """How many mails are in a state; no more than MOST_COUNTED are counted."""

    number: int
    and_more: bool


def mail_is_set_up() -> bool:
    """Whether mail goes anywhere; where it does not, it waits."""
    return bool(settings.MAIL)


def in_state(state: State) -> QuerySet[Mail]:
    """The mails in a state."""
    return Mail.objects.filter(state=state)


def counts() -> dict[State, Count]:
    """How many mails are in each state, as far as a page needs to know; one query each."""
    found = {}
    for state in State:
        number = len(in_state(state).values_list("pk", flat=True)[: MOST_COUNTED + 1])
        found[state] = Count(min(number, MOST_COUNTED), number > MOST_COUNTED)
    return found


def counts_of_import(import_id: int) -> dict[State, int]:
    """How many mails that an import asked for are in each state."""
    found = Mail.objects.filter(import_id=import_id).values_list("state")
    return {State(state): number for state, number in found.annotate(models.Count("pk"))}


def undelivered(kind: str) -> QuerySet[Mail]:
    """The mails of a kind that never arrived: they came back, were refused, or were given up."""
    return Mail.objects.filter(kind=kind, state__in=[State.BOUNCED, State.FAILED])


def last_problems(user_ids: Sequence[int], kind: str | None = None) -> dict[int, str]:
    """Why the last mail of its kind to each of these users did not arrive, or is not through yet: a
    sentence by user id. Who has no trouble is not in it, and what was called back does not count.
    """
    posted = Mail.objects.filter(user_id__in=user_ids).exclude(state=State.CANCELLED)
    if kind is not None:
        posted = posted.filter(kind=kind)
    last: dict[tuple[int, str], tuple[int, str]] = {}
    for id_, user_id, of_kind, problem in posted.order_by("pk").values_list(
        "pk", "user_id", "kind", "problem"
    ):
        last[user_id, of_kind] = (id_, problem)
    troubled = sorted((id_, user, why) for (user, _), (id_, why) in last.items() if why)
    return {user: why for _, user, why in troubled}
