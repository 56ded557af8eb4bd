"""Who waits for whom (PostgreSQL; SQLite has one writer at a time).

An import is shown and then applied, and must find what it showed: while one is being applied,
what would add or change records waits. What takes access away (revoke, deny, restrict) never
waits for an import.
"""

from schoolgate.kit import bulk

_WRITERS = 7_301_002
_LAST_ADMINISTRATOR = 7_301_003
_RESTRICTIONS = 7_301_005


def while_writing() -> None:
    """Held by an action that adds or changes records; any number of them at once."""
    bulk.lock(_WRITERS, shared=True)


def while_importing() -> None:
    """Held by an import that is applied or undone: alone, and after every writer under way."""
    bulk.lock(_WRITERS)


def while_removing_administrators() -> None:
    """Held by whoever may remove an LA Super User, so that the last one survives a race (S32)."""
    bulk.lock(_LAST_ADMINISTRATOR)


def while_restricting() -> None:
    """Held by whoever restricts, so that one form sent twice is one restriction."""
    bulk.lock(_RESTRICTIONS)
