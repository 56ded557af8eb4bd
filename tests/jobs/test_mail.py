"""The mail worker and what its mails say."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.audit.actions import SYSTEM, batch
from schoolgate.jobs.mail_texts import TEXTS
from schoolgate.kit.bulk import on_postgresql
from schoolgate.kit.dates import in_words
from schoolgate.kit.records import Ending, Source
from schoolgate.outbox import actions as outbox
from schoolgate.outbox.actions import NewMail
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.places import place_of
from schoolgate.outbox.sending import send_some
from schoolgate.people import actions as people
from schoolgate.people import invitations
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.schools.actions import name_organisation
from tests import cast as company
from tests.outbox.sink import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from schoolgate.outbox.messages import Due, Text
    from tests.cast import Cast
    from tests.clock import Clock
    from tests.databases import OwnDatabase
    from tests.jobs.conftest import Command
    from tests.outbox.sink import Sink

LINK = re.compile(r"https://gate\.example/invitation/([\w-]{43})/")


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with running(tmp_path / "sink") as sink:
        yield sink


@pytest.fixture(autouse=True)
def address(settings: object) -> None:
    settings.URL, settings.MAIL_FROM = "https://gate.example", "gate@x.example"  # type: ignore[attr-defined]


def send(sink: Sink) -> None:
    place = place_of(sink.url)
    assert place
    send_some(TEXTS, place, stopping=threading.Event())


def token_in(mail: object) -> str:
    """The token of the link in a mail."""
    found = LINK.search(mail.get_body(("plain",)).get_content())  # type: ignore[attr-defined]
    assert found
    return found[1]


def test_an_invitation_comes_with_a_link_that_works_and_its_last_day(
    cast: Cast, sink: Sink, clock: Clock
) -> None:
    name_organisation(name="Northshire <Virtual> School", by=SYSTEM)
    invitations.invite([cast.dora.pk], by=cast.as_ada)
    send(sink)

    (mail,) = sink.mails()
    assert mail["Subject"] == "Set up your account at Northshire <Virtual> School"
    assert mail["From"] == '"Northshire <Virtual> School" <gate@x.example>'
    assert mail["To"] == "dora@abbey.example"
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert f"until {in_words(clock.day(14))}" in plain
    assert "did not expect" in plain
    assert "Northshire &lt;Virtual&gt; School" in html
    assert LINK.findall(html) == [token_in(mail)] * 2
    assert not re.search(r"<(img|link|script|style)|src=", html)
    assert invitations.redeem(token_in(mail), password="correct horse battery staple") == cast.dora


def test_s51_no_pupil_and_no_name_is_in_any_mail_or_log(
    cast: Cast, sink: Sink, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    ids = [user.pk for user in cast.users]
    invitations.invite(ids, by=cast.as_ada)
    at = timezone.now()
    for user in cast.users:
        kinds = ("address-changed-old", "address-changed-new", "sign-in-changed")
        outbox.post([NewMail(kind, user.pk, user.email) for kind in kinds], at=at)
    User.objects.filter(pk=cast.noor.pk).update(email_key="not an address", email="not an address")
    Mail.objects.filter(user_id=cast.noor.pk).update(address="not an address")
    send(sink)

    assert Counter(str(m["Subject"]).strip().split(" at ")[0] for m in sink.mails()) == {
        "Set up your account": 5,
        "The e-mail address of your account": 10,
        "The way you sign in": 5,
    }
    told = b"\n".join(sink.raw()).decode() + caplog.text + "".join(capfd.readouterr())
    names = {p.first_name for p in cast.pupils} | {p.last_name for p in cast.pupils}
    upns = {p.identifiers.get().value for p in cast.pupils}
    people_ = {u.last_name for u in cast.users} | {"Ada"}
    # As a word: the letters of a short name may stand in a token by chance.
    words = names | upns | people_
    assert [word for word in words if re.search(rf"(?<![\w-]){word}(?![\w-])", told)] == []
    logged = caplog.text
    assert "@" not in logged
    assert not [t for m in sink.mails() if (t := LINK.search(str(m))) and t[1] in logged]


def test_s15_no_table_holds_a_token(own_database: OwnDatabase, sink: Sink) -> None:
    cast = company.assemble()
    invitations.invite([user.pk for user in cast.users], by=cast.as_ada)
    send(sink)
    tokens = [token_in(mail) for mail in sink.mails()]
    invitations.redeem(tokens[0], password="correct horse battery staple")

    assert len(set(tokens)) == 6
    assert all(len(token) * 6 >= 128 for token in tokens)
    dumped = dump()
    assert "dora@abbey.example" in dumped  # it did look
    assert [token for token in tokens if token in dumped or token[:20] in dumped] == []


def dump() -> str:
    """Every row of every table."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += cursor.fetchall()
    return "\n".join(map(str, rows))


@pytest.mark.parametrize("what", ["denied", "removed", "cancelled", "moved", "set up", "astray"])
def test_an_invitation_that_is_no_longer_wanted_is_not_sent(
    cast: Cast, sink: Sink, what: str
) -> None:
    invitations.invite([cast.dora.pk, cast.theo.pk], by=cast.as_ada)
    if what == "denied":
        access.deny([cast.dora.pk], by=cast.as_ada)
    elif what == "removed":
        people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=SYSTEM)
    elif what == "cancelled":
        invitations.cancel([cast.dora.pk], by=cast.as_ada)
    elif what == "moved":
        User.objects.filter(pk=cast.dora.pk).update(email="d@x.example", email_key="d@x.example")
    elif what == "astray":  # to another address than the one that the invitation is bound to
        Mail.objects.filter(user_id=cast.dora.pk).update(address="d@x.example")
    else:
        people.set_password(user=cast.dora, password="correct horse battery", by=SYSTEM)
    send(sink)

    assert sink.to() == ["theo@brook.example"]
    assert Mail.objects.get(user_id=cast.dora.pk).state == State.CANCELLED


def test_somebody_invited_while_inactive_gets_no_mail(cast: Cast, sink: Sink) -> None:
    access.deny([cast.dora.pk], by=cast.as_ada)
    invitations.invite([cast.dora.pk], by=cast.as_ada)
    send(sink)

    assert sink.to() == []
    access.allow([cast.dora.pk], by=cast.as_ada)
    assert invitations.invitation_states([cast.dora.pk]) == {cast.dora.pk: "Not invited"}


def test_somebody_invited_again_while_their_mail_is_written_holds_nobody_up(
    own_database: OwnDatabase, sink: Sink
) -> None:
    if not on_postgresql():
        pytest.skip("SQLite has one writer at a time")
    cast = company.assemble()
    access.deny([cast.dora.pk], by=cast.as_ada)  # the worker ends their invitation
    invitations.invite([cast.dora.pk, cast.theo.pk], by=cast.as_ada)
    taken, go_on, failed = threading.Event(), threading.Event(), []
    place = place_of(sink.url)
    assert place

    def texts(mails: Sequence[Due]) -> Mapping[int, Text]:
        taken.set()
        go_on.wait(20)
        return TEXTS[invitations.KIND](mails)

    def work() -> None:
        try:
            send_some({invitations.KIND: texts}, place, stopping=threading.Event())
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert taken.wait(20)
    with batch(by=cast.as_ada):
        invitations.invite([cast.theo.pk], by=cast.as_ada)
        go_on.set()
        wait_until(somebody_waits)
        # Leaving seals the batch, with the lock of the log.
    worker.join(30)

    assert not worker.is_alive()
    assert failed == []
    assert sink.to() == []  # neither the inactive one, nor a link that was replaced meanwhile
    send(sink)
    assert sink.to() == ["theo@brook.example"]


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " WHERE NOT l.granted AND a.datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def wait_until(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_changed_address_is_told_at_both_and_no_token_is_in_it(cast: Cast, sink: Sink) -> None:
    User.objects.filter(pk=cast.dora.pk).update(email="d@x.example", email_key="d@x.example")
    mails = [
        NewMail("address-changed-old", cast.dora.pk, "dora@abbey.example"),
        NewMail("address-changed-new", cast.dora.pk, "d@x.example"),
        NewMail("address-changed-new", cast.dora.pk, "stale@x.example"),
    ]
    outbox.post(mails, at=timezone.now())
    send(sink)

    assert sink.to() == ["dora@abbey.example", "d@x.example"]
    assert not any(LINK.search(str(mail)) for mail in sink.mails())


def test_a_changed_sign_in_is_told_at_the_address_of_now_and_says_what_to_do(
    cast: Cast, sink: Sink
) -> None:
    name_organisation(name="Northshire", by=SYSTEM)
    addresses = ("dora@abbey.example", "earlier@x.example")
    mails = [NewMail("sign-in-changed", cast.dora.pk, address) for address in addresses]
    outbox.post(
        [*mails, NewMail("sign-in-changed", cast.theo.pk, cast.theo.email)], at=timezone.now()
    )
    access.deny([cast.theo.pk], by=SYSTEM)
    send(sink)

    assert sink.to() == ["dora@abbey.example"]
    (mail,) = sink.mails()
    plain, _ = (part.get_content() for part in mail.iter_parts())
    assert str(mail["Subject"]) == "The way you sign in at Northshire has been changed"
    # Also where the password that they know is no longer theirs, as after a link by mail.
    assert "choose “Forgotten your password?” on the sign-in page" in plain
    assert "https://gate.example/sign-in/" in plain


def test_s18_both_mails_of_one_invitation_work_and_neither_of_an_earlier_one(
    cast: Cast, sink: Sink, clock: Clock
) -> None:
    invitations.invite([cast.dora.pk], by=cast.as_ada)
    Mail.objects.update(address="swallows@x.example")
    User.objects.filter(pk=cast.dora.pk).update(
        email="swallows@x.example", email_key="swallows@x.example"
    )
    invitations.invite([cast.dora.pk], by=cast.as_ada)
    send(sink)
    clock.wait(minutes=1)
    send(sink)
    first, second = sink.mails()
    assert first["Message-ID"] == second["Message-ID"]
    assert token_in(first) != token_in(second)
    assert invitations.find(token_in(first)) == invitations.find(token_in(second)) is not None

    invitations.invite([cast.dora.pk], by=cast.as_ada)
    assert invitations.find(token_in(first)) is invitations.find(token_in(second)) is None


def test_the_statements_are_as_many_for_one_as_for_many(
    db: None, sink: Sink, django_assert_num_queries: object
) -> None:
    from django.test.utils import CaptureQueriesContext

    counts = []
    for many in (1, 40):
        new = [NewUser(f"{many}-{n}@x.example", "", "N", "N") for n in range(many)]
        ids = people.create_users(new, by=SYSTEM, source=Source.IMPORT)
        invitations.invite(ids, by=SYSTEM)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            send(sink)
        counts.append(len(caught) - many)  # each mail's outcome is committed by itself
    assert len(sink.to()) == 41
    assert counts[0] == counts[1]


HEADINGS = "User First Name,User Last Name,Email\n"


def users_file(folder: Path) -> str:
    file = folder / "users.csv"
    file.write_text(f"{HEADINGS}Nell,Weaver,nell@x.example\nSara,Lindqvist,sara@council.example\n")
    return str(file)


def test_invite_on_the_command_line_invites_those_who_are_new(
    command: Command, sink: Sink, tmp_path: Path
) -> None:
    company.assemble()
    words = ["import", "users", users_file(tmp_path), "--role", "Social Worker"]
    said = command(*words, "--invite", "--check")
    assert (said.status, Mail.objects.count()) == (0, 0)
    assert "1 person would be invited." in said.out

    said = command(*words, "--invite")
    assert said.status == 0
    assert "1 person invited: `schoolgate start` sends the mail" in said.out
    send(sink)
    assert sink.to() == ["nell@x.example"]
    assert "Nobody to invite" in command(*words, "--invite").out


def test_without_invite_nobody_is_and_what_is_printed_as_json_stays_the_same(
    command: Command, tmp_path: Path
) -> None:
    company.assemble()
    words = ["import", "users", users_file(tmp_path), "--role", "Social Worker", "--json"]
    plain = json.loads(command(*words, "--check").out)
    assert json.loads(command(*words, "--check", "--invite").out) == plain
    assert command(*words).status == 0
    assert not Mail.objects.exists()


def test_what_is_undone_is_not_sent(command: Command, sink: Sink, tmp_path: Path) -> None:
    company.assemble()
    words = ["import", "users", users_file(tmp_path), "--role", "Social Worker", "--invite"]
    told = json.loads(command(*words, "--json").out)
    assert Mail.objects.get().import_id == told["import"]
    assert command("undo", str(told["import"])).status == 0
    send(sink)
    assert sink.to() == []
    assert Mail.objects.get().state == State.CANCELLED
