"""What only a browser shows of S19 and S59: what it tells along, and what it makes of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.jobs.programs import Started
    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"
NAME = '<img src=x class="put-in">Attack & Sons “Primary”'


def test_s19_an_invited_person_sets_up_and_no_request_tells_the_token(
    person: Callable[..., Person],
) -> None:
    invited = person(width=1280)
    invited.opens("/demonstration/mail/")
    invited.follows("Set up your account at")
    link = invited.page.locator('main a[href*="/invitation/"]').inner_text()
    token = link.split("/")[-2]
    told: list[str] = []
    invited.page.on("request", lambda request: told.extend(request.all_headers().values()))

    invited.opens(link)
    invited.page.locator("input[type=password]").fill("velvet-harbour-thistle-drum")
    invited.presses("Set up and sign in")
    invited.sees("My pupils", "Sign out")
    assert told
    assert not [words for words in told if token in words]


def test_s59_the_name_of_an_establishment_is_text_to_the_type_ahead(
    demonstration: Started, person: Callable[..., Person], tmp_path: Path
) -> None:
    from tests.jobs.programs import schoolgate

    file = tmp_path / "establishments.csv"
    cells = NAME.replace('"', '""')
    file.write_text(
        f'URN,EstablishmentName,EstablishmentStatus (name)\n997001,"{cells}",Open\n', "utf-8"
    )
    done = schoolgate("import", "establishments", str(file), url=demonstration.url)
    assert done.returncode == 0, done.stderr
    helen = person(width=1280)
    helen.signs_in(HELEN)
    helen.opens("/settings/users/add/")
    helen.page.get_by_label("Establishment").first.press_sequentially("997001")
    helen.page.get_by_role("option").first.wait_for()
    assert helen.page.locator(".put-in").count() == 0
    helen.page.get_by_role("option").first.click()
    assert helen.page.get_by_label("Establishment").first.input_value().startswith(NAME)
    assert helen.complaints == []
