"""Links and codes that are asked for by mail: for whom they are made, and what is kept."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.jobs import asked_worker
from schoolgate.kit.records import Ending
from schoolgate.outbox.models import Mail, State
from schoolgate.people import actions as people
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import asked, links, log
from schoolgate.sign_in.models import (
    AskedByMail,
    AskedKind,
    Door,
    Outcome,
    SignInEvent,
)
from tests import factories
from tests.sign_in.mailed import asked_for, code, reset_link, secret_of

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock

PASSWORD = "correct horse battery staple"
WORD = "known to one browser alone"
BOTH = pytest.mark.parametrize("kind", list(AskedKind))


def posted() -> list[tuple[str, str]]:
    waiting = Mail.objects.filter(state=State.WAITING).order_by("pk")
    return list(waiting.values_list("kind", "address"))


@BOTH
def test_the_worker_posts_mail_to_whoever_has_the_name(dora: User, kind: AskedKind) -> None:
    row = asked_for(kind, " DORA@abbey.example ", WORD)
    assert posted() == [(links.MAIL[kind], "dora@abbey.example")]
    assert (row.user, row.name_key, row.secret_hash) == (dora, "", "")
    assert Mail.objects.get().subject_id == row.pk
    (event,) = Event.objects.filter(verb="asked for")
    assert (event.kind, event.user_id) == (links.TOLD[kind], dora.pk)


@BOTH
def test_by_user_name_it_goes_to_the_address_of_the_account(cast: Cast, kind: AskedKind) -> None:
    kim = factories.user(email="kim@x.example", username="kim.2014")
    people.set_password(user=kim, password=PASSWORD, by=SYSTEM)
    asked_for(kind, "Kim.2014")
    assert posted() == [(links.MAIL[kind], "kim@x.example")]


@BOTH
@pytest.mark.parametrize("who", ["nobody", "not set up", "denied", "gone", "no address"])
def test_s08_nobody_else_gets_any(cast: Cast, kind: AskedKind, who: str) -> None:
    name = "dora@abbey.example"
    if who != "not set up":
        people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    if who == "nobody":
        name = "nobody@x.example"
    if who == "denied":
        access.deny([cast.dora.pk], by=SYSTEM)
    if who == "gone":
        people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=SYSTEM)
    if who == "no address":
        name = "kim.2014"
        kim = factories.user(email="", username=name)
        people.set_password(user=kim, password=PASSWORD, by=SYSTEM)
    row = asked_for(kind, name, WORD)
    assert (row.looked_at is None, row.name_key, row.user) == (False, "", None)
    assert not Mail.objects.filter(kind=links.MAIL[kind]).exists()
    assert asked.make_secrets({row.pk: "dora@abbey.example"}, at=timezone.now()) == {}


@BOTH
@pytest.mark.parametrize("what", ["denied", "gone", "moved", "too late", "not set up"])
def test_mail_that_is_no_longer_right_gets_no_secret(
    clock: Clock, cast: Cast, kind: AskedKind, what: str
) -> None:
    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    row = asked_for(kind, "dora@abbey.example", WORD)
    if what == "denied":
        access.deny([cast.dora.pk], by=SYSTEM)
    if what == "gone":
        people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=SYSTEM)
    if what == "moved":
        people.change_users([(cast.dora.pk, "email", "d@x.example")], by=SYSTEM)
    if what == "not set up":
        User.objects.filter(pk=cast.dora.pk).update(password=UNUSABLE_PASSWORD_PREFIX)
    if what == "too late":
        clock.wait(days=1)
    assert asked.make_secrets({row.pk: "dora@abbey.example"}, at=timezone.now()) == {}


@BOTH
def test_mail_that_goes_to_another_address_gets_no_secret(dora: User, kind: AskedKind) -> None:
    row = asked_for(kind, dora.email, WORD)
    assert asked.make_secrets({row.pk: "astray@x.example"}, at=timezone.now()) == {}


def test_somebody_with_a_passkey_alone_may_have_a_password(cast: Cast) -> None:
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    assert asked.redeem_reset(reset_link(cast.dora), password=PASSWORD) == cast.dora.pk
    assert authenticate(username="dora@abbey.example", password=PASSWORD) == cast.dora


def test_what_is_asked_while_the_worker_rests_is_not_sent_late(clock: Clock, dora: User) -> None:
    asked.ask(AskedKind.CODE, name=dora.email, browser_word=WORD)
    clock.wait(hours=1)
    assert asked_worker.look() == 1
    assert posted() == []


def test_the_note_at_the_door_learns_whose_name_it_was(dora: User) -> None:
    for name in (dora.email, "nobody@x.example"):
        asked.ask(AskedKind.RESET, name=name)
        log.note(Outcome.ASKED, door=Door.PASSWORD, user_id=None, name=name)
    asked_worker.look()
    told = SignInEvent.objects.order_by("pk").values_list("user_id", flat=True)
    assert list(told) == [dora.pk, None]


def test_who_waits_at_a_page_is_served_before_a_thousand_invitations(dora: User) -> None:
    from schoolgate.outbox import actions as outbox
    from schoolgate.outbox.actions import NewMail

    outbox.post((NewMail("invitation", 1, "x@x.example") for _ in range(3)), at=timezone.now())
    asked_for(AskedKind.CODE, dora.email, WORD)
    assert Mail.objects.order_by("due_at", "pk").values_list("kind", flat=True)[0] == "sign-in-code"


# What is kept


def test_s15_no_table_holds_a_secret(dora: User) -> None:
    row = asked_for(AskedKind.RESET, dora.email)
    token, six = secret_of(row), code(dora, WORD)
    assert len(token) * 6 >= 128
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += [repr(value) for row in cursor.fetchall() for value in row]
    dumped = "\n".join(rows)
    assert "dora@abbey.example" in dumped  # it did look
    assert token not in dumped
    assert WORD not in dumped
    assert repr(six) not in dumped
    plain = hashlib.sha256(six.encode()).hexdigest()
    with_row = hashlib.sha256(f"{AskedByMail.objects.latest('pk').pk} {six}".encode()).hexdigest()
    assert not {plain, with_row} & set(AskedByMail.objects.values_list("secret_hash", flat=True))


def test_rows_of_more_than_a_day_ago_are_swept(clock: Clock, cast: Cast) -> None:
    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    asked_for(AskedKind.CODE, "nobody@x.example", WORD)
    late = asked_for(AskedKind.RESET, cast.dora.email)
    clock.wait(hours=23, minutes=30)
    token = secret_of(late)  # its mail had to wait
    clock.wait(minutes=31)
    links.sweep()
    assert asked.find_reset(token)
    assert list(AskedByMail.objects.values_list("pk", flat=True)) == [late.pk]
    clock.wait(hours=1)
    links.sweep()
    assert not AskedByMail.objects.exists()


def test_the_statements_are_as_many_for_one_as_for_many_who_are_let_go(
    cast: Cast, django_assert_num_queries: object
) -> None:
    from django.test.utils import CaptureQueriesContext

    counts = []
    for users in ([cast.dora], cast.users):
        for user in users:
            reset_link(user)
        with CaptureQueriesContext(connection) as caught:
            links.void([user.pk for user in users], by=SYSTEM)
        counts.append(len(caught))
    assert counts[0] == counts[1]
