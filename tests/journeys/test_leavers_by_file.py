"""Offboarding by file in a real browser: upload, look at what is lost, give the word, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.journeys.person import Person

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(300)]

HELEN = "helen.ashworth@northshire.example"
WORKERS = [
    f"{name}@social-care.northshire.example"
    for name in (
        "priya.nair", "farah.siddiqui", "dana.whitaker", "martin.oldroyd", "shreya.banerjee",
    )
]  # fmt: skip


@pytest.mark.parametrize(("width", "javascript"), [(1280, True)])
def test_leavers_are_made_inactive_with_a_word_and_let_in_again(
    person: Callable[..., Person], tmp_path: Path, width: int, *, javascript: bool
) -> None:
    helen = person(width=width, javascript=javascript)
    helen.signs_in(HELEN)
    she_uploads(helen, tmp_path)
    address = helen.page.url
    helen.looks("leavers")
    she_looks_at_what_is_lost(helen, address)
    she_applies(helen, address)
    she_undoes_it(helen, address)


def she_uploads(helen: Person, folder: Path) -> None:
    helen.opens("/settings/users/?role=social_worker&status=active&sort=name")
    found = helen.page.locator("td[data-label=Sign-in]").all_inner_texts()
    others = [mail.strip() for mail in found if "@social-care" in mail][:9]
    emails = sorted({*WORKERS, *others})[:9]
    path = folder / "leavers.csv"
    path.write_text("\r\n".join(["Email", *emails, HELEN, "nobody@northshire.example", ""]))
    helen.opens("/settings/imports/new/?kind=leavers")
    helen.sees("Make leavers inactive", "Compared only")
    helen.looks("leavers-upload")
    helen.page.set_input_files("input[type=file]", path)
    helen.presses("Upload and check")
    for _ in range(60):
        if "What would happen" in helen.reads():
            break
        helen.page.wait_for_timeout(500)
        helen.page.reload()
    helen.sees(
        "Correct this address or take the row out: no user has it.", "make yourself inactive"
    )


def she_looks_at_what_is_lost(helen: Person, address: str) -> None:
    helen.sees("Look at who they are before you go on", "active Social Workers")
    helen.opens(f"{address}access/")
    helen.sees("Social Worker:", "linked")
    helen.looks("leavers-access")
    helen.follows("Child by child")
    helen.looks("leavers-access-children")
    helen.follows("Left with nobody")
    helen.looks("leavers-alone")
    helen.opens(address)


def she_applies(helen: Person, address: str) -> None:
    helen.presses("Make 9 people inactive")
    helen.sees("There is a problem", "Tick this once you have looked at who they are.")
    helen.looks("leavers-word")
    helen.page.get_by_label("I have looked at who would be made inactive").check()
    helen.fills("Why is it right?", "The contract with the agency ended")
    helen.presses("Make 9 people inactive")
    until(helen, address, "What happened")
    helen.sees("gave the word: The contract with the agency ended")
    helen.looks("leavers-done")


def she_undoes_it(helen: Person, address: str) -> None:
    helen.follows("Undo this import")
    helen.sees("9 people who were made inactive could sign in again")
    helen.looks("leavers-undo")
    helen.presses("Undo this import")
    until(helen, address, "This import was taken back")


def until(helen: Person, address: str, words: str) -> None:
    """Looks at the import again until its page says so; without JavaScript nothing does it."""
    for _ in range(60):
        helen.opens(address)
        if words in helen.reads():
            return
        helen.page.wait_for_timeout(500)
    helen.sees(words)
