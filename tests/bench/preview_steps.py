"""The pages of a preview, each cold in a process of its own. Run by child.py."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import COMMAND_LINE
from schoolgate.intake import command_runs, gains, keeping, runs, shown
from schoolgate.intake.models import Import, ImportFault
from schoolgate.people.models import User
from schoolgate.web.views import findings
from tests import factories
from tests.web.browsing import with_session

if TYPE_CHECKING:
    from collections.abc import Callable


def reader() -> Callable[[], Any]:
    """Make somebody who looks at the pages."""

    def work() -> int:
        user = factories.user(first_name="Root")
        factories.grant(user, LA_SUPER_USER)
        return user.pk

    return work


def stored_check(path: str, kind: str, role: str) -> Callable[[], Any]:
    """A check as the worker does it; answers how long of it was spent on what is kept to show."""
    keep: Callable[..., None] = keeping._keep_shown
    took: list[float] = []

    def timed(*given: Any) -> None:
        began = time.perf_counter()
        keep(*given)
        took.append(time.perf_counter() - began)

    keeping._keep_shown = timed  # type: ignore[assignment]

    def work() -> dict[str, Any]:
        with Path(path).open("rb") as content:
            run = runs.receive(
                kind=kind, role=role, filename="f.csv", content=content, by=COMMAND_LINE
            )
        runs.check(run.pk)
        run.refresh_from_db()
        return {"import": run.pk, "keeping": took[0], "summary": run.summary, "state": run.state}

    return work


def page(run_id: int, what: str, after: int = 0) -> Callable[[], Any]:
    """A page of people, children, rows or findings."""
    me = User.objects.get(first_name="Root").pk
    run = Import.objects.get(pk=run_id)

    def work() -> Any:
        if what == "people":
            people = gains.people_who_gain(run_id, reader=me, after=after)
            return people.following, sum(line.gained + line.lost for line in people.people)
        if what == "children":
            children = gains.children_gained(run_id, reader=me, after=after)
            return children.following, sum(line.gained + line.lost for line in children.children)
        if what == "rows":
            rows = shown.rows_with_outcome(run_id, "created", reader=me, after=after)
            return rows[-1].row if rows else None, len(rows)
        if what == "findings":
            groups = findings.grouped(run, reader=me, typed={})
            return None, sum(group.count for group in groups)
        one = gains.children_of_person(run_id, reader=me, person=after)
        return one.following, len(one.children)

    return work


def middle_fault(run_id: int, code: str) -> Callable[[], Any]:
    """One half-way through the faults of a kind."""
    ids = ImportFault.objects.filter(run_id=run_id, code=code).order_by("pk")
    return lambda: ids.values_list("pk", flat=True)[ids.count() // 2]


def opened(run_id: int, rest: str = "") -> Callable[[], Any]:
    """A page of an import as a browser gets it from a process that has shown it before: its size
    in KB, its controls and its statements."""
    client = Client(headers={"host": "localhost"})
    root = User.objects.get(first_name="Root")
    client.force_login(root)
    with_session(client, root)
    client.get(f"/settings/imports/{run_id}/{rest}")

    def work() -> dict[str, int]:
        with CaptureQueriesContext(connection) as statements:
            answer = client.get(f"/settings/imports/{run_id}/{rest}")
        if answer.status_code != 200:
            raise SystemExit(f"The page answered {answer.status_code}.")
        controls = answer.content.count(b"<input") + answer.content.count(b"<textarea")
        return {
            "size": len(answer.content) // 1000, "controls": controls,
            "statements": len(statements),
        }  # fmt: skip

    return work


def teachers(path: str) -> Callable[[], Any]:
    """`schoolgate import users`: the teachers, for a file of pupils to be shown with."""

    def work() -> None:
        command_runs.take_in(
            path, kind="users", role="designated_teacher", filename="t.csv", by=COMMAND_LINE
        )

    return work
