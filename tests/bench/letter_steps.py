"""Parents with children, their letters and their mail. Run by child.py."""

from __future__ import annotations

import resource
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from schoolgate.access import actions, credentials, letters
from schoolgate.access.actions import NewGrant
from schoolgate.access.roles import PARENT
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Source
from schoolgate.outbox.models import Mail, State
from schoolgate.people.actions import NewUser, create_users
from schoolgate.people.models import LetterRun, User
from schoolgate.schools.actions import create_pupils
from schoolgate.web.letters.press import Frame, Letter, press

if TYPE_CHECKING:
    from collections.abc import Callable

_FRAME = Frame(
    "Letters with codes to sign in", "Northshire Virtual School", "https://gate.example/letter/",
    "https://gate.example/", "21 January 2027", "the office, 01234 567890",
)  # fmt: skip


def parents(count: int, mailed: bool) -> Callable[[], Any]:
    """So many parents, each of a child of their own, with or without an e-mail address."""

    def work() -> int:
        born = date(2012, 1, 1)
        pupils = create_pupils(
            (
                (f"Child{n}", f"Family{n}", born + timedelta(days=n % 3000), "7", f"7{n % 9}")
                for n in range(count)
            ),
            by=SYSTEM, source=Source.BY_HAND,
        )  # fmt: skip
        users = create_users(
            (
                NewUser(
                    f"parent{n}@family.example" if mailed else "", f"parent.{n}",
                    "Elizabeth", f"Dickinson-{n}",
                )
                for n in range(count)
            ),
            by=SYSTEM, source=Source.BY_HAND,
        )  # fmt: skip
        since = timezone.localdate() - timedelta(days=100)
        actions.grant(
            (
                NewGrant(user, PARENT.code, None, pupil, since)
                for user, pupil in zip(users, pupils, strict=True)
            ),
            by=SYSTEM, source=Source.BY_HAND,
        )  # fmt: skip
        return len(users)

    return work


def print_all() -> Callable[[], Any]:
    """Letters for everybody, as the page makes them: codes, order, and the file as it comes."""
    ids = list(User.objects.order_by("pk").values_list("pk", flat=True))
    run = credentials.give_out(mailed=[], lettered=ids, by=SYSTEM)

    def work() -> dict[str, Any]:
        codes = credentials.print_letters(ids, run=run, by=SYSTEM)
        pages = [
            Letter(to.name, to.place, to.signs_in_as, codes[to.user_id])
            for to in letters.addressees(codes)
        ]
        told: list[int] = []

        def tell(done: int) -> None:
            credentials.note_done(run.pk, done)
            told.append(done)

        size = sum(len(piece) for piece in press(pages, _FRAME, done=tell))
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        done = LetterRun.objects.get(pk=run.pk).done
        return {"letters": done, "told": len(told), "size": size, "child_mb": child}

    return work


def invite_all() -> Callable[[], Any]:
    """Invitations for everybody, into the outbox."""
    ids = list(User.objects.values_list("pk", flat=True))

    def work() -> int:
        credentials.give_out(mailed=ids, lettered=[], by=SYSTEM)
        return Mail.objects.count()

    return work


def let_leases_run_out() -> Callable[[], Any]:
    """What a worker that was killed had taken up is due again, as it is after five minutes."""
    return lambda: Mail.objects.filter(state=State.WAITING).update(due_at=timezone.now())


def mails() -> Callable[[], Any]:
    """How many mails are in each state."""
    return lambda: {state: Mail.objects.filter(state=state).count() for state in State.values}
