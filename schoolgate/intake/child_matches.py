"""By which identifier do the rows of a file of parents find their children? (ITS3, ITS6)"""

from schoolgate.kit import bulk
from schoolgate.schools.models import IdentifierKind

# What a person may choose as the "Matching synchronisation field for child", in that order.
MATCH_BY = (IdentifierKind.INTERNAL_ID, IdentifierKind.SYNC_KEY, IdentifierKind.USERNAME)


def counts(table: str, column: str = "child_key") -> dict[IdentifierKind, int]:
    """How many rows of a table hold, in this column, an identifier (its key) of a child on the
    register, for each kind that can be chosen. A live identifier of a kind is one child's."""
    kinds = ", ".join(f"'{kind.value}'" for kind in MATCH_BY)
    found = bulk.select(
        f"SELECT i.kind, count(*) FROM {table} t JOIN schools_pupilidentifier i"
        f" ON i.value_key = t.{column} AND i.ended_at IS NULL AND i.kind IN ({kinds})"
        " JOIN schools_pupil p ON p.id = i.pupil_id AND p.gone_at IS NULL GROUP BY i.kind"
    )
    counted = {IdentifierKind(kind): int(count) for kind, count in found}
    return {kind: counted.get(kind, 0) for kind in MATCH_BY}


def counts_by_column(table: str) -> dict[tuple[int, IdentifierKind], int]:
    """The same for several columns of a file at once, by their places: ``place``, ``child_key`` and
    how many ``times`` it is there."""
    kinds = ", ".join(f"'{kind.value}'" for kind in MATCH_BY)
    found = bulk.select(
        f"SELECT t.place, i.kind, sum(t.times) FROM {table} t JOIN schools_pupilidentifier i"
        f" ON i.value_key = t.child_key AND i.ended_at IS NULL AND i.kind IN ({kinds})"
        " JOIN schools_pupil p ON p.id = i.pupil_id AND p.gone_at IS NULL GROUP BY t.place, i.kind"
    )
    return {(place, IdentifierKind(kind)): int(count) for place, kind, count in found}


def match_by_named(words: str) -> IdentifierKind | None:
    """The kind that a person means by "Synchronisation key", whatever its case and blanks."""
    wanted = "".join(words.split()).casefold()
    for kind in MATCH_BY:
        if "".join(kind.label.split()).casefold() == wanted:
            return kind
    return None
