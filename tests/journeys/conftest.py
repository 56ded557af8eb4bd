"""A real browser before the real program with the demonstration organisation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import machine
from tests.jobs.programs import SECRET, environment
from tests.journeys.person import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.jobs.programs import Started

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "guide" / "pictures"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


_MAKE = """
import django
django.setup()
from schoolgate.jobs import database, demo
database.bring_up_to_date()
demo.load()
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's records as they are made; `start --demo` itself makes them elsewhere."""
    path = tmp_path_factory.mktemp("made") / "demo.sqlite3"
    settings = environment(
        DATABASE_URL=f"sqlite:///{path}",
        SCHOOLGATE_SECRET_KEY=SECRET,
        DJANGO_SETTINGS_MODULE="schoolgate.config.settings",
    )
    subprocess.run([sys.executable, "-c", _MAKE], env=settings, cwd=ROOT, check=True, timeout=120)
    return path


@pytest.fixture(scope="module")
def database(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demonstration keeps its records: each module has its own."""
    path = tmp_path_factory.mktemp("journey") / "demo.sqlite3"
    shutil.copyfile(made, path)
    return path


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    """What a module sets besides."""
    return {}


@pytest.fixture(scope="module")
def demonstration(database: Path, more_settings: dict[str, str]) -> Iterator[Started]:
    """`schoolgate start --demo`, with its worker, on a database of its own."""
    from tests.jobs.programs import started

    with started("--demo", url=f"sqlite:///{database}", **more_settings) as running:
        running.wait_for("Schoolgate is at", seconds=120)
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=machine.chromium_path(), args=FLAGS, headless=True
        )
        yield browser
        browser.close()


@pytest.fixture
def person(demonstration: Started, chromium: Browser) -> Iterator[Callable[..., Person]]:
    """Somebody at a browser of this width; what the browser complained of fails the test."""
    contexts = []

    def sit_down(*, width: int, javascript: bool = True) -> Person:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=javascript,
            base_url=f"http://localhost:{demonstration.port}",
            locale="en-GB",
        )
        contexts.append(context)
        keeps = os.environ.get("SCHOOLGATE_PICTURES") == "1"
        return Person(context.new_page(), width, PICTURES if keeps else None)

    yield sit_down
    for context in contexts:
        context.close()
