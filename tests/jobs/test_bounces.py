"""What comes back, from the mail server to the status of whoever was invited."""

from __future__ import annotations

import io
import mailbox
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from django.db import OperationalError, connection

from schoolgate.audit.models import Event
from schoolgate.jobs import bounce_reader
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.queries import last_problems
from schoolgate.people import invitations
from schoolgate.people.models import User
from tests import cast as company
from tests.jobs.programs import SECRET, environment, is_a_sentence, until
from tests.jobs.test_mail import send
from tests.outbox import imap, sink
from tests.outbox.imap import trusted
from tests.outbox.reports import SHAPES, postfix

if TYPE_CHECKING:
    from pathlib import Path

    from tests.databases import OwnDatabase
    from tests.jobs.conftest import Command

# The mail worker, which looks for what came back in the same process; it looks often.
WORKER = """
import django
django.setup()
from schoolgate.jobs import bounce_reader, mail_worker, worker_process
bounce_reader.PAUSE_SECONDS = 0.05
mail_worker.PAUSE_SECONDS = 0.05
worker_process.main("mail")
"""

# The same, which dies as soon as it has noted something, before it says that it has read it.
DIES = WORKER.replace(
    "worker_process.main",
    """
import os
from schoolgate.outbox.bounces import Noted, take_note

def note_and_die(raw):
    noted = take_note(raw)
    return os._exit(9) if noted is Noted.BOUNCED else noted

bounce_reader.take_note = note_and_die
worker_process.main""",
)


def worker(
    database: OwnDatabase, mail: str, bounces: str, program: str = WORKER
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment(
            DATABASE_URL=database.url,
            DJANGO_SETTINGS_MODULE="schoolgate.config.settings",
            SCHOOLGATE_SECRET_KEY=SECRET,
            SCHOOLGATE_MAIL=mail,
            SCHOOLGATE_MAIL_FROM="gate@x.example",
            SCHOOLGATE_URL="https://gate.example",
            SCHOOLGATE_BOUNCES=bounces,
        ),
    )


def moved_to(user: User, address: str) -> None:
    User.objects.filter(pk=user.pk).update(email=address, email_key=address)


def state(user: User) -> str:
    return invitations.invitation_states([user.pk])[user.pk]


def test_an_invitation_that_comes_back_shows_so_and_its_link_is_dead_with_the_next(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    cast = company.assemble()
    maildir = tmp_path / "bounces"
    mailbox.Maildir(maildir)
    gone = dict(zip(SHAPES, [cast.dora, cast.theo, cast.sara], strict=False))
    for shape, user in gone.items():
        moved_to(user, f"gone@{shape}.example")
    moved_to(cast.noor, "refused@x.example")
    invitations.invite([*(u.pk for u in gone.values()), cast.noor.pk, cast.liam.pk], by=cast.as_ada)
    with sink.running(tmp_path / "sink", f"maildir={maildir}") as server:
        process = worker(own_database, server.url, f"maildir:{maildir}")
        try:
            until(lambda: Mail.objects.filter(state=State.BOUNCED).count() == 3)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    assert [state(u) for u in (*gone.values(), cast.noor)] == ["Mail bounced"] * 4
    assert state(cast.liam) == "Invited"
    why = last_problems([u.pk for u in cast.users])
    assert why[cast.dora.pk] == "Correct the e-mail address: there is no such mailbox (5.1.1)."
    assert why[cast.noor.pk].startswith("Correct the e-mail address: ")
    assert len(why) == 4
    assert len(list(mailbox.Maildir(maildir))) == 3
    assert not list((maildir / "new").iterdir())


def test_killed_in_between_it_loses_no_report_and_notes_none_twice(
    own_database: OwnDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = company.assemble()
    users = [cast.dora, cast.theo, cast.sara, cast.noor, cast.liam]
    monkeypatch.setattr("django.conf.settings.SECRET_KEY", SECRET)
    with sink.running(tmp_path / "sink") as server, imap.running(tmp_path) as box:
        trusted(box, monkeypatch)
        invitations.invite([u.pk for u in users], by=cast.as_ada)
        send(server)
        for raw, to in zip(server.raw(), server.to(), strict=True):
            box.put(postfix(raw, to))
        for number in range(len(users)):
            process = worker(own_database, server.url, box.url(), DIES)
            assert process.wait(60) == 9
            # What it noted last is not marked as read: the next one reads it once more.
            assert Mail.objects.filter(state=State.BOUNCED).count() == number + 1
            assert sum(box.flags()) == number
        process = worker(own_database, server.url, box.url())
        until(lambda: all(box.flags()))
        process.terminate()
        process.wait(30)
    assert {state(u) for u in users} == {"Mail bounced"}
    assert Event.objects.filter(verb="bounced").count() == len(users)


def test_a_mailbox_that_cannot_be_read_holds_up_no_mail_and_names_nobody(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    cast = company.assemble()
    invitations.invite([cast.dora.pk], by=cast.as_ada)
    with sink.running(tmp_path / "sink") as server:
        process = worker(own_database, server.url, "imaps://robin:secret@localhost:1/")
        try:
            until(lambda: Mail.objects.get().state == State.SENT)
        finally:
            process.terminate()
            assert process.wait(30) == 0


def test_without_the_setting_nothing_is_looked_for(settings: object) -> None:
    settings.BOUNCES = ""  # type: ignore[attr-defined]
    bounce_reader.serve(threading.Event())  # comes back at once


# The command


@pytest.fixture
def report(own_database: OwnDatabase, tmp_path: Path, settings: object) -> bytes:
    """A report on Dora's invitation."""
    settings.HAS_SECRET_KEY = True  # type: ignore[attr-defined]
    cast = company.assemble()
    invitations.invite([cast.dora.pk], by=cast.as_ada)
    with sink.running(tmp_path / "sink") as server:
        send(server)
        return postfix(server.raw()[0], "dora@abbey.example")


def doras_state() -> str:
    return state(User.objects.get(email="dora@abbey.example"))


def test_a_message_is_handed_over_by_a_mail_server(
    report: bytes, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for expected in ("says that a mail did not arrive", "says what was known already"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(report)))
        assert command("bounces", "-") == (0, f"The message {expected}.\n", "")
    assert doras_state() == "Mail bounced"


def test_when_the_database_fails_the_mail_server_keeps_the_message(
    report: bytes, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if "outbox_mail" in sql:
            raise OperationalError("gone")
        return execute(sql, params, many, context)

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(report)))
    with connection.execute_wrapper(refuse):
        said = command("bounces", "-")
    assert said.status == 75
    assert is_a_sentence(said.err)


def test_a_file_and_the_setting_are_read(
    report: bytes, command: Command, tmp_path: Path, settings: object
) -> None:
    note = tmp_path / "note.eml"
    note.write_bytes(b"Subject: Hello\n\nHello\n")
    assert "is no report" in command("bounces", str(note)).out

    settings.BOUNCES = f"maildir:{tmp_path}/box"  # type: ignore[attr-defined]
    said = command("bounces")
    assert said.status == 2
    assert said.err.startswith("Make SCHOOLGATE_BOUNCES a Maildir")
    mailbox.Maildir(tmp_path / "box").add(report)
    assert command("bounces").out == "1 of what is new says that a mail did not arrive.\n"
    assert command("bounces").out == "Nothing is new.\n"
    assert doras_state() == "Mail bounced"


@pytest.mark.parametrize("lacking", ["secret", "setting", "file"])
def test_what_the_command_lacks_it_says(
    own_database: OwnDatabase, command: Command, settings: object, lacking: str
) -> None:
    settings.HAS_SECRET_KEY = lacking != "secret"  # type: ignore[attr-defined]
    settings.BOUNCES = ""  # type: ignore[attr-defined]
    said = command("bounces", *(["/nowhere/at/all"] if lacking == "file" else []))
    assert said.status == 2
    assert is_a_sentence(said.err)
