"""A run on the pages: who does its steps, and what is never written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from schoolgate.access import actions as access
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import user_actor
from schoolgate.audit.models import EventBatch
from schoolgate.intake import runs
from schoolgate.intake.models import Import, ImportFault, State
from schoolgate.intake.plan_users import UsersPlan
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from tests import factories

if TYPE_CHECKING:
    from tests.cast import Cast

HEADINGS = b"User First Name,User Last Name,Email\n"
GOOD = HEADINGS + b"Max,May,max.may@school.example\n"
UNCLOSED = GOOD + b'"unclosed,x,y\n'


def checked(content: bytes, by: User) -> Import:
    run = runs.receive(
        kind="users",
        role="social_worker",
        filename="people.csv",
        content=io.BytesIO(content),
        by=user_actor(by.pk),
    )
    runs.check(run.pk)
    run.refresh_from_db()
    return run


def ask_to_apply(run: Import, by: User) -> None:
    runs.request_apply(run.pk, by=user_actor(by.pk), skip_faulty=True, shown_digest=run.plan_digest)


def another_super_user() -> User:
    bea = factories.user(first_name="Bea", last_name="Bond")
    factories.grant(bea, LA_SUPER_USER)
    return bea


def test_a_file_refused_as_a_whole_is_never_applied(db: None, cast: Cast) -> None:
    run = checked(UNCLOSED, cast.ada)

    with pytest.raises(Refusal, match="none of its rows"):
        ask_to_apply(run, cast.ada)
    Import.objects.filter(pk=run.pk).update(state=State.APPLYING)
    runs.apply(run.pk)

    run.refresh_from_db()
    assert run.state == State.NEEDS_PERSON
    assert not User.objects.filter(first_name="Max").exists()


def test_s37_whoever_asks_to_apply_needs_the_right_when_it_happens(db: None, cast: Cast) -> None:
    bea = another_super_user()
    run = checked(GOOD, cast.ada)
    ask_to_apply(run, bea)
    access.deny([bea.pk], by=user_actor(cast.ada.pk))

    runs.apply(run.pk)

    run.refresh_from_db()
    assert (run.state, run.applied_at) == (State.FAILED, None)
    assert not User.objects.filter(first_name="Max").exists()


def test_what_is_applied_is_told_of_whoever_asked(db: None, cast: Cast) -> None:
    bea = another_super_user()
    run = checked(GOOD, cast.ada)
    ask_to_apply(run, bea)

    runs.apply(run.pk)

    assert EventBatch.objects.get(import_id=run.pk).actor_id == bea.pk


def test_a_leavers_import_can_be_undone_by_another(db: None, cast: Cast) -> None:
    bea = another_super_user()
    run = checked(GOOD, cast.ada)
    ask_to_apply(run, cast.ada)
    runs.apply(run.pk)
    access.deny([cast.ada.pk], by=user_actor(bea.pk))

    runs.request_undo(run.pk, by=user_actor(bea.pk))
    runs.undo(run.pk)

    run.refresh_from_db()
    assert run.state == State.UNDONE
    assert not User.objects.filter(first_name="Max", gone_at=None).exists()


def test_nothing_is_kept_of_a_run_that_was_given_up_while_it_was_checked(
    db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.receive(
        kind="users",
        role="social_worker",
        filename="people.csv",
        content=io.BytesIO(HEADINGS + b"Max,,\n"),
        by=user_actor(cast.ada.pk),
    )
    whole = UsersPlan.work_out

    def given_up_meanwhile(plan: UsersPlan) -> None:
        whole(plan)
        runs.cancel(run.pk, by=user_actor(cast.ada.pk))

    monkeypatch.setattr(UsersPlan, "work_out", given_up_meanwhile)
    runs.check(run.pk)

    run.refresh_from_db()
    assert run.state == State.CANCELLED
    assert not ImportFault.objects.filter(run=run).exists()
