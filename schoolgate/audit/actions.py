"""Writing events: inside the transaction of what they tell of, sealed as one batch at its end."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from schoolgate.audit import chain
from schoolgate.audit.models import Event, EventBatch
from schoolgate.kit import bulk

HEAD_LOCK = 7_301_001
_COLUMNS = ["batch_id", "n", "verb", "kind", "object_id", "fields", "user_id", "pupil_id", "pupils"]


@dataclass(frozen=True)
class Actor:
    """Who acts: a user, or a named system actor such as "command line"."""

    name: str
    user_id: int | None = None


COMMAND_LINE = Actor("command line")
SYSTEM = Actor("schoolgate")


def user_actor(user_id: int) -> Actor:
    """The actor that a signed-in user is."""
    return Actor("user", user_id)


@dataclass
class Batch:
    """The events of the transaction under way. Made by :func:`batch` only."""

    id: int
    at: datetime
    by: Actor
    import_id: int | None
    count: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, events: Iterable[chain.EventFacts]) -> None:
        """Write ``events``, one for each record changed or page shown."""
        bulk.load(Event._meta.db_table, _COLUMNS, self._numbered(events))

    def _numbered(self, events: Iterable[chain.EventFacts]) -> Iterator[tuple[Any, ...]]:
        for facts in events:
            self.count += 1
            self._digest.update(chain.line(self.count, facts))
            yield (self.id, self.count, *facts)

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator["Batch"]:
        """Forget the events of a part that fails, as the database forgets its changes."""
        count, digest = self.count, self._digest.copy()
        try:
            with transaction.atomic():
                yield self
        except BaseException:
            self.count, self._digest = count, digest
            raise

    def seal(self) -> None:
        """Chain the batch to the last one. The lock on the head is taken here, last of all."""
        bulk.lock(HEAD_LOCK)
        last = EventBatch.objects.order_by("-position").values_list("position", "head").first()
        position, previous = (last[0] + 1, last[1]) if last else (1, chain.BEGINNING)
        digest = self._digest.hexdigest()
        facts: dict[str, Any] = {
            "at": self.at,
            "actor": self.by.name,
            "actor_id": self.by.user_id,
            "import_id": self.import_id,
            "count": self.count,
            "digest": digest,
            "previous": previous,
            "position": position,
        }
        EventBatch.objects.create(id=self.id, head=chain.head(batch_id=self.id, **facts), **facts)


_open: dict[int, Batch] = {}


@contextlib.contextmanager
def batch(*, by: Actor, import_id: int | None = None) -> Iterator[Batch]:
    """The batch of the transaction under way, opened if there is none yet, sealed at its end.

    Everything that an action writes happens inside; actions called by actions share one batch, so
    that one transaction is one link of the chain. A failure inside leaves no event and no change,
    also where the action that called goes on.
    """
    key = id(connection.connection) if connection.connection else 0
    if connection.in_atomic_block and key in _open:
        with _open[key].all_or_nothing() as joined:
            yield joined
        return
    with transaction.atomic():
        key = id(connection.connection)
        opened = Batch(
            id=bulk.new_ids(EventBatch, 1)[0], at=timezone.now(), by=by, import_id=import_id
        )
        _open[key] = opened
        try:
            yield opened
            if opened.count:
                opened.seal()
        finally:
            del _open[key]


def viewed(*, by: Actor, kind: str, object_id: int | None, pupil_ids: list[int]) -> None:
    """Record that children's records were shown: one event that names every child (S54, NEW6).

    Called before the page is handed out; when it cannot be written, nothing is shown (S60).
    """
    if not pupil_ids:
        return
    with batch(by=by) as events:
        events.add([("viewed", kind, object_id, "", None, *_named(pupil_ids))])


def _named(pupil_ids: list[int]) -> tuple[int | None, str]:
    """How an event names children: one by its id, several by their ids in a text."""
    if len(pupil_ids) == 1:
        return pupil_ids[0], ""
    return None, ",".join(map(str, pupil_ids))


def signed_in(user_id: int) -> None:
    """Record that a user signed in; when it cannot be written, they do not (S60)."""
    with batch(by=user_actor(user_id)) as events:
        events.add([("signed in", "user", user_id, "", user_id, None, "")])


def exported(
    *, by: Actor, kind: str, object_id: int | None = None, pupil_ids: Sequence[int] = ()
) -> None:
    """Record that records left as a file, and which children it names: before it is handed out."""
    with batch(by=by) as events:
        events.add([("exported", kind, object_id, "", None, *_named(list(pupil_ids)))])
