"""Links to choose a new password, and what ends them and codes (S3, S16, S18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import authenticate
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.jobs import asked_worker
from schoolgate.kit.records import Ending
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail, State
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.sign_in import asked, links, log, sessions
from schoolgate.sign_in.models import (
    AskedByMail,
    AskedKind,
    Door,
    Second,
    UserSession,
)
from tests.sign_in.mailed import asked_for, code, reset_link, secret_of

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock

PASSWORD = "correct horse battery staple"
ANOTHER = "velvet harbour thistle drum"
WORD = "known to one browser alone"


def posted() -> list[tuple[str, str]]:
    waiting = Mail.objects.filter(state=State.WAITING).order_by("pk")
    return list(waiting.values_list("kind", "address"))


def test_s16_the_link_sets_a_password_once(dora: User) -> None:
    token = reset_link(dora)
    assert asked.redeem_reset(token, password=ANOTHER) == dora.pk
    assert authenticate(username=dora.email, password=ANOTHER) == dora
    assert authenticate(username=dora.email, password=PASSWORD) is None
    with pytest.raises(Refusal, match="Ask for a new link"):
        asked.redeem_reset(token, password="yet another password")
    assert authenticate(username=dora.email, password=ANOTHER) == dora


def test_s16_the_link_works_for_an_hour_by_the_clock(clock: Clock, cast: Cast) -> None:
    token = reset_link(cast.dora)
    clock.wait(hours=1, seconds=-1)
    assert asked.find_reset(token)
    clock.wait(seconds=1)
    assert asked.find_reset(token) is None
    with pytest.raises(Refusal):
        asked.redeem_reset(token, password=ANOTHER)


def test_s18_a_newer_link_ends_the_earlier(dora: User) -> None:
    first = reset_link(dora)
    second = reset_link(dora)
    assert asked.find_reset(first) is None
    assert asked.find_reset(second)


def test_s18_of_two_asked_at_once_the_newer_works(dora: User) -> None:
    asked.ask(AskedKind.RESET, name=dora.email)
    asked.ask(AskedKind.RESET, name=dora.email)
    assert asked_worker.look() == 2
    older, newer = AskedByMail.objects.order_by("pk")
    wanted = {older.pk: dora.email, newer.pk: dora.email}
    assert set(asked.make_secrets(wanted, at=timezone.now())) == {newer.pk}


def test_a_mail_that_goes_out_once_more_has_its_own_link_and_both_work_until_one_is_used(
    dora: User,
) -> None:
    row = asked_for(AskedKind.RESET, dora.email)
    first, second = secret_of(row), secret_of(row)
    assert first != second
    assert asked.find_reset(first)
    assert asked.redeem_reset(second, password=ANOTHER)
    assert asked.find_reset(first) is None


def test_s05_the_link_ends_every_session(dora: User) -> None:
    for _ in range(2):
        sessions.open_session(
            user_id=dora.pk, door=Door.PASSWORD, second=Second.NONE, origin=log.NOWHERE
        )
    asked.redeem_reset(reset_link(dora), password=ANOTHER)
    ended = UserSession.objects.filter(user=dora).values_list("ended_how", flat=True)
    assert list(ended) == ["changed", "changed"]


ENDINGS = ["denied", "denied at her school", "gone", "moved", "moved by hand", "new password"]


def let(what: str, user: User, cast: Cast) -> None:
    """Something happens after which nothing that was mailed before may work."""
    if what == "denied":
        access.deny([user.pk], by=cast.as_ada)
        access.allow([user.pk], by=cast.as_ada)
    if what == "denied at her school":
        access.deny([user.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
        access.allow([user.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    if what == "gone":
        people.remove_users([user.pk], how=Ending.REMOVED, by=SYSTEM)
    if what == "moved":
        people.change_users([(user.pk, "email", "d@x.example")], by=SYSTEM)
    if what == "moved by hand":
        for email in ("d@x.example", user.email):  # and back
            save_users([UserToSave(user.pk, {"email": email})], by=cast.as_ada)
    if what == "new password":
        links.void([user.pk], by=user_actor(user.pk), stops=False)


@pytest.mark.parametrize("what", ENDINGS)
def test_s03_what_ends_a_link(cast: Cast, dora: User, what: str) -> None:
    token, waits = reset_link(dora), asked_for(AskedKind.RESET, dora.email)
    token = secret_of(waits)
    let(what, dora, cast)
    assert asked.find_reset(token) is None
    with pytest.raises(Refusal):
        asked.redeem_reset(token, password=ANOTHER)


@pytest.mark.parametrize("what", ENDINGS)
def test_s03_what_ends_a_code(cast: Cast, dora: User, what: str) -> None:
    six = code(dora, WORD)
    let(what, dora, cast)
    assert asked.use_code(WORD, six)[1] is False


@pytest.mark.parametrize("place", ["everywhere", "at her school"])
def test_s03_a_denial_ends_them_at_once(cast: Cast, dora: User, place: str) -> None:
    reset_link(dora)
    code(dora, WORD)
    where = cast.abbey.pk if place == "at her school" else None
    access.deny([dora.pk], by=cast.as_ada, establishment_id=where)
    assert not AskedByMail.objects.filter(ended_at=None).exists()


def test_s03_who_holds_something_elsewhere_keeps_theirs(cast: Cast) -> None:
    people.set_password(user=cast.theo, password=PASSWORD, by=SYSTEM)
    token = reset_link(cast.theo)
    access.deny([cast.theo.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    assert asked.find_reset(token)


def test_s03_what_slipped_past_a_denial_dies_with_it(cast: Cast, dora: User) -> None:
    """The worker had looked whose name it is a moment before the denial."""
    access.deny([dora.pk], by=cast.as_ada)
    asked.ask(AskedKind.RESET, name=dora.email)
    asked.look_up(lambda name: (dora.pk, dora))
    token = secret_of(AskedByMail.objects.get())
    access.allow([dora.pk], by=cast.as_ada)
    assert asked.find_reset(token) is None


def test_s03_a_mail_that_waits_is_called_back(cast: Cast, dora: User) -> None:
    for kind in AskedKind:
        asked_for(kind, dora.email, WORD)
    assert len(posted()) == 2
    access.deny([dora.pk], by=cast.as_ada)
    access.allow([dora.pk], by=cast.as_ada)
    assert posted() == []


def test_s03_others_keep_theirs(cast: Cast, dora: User) -> None:
    token = reset_link(dora)
    access.deny([cast.theo.pk], by=cast.as_ada)
    links.void([cast.theo.pk], by=SYSTEM)
    assert asked.find_reset(token)


def test_s17_an_address_changed_by_a_file_ends_it_for_as_long(dora: User) -> None:
    token = reset_link(dora)
    people.change_users([(dora.pk, "email", "d@x.example")], by=SYSTEM)
    assert asked.find_reset(token) is None
