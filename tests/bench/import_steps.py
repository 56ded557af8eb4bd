"""The steps of an import, as the command line and the worker do them. Run by child.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import call_command

from schoolgate.audit.actions import COMMAND_LINE
from schoolgate.intake import command_runs, runs
from schoolgate.intake.models import Import
from schoolgate.kit import bulk

if TYPE_CHECKING:
    from collections.abc import Callable

ROLES = {"users": "social_worker", "parents": "licence-parent"}


def migrate() -> Callable[[], Any]:
    """Make the tables."""
    return lambda: call_command("migrate", verbosity=0)


def establishments(path: str) -> Callable[[], Any]:
    """Take in the 200 schools."""
    return lambda: _take_in(path, "establishments")


def pupils(path: str) -> Callable[[], Any]:
    """Take in the register's pupils."""
    return lambda: _take_in(path, "pupils")


def analyse() -> Callable[[], Any]:
    """What a database that has stood for a while has done by itself."""

    def work() -> None:
        bulk.execute("VACUUM ANALYZE" if bulk.on_postgresql() else "ANALYZE")

    return work


def check_only(path: str, kind: str = "users") -> Callable[[], Any]:
    """`--check`: nothing is stored."""
    return lambda: _take_in(path, kind, check_only=True)


def stored_check(path: str, kind: str = "users") -> Callable[[], Any]:
    """What an upload and the worker's check do."""

    def work() -> dict[str, Any]:
        with Path(path).open("rb") as content:
            run = runs.receive(
                kind=kind, role=ROLES[kind], filename="users.csv", content=content,
                by=COMMAND_LINE, **_relation(kind),
            )  # fmt: skip
        runs.check(run.pk)
        return {"import": run.pk}

    return work


def apply(run_id: int) -> Callable[[], Any]:
    """Apply a run that was checked and shown."""
    shown = Import.objects.get(pk=run_id).plan_digest

    def work() -> dict[str, Any]:
        runs.request_apply(run_id, by=COMMAND_LINE, skip_faulty=False, shown_digest=shown)
        runs.apply(run_id)
        return counts()

    return work


def take_in(path: str, kind: str = "users") -> Callable[[], Any]:
    """`schoolgate import users`, or parents: check and apply in one go."""
    return lambda: {**_take_in(path, kind), **counts()}


def undo(run_id: int) -> Callable[[], Any]:
    """`schoolgate undo`."""

    def work() -> dict[str, Any]:
        kept = runs.undo(run_id, by=COMMAND_LINE).kept
        return {"kept": kept, **counts()}

    return work


def counts() -> dict[str, int]:
    """How many users and grants are live, to hold every way of writing them against another."""
    return {
        "users": bulk.value("SELECT count(*) FROM people_user WHERE gone_at IS NULL"),
        "grants": bulk.value("SELECT count(*) FROM access_grant WHERE ended_at IS NULL"),
    }


def _relation(kind: str) -> dict[str, Any]:
    """How the file of parents names its children."""
    return {"sync_field": "ChildID", "match_by": "sync_key"} if kind == "parents" else {}


def _take_in(path: str, kind: str, *, check_only: bool = False) -> dict[str, Any]:
    done = command_runs.take_in(
        path, kind=kind, role=ROLES.get(kind, ""), filename=Path(path).name, by=COMMAND_LINE,
        check_only=check_only, **_relation(kind),
    )  # fmt: skip
    if done.findings.faults:
        raise SystemExit(f"The file was to be without faults: {done.findings.faults[0]}")
    return {"import": done.import_id, **done.summary.as_dict()}
