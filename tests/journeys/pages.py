"""What is looked at on every page there is, whoever made it: as a list of what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.journeys.person import rules_broken

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTHS = (1280, 390, 320)

_UNLABELLED = """() => [...document.querySelectorAll("input, select, textarea, button, progress")]
  .filter(e => e.type !== "hidden" && e.checkVisibility())
  .filter(e => {
    const named = (e.getAttribute("aria-labelledby") || "").split(" ")
      .map(id => document.getElementById(id)?.textContent.trim()).join("");
    const labels = [...(e.labels || [])].map(l => l.textContent.trim()).join("");
    const own = e.tagName === "BUTTON" ? e.textContent.trim() : "";
    return !(named || labels || own || e.getAttribute("aria-label"));
  }).map(e => e.outerHTML.slice(0, 120))"""

# Focus set by a script shows as it does for the keyboard once a key has been pressed. What changes
# may be the element itself, or (boxes to tick) what is drawn beside it.
_UNSEEN_FOCUS = """() => {
  const look = e => [[e, null], [e, "::before"], [e.nextElementSibling, "::before"],
      [e.closest("label, .govuk-drop-zone"), null]]
    .filter(([x]) => x).map(([x, part]) => {
      const s = getComputedStyle(x, part);
      return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.backgroundColor, s.borderColor].join();
    }).join("|");
  const can = [...document.querySelectorAll(
      "a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter(e => e.type !== "hidden" && !e.disabled && e.checkVisibility() && e.tabIndex >= 0);
  return can.slice(0, 80).filter(e => {
    document.activeElement.blur();
    const before = look(e);
    e.focus();
    return document.activeElement === e && look(e) === before;
  }).map(e => e.outerHTML.slice(0, 120));
}"""

# What a reader with bad sight may set for themselves (WCAG 1.4.12); the page's policy lets no
# <style> in, so it comes as a constructed sheet.
_SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important;" +
    " word-spacing: .16em !important } p { margin-bottom: 2em !important }");
  document.adoptedStyleSheets = [sheet];
}"""
_OVERHANG = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_CUT_OFF = """() => [...document.querySelectorAll("a, button, label, h1, h2, strong, p, li")]
  .filter(e => e.checkVisibility() && getComputedStyle(e).overflowX === "hidden"
    && !/visually-hidden/.test(e.className)
    && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1)
  .map(e => e.outerHTML.slice(0, 120))"""


def faults_of(page: Page) -> list[str]:
    """What is wrong with the page that is open, at each width; it is left at the first one."""
    found = []
    headings = [text.strip() for text in page.locator("h1").all_inner_texts()]
    if len(headings) != 1 or not headings[0]:
        found.append(f"has the main headings {headings}: one is wanted")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"at {width}: {fault}" for fault in _at_this_width(page)]
    page.set_viewport_size({"width": WIDTHS[1], "height": 900})
    page.evaluate(_SPACED)
    if overhang := page.evaluate(_OVERHANG):
        found.append(f"with text spaced out is wider than the screen by {overhang} px")
    found += [f"with text spaced out cuts off {what}" for what in page.evaluate(_CUT_OFF)]
    page.evaluate("() => { document.adoptedStyleSheets = [] }")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    found += [f"no label: {what}" for what in page.evaluate(_UNLABELLED)]
    page.keyboard.press("Tab")
    found += [f"focus cannot be seen on {what}" for what in page.evaluate(_UNSEEN_FOCUS)]
    return found


def _at_this_width(page: Page) -> list[str]:
    found = []
    # Once a page: the widest differs in its frame, which the journeys look at, and the narrowest in
    # what overhangs.
    if page.viewport_size == {"width": WIDTHS[1], "height": 900}:
        found += rules_broken(page)
    if overhang := page.evaluate(_OVERHANG):
        found.append(f"wider than the screen by {overhang} px")
    return found
