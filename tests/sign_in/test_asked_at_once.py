"""Links and codes that are used, guessed, made and denied at the same moment."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.audit.models import Event
from schoolgate.jobs import asked_worker
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import asked
from schoolgate.sign_in.models import (
    AskedByMail,
    AskedKind,
)
from tests import cast as company
from tests.sign_in.at_once import HOW_MANY, at_once
from tests.sign_in.mailed import asked_for, code, reset_link

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.databases import OwnDatabase

WORD = "known to one browser alone"


@pytest.mark.postgresql
def test_s16_fifty_who_use_one_link_at_once_and_one_wins(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    token = reset_link(dora)
    passwords = iter([f"{number} horses and a battery" for number in range(HOW_MANY)])
    guard = threading.Lock()

    def redeem() -> bool:
        with guard:
            password = next(passwords)
        try:
            asked.redeem_reset(token, password=password)
        except Refusal:
            return False
        return True

    assert at_once(redeem) == 1
    assert Event.objects.filter(verb="changed", fields="password").count() == 1


@pytest.mark.postgresql
def test_s16_fifty_who_use_one_code_at_once_and_one_wins(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    User.objects.filter(pk=dora.pk).update(password=NO_PASSWORD)
    six = code(dora, WORD)
    assert at_once(lambda: asked.use_code(WORD, six)[1]) == 1


@pytest.mark.postgresql
def test_fifty_who_guess_at_once_have_five_tries(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    User.objects.filter(pk=dora.pk).update(password=NO_PASSWORD)
    six = code(dora, WORD)
    wrong = f"{(int(six) + 1) % 10**6:06}"
    at_once(lambda: asked.use_code(WORD, wrong)[1])
    assert AskedByMail.objects.get().tries == asked.MOST_TRIES


@pytest.mark.postgresql
def test_two_workers_at_once_post_each_mail_once(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    User.objects.filter(pk=dora.pk).update(password=NO_PASSWORD)
    for number in range(30):
        asked.ask(AskedKind.CODE, name=dora.email, browser_word=f"browser {number}")

    def look() -> bool:
        while asked_worker.look():
            pass
        return True

    at_once(look, 8)
    subjects = list(Mail.objects.values_list("subject_id", flat=True))
    assert len(subjects) == len(set(subjects)) == 30


@pytest.mark.postgresql
def test_s03_a_link_that_is_made_while_its_user_is_denied_dies(own_database: OwnDatabase) -> None:
    """Whoever comes second finds what the first did, in either order."""
    cast = company.assemble()
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    for _ in range(10):
        tokens = made_while_denied(cast)
        access.allow([cast.dora.pk], by=cast.as_ada)
        assert [asked.find_reset(token) for token in tokens] == [None] * len(tokens)


def made_while_denied(cast: Cast) -> list[str]:
    """The tokens of a link of Dora's, made at the moment at which she is denied."""
    row = asked_for(AskedKind.RESET, cast.dora.email)
    made: list[str] = []

    def make() -> None:
        made.extend(asked.make_secrets({row.pk: row.email_key}, at=timezone.now()).values())

    def deny() -> None:
        access.deny([cast.dora.pk], by=cast.as_ada)

    jobs = [make, deny]

    def one() -> bool:
        jobs.pop()()
        return True

    assert at_once(one, 2) == 2
    return made
