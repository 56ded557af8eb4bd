"""What the worker is given while pages are asked for. Run by child.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from schoolgate.audit.actions import user_actor
from schoolgate.intake import runs
from schoolgate.intake.models import Import
from schoolgate.jobs.demo import PASS_PHRASE, SIGN_INS
from schoolgate.people.queries import user_signing_in
from schoolgate.schools.models import Pupil
from tests.bench.import_steps import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from schoolgate.audit.actions import Actor


def upload(path: str) -> Callable[[], Any]:
    """Hand the file over, to be checked by the worker; what is there to look at, and who looks."""

    def work() -> dict[str, Any]:
        with Path(path).open("rb") as content:
            run = runs.receive(
                kind="users",
                role=ROLES["users"],
                filename="users.csv",
                content=content,
                by=_super_user(),
            )
        pupil = Pupil.objects.order_by("-pk").values_list("pk", flat=True)[0]
        return {
            "import": run.pk, "pupil": pupil, "user": run.actor_id,
            "name": SIGN_INS[0][1], "password": PASS_PHRASE,
        }  # fmt: skip

    return work


def state(run_id: int) -> Callable[[], Any]:
    """What the import waits for."""
    return lambda: Import.objects.get(pk=run_id).state


def ask_to_apply(run_id: int) -> Callable[[], Any]:
    """Ask for what the check showed to be applied."""
    shown = Import.objects.get(pk=run_id).plan_digest
    return lambda: runs.request_apply(
        run_id, by=_super_user(), skip_faulty=False, shown_digest=shown
    )


def _super_user() -> Actor:
    user = user_signing_in(SIGN_INS[0][1])
    if user is None:
        raise SystemExit("The demonstration's LA Super User is not there.")
    return user_actor(user.pk)
