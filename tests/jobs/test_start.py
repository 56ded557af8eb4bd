"""`schoolgate start`, as a process: it serves, keeps its processes alive, and stops cleanly."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.intake import runs
from schoolgate.intake.models import Import, State
from schoolgate.jobs.demo import PASS_PHRASE, SIGN_INS
from schoolgate.people import actions as people
from schoolgate.people.models import SetUpLink, User
from schoolgate.schools.models import Organisation, Pupil
from tests import factories
from tests.jobs.programs import (
    SECRET,
    children_of,
    is_a_sentence,
    is_alive,
    schoolgate,
    started,
    until,
)

if TYPE_CHECKING:
    from tests.databases import OwnDatabase
    from tests.jobs.programs import Started

pytestmark = pytest.mark.timeout(240)
LOCAL = {"SCHOOLGATE_URL": "http://localhost"}


def everybody(running: Started) -> set[int]:
    """All processes that `start` has started."""
    own = set(children_of(running.process.pid))
    return own | {pid for child in own for pid in children_of(child)}


def test_the_demonstration_is_made_and_served_and_the_second_time_served_quickly(
    blank_database: str,
) -> None:
    with started("--demo", url=blank_database) as running:
        running.wait_for(f"Schoolgate is at http://localhost:{running.port}")
        for role, email in SIGN_INS:
            assert role in running.wait_for(email)
        assert PASS_PHRASE in running.printed()
        assert running.get("/healthz") == (200, "ok\n")
        assert running.get("/sign-in/")[0] == 200
        assert running.stop() == 0
    begun = time.monotonic()
    schoolgate("--help")
    measure = time.monotonic() - begun  # about 0.3 s on a machine that does nothing else
    with started("--demo", url=blank_database) as running:
        running.wait_for("Schoolgate is at")
        assert time.monotonic() - begun - measure < max(5, 16 * measure)
        running.wait_for(SIGN_INS[-1][1])
        assert "Making" not in running.printed()


def test_dead_processes_are_started_again_and_all_stop_together(
    own_database: OwnDatabase,
) -> None:
    with started(url=own_database.url, **LOCAL) as running:
        running.wait_for("Schoolgate is at")

        for words, name in (("worker_process", "worker"), ("gunicorn", "web server")):
            first = running.child(words)
            os.kill(first, signal.SIGKILL)
            running.wait_for(f"The {name} ended")
            running.wait_for_another(words, than=first)
        until(lambda: len(everybody(running)) >= 4)  # the worker; gunicorn and its two
        assert running.get("/healthz") == (200, "ok\n")
        processes = everybody(running)
        assert running.stop() == 0
        assert not any(map(is_alive, processes))
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", running.port)) != 0


@pytest.mark.one_database
def test_ctrl_c_stops_it_cleanly(own_database: OwnDatabase) -> None:
    with started(url=own_database.url, **LOCAL) as running:
        running.wait_for("Schoolgate is at")
        processes = everybody(running)
        assert running.stop(signal.SIGINT) == 0
        assert not any(map(is_alive, processes))
        assert "Traceback" not in running.printed()


@pytest.mark.one_database
def test_its_processes_end_when_it_is_killed(own_database: OwnDatabase) -> None:
    with started(url=own_database.url, **LOCAL) as running:
        running.wait_for("Schoolgate is at")
        processes = everybody(running)
        running.process.kill()
        running.process.wait()
        until(lambda: not any(map(is_alive, processes)))


@pytest.mark.one_database
def test_a_taken_port_is_a_sentence(own_database: OwnDatabase) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        said = schoolgate(
            "start", "--port", port, url=own_database.url, SCHOOLGATE_SECRET_KEY=SECRET, **LOCAL
        )
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("Choose another port with --port")
    assert is_a_sentence(said.stderr)


def test_an_empty_organisation_gets_a_set_up_link_that_only_its_starter_sees(
    own_database: OwnDatabase,
) -> None:
    with started(url=own_database.url, **LOCAL, SCHOOLGATE_ORGANISATION="Abbey Trust") as running:
        link = running.wait_for("/set-up/")
        token = re.search(r"/set-up/([\w-]{40,})/", link)
        assert token
        assert Organisation.objects.get().name == "Abbey Trust"
        assert not User.objects.exists()
        assert people.set_up_link_works(token[1])
        # Nobody who only knows the address gets anywhere, and opening the link uses nothing up.
        status, page = running.get("/set-up/first-come/")
        assert status == 404 or token[1] not in page
        assert running.get("/set-up/" + "x" * len(token[1]) + "/")[0] != 200
        assert running.get(f"/set-up/{token[1]}/")[0] == 200
        assert people.set_up_link_works(token[1])
        assert running.stop() == 0
        printed = running.printed()
        assert printed.count(token[1]) == 1
        assert not any(token[1] in str(row) for row in SetUpLink.objects.values_list())
    with started(url=own_database.url, **LOCAL) as running:
        assert token[1] not in running.wait_for("/set-up/")
        assert not people.set_up_link_works(token[1])
        assert Organisation.objects.get().name == "Abbey Trust"


def test_no_set_up_link_where_an_la_super_user_can_sign_in(own_database: OwnDatabase) -> None:
    ada = factories.grant(factories.user(), LA_SUPER_USER).user
    people.set_password(user=ada, password=PASS_PHRASE, by=SYSTEM)
    with started(url=own_database.url, **LOCAL) as running:
        running.wait_for("Schoolgate is at")
        assert running.stop() == 0
        assert "/set-up/" not in running.printed()
    assert not SetUpLink.objects.exists()


@pytest.mark.one_database
def test_the_demonstration_is_never_put_among_real_records(own_database: OwnDatabase) -> None:
    factories.pupil()
    said = schoolgate("start", "--demo", url=own_database.url, SCHOOLGATE_SECRET_KEY=SECRET)
    assert said.returncode == 2
    assert said.stderr.startswith("Leave out --demo")
    assert is_a_sentence(said.stderr)
    assert Pupil.objects.count() == 1


@pytest.mark.one_database
def test_the_demonstration_is_never_served_as_real(own_database: OwnDatabase) -> None:
    Organisation.objects.create(name="Demonstration", is_demonstration=True)
    said = schoolgate("start", url=own_database.url, SCHOOLGATE_SECRET_KEY=SECRET, **LOCAL)
    assert said.returncode == 2
    assert said.stderr.startswith("Add --demo")
    assert is_a_sentence(said.stderr)


def test_an_upload_is_worked_on_while_it_runs(own_database: OwnDatabase) -> None:
    ada = factories.grant(factories.user(), LA_SUPER_USER).user
    with started(url=own_database.url, **LOCAL) as running:
        running.wait_for("Schoolgate is at")
        run = runs.receive(
            kind="users",
            role="Social Worker",
            filename="users.csv",
            content=io.BytesIO(b"User First Name,User Last Name,Email\nNell,Weaver,n@a.example\n"),
            by=user_actor(ada.pk),
        )
        until(lambda: Import.objects.filter(pk=run.pk, state=State.READY).exists())


@pytest.mark.one_database
def test_pages_that_cannot_be_served_end_it_with_a_sentence(own_database: OwnDatabase) -> None:
    with started(
        url=own_database.url, **LOCAL, GUNICORN_CMD_ARGS="--worker-class nothing"
    ) as running:
        running.wait_for("Look at the messages above")
        assert running.process.wait(30) == 2


@pytest.mark.one_database
def test_s59_behind_a_proxy_it_answers_to_its_name_over_https_only(
    own_database: OwnDatabase,
) -> None:
    settings = {"SCHOOLGATE_URL": "https://gate.example.org", "SCHOOLGATE_BEHIND_PROXY": "yes"}
    with started(url=own_database.url, **settings) as running:
        running.wait_for("Schoolgate is at https://gate.example.org")
        running.wait_for("https://gate.example.org/set-up/")
        asked_over_https = {"X-Forwarded-Proto": "https"}
        assert running.get("/healthz", Host="gate.example.org", **asked_over_https)[0] == 200
        assert running.get("/healthz", Host="gate.example.org")[0] == 301
        assert running.get("/healthz", Host="other.example.org", **asked_over_https)[0] == 400
        assert running.get("/healthz", **asked_over_https)[0] == 400
