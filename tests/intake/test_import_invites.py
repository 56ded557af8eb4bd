"""Invitations with an import: now, in the morning of a day, or not; and taken back with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.intake import runs
from schoolgate.intake.models import Import, State
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail
from schoolgate.people.invitations import INVITED, NOT_INVITED, invitation_states
from schoolgate.people.models import User
from tests.intake.desk import person
from tests.intake.test_shown import show

if TYPE_CHECKING:
    from datetime import date

    from tests.cast import Cast

PEOPLE = [
    person(first="Jo", email="jo@x.example", urn="100001"),
    person(first="Kim", email="kim@x.example", urn="100001"),
    person(first="Noor", last="Rahman", email="noor@example.org", urn="100001"),  # known
]


def applied(cast: Cast, invite: str, on: date | None = None) -> Import:
    run = show(PEOPLE, "users", by=cast.as_ada, role="designated_teacher")
    assert run.summary["invitations"] == 2
    runs.request_apply(
        run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest, invite=invite,
        invite_on=on,
    )  # fmt: skip
    runs.apply(run.pk)
    run.refresh_from_db()
    assert run.state == State.DONE
    return run


def states(run: Import) -> set[str]:
    made = User.objects.filter(import_id=run.pk).values_list("pk", flat=True)
    return set(invitation_states(list(made)).values())


def test_now(cast: Cast) -> None:
    run = applied(cast, "now")
    mails = Mail.objects.filter(import_id=run.pk)
    assert {mail.address for mail in mails} == {"jo@x.example", "kim@x.example"}
    assert all(mail.due_at == mail.posted_at for mail in mails)
    assert states(run) == {INVITED}


def test_in_the_morning_of_a_day(cast: Cast) -> None:
    day = timezone.localdate() + timedelta(days=3)
    run = applied(cast, "later", day)
    moments = {timezone.localtime(mail.due_at) for mail in Mail.objects.all()}
    assert {(m.date(), m.hour) for m in moments} == {(day, 8)}
    assert states(run) == {INVITED}


def test_not(cast: Cast) -> None:
    run = applied(cast, "no")
    assert not Mail.objects.exists()
    assert states(run) == {NOT_INVITED}


def test_a_day_must_be_to_come_and_the_choice_be_one(cast: Cast) -> None:
    run = show(PEOPLE, "users", by=cast.as_ada, role="designated_teacher")
    today = timezone.localdate()
    for invite, on in (("later", None), ("later", today), ("soon", None)):
        with pytest.raises(Refusal, match="nvitations"):
            runs.request_apply(
                run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest,
                invite=invite, invite_on=on,
            )  # fmt: skip


def test_undo_cancels_the_invitations_and_the_mail_that_waits(cast: Cast) -> None:
    run = applied(cast, "now")
    waiting = set(Mail.objects.values_list("state", flat=True))

    runs.undo(run.pk, by=cast.as_ada)

    assert set(Mail.objects.values_list("state", flat=True)).isdisjoint(waiting)
    assert not User.objects.filter(import_id=run.pk, gone_at=None).exists()
