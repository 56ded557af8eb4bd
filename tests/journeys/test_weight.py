"""What the first pages weigh on the way to a browser, and that nothing moves as they appear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.person import Person
from tests.journeys.test_spine import HELEN

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.jobs.programs import Started

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(180)]

MOST = 100_000
# Kept from before the first paint: told to the page when it asks.
_WATCH = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) {
    window.shifts.push([entry.value, entry.sources.map(s => s.node?.outerHTML?.slice(0, 80))]);
  }
}).observe({type: "layout-shift", buffered: true});
"""


class Browsed:
    """Somebody with an empty cache, and every byte that came over the wire."""

    def __init__(self, chromium: Browser, port: int, width: int) -> None:
        self.context = chromium.new_context(
            viewport={"width": width, "height": 900}, base_url=f"http://localhost:{port}"
        )
        page = self.context.new_page()
        self.person = Person(page, width)
        self.sizes: dict[str, int] = {}
        self._addresses: dict[str, str] = {}
        wire = self.context.new_cdp_session(page)
        wire.on("Network.responseReceived", self._begins)
        wire.on("Network.loadingFinished", self._ends)
        wire.send("Network.enable")
        page.add_init_script(_WATCH)

    def _begins(self, told: dict[str, Any]) -> None:
        self._addresses[told["requestId"]] = told["response"]["url"]

    def _ends(self, told: dict[str, Any]) -> None:
        address = self._addresses.get(told["requestId"], "")
        self.sizes[address] = self.sizes.get(address, 0) + int(told["encodedDataLength"])

    def shifts(self) -> list[Any]:
        """What has moved on the page that is open, once its letters have come."""
        self.person.page.evaluate("document.fonts.ready.then(() => true)")
        self.person.page.wait_for_timeout(300)
        found: list[Any] = self.person.page.evaluate("window.shifts")
        return found


@pytest.mark.parametrize("width", [1280, 390])
def test_the_first_pages_weigh_little_and_nothing_moves(
    demonstration: Started, chromium: Browser, width: int
) -> None:
    somebody = Browsed(chromium, demonstration.port, width)
    person = somebody.person
    try:
        person.opens("/")
        assert somebody.shifts() == []
        person.signs_in(HELEN)
        person.waits_for("missing")
        assert somebody.shifts() == []
        told = sorted(somebody.sizes.items(), key=lambda item: -item[1])
        assert sum(somebody.sizes.values()) < MOST, told
        assert any(".woff2" in address for address in somebody.sizes)  # it did look
    finally:
        somebody.context.close()


def test_styles_and_scripts_are_sent_compressed(demonstration: Started) -> None:
    import http.client

    for name in ("app.css", "app.js"):
        for coding in ("br", "gzip"):
            asking = http.client.HTTPConnection("127.0.0.1", demonstration.port, timeout=20)
            asking.request("GET", f"/static/{name}", headers={"Accept-Encoding": coding})
            answer = asking.getresponse()
            assert answer.headers["Content-Encoding"] == coding
            assert len(answer.read()) < 40_000
            asking.close()
