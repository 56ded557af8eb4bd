"""An offboarding whose process dies (S40), and one that two processes apply at once (S41)."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

from schoolgate.access.models import Denial
from schoolgate.access.roles import SOCIAL_WORKER
from schoolgate.audit.queries import verify
from tests import factories
from tests.intake.desk import APPLIED, text_of
from tests.intake.standing import standing
from tests.intake.test_killed import DOOMED, PLAIN, command, finish, nothing_or_everything
from tests.intake.test_leavers import leaver

if TYPE_CHECKING:
    from pathlib import Path

    from tests.databases import OwnDatabase

PEOPLE = 20


def words(folder: Path) -> list[str]:
    """What makes so many people inactive; each of them works with a child."""
    users = [factories.user(email=f"u{n}@x.example") for n in range(PEOPLE)]
    for user in users:
        factories.grant(user, SOCIAL_WORKER, pupil=factories.pupil())
    (folder / "leavers.csv").write_text(text_of([leaver(user.email) for user in users]))
    return [
        "import", "leavers", str(folder / "leavers.csv"), "--json", "--over-brakes", "All left",
    ]  # fmt: skip


def test_s40_killed_at_any_statement_it_leaves_nothing_or_everything(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    ask = words(tmp_path)
    before = standing()
    program = command(own_database.url, DOOMED, *ask)
    assert program.stdin
    assert program.stderr
    fatal, left, answer = 1, [], -signal.SIGKILL
    while answer == -signal.SIGKILL:
        print(fatal, file=program.stdin, flush=True)
        answer = int(program.stderr.readline())
        left.append(nothing_or_everything(before))
        fatal += 4

    _, _, err = finish(program)
    assert 40 < answer < 250, err
    assert left == sorted(left)  # nothing until the commit, everything from then on
    assert left[-1]
    assert left.count(False) > 8
    status, out, _ = finish(command(own_database.url, PLAIN, *ask))
    assert (status, json.loads(out)["unchanged"]) == (APPLIED, PEOPLE)


def test_s41_the_same_file_by_two_processes_at_once_counts_once(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    ask = words(tmp_path)
    both = [command(own_database.url, f"input()\n{PLAIN}", *ask) for _ in range(2)]
    time.sleep(0.3)
    for program in both:
        assert program.stdin
        print(file=program.stdin, flush=True)
    done = [finish(program) for program in both]

    assert [status for status, _, _ in done] == [APPLIED, APPLIED], done
    answers = sorted((json.loads(out) for _, out, _ in done), key=lambda told: told["unchanged"])
    assert [(told["updated"], told["unchanged"], told["lost"]) for told in answers] == [
        (PEOPLE, 0, PEOPLE), (0, PEOPLE, 0),
    ]  # fmt: skip
    assert Denial.objects.filter(ended_at=None).count() == PEOPLE
    assert list(verify()) == []
