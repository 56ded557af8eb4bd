"""What every test gets, on which database it runs, and what happens where the machine lacks what it
needs.

`./dev test` runs all tests on SQLite, then those that use a database once more on PostgreSQL. A
test uses a database when it asks for `db`, `cast`, `own_database` or `blank_database`. The marker
`one_database` keeps one out of the second run, `postgresql` out of the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import machine
from tests.cast import Cast, assemble
from tests.school import School, inside

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["tests.databases", "tests.clock"]

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="leave out the tests that use no database, or need to run on one only",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run; leave out what the other run does."""
    for marker, (find, remedy) in NEEDS.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        if marked and not find():
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=remedy))
    left_out = [item for item in items if _belongs_to_the_other_run(item, config)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    # The longest first, so that at the end no core waits for the other.
    items.sort(key=lambda item: item.get_closest_marker("chromium") is None)


def _belongs_to_the_other_run(item: pytest.Item, config: pytest.Config) -> bool:
    if machine.run_is_on_postgresql():
        return bool(config.getoption("--database-only")) and (
            not _uses_database(item)
            or any(item.get_closest_marker(name) for name in ("one_database", "chromium"))
        )
    return bool(item.get_closest_marker("postgresql") and machine.postgres_url())


def _uses_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    return bool(
        item.get_closest_marker("django_db")
        or names
        & {
            "db",
            "transactional_db",
            "live_server",
            "own_database",
            "blank_database",
            "unmigrated_database",
        }
    )


@pytest.fixture
def school(cast: Cast) -> School:
    """What is inside Abbey, and its people: see tests/school.py for who sees whom."""
    return inside(cast)


@pytest.fixture
def cast(db: None) -> Cast:
    """Two schools, five children and six users: see tests/cast.py for who sees whom."""
    return assemble()
