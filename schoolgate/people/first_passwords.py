"""First passwords that come with a file (ITS8, S22): sealed until they are hashed."""

from collections.abc import Iterable

from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, sealed
from schoolgate.people.models import FirstPassword


def keep(rows: Iterable[tuple[int, str]], *, by: Actor, import_id: int | None = None) -> None:
    """Seal the first passwords of users, each by the user's id, and keep them for the worker."""
    with batch(by=by, import_id=import_id) as events:
        bulk.load(
            FirstPassword._meta.db_table,
            ["user_id", "sealed", "import_id", "made_at"],
            ((user_id, sealed.seal(plain), import_id, events.at) for user_id, plain in rows),
        )
