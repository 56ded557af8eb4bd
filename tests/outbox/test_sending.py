"""Mail leaves the outbox through a real mail server, whatever that does (S52)."""

from __future__ import annotations

import re
import socket
import threading
import time
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from schoolgate.outbox import actions, carriers, sending
from schoolgate.outbox.actions import NewMail
from schoolgate.outbox.messages import Due, Text, message
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.places import Server, place_of
from schoolgate.outbox.sending import Round, send_some
from tests.outbox.sink import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.clock import Clock
    from tests.databases import OwnDatabase
    from tests.outbox.sink import Sink

TEXT = Text("Northshire – Virtual School", "Ünder way", "Hello\n", "<p>Hello</p>")


def texts(mails: Sequence[Due]) -> Mapping[int, Text]:
    return {mail.id: TEXT for mail in mails if not mail.address.startswith("unwanted")}


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with running(tmp_path / "sink") as sink:
        yield sink


def post(*addresses: str, at: timedelta = timedelta(0)) -> list[Mail]:
    """Mail to these addresses, posted now."""
    now = timezone.now()
    actions.post([NewMail("notice", 7, address, 1, now + at) for address in addresses], at=now)
    return list(Mail.objects.order_by("pk"))


def send(url: str) -> Round:
    place = place_of(url)
    assert place
    return send_some({"notice": texts}, place, stopping=threading.Event())


def test_mail_is_sent_in_the_organisations_name_and_then_forgets_the_address(
    db: None, sink: Sink, settings: object
) -> None:
    settings.MAIL_FROM, settings.MAIL_REPLY_TO = "gate@x.example", "office@x.example"  # type: ignore[attr-defined]
    settings.URL = "https://gate.x.example"  # type: ignore[attr-defined]
    (mail,) = post("dora@abbey.example")

    assert send(sink.url) is Round.WORKED
    assert send(sink.url) is Round.NOTHING
    (came,) = sink.mails()
    assert came["From"] == "Northshire – Virtual School <gate@x.example>"
    assert (came["To"], came["Reply-To"]) == ("dora@abbey.example", "office@x.example")
    assert came["Subject"] == "Ünder way"
    assert came["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(rf"<{mail.pk}\.[0-9a-f]{{32}}@gate\.x\.example>", came["Message-ID"])
    assert abs(came["Date"].datetime - timezone.now()) < timedelta(minutes=1)
    assert came.get_content_type() == "multipart/alternative"
    assert [part.get_content().strip() for part in came.iter_parts()] == ["Hello", "<p>Hello</p>"]
    mail.refresh_from_db()
    assert (mail.state, mail.address, mail.problem) == (State.SENT, "", "")
    assert mail.ended_at


def test_mail_waits_until_it_is_due(db: None, clock: Clock, sink: Sink) -> None:
    post("later@x.example", at=timedelta(hours=1))
    assert send(sink.url) is Round.NOTHING
    clock.wait(hours=1)
    assert send(sink.url) is Round.WORKED
    assert sink.to() == ["later@x.example"]


def test_what_is_called_back_or_no_longer_wanted_is_never_sent(db: None, sink: Sink) -> None:
    post("called.back@x.example", "unwanted@x.example")
    Mail.objects.filter(address__startswith="called").update(user_id=8)
    actions.cancel("notice", [8], at=timezone.now(), why="Called back.")

    assert send(sink.url) is Round.WORKED
    assert sink.to() == []
    assert {(m.state, m.address) for m in Mail.objects.all()} == {(State.CANCELLED, "")}


def test_a_refused_recipient_fails_at_once_and_holds_up_nobody(
    db: None, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    refused, _ = post("refused.kim@x.example", "fine@x.example")
    assert send(sink.url) is Round.WORKED

    assert sink.to() == ["fine@x.example"]
    refused.refresh_from_db()
    assert (refused.state, refused.address) == (State.FAILED, "refused.kim@x.example")
    assert refused.problem == (
        "Correct the e-mail address: the mail server refused this mail"
        " (550 5.1.1 <refused.kim@x.example> No such user)."
    )
    assert "kim" not in caplog.text


def test_one_that_is_not_taken_now_is_tried_again_after_longer_and_longer_and_then_fails(
    db: None, clock: Clock, sink: Sink
) -> None:
    (busy,) = post("busy@x.example")
    waits = []
    for _ in range(sending.MOST_ATTEMPTS):
        assert send(sink.url) is Round.WORKED
        busy.refresh_from_db()
        if busy.state == State.WAITING:
            assert "451 4.7.1 Try again later" in busy.problem
            waits.append(busy.due_at - clock.moment)
            clock.moment = busy.due_at
    assert waits == sending.WAITS
    assert busy.state == State.FAILED
    assert send(sink.url) is Round.NOTHING


def test_failed_mail_can_be_tried_again(cast: object, sink: Sink) -> None:
    failed, other = post("refused@x.example", "refused.too@x.example")
    send(sink.url)
    Mail.objects.filter(pk=failed.pk).update(address="mended@x.example")
    by = cast.as_ada  # type: ignore[attr-defined]

    assert actions.try_again([failed.pk], by=by) == 1
    assert send(sink.url) is Round.WORKED
    assert sink.to() == ["mended@x.example"]
    assert actions.try_again(None, by=by) == 1
    other.refresh_from_db()
    assert (other.state, other.attempts) == (State.WAITING, 0)


@pytest.mark.parametrize("server", ["nobody listens", "refuses the sender", "wrong password"])
def test_a_server_that_takes_nothing_costs_no_mail(
    db: None, clock: Clock, tmp_path: Path, server: str
) -> None:
    mails = post(*(f"{n}@x.example" for n in range(3)))
    words = {"refuses the sender": ["refuse-sender"], "wrong password": ["sign-in"]}
    remedies = {
        "nobody listens": "Check that the mail server 127.0.0.1 port",
        "refuses the sender": "Set SCHOOLGATE_MAIL_FROM to an address",
        "wrong password": "Correct the user name and password in SCHOOLGATE_MAIL",
    }
    with running(tmp_path / "sink", *words.get(server, [])) as sink:
        url = sink.url.replace("//", "//robin:secret-word@" if server == "wrong password" else "//")
        if server == "nobody listens":
            sink.process.kill()
            sink.process.wait()
        assert send(url) is Round.DOWN
    for mail in mails:
        mail.refresh_from_db()
        assert (mail.state, mail.due_at) == (State.WAITING, clock.moment + sending.WAITS[0])
        assert mail.problem.startswith(remedies[server])
        assert "secret-word" not in mail.problem
    clock.wait(minutes=1)
    with running(tmp_path / "other") as sink:
        assert send(sink.url) is Round.WORKED
        assert sink.to() == ["0@x.example", "1@x.example", "2@x.example"]


def test_the_right_password_signs_in(db: None, tmp_path: Path) -> None:
    post("dora@x.example")
    with running(tmp_path / "sink", "sign-in") as sink:
        assert send(sink.url.replace("//", "//robin:word@")) is Round.WORKED
        assert sink.to() == ["dora@x.example"]


def test_mail_is_not_sent_in_clear_to_a_server_that_offers_no_encryption(
    db: None, sink: Sink
) -> None:
    post("dora@x.example")
    place = Server("127.0.0.1", sink.port, "starttls")
    assert send_some({"notice": texts}, place, stopping=threading.Event()) is Round.DOWN
    assert sink.to() == []
    assert "offers no encryption" in Mail.objects.get().problem


def test_a_connection_that_breaks_costs_one_mail_a_try_and_the_others_nothing(
    db: None, sink: Sink
) -> None:
    broken, _ = post("breaks@x.example", "fine@x.example")
    assert send(sink.url) is Round.WORKED
    assert sink.to() == ["fine@x.example"]
    broken.refresh_from_db()
    assert (broken.state, broken.attempts) == (State.WAITING, 1)
    assert "connection to it broke" in broken.problem


def test_a_server_that_breaks_twice_in_a_row_is_left_alone_for_a_while(
    db: None, sink: Sink
) -> None:
    post("breaks@x.example", "breaks.too@x.example", "fine@x.example")
    assert send(sink.url) is Round.DOWN
    assert sink.to() == []
    assert {mail.state for mail in Mail.objects.all()} == {State.WAITING}


def test_s52_a_mail_that_may_have_arrived_is_sent_again_with_the_same_message_id(
    db: None, clock: Clock, sink: Sink
) -> None:
    (mail,) = post("swallows@x.example")
    send(sink.url)
    clock.wait(minutes=1)
    assert Mail.objects.get(pk=mail.pk).state == State.WAITING
    send(sink.url)

    first, second = sink.mails()
    assert first["Message-ID"] == second["Message-ID"]
    assert Mail.objects.get().state == State.SENT


def test_different_mails_have_different_message_ids(db: None, sink: Sink) -> None:
    post("one@x.example", "two@x.example")
    send(sink.url)
    first, second = sink.mails()
    assert first["Message-ID"] != second["Message-ID"]


def test_a_dead_server_that_says_nothing_is_given_up_on(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriers, "TIMEOUT", 0.3)
    post("dora@x.example")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begun = time.monotonic()
        assert send(f"smtp://127.0.0.1:{silent.getsockname()[1]}") is Round.DOWN
    assert time.monotonic() - begun < 5
    assert Mail.objects.get().state == State.WAITING


@pytest.mark.parametrize("address", ["no-address", "two@x.example\nBcc: all@x.example", "@", "a@",
                                     "=?utf-8?q?a=2Call=40x.example?=@x.example"])  # fmt: skip
def test_an_address_that_is_none_fails_with_a_sentence(db: None, sink: Sink, address: str) -> None:
    post(address, "fine@x.example")
    assert send(sink.url) is Round.WORKED
    assert sink.to() == ["fine@x.example"]
    failed = Mail.objects.get(state=State.FAILED)
    assert failed.problem.startswith("Correct the e-mail address")


@pytest.mark.parametrize(
    "name",
    [
        "Northshire\r\nBcc: all@x.example",
        "=?utf-8?q?=0D=0ABcc:_all=40x.example?=",
        "=?utf-8?b?DQpCY2M6IGFsbEB4LmV4YW1wbGUNCg0KUGF5IGhlcmU=?=",
        "Northshire <all@x.example>, all@x.example",
        "a: all@x.example;",
        "\u2028Bcc: all@x.example\x85\x00",
    ],
)
def test_s51_no_name_of_an_organisation_brings_a_header_or_an_address_along(name: str) -> None:
    now = timezone.now()
    mail = Due(1, "invitation", 7, "dora@abbey.example", 1, now, 1)
    raw = message(mail, Text(name, f"Set up your account at {name}", "Hello", "")).as_bytes()
    came = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
    assert set(came.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert len(came.keys()) == 9
    assert [one.addr_spec for one in came["From"].addresses] == ["schoolgate@localhost"]
    assert [part.get_content().strip() for part in came.iter_parts()] == ["Hello", ""]


def test_addresses_of_other_scripts_travel_or_are_named(db: None, sink: Sink) -> None:
    post("lehrer@schüle.example", "jürgen@x.example")
    assert send(sink.url) is Round.WORKED
    assert sink.to() == ["lehrer@xn--schle-mva.example"]
    assert Mail.objects.get(state=State.FAILED).problem.startswith("Use an address with plain")


def test_a_text_that_cannot_be_made_holds_up_no_other(db: None, sink: Sink) -> None:
    def odd(mails: Sequence[Due]) -> Mapping[int, Text]:
        if any(mail.address.startswith("odd") for mail in mails):
            raise ZeroDivisionError
        return texts(mails)

    post("odd@x.example", "fine@x.example")
    place = place_of(sink.url)
    assert place
    assert send_some({"notice": odd}, place, stopping=threading.Event()) is Round.WORKED
    assert sink.to() == ["fine@x.example"]
    assert "text could not be made" in Mail.objects.get(state=State.WAITING).problem


def test_a_lease_that_ran_out_is_taken_up_again_and_not_for_ever(
    db: None, clock: Clock, sink: Sink
) -> None:
    (mail,) = post("dora@x.example")
    for _ in range(sending.MOST_ATTEMPTS):
        assert [due.id for due in sending._take()] == [mail.pk]  # and the worker dies
        assert sending._take() == []
        clock.wait(minutes=5)
    assert send(sink.url) is Round.NOTHING
    assert sink.to() == []
    mail.refresh_from_db()
    assert (mail.state, mail.problem) == (State.FAILED, sending._NEVER_ENDED)


def test_told_to_stop_it_leaves_the_rest_as_it_was(db: None, sink: Sink) -> None:
    post("one@x.example", "two@x.example")
    stopping = threading.Event()
    stopping.set()
    place = place_of(sink.url)
    assert place
    assert send_some({"notice": texts}, place, stopping=stopping) is Round.WORKED
    assert sink.to() == []
    assert {mail.attempts for mail in Mail.objects.all()} == {0}
    assert send(sink.url) is Round.WORKED
    assert len(sink.to()) == 2


def test_a_database_that_is_busy_is_waited_for_and_nothing_is_sent_twice(
    own_database: OwnDatabase, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "RECORD_PAUSE", 0.01)
    post("dora@x.example")
    failures = iter([True, True])

    def refuse(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if "ended_at" in sql and sql.startswith("UPDATE") and next(failures, False):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert send(sink.url) is Round.WORKED
    assert (sink.to(), Mail.objects.get().state) == (["dora@x.example"], State.SENT)


def test_s52_several_workers_at_once_send_each_mail_once(
    own_database: OwnDatabase, sink: Sink
) -> None:
    addresses = [f"{n}@x.example" for n in range(3 * sending.LOT)]
    post(*addresses)
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        while send(sink.url) is not Round.NOTHING:
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sink.to()) == sorted(addresses)
    assert {mail.state for mail in Mail.objects.all()} == {State.SENT}


def test_a_hundred_thousand_mails_are_posted_with_as_many_statements_as_one(
    db: None, django_assert_max_num_queries: object
) -> None:
    now = timezone.now()
    mails = [NewMail("notice", n, f"{n}@x.example", n) for n in range(20_000)]
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert actions.post(mails, at=now, import_id=3) == 20_000
    assert Mail.objects.filter(import_id=3, state=State.WAITING, due_at=now).count() == 20_000
