"""What every test gets; and what happens where the machine lacks what a test needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import machine

if TYPE_CHECKING:
    from collections.abc import Callable

# Marker -> (what looks for it, the sentence when it is absent).
NEEDS: dict[str, tuple[Callable[[], str | None], str]] = {
    "postgresql": (
        machine.postgres_url,
        "Start PostgreSQL, or name a server in SCHOOLGATE_TEST_POSTGRES_URL",
    ),
    "chromium": (
        machine.chromium_path,
        "Install Chromium, or name its program in SCHOOLGATE_TEST_CHROMIUM",
    ),
}


class NoSkips:
    """Fails the run when a test with one of the markers was skipped all the same.

    Works under xdist: the process that the user started sees the reports of every worker.
    """

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and NEEDS.keys() & report.keywords:
            self.skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for nodeid in self.skipped:
            terminalreporter.write_line(f"Skipped where no skips are allowed: {nodeid}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    if not machine.skips_forbidden():
        return
    for find, remedy in NEEDS.values():
        if not find():
            raise pytest.UsageError(f"{remedy}: SCHOOLGATE_TEST_NO_SKIPS is set.")
    config.pluginmanager.register(NoSkips(), "schoolgate-no-skips")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, the tests that this machine cannot run."""
    for marker, (find, remedy) in NEEDS.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        if marked and not find():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=remedy))
