"""Somebody at a browser: what they do in their own words, and what is looked at on every page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schoolgate.jobs.demo import PASS_PHRASE

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
# The pages whose pictures docs/guide keeps.
KEPT = {
    "missing", "my-pupils", "pupil", "why", "users", "user", "upload", "preview", "report",
    "events", "columns", "row", "access", "undo-preview", "user-preview", "user-select",
    "invitation", "staff", "staff-add", "leavers", "account", "factors", "app", "codes", "devices",
    "sign-in", "passkey-add", "sign-ins", "user-sign-in",
    "passkey",
    "other-accounts",
    "forgotten", "sign-in-code-enter",
    "parent-access", "parent-relationship", "credentials", "letter-code", "my-child",
    "restriction", "restrictions", "duplicates",
}  # fmt: skip
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


# Of a long table the first lines: the others are made by the same words of the same template.
_RUN = """rules => axe.run(
  {include: [["html"]], exclude: [["tbody > tr:nth-child(n + 6)"], ["li:nth-child(n + 31)"]]},
  {runOnly: rules, resultTypes: ["violations"]})"""


@cache
def _axe() -> str:
    return AXE.read_text()


def rules_broken(page: Page) -> list[str]:
    """The rules of accessibility that the page breaks, each with the first places."""
    page.evaluate(_axe())
    told: dict[str, Any] = page.evaluate(_RUN, RULES)
    return [
        f"{rule['id']}: {[node['target'] for node in rule['nodes']][:3]}"
        for rule in told["violations"]
    ]


@dataclass
class Person:
    """Does things on pages. With ``pictures`` (a folder) the pages looked at are kept there."""

    page: Page
    width: int
    pictures: Path | None = None
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        # An answer of 4xx is told as an error too: those are tested for themselves.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def opens(self, address: str) -> None:
        self.page.goto(address)

    def signs_in(self, name: str, password: str = PASS_PHRASE) -> None:
        self.opens("/sign-in/")
        self.fills("E-mail address or user name", name)
        self.page.locator("input[type=password]").fill(password)
        self.presses("Sign in")

    def fills(self, label: str, text: str) -> None:
        self.page.get_by_label(label).first.fill(text)

    def chooses(self, label: str, option: str) -> None:
        self.page.get_by_label(label).select_option(label=option)

    def presses(self, words: str) -> None:
        self.page.locator("main").get_by_role("button", name=words).first.click()

    def follows(self, words: str, *, exact: bool = False) -> None:
        how = "text-is" if exact else "has-text"
        self.page.locator(f'a:visible:{how}("{words}")').first.click()

    def waits_for(self, words: str) -> None:
        self.page.locator("main").get_by_text(words).first.wait_for(timeout=30_000)

    def reads(self) -> str:
        return " ".join(self.page.locator("body").inner_text().split())

    def sees(self, *sentences: str) -> None:
        text = self.reads()
        for sentence in sentences:
            assert sentence in text, f"“{sentence}” is not on the page: {text[:2000]}"

    def sees_no(self, *sentences: str) -> None:
        text = self.reads()
        for sentence in sentences:
            assert sentence not in text, f"“{sentence}” is on the page: {text[:2000]}"

    def looks(self, name: str) -> None:
        """At the whole page: nothing inaccessible, nothing wider than the screen, no complaint."""
        broken = rules_broken(self.page)
        assert broken == [], f"{name} at {self.width}: {json.dumps(broken)}"
        overhang = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overhang == 0, f"{name} at {self.width} is wider than the screen by {overhang} px"
        assert self.complaints == [], f"{name}: {self.complaints}"
        self._keeps_a_picture(name)

    def _keeps_a_picture(self, name: str) -> None:
        if self.pictures is None or name not in KEPT:
            return
        self.pictures.mkdir(parents=True, exist_ok=True)
        device = "" if self.width > 600 else "-phone"
        self.page.screenshot(path=self.pictures / f"{name}{device}.png")
