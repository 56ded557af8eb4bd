"""A file of leaders in a real browser: an unknown subject is mended, the preview, apply, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.intake.columns import USERS
from tests.machine import widths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"


@pytest.fixture
def a_file(tmp_path: Path) -> Callable[[int], Path]:
    """A file of leaders at Maddenford High School; ``width`` tells its people apart."""

    def write(width: int) -> Path:
        path = tmp_path / "leaders.csv"
        rows = [
            f"Ruth,Adeyemi,Head of Humanities,ruth.adeyemi{width}@maddenfordhigh.example,,990009,"
            "Humanities,",
            f"Piers,Colley,Head of Physics,piers.colley{width}@maddenfordhigh.example,,990009,"
            "Fisics,",
        ]
        path.write_text("\r\n".join([USERS.template("leader").strip(), *rows, ""]), "utf-8")
        return path

    return write


@pytest.mark.parametrize("width", widths(390))
def test_leaders_are_added_by_file(
    person: Callable[..., Person], a_file: Callable[[int], Path], width: int
) -> None:
    helen = person(width=width)
    helen.signs_in(HELEN)
    helen.opens("/settings/users/")
    helen.follows("Bulk add users")
    helen.sees("download the template for Leaders", "must be filled, for leaders only")
    helen.looks("bulk-add-leaders")
    helen.chooses("Choose a user role for this import", "Leader")
    helen.page.set_input_files("input[type=file]", a_file(width))
    helen.presses("Upload and check")
    helen.waits_for("What would happen")
    helen.sees("Ruth Adeyemi", "Enter a subject area of Maddenford High School, or All subjects")
    helen.looks("leaders-mistake")
    helen.fills("Row 3, Subject", "All subjects")
    helen.page.get_by_role("button", name="Save and check again").last.click()
    helen.waits_for("Ready to apply")
    address = helen.page.url
    helen.opens(address + "access/")
    helen.sees(
        "Person by person",
        "Leader of Geography, History and Religious Education at Maddenford High School",
        "Piers Colley",
    )
    helen.looks("leaders-access")
    helen.opens(address)
    helen.page.get_by_label("Not now").check()
    helen.presses("Apply 2 rows")
    helen.waits_for("What happened")
    helen.sees("2 created")
    helen.follows("Undo this import")
    helen.presses("Undo this import")
    helen.waits_for("This import was taken back")
