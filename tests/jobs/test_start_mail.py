"""`schoolgate start` and mail: a process of its own, that holds up nothing and is kept alive."""

from __future__ import annotations

import io
import os
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from schoolgate.intake import runs
from schoolgate.intake.models import Import, State
from schoolgate.outbox import models as outbox
from schoolgate.outbox.models import Mail
from schoolgate.people import invitations
from tests import cast as company
from tests.jobs.programs import SECRET, is_a_sentence, schoolgate, started, until
from tests.outbox.sink import running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.databases import OwnDatabase

pytestmark = pytest.mark.timeout(240)
LOCAL = {"SCHOOLGATE_URL": "http://localhost", "SCHOOLGATE_MAIL_FROM": "gate@x.example"}


def sent() -> bool:
    return not Mail.objects.exclude(state=outbox.State.SENT).exists()


def test_without_mail_it_starts_says_so_and_loses_nothing(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    cast = company.assemble()
    with started(url=own_database.url, SCHOOLGATE_URL="http://localhost") as server:
        server.wait_for("Schoolgate is at")
        assert is_a_sentence(server.wait_for("Set SCHOOLGATE_MAIL to send mail"))
        assert not server.child("worker_process mail")
        invitations.invite([cast.dora.pk], by=cast.as_ada)
    assert Mail.objects.get().state == outbox.State.WAITING
    with (
        running(tmp_path / "sink") as sink,
        started(url=own_database.url, SCHOOLGATE_MAIL=sink.url, **LOCAL) as server,
    ):
        server.wait_for("Schoolgate is at")
        until(sent)
        assert sink.to() == ["dora@abbey.example"]
        assert "SCHOOLGATE_MAIL" not in server.printed()


@pytest.mark.one_database
def test_a_mail_server_that_says_nothing_holds_up_neither_pages_nor_imports(
    own_database: OwnDatabase,
) -> None:
    cast = company.assemble()
    invitations.invite([user.pk for user in cast.users], by=cast.as_ada)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with started(url=own_database.url, SCHOOLGATE_MAIL=url, **LOCAL) as server:
            server.wait_for("Schoolgate is at")
            until(lambda: Mail.objects.filter(attempts=1).exists())  # it waits for an answer
            run = runs.receive(
                kind="users",
                role="Social Worker",
                filename="users.csv",
                content=io.BytesIO(b"User First Name,User Last Name,Email\nN,W,n@x.example\n"),
                by=cast.as_ada,
            )
            begun = time.monotonic()
            until(lambda: Import.objects.get(pk=run.pk).state == State.READY, seconds=15)
            assert server.get("/sign-in/")[0] == 200
            assert time.monotonic() - begun < 15
            assert {mail.state for mail in Mail.objects.all()} == {outbox.State.WAITING}


def test_a_mail_worker_that_dies_is_started_again_and_sends_the_rest(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    cast = company.assemble()
    with (
        running(tmp_path / "sink") as sink,
        started(url=own_database.url, SCHOOLGATE_MAIL=sink.url, **LOCAL) as server,
    ):
        server.wait_for("Schoolgate is at")
        first = until(lambda: server.child("worker_process mail"))
        os.kill(first, signal.SIGKILL)
        server.wait_for("The mail worker ended")
        invitations.invite([cast.dora.pk, cast.theo.pk], by=cast.as_ada)
        until(sent)
        assert sorted(sink.to()) == ["dora@abbey.example", "theo@brook.example"]
        assert server.stop() == 0


@pytest.mark.one_database
def test_a_mail_setting_that_cannot_be_understood_is_a_sentence_without_the_password(
    own_database: OwnDatabase,
) -> None:
    said = schoolgate(
        "start",
        url=own_database.url,
        SCHOOLGATE_SECRET_KEY=SECRET,
        SCHOOLGATE_MAIL="smpt://robin:word-of-robin@mail.example.org",
        **LOCAL,
    )
    assert said.returncode == 2
    assert is_a_sentence(said.stderr)
    assert "word-of-robin" not in said.stderr
