"""How events become lines, lines a digest, and batches a chain.

Used when writing and when verifying, and simple enough to be written again by somebody who wants
to check an exported log without Schoolgate.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

# verb, kind, object id, field names, user id, pupil id, pupil ids joined by commas
EventFacts = tuple[str, str, int | None, str, int | None, int | None, str]

BEGINNING = "0" * 64


def line(n: int, facts: EventFacts) -> bytes:
    """The canonical line of the event at place ``n`` of its batch: its facts, joined by tabs."""
    verb, kind, object_id, fields, user_id, pupil_id, pupils = facts
    return (
        f"{n}\t{verb}\t{kind}\t{'' if object_id is None else object_id}\t{fields}\t"
        f"{'' if user_id is None else user_id}\t{'' if pupil_id is None else pupil_id}\t{pupils}\n"
    ).encode()


def digest(lines: Iterable[bytes]) -> str:
    """The SHA-256 of event lines, as 64 hex digits."""
    total = hashlib.sha256()
    for part in lines:
        total.update(part)
    return total.hexdigest()


def head(
    *,
    previous: str,
    position: int,
    batch_id: int,
    at: datetime,
    actor: str,
    actor_id: int | None,
    import_id: int | None,
    count: int,
    digest: str,
) -> str:
    """The head of the chain after a batch: the SHA-256 of its facts and the head before it."""
    facts = (
        previous,
        str(position),
        str(batch_id),
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        actor,
        "" if actor_id is None else str(actor_id),
        "" if import_id is None else str(import_id),
        str(count),
        digest,
    )
    return hashlib.sha256("\t".join(facts).encode()).hexdigest()
