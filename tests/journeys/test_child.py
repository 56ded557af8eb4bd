"""Who is missing, who sees a child, why not, and what is on record of it: in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.machine import widths

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"


@pytest.mark.parametrize("width", widths(390))
def test_a_child(person: Callable[..., Person], width: int) -> None:
    helen = person(width=width)
    helen.signs_in(HELEN)
    she_sees_who_is_missing(helen)
    she_searches_while_typing(helen)
    she_looks_at_a_child(helen)
    she_asks_why_not_with_suggestions(helen)
    she_asks_from_a_user(helen)
    she_reads_what_is_on_record(helen)


def she_sees_who_is_missing(helen: Person) -> None:
    helen.sees("Who is missing", "children in care without a social worker")
    helen.looks("missing")
    for words in (
        "without a social worker", "without a designated teacher", "no adult has yet reached",
        "with no school known", "schools without", "users who were given",
    ):  # fmt: skip
        helen.opens("/")
        helen.follows(words)
        helen.sees("What to do")
        helen.looks(f"missing-{words.split()[-1]}")


def she_searches_while_typing(helen: Person) -> None:
    helen.opens("/pupils/")
    field = helen.page.get_by_label("Search by last name or UPN")
    field.press_sequentially("marlowe", delay=30)
    helen.page.get_by_role("status").get_by_text("pupils", exact=False).wait_for()
    helen.page.wait_for_url("**/pupils/?q=marlowe*")
    helen.sees("Marlowe, Grace", "Marlowe, Noah")
    assert helen.page.evaluate("document.activeElement.id") == "q"
    helen.looks("search-as-typed")


def she_looks_at_a_child(helen: Person) -> None:
    helen.follows("Marlowe, Noah")
    helen.sees("Who can see this child?", "who see every child")
    helen.page.get_by_text("who see every child").click()
    helen.sees("Helen Ashworth")
    helen.looks("pupil-everybody")
    helen.fills("Who could see this child on a past day?", "40/13/2026")
    helen.presses("Show")
    helen.sees("There is a problem", "in place of “40/13/2026”")
    helen.looks("who-mistake")
    helen.fills("Who could see this child on a past day?", "1/11/2026")
    helen.presses("Show")
    helen.sees("on 1 November 2026?", "as it was known then")
    helen.looks("who")


def she_asks_why_not_with_suggestions(helen: Person) -> None:
    helen.opens("/pupils/?q=marlowe")
    helen.follows("Marlowe, Grace")
    helen.page.get_by_label("Name, e-mail address or user name").press_sequentially(
        "whitak", delay=40
    )
    helen.page.get_by_role("option", name="Dana Whitaker").click()
    helen.presses("Ask")
    helen.sees("No, Dana Whitaker cannot see Grace Marlowe", "Restriction since", "Recorded")
    helen.looks("why")


def she_asks_from_a_user(helen: Person) -> None:
    helen.opens("/settings/users/?q=whitaker")
    helen.follows("Whitaker, Dana")
    helen.follows("Why can, or can’t, Dana Whitaker see a pupil?")
    helen.looks("why-user")
    helen.fills("Name or UPN of the pupil", "marlowe")
    helen.page.keyboard.press("Escape")
    helen.presses("Ask")
    helen.sees("Choose the one you mean", "Which one do you mean?")
    helen.looks("why-user-several")
    helen.page.get_by_role("radio", name="Grace Marlowe").check()
    helen.presses("Ask")
    helen.sees("No, Dana Whitaker cannot see Grace Marlowe")


def she_reads_what_is_on_record(helen: Person) -> None:
    helen.opens("/pupils/?q=marlowe")
    helen.follows("Marlowe, Grace")
    helen.follows("Events about this child")
    helen.sees("About Grace Marlowe", "Asked why")
    helen.looks("events-of-child")
    helen.page.get_by_label("What", exact=True).select_option(label="Restrictions added and lifted")
    helen.presses("Show these events")
    helen.sees("Restricted", "Dana Whitaker")
    helen.sees_no("Asked why Grace")
    with helen.page.expect_download() as download:
        helen.follows("Download as CSV")
    text = download.value.path().read_text("utf-8-sig")
    assert text.splitlines()[0] == "Event,When,Who,What,Which record"
    assert "Dana Whitaker, Grace Marlowe" in text
    helen.fills("From", "soon")
    helen.presses("Show these events")
    helen.sees("There is a problem", "in place of “soon”")
    helen.looks("events-mistake")


def test_without_javascript(person: Callable[..., Person]) -> None:
    helen = person(width=1280, javascript=False)
    helen.signs_in(HELEN)
    helen.opens("/pupils/")
    helen.fills("Search by last name or UPN", "marlowe")
    helen.presses("Search")
    helen.follows("Marlowe, Grace")
    helen.fills("Name, e-mail address or user name", "whitak")
    helen.presses("Ask")
    helen.sees("No, Dana Whitaker cannot see Grace Marlowe")
    helen.opens("/settings/users/?q=whitaker")
    helen.follows("Whitaker, Dana")
    helen.follows("Why can, or can’t, Dana Whitaker see a pupil?")
    helen.fills("Name or UPN of the pupil", "marlowe")
    helen.presses("Ask")
    helen.sees("Choose the one you mean")
    helen.page.get_by_role("radio", name="Grace Marlowe").check()
    helen.presses("Ask")
    helen.sees("No, Dana Whitaker cannot see Grace Marlowe")
    helen.opens("/settings/events/")
    helen.fills("Who did it", "ashworth")
    helen.presses("Show these events")
    helen.sees("Signed in")
