"""Codes that are asked for by mail: once, in one browser, and not to be guessed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from schoolgate.audit.actions import SYSTEM
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.sign_in import asked
from schoolgate.sign_in.models import (
    AskedKind,
)
from tests.sign_in.mailed import asked_for, code, secret_of

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock

PASSWORD = "correct horse battery staple"
WORD = "known to one browser alone"


def test_a_code_works_once_and_in_the_browser_that_asked(dora: User) -> None:
    six = code(dora, WORD)
    assert asked.use_code("another browser", six) == (None, False)
    assert asked.use_code("", six) == (None, False)
    assert asked.use_code(WORD, six) == (dora.pk, True)
    assert asked.use_code(WORD, six)[1] is False


def test_a_code_has_six_digits_and_works_for_ten_minutes(clock: Clock, cast: Cast) -> None:
    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    six = code(cast.dora, WORD)
    assert len(six) == 6
    assert six.isascii() and six.isdigit()
    clock.wait(minutes=10)
    assert asked.use_code(WORD, six) == (cast.dora.pk, False)


def test_a_code_survives_four_wrong_tries_and_no_fifth(dora: User) -> None:
    six = code(dora, WORD)
    wrong = f"{(int(six) + 1) % 10**6:06}"
    for _ in range(4):
        assert asked.use_code(WORD, wrong) == (dora.pk, False)
    assert asked.use_code(WORD, six) == (dora.pk, True)

    six = code(dora, WORD)
    for _ in range(5):
        asked.use_code(WORD, wrong)
    assert asked.use_code(WORD, six)[1] is False


def test_s18_another_code_asked_for_in_the_browser_ends_the_earlier(dora: User) -> None:
    first = code(dora, WORD)
    asked.ask(AskedKind.CODE, name=dora.email, browser_word="a new word", instead_of=WORD)
    assert asked.use_code(WORD, first)[1] is False


def test_a_code_asked_for_by_somebody_else_ends_none(dora: User) -> None:
    six = code(dora, WORD)
    code(dora, "the browser of a stranger")
    assert asked.use_code(WORD, six) == (dora.pk, True)


def test_both_codes_of_a_mail_that_went_out_twice_work(dora: User) -> None:
    row = asked_for(AskedKind.CODE, dora.email, WORD)
    first, second = secret_of(row), secret_of(row)
    assert asked.use_code(WORD, first) == (dora.pk, True)
    assert asked.use_code(WORD, second)[1] is False


def test_nothing_matches_where_no_code_was_made(dora: User) -> None:
    asked_for(AskedKind.CODE, "nobody@x.example", WORD)
    for six in ("", "000000", hashlib.sha256(b"").hexdigest()):
        assert asked.use_code(WORD, six) == (None, False)
