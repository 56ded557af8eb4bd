"""The UPN's form and check letter (DfE, Data Standards Catalogue UPN 2.0)."""

from __future__ import annotations

import random

import pytest

from schoolgate.schools.upn import check_letter, problem

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


def by_the_book(rest: str) -> str:
    """Weigh characters 2 to 13 by their place; the remainder by 23 counts into the alphabet."""
    total = 0
    for place in range(2, 14):
        character = rest[place - 2]
        value = LETTERS.index(character) if character in LETTERS else int(character)
        total += place * value
    return LETTERS[total % 23]


@pytest.mark.parametrize(
    "upn",
    [
        "B801200005001",  # 8x2 + 1x4 + 2x5 + 5x10 + 1x13 = 93; 93 mod 23 = 1
        "H801200001001",
        "P207000016049",  # 266 mod 23 = 13
        "A123456789012",  # made up, and right
        "M80120000500A",  # temporary: ends in a letter
        "b801200005001",
    ],
)
def test_a_right_upn_has_no_problem(upn: str) -> None:
    assert problem(upn) is None


def test_every_check_letter_is_that_of_the_book() -> None:
    rng = random.Random(1)
    seen = set()
    for number in range(2000):
        rest = f"{rng.randrange(10**11):011}" + rng.choice("0123456789" if number % 2 else LETTERS)
        assert check_letter(rest) == by_the_book(rest)
        assert problem(check_letter(rest) + rest) is None
        seen.add(check_letter(rest))
    assert seen == set(LETTERS)


def test_a_wrong_check_letter_is_told_with_the_right_one() -> None:
    assert problem("A801200005001") == "begins with A where B would be right"


def test_any_one_wrong_digit_is_noticed() -> None:
    right = "B801200005001"
    for place in range(1, 13):
        for digit in "0123456789":
            if digit != right[place]:
                assert problem(right[:place] + digit + right[place + 1 :]) is not None


@pytest.mark.parametrize(
    "upn",
    [
        "",
        "801200005001",
        "B80120000500",
        "B8012000050011",
        "X80120000A001",
        "I801200005001",  # no UPN begins with I, O or S
        "O801200005001",
        "S801200005001",
        "B80120000500I",
        "B８01200005001",  # a full-width digit
        "B801200005001\n",
        "12345678",
    ],
)
def test_what_has_not_the_form_of_a_upn_is_told_so(upn: str) -> None:
    assert "letter followed by 12 digits" in (problem(upn) or "")
