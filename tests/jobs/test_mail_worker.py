"""The mail worker: killed, told to stop, or without anywhere to send to, it loses nothing (S52)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from schoolgate.audit.actions import SYSTEM
from schoolgate.jobs import mail_worker
from schoolgate.kit.records import Source
from schoolgate.outbox.models import Mail, State
from schoolgate.people import actions as people
from schoolgate.people import invitations
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from tests import cast as company
from tests.jobs.programs import environment, until
from tests.jobs.test_mail import token_in
from tests.outbox.sink import running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cast import Cast
    from tests.databases import OwnDatabase

# The mail worker, on a lease so short that what a killed one held is soon taken up again.
WORKER = """
import sys
from datetime import timedelta
import django
django.setup()
from schoolgate.jobs import mail_worker, worker_process
from schoolgate.outbox import sending
sending.LEASE = timedelta(seconds=2)
sending.LOT = 5
mail_worker.PAUSE_SECONDS = 0.05
worker_process.main("mail")
"""


def mail_worker_process(database: OwnDatabase, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=environment(
            DATABASE_URL=database.url,
            DJANGO_SETTINGS_MODULE="schoolgate.config.settings",
            SCHOOLGATE_MAIL=url,
            SCHOOLGATE_MAIL_FROM="gate@x.example",
            SCHOOLGATE_URL="https://gate.example",
        ),
    )


@pytest.mark.timeout(200)
def test_s52_killed_at_random_moments_it_loses_nothing(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    new = [NewUser(f"user{n}@x.example", "", "N", "N") for n in range(60)]
    ids = people.create_users(new, by=SYSTEM, source=Source.IMPORT)
    invitations.invite(ids, by=SYSTEM)
    chance = random.Random(7)
    with running(tmp_path / "sink") as sink:
        for _ in range(8):
            child = mail_worker_process(own_database, sink.url)
            had = len(sink.raw())
            deadline = time.monotonic() + 10
            while len(sink.raw()) == had and time.monotonic() < deadline and child.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.random() * 0.15)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        child = mail_worker_process(own_database, sink.url)
        try:
            until(lambda: not Mail.objects.filter(state=State.WAITING).exists(), seconds=60)
        finally:
            child.terminate()
            # Where all was sent already, it may be asked to end before it has begun to listen.
            assert child.wait(20) in (0, -signal.SIGTERM)
        mails = sink.mails()
    assert {str(mail["To"]) for mail in mails} == {u.email for u in new}
    assert {mail.state for mail in Mail.objects.all()} == {State.SENT}
    by_id = {str(mail["Message-ID"]): str(mail["To"]) for mail in mails}
    assert len(by_id) == 60  # a repeat has the Message-ID of the first
    assert len(mails) - 60 <= 8  # no more than one for each kill
    for mail in mails:
        assert invitations.find(token_in(mail))


def test_it_stops_when_told_while_the_server_is_slow(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    cast = company.assemble()
    User.objects.filter(pk=cast.dora.pk).update(email="slow@x.example", email_key="slow@x.example")
    invitations.invite([cast.dora.pk, cast.theo.pk], by=SYSTEM)
    with running(tmp_path / "sink") as sink:
        child = mail_worker_process(own_database, sink.url)
        until(lambda: Mail.objects.filter(attempts=1).exists())
        time.sleep(0.5)
        child.terminate()
        assert child.wait(15) == 0
    assert sink.to() in (["slow@x.example"], [])
    assert Mail.objects.filter(state=State.WAITING).exclude(attempts=1).exists()


def test_it_outlasts_a_failure_and_rests_longer_while_nothing_can_be_sent(
    db: None, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    from schoolgate.outbox.sending import Round

    settings.MAIL = "smtp://127.0.0.1:1"  # type: ignore[attr-defined]
    pauses: list[float] = []

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            return self.is_set()

    stopping = Stopping()
    outcomes = iter([Round.DOWN, RuntimeError("odd"), Round.WORKED, Round.NOTHING, None])

    def send_some(*_: object, **__: object) -> Round:
        outcome = next(outcomes)
        if outcome is None:
            stopping.set()
            return Round.NOTHING
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(mail_worker, "send_some", send_some)
    mail_worker.serve(stopping)
    assert pauses == [0.0, 10.0, 20.0, 0.0, 1.0, 1.0]


def test_without_a_place_for_mail_it_waits(cast: Cast, settings: object) -> None:
    settings.MAIL = ""  # type: ignore[attr-defined]
    invitations.invite([cast.dora.pk], by=SYSTEM)
    mail_worker.serve(threading.Event())
    assert Mail.objects.get().state == State.WAITING
