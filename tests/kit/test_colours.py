"""Colours: read as people write them, and dark enough for white text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schoolgate.kit.colours import ENOUGH, WHITE, contrast, darkened, mixed, parse
from schoolgate.web.theme import PALETTE, properties

pytestmark = pytest.mark.one_database
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("typed", "read"),
    [("#0B5563", "#0b5563"), (" 0b5563 ", "#0b5563"), ("#abc", "#aabbcc"), ("teal", None),
     ("#12345", None), ("", None), ("#0b5563;}", None)],
)  # fmt: skip
def test_a_colour_is_read_as_people_write_it(typed: str, read: str | None) -> None:
    assert parse(typed) == read


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#ffffff") == 1
    # The worked example of WebAIM's checker.
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@given(COLOURS, COLOURS)
def test_contrast_asks_nobody_who_comes_first(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one)


@given(COLOURS)
def test_the_nearest_colour_that_works_is_the_first_on_the_way_to_black(colour: str) -> None:
    found = darkened(colour)
    assert contrast(found, WHITE) >= ENOUGH
    if contrast(colour, WHITE) >= ENOUGH:
        assert found == colour


@given(COLOURS.map(darkened))
def test_whatever_colour_is_chosen_everything_can_be_read(colour: str) -> None:
    seen = properties(colour)
    grounds = [
        WHITE, seen["--sg-soft"], seen["--sg-soft-hover"], seen["--sg-ground"],
        seen["--govuk-surface-background-colour"],
    ]  # fmt: skip
    for ground in grounds:
        for text in ("--govuk-link-colour", "--govuk-link-hover-colour", "--sg-brand-text"):
            assert contrast(seen[text], ground) >= ENOUGH, (text, ground)
        assert contrast("#16242a", ground) >= ENOUGH, ground
        if ground != seen["--sg-soft-hover"]:  # only buttons, under the pointer
            assert contrast("#4b5b60", ground) >= ENOUGH, ground
    for dark in ("--govuk-brand-colour", "--sg-brand-dark"):
        assert contrast(WHITE, seen[dark]) >= ENOUGH


def test_every_colour_of_the_palette_works() -> None:
    assert [colour for colour in PALETTE if contrast(colour, WHITE) < ENOUGH] == []
    assert mixed("#000000", WHITE, 0.5) == "#808080"
