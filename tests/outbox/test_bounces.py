"""Mail that comes back: what a report may do, in whatever shape it comes, and what it may not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from schoolgate.audit.models import Event
from schoolgate.kit import bulk
from schoolgate.outbox import actions
from schoolgate.outbox.actions import NewMail
from schoolgate.outbox.bounces import Noted, reason, take_note
from schoolgate.outbox.messages import Due, Text, message
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.queries import last_problems
from schoolgate.outbox.reports import MOST_BYTES, report_in
from tests.outbox.reports import DELAYED, SHAPES, gmail, postfix

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = Text("Northshire", "Set up your account", "Hello\n", "<p>Hello</p>")
TO = "dora@abbey.example"


def a_mail(address: str = TO, state: State = State.SENT) -> tuple[Mail, bytes]:
    """A mail that went out, and how it looked."""
    actions.post([NewMail("invitation", 7, address, 1)], at=timezone.now())
    mail = Mail.objects.order_by("pk").last()
    assert mail
    due = Due(mail.pk, mail.kind, 7, address, 1, mail.posted_at, 1)
    blank = {"address": ""} if state == State.SENT else {}
    Mail.objects.filter(pk=mail.pk).update(state=state, attempts=1, **blank)
    return mail, message(due, TEXT).as_bytes()


def now(mail: Mail) -> tuple[str, str, str]:
    mail.refresh_from_db()
    return mail.state, mail.address, mail.problem


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_a_report_of_any_mail_system_marks_its_mail(db: None, shape: Callable[..., bytes]) -> None:
    mail, raw = a_mail()
    other, _ = a_mail()
    assert take_note(shape(raw, TO, "5.1.1")) is Noted.BOUNCED

    sentence = "Correct the e-mail address: there is no such mailbox (5.1.1)."
    assert now(mail) == (State.BOUNCED, "", sentence)
    assert now(other) == (State.SENT, "", "")
    assert last_problems([7], "invitation") == {}  # the one after it arrived
    (event,) = Event.objects.filter(verb="bounced")
    assert (event.kind, event.object_id, event.user_id) == ("mail", mail.pk, 7)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_a_report_that_a_mail_is_late_only_notes_it(db: None, shape: Callable[..., bytes]) -> None:
    mail, raw = a_mail()
    assert take_note(shape(raw, TO, "4.4.1", DELAYED)) is Noted.LATE
    state, _, problem = now(mail)
    assert state == State.SENT
    assert problem.startswith("Wait: on ")
    assert problem.endswith("still being asked (4.4.1).")
    assert last_problems([7]) == {7: problem}

    assert take_note(shape(raw, TO, "4.4.7")) is Noted.BOUNCED
    assert now(mail)[2].startswith("Try again later, or correct")
    assert take_note(shape(raw, TO, "4.4.1", DELAYED)) is Noted.KNOWN
    assert now(mail)[0] == State.BOUNCED


def test_a_report_read_twice_marks_once(db: None) -> None:
    mail, raw = a_mail()
    report = postfix(raw, TO)
    assert take_note(report) is Noted.BOUNCED
    before = now(mail)
    assert take_note(report) is Noted.KNOWN
    assert take_note(postfix(raw, TO, "5.2.2")) is Noted.KNOWN
    assert now(mail) == before
    assert Event.objects.filter(verb="bounced").count() == 1


def test_a_mail_that_seemed_lost_and_came_back_is_not_sent_again(db: None) -> None:
    mail, raw = a_mail(state=State.WAITING)
    assert take_note(postfix(raw, TO)) is Noted.BOUNCED
    assert now(mail)[:2] == (State.BOUNCED, "")


def test_what_was_called_back_or_has_failed_stays_so(db: None) -> None:
    for state in (State.CANCELLED, State.FAILED):
        mail, raw = a_mail(state=state)
        assert take_note(postfix(raw, TO)) is Noted.KNOWN
        assert now(mail)[0] == state


@pytest.mark.parametrize("spelling", ["DORA@Abbey.EXAMPLE", "<dora@abbey.example>"])
def test_the_address_is_known_however_it_is_written(db: None, spelling: str) -> None:
    mail, raw = a_mail()
    assert take_note(postfix(raw, spelling)) is Noted.BOUNCED
    assert now(mail)[0] == State.BOUNCED


def test_an_address_of_another_script_is_known_as_it_travels(db: None) -> None:
    mail, raw = a_mail("lehrer@schüle.example")
    assert take_note(postfix(raw, "lehrer@xn--schle-mva.example")) is Noted.BOUNCED
    assert now(mail)[0] == State.BOUNCED


# Forged


def test_a_forged_report_does_nothing_and_is_told_nothing(db: None) -> None:
    mail, raw = a_mail()
    theirs, their_raw = a_mail("eve@outside.example")
    right, wrong = f"<{mail.pk}.".encode(), f"<{theirs.pk}.".encode()
    secret = raw.partition(right)[2][:32]
    for report in (
        # Somebody else's address under a Message-ID that they know, as they had that mail.
        postfix(their_raw, TO),
        # Their own address under the Message-ID of another mail.
        postfix(raw, "eve@outside.example"),
        # A number that is right, with the secret of another mail, or a guessed one.
        postfix(their_raw.replace(wrong, right), TO),
        postfix(raw.replace(secret, b"0" * 32), TO),
        # A number that there is not.
        postfix(raw.replace(right, b"<999999."), TO),
        postfix(raw.replace(right, b"<" + b"9" * 18 + b"."), TO),
    ):
        assert take_note(report) is Noted.NOT_OURS
    assert now(mail) == now(theirs) == (State.SENT, "", "")
    assert not Event.objects.filter(verb="bounced")


def test_nothing_of_what_a_report_says_is_kept_or_logged(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    _, raw = a_mail()
    report = gmail(raw, TO).replace(b"The email account", b"<script>Pupil Amira Haddad")
    assert take_note(report) is Noted.BOUNCED
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            rows = repr(bulk.select(f'SELECT * FROM "{table}"'))
            assert "Amira" not in rows, table
            assert "script" not in rows, table
    assert "dora" not in caplog.text
    assert "Amira" not in caplog.text


# Not reports, or broken ones


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"multipart/report", b"multipart/mixed"),
        (b"Action: failed", b"Action: delivered"),
        (b"Action: failed", b"Action: relayed"),
        (b"Action: failed", b"Action: expanded"),
        (b"Final-Recipient: rfc822", b"Final-Recipient: x400"),
        (b"Final-Recipient", b"Finally"),
        (b"message/delivery-status", b"text/plain"),
        (b"--000000000000aa11\n", b"--1\n"),
        (b"message/rfc822", b"\xff\xfe/\x00"),
    ],
)
def test_a_message_that_is_no_report_of_a_mail_that_did_not_arrive_does_nothing(
    db: None, was: bytes, becomes: bytes
) -> None:
    mail, raw = a_mail()
    report = gmail(raw, TO).replace(b"Diagnostic-Code", b"X-Diagnostic")
    assert was in report
    noted = take_note(report.replace(was, becomes))
    # Google repeats the Message-ID elsewhere: what came back need not be readable.
    assert noted is (Noted.BOUNCED if was == b"message/rfc822" else Noted.NO_REPORT)
    assert now(mail)[0] == (State.BOUNCED if was == b"message/rfc822" else State.SENT)


def test_malformed_and_oversized_messages_are_no_reports(db: None) -> None:
    _, raw = a_mail()
    good = postfix(raw, TO)
    deep = b"".join(
        b"Content-Type: multipart/report; boundary=%d\n\n--%d\n" % (n, n) for n in range(1500)
    )
    assert len(deep) < MOST_BYTES
    many = good.replace(
        b"Final-Recipient: rfc822; dora@abbey.example",
        b"Final-Recipient: rfc822; x@x.example\n\n" * 3000,
    )
    for message_ in (
        b"", b"\x00" * 1000, b"\n\n\n", deep, good + b" " * MOST_BYTES,
        good[:600], good.replace(b"\n", b"\x00"),
        b"Content-Type: multipart/report; boundary=\n\n--\n",
    ):  # fmt: skip
        assert take_note(message_[: MOST_BYTES + 1]) is Noted.NO_REPORT
    take_note(many)


GOOD = postfix(b"Message-ID: <7.0123456789abcdef0123456789abcdef@x>\n\n", TO)


@given(st.binary(max_size=300), st.integers(0, len(GOOD)), st.integers(0, 200))
def test_no_message_stops_the_reading(noise: bytes, at: int, gone: int) -> None:
    report = report_in(GOOD[:at] + noise + GOOD[at + gone :])
    assert report is None or report.recipients
    assert report_in(noise) is None


def test_the_report_whole_is_read(db: None) -> None:
    """So that the test above cannot pass for want of a report."""
    report = report_in(GOOD)
    assert report
    assert report.message_ids == ("7.0123456789abcdef0123456789abcdef@x",)
    assert [(set(r.addresses), r.failed, r.status) for r in report.recipients] == [
        ({TO}, True, "5.1.1")
    ]


@pytest.mark.parametrize(
    ("status", "beginning"),
    [
        ("5.1.1", "Correct the e-mail address: there is no such mailbox"),
        ("5.1.10", "Correct the e-mail address: there is no such mailbox"),
        ("5.4.1", "Correct the e-mail address: there is no such mailbox"),
        ("4.4.1", "Try again later"),
        ("5.1.2", "Correct the e-mail address after the @"),
        ("5.4.4", "Correct the e-mail address after the @"),
        ("5.2.1", "Ask them, or their school, to have the mailbox opened"),
        ("5.2.2", "Ask them to make room"),
        ("4.2.2", "Ask them to make room"),
        ("5.7.1", "Ask whoever runs the mail system there"),
        ("5.7.509", "Ask whoever runs the mail system there"),
        ("5.0.0", "Check the e-mail address"),
        ("5.10.1", "Check the e-mail address"),
        ("", "Check the e-mail address"),
    ],
)
def test_the_reason_is_said_in_words(status: str, beginning: str) -> None:
    assert reason(status).startswith(beginning)


def test_a_code_that_says_nothing_gives_way_to_what_the_server_there_said(db: None) -> None:
    mail, raw = a_mail()
    report = postfix(raw, TO, "5.2.2").replace(b"Status: 5.2.2", b"Status: 5.0.0")
    assert take_note(report) is Noted.BOUNCED
    assert now(mail)[2].endswith("the mailbox is full (5.2.2).")


def test_several_at_once_note_one_report_once(own_database: object) -> None:
    _, raw = a_mail()
    report, together, noted = postfix(raw, TO), threading.Barrier(6), []

    def note() -> None:
        together.wait()
        noted.append(take_note(report))
        connection.close()

    threads = [threading.Thread(target=note) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(n.name for n in noted) == ["BOUNCED", *["KNOWN"] * 5]
    assert Event.objects.filter(verb="bounced").count() == 1
