"""What stands in the database after a kill. Run by child.py."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from schoolgate.audit.queries import verify
from schoolgate.kit import bulk

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = (
    "people_user",
    "access_grant",
    "access_restriction",
    "access_denial",
    "schools_pupil",
    "schools_enrolment",
)
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def standing() -> Callable[[], Any]:
    """How many rows of everything an import writes, and what `audit verify` finds.

    The events of receiving a file are left out: it is kept before the import begins.
    """

    def work() -> dict[str, Any]:
        # The server may only now notice that its client is dead.
        while bulk.on_postgresql() and bulk.value(_OTHERS):
            time.sleep(0.1)
        rows = {table: bulk.value(f"SELECT count(*) FROM {table}") for table in TABLES}
        rows["events"] = bulk.value("SELECT count(*) FROM audit_event WHERE verb <> 'uploaded'")
        rows["applied"] = bulk.value("SELECT count(*) FROM intake_import WHERE state = 'done'")
        return {"rows": rows, "breaks": [str(found) for found in verify()]}

    return work
