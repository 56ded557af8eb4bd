"""A process that dies while it applies (S40), and two that apply at once (S41)."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from schoolgate.audit.queries import verify
from schoolgate.intake.models import Import, State
from schoolgate.kit import bulk
from tests import factories
from tests.intake.desk import APPLIED, SW, child, person, text_of, upn_of
from tests.intake.standing import Standing, difference, standing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.databases import OwnDatabase

# Does the command once for each number that it reads, each time in a process of its own, which
# kills itself as it is about to send that statement to the database (counted from where the upload
# is received; 0: never). Answers with the number of statements, or -9.
DOOMED = """
import os, signal, sys
import django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "schoolgate.config.settings")
django.setup()
from django.db import connection
from schoolgate.jobs.command import main
import schoolgate.intake.command_runs

def do(fatal):
    count = 0
    def doom(execute, sql, params, many, context):
        nonlocal count
        count += bool(count or "intake_import" in sql)
        if fatal and count == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)
    with connection.execute_wrapper(doom):
        status = main()
    sys.stdout.flush()
    os._exit(min(count, 250) if not status else 251)

for line in sys.stdin:
    child = os.fork()
    if not child:
        do(int(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=sys.stderr, flush=True)
"""
PLAIN = "import sys; from schoolgate.jobs.command import main; sys.exit(main())"


def command(url: str, program: str, *words: str) -> subprocess.Popen[str]:
    """A program that runs on the test's own database."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "DATABASE_URL": url}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a program; its status and what it printed."""
    out, err = child.communicate(timeout=60)
    return child.returncode, out, err


def files(folder: Path, rows: int) -> dict[str, list[str]]:
    """A user file and a pupil file that change what is there, and the words to import each."""
    abbey = factories.establishment(name="Abbey", urn="100001")
    known = [factories.pupil(first_name=f"Known{n}") for n in range(3)]
    for pupil in known:
        factories.enrolment(pupil, abbey)
    factories.user(first_name="Sara", email="sara@council.example")
    users = [person(first="Sara", email="sara@council.example", phone="0117 1", urn="100001")]
    users += [
        person(first=f"New{n}", email=f"n{n}@x.example", upns=[upn_of(known[n % 3])])
        for n in range(rows)
    ]
    pupils = [
        child(first=pupil.first_name, last=pupil.last_name, upn=upn_of(pupil), urn="888888",
              year="9", since="2025-01-01")
        for pupil in known
    ]  # fmt: skip
    pupils += [
        child(first=f"Child{n}", sync_key=f"K{n}", born="", urn="100001") for n in range(rows)
    ]
    (folder / "users.csv").write_text(text_of(users))
    (folder / "pupils.csv").write_text(text_of(pupils))
    return {
        "users": ["import", "users", str(folder / "users.csv"), "--role", SW, "--json"],
        "pupils": ["import", "pupils", str(folder / "pupils.csv"), "--json"],
    }


def nothing_or_everything(before: Standing) -> bool:
    """Whether everything is there (else nothing is); the log is whole either way."""
    while bulk.on_postgresql() and bulk.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    ):
        time.sleep(0.02)  # the server has yet to notice that the client is dead
    assert list(verify()) == []
    changed = difference(before, standing())
    done = Import.objects.filter(state=State.DONE).count()
    assert bool(changed) == bool(done)
    return bool(changed)


@pytest.mark.parametrize("kind", ["users", "pupils"])
def test_s40_killed_at_any_statement_it_leaves_nothing_or_everything(
    own_database: OwnDatabase, tmp_path: Path, kind: str
) -> None:
    words = files(tmp_path, 20)[kind]
    before = standing()
    program = command(own_database.url, DOOMED, *words)
    assert program.stdin
    assert program.stderr
    fatal, left, answer = 1, [], -signal.SIGKILL
    while answer == -signal.SIGKILL:
        print(fatal, file=program.stdin, flush=True)
        answer = int(program.stderr.readline())
        left.append(nothing_or_everything(before))
        fatal += 5

    _, out, err = finish(program)
    assert 50 < answer < 250, err
    assert len(left) > 10
    assert left == sorted(left)  # nothing until the commit, everything from then on
    assert left[-1]
    assert left.count(False) > 10
    status, out, _ = finish(command(own_database.url, PLAIN, *words))
    assert (status, json.loads(out)["unchanged"]) == (APPLIED, 23 if kind == "pupils" else 21)


def test_s40_killed_at_random_moments_it_can_be_done_again(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    words = files(tmp_path, 3_000)["users"]
    before = standing()
    begun = time.monotonic()
    finish(command(own_database.url, PLAIN, *words, "--check"))
    whole = 1.5 * (time.monotonic() - begun)

    for _ in range(4):
        program = command(own_database.url, PLAIN, *words)
        time.sleep(random.uniform(0.3, 1) * whole)
        program.kill()
        finish(program)
        if nothing_or_everything(before):
            break

    status, out, err = finish(command(own_database.url, PLAIN, *words))
    assert status == APPLIED, err
    assert json.loads(out)["created"] in (0, 3_000)
    assert nothing_or_everything(before)


def test_s41_the_same_file_by_two_processes_at_once_counts_once(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    for kind, words in files(tmp_path, 300).items():
        both = [command(own_database.url, f"input()\n{PLAIN}", *words) for _ in range(2)]
        time.sleep(0.3)
        for program in both:
            assert program.stdin
            print(file=program.stdin, flush=True)
        done = [finish(program) for program in both]

        assert [status for status, _, _ in done] == [APPLIED, APPLIED], done
        first, second = sorted(
            (json.loads(out) for _, out, _ in done), key=lambda answer: answer["unchanged"]
        )
        assert first["created"] == 300
        assert second["unchanged"] == second["rows"], kind
        assert (second["gained"], second["lost"], second["linked"]) == (0, 0, 0)
        assert list(verify()) == []
