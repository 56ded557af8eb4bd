"""From the check to the apply: what is applied is what was shown (S42), through intake.runs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_USER, ROLES, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM, Actor
from schoolgate.intake import runs
from schoolgate.intake.models import Import, State
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.models import Pupil
from tests import factories
from tests.intake.desk import Row, child, person, row_of, text_of, upn_of
from tests.intake.test_preview import seed_of, seen
from tests.intake.worlds import BY_FILE, World, a_world

if TYPE_CHECKING:
    from tests.cast import Cast


def show(rows: list[Row], kind: str, *, by: Actor, role: str = "", yes: bool = False) -> Import:
    """Hand a file in and have it checked."""
    content = io.BytesIO(text_of(rows).encode())
    run = runs.receive(
        kind=kind,
        role=role,
        filename="f.csv",
        content=content,
        by=by,
        yes=yes,
        state=State.CHECKING,
    )
    runs.check(run.pk)
    run.refresh_from_db()
    return run


def ask(run: Import, *, by: Actor, skip_faulty: bool = True) -> Import:
    """Ask for what was shown, and let the worker do it."""
    runs.request_apply(run.pk, by=by, skip_faulty=skip_faulty, shown_digest=run.plan_digest)
    runs.apply(run.pk)
    run.refresh_from_db()
    return run


def test_what_was_shown_is_applied(cast: Cast) -> None:
    rows = [person(urn="100001"), person(email="bad")]
    run = show(rows, "users", by=cast.as_ada, role="designated_teacher")
    assert run.state == State.NEEDS_PERSON
    with pytest.raises(Refusal):
        ask(run, by=cast.as_ada, skip_faulty=False)

    ask(run, by=cast.as_ada)

    assert run.state == State.DONE
    assert User.objects.filter(import_id=run.pk).count() == 1


def test_s42_the_same_number_of_other_children_is_asked_about_again(cast: Cast) -> None:
    run = show([person(urn="100001")], "users", by=cast.as_ada, role="designated_teacher")
    assert run.summary["gained"] == 1  # Amira
    away = schools.NewEnrolment(cast.amira.pk, cast.brook.pk, "", timezone.localdate(), None)
    schools.move([away], by=cast.as_ada, source=Source.BY_HAND)
    factories.episode(cast.ben, since=timezone.localdate())

    ask(run, by=cast.as_ada)

    assert run.state == State.READY
    assert "has changed since it was shown" in run.problem
    assert run.summary["gained"] == 1  # Ben
    assert not User.objects.filter(import_id=run.pk).exists()
    ask(run, by=cast.as_ada)
    assert run.state == State.DONE


def test_s42_another_user_who_sees_the_new_child_is_asked_about_again(cast: Cast) -> None:
    run = show([child(sync_key="K1", urn="100001")], "pupils", by=cast.as_ada)
    factories.grant(cast.noor, LA_USER)
    access.deny([cast.liam.pk], by=cast.as_ada)

    assert ask(run, by=cast.as_ada).state == State.READY
    assert ask(run, by=cast.as_ada).state == State.DONE


def test_s42_a_question_that_came_up_since_is_asked_although_others_were_answered(
    cast: Cast,
) -> None:
    row = person(first="Noor", last="Rahman", email="noor@example.org")
    run = show([row], "users", by=cast.as_ada, role="social_worker", yes=True)
    User.objects.filter(pk=cast.noor.pk).update(
        first_name="Grace", first_key="grace", last_name="Hill", last_key="hill"
    )

    assert ask(run, by=cast.as_ada).state == State.READY


def test_s42_a_link_removed_since_is_not_restored_unseen(cast: Cast) -> None:
    row = person(
        first="Sara", last="Lindqvist", email="sara@council.example", upns=[upn_of(cast.amira)]
    )
    for yes in (False, True):
        run = show([row], "users", by=cast.as_ada, role="social_worker", yes=yes)
        assert run.state == State.READY
        live = Grant.objects.get(user=cast.sara, pupil=cast.amira, ended_at=None)
        access.revoke([live.pk], by=cast.as_ada)

        ask(run, by=cast.as_ada)

        assert run.state == (State.READY if yes else State.NEEDS_PERSON)
        assert not Grant.objects.filter(user=cast.sara, pupil=cast.amira, ended_at=None).exists()
        factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.amira)


def test_s42_a_preview_that_somebody_else_had_checked_anew_is_shown_again(cast: Cast) -> None:
    run = show([row_of(cast.amira, urn="100002")], "pupils", by=cast.as_ada)
    seen_by_ada = run.plan_digest
    factories.enrolment(cast.amira, cast.brook)
    runs.recheck(run.pk, by=cast.as_ada)
    runs.check(run.pk)

    with pytest.raises(Refusal, match="Look at the preview again"):
        runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=seen_by_ada)


def test_s42_a_check_that_ends_while_apply_is_asked_for_is_shown_first(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = show([person(urn="100001")], "users", by=cast.as_ada, role="designated_teacher")
    look_at_choice = runs._invitations

    def somebody_checks_anew(*given: Any) -> dict[str, str]:
        monkeypatch.setattr(runs, "_invitations", look_at_choice)
        factories.episode(cast.ben)
        runs.recheck(run.pk, by=cast.as_ada)
        runs.check(run.pk)
        return look_at_choice(*given)

    monkeypatch.setattr(runs, "_invitations", somebody_checks_anew)
    with pytest.raises(Refusal, match="Look at the import again"):
        runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)
    assert Import.objects.get(pk=run.pk).state == State.READY


def test_s42_nothing_that_does_not_matter_to_the_file_asks_again(cast: Cast) -> None:
    run = show([person(urn="100001")], "users", by=cast.as_ada, role="designated_teacher")
    factories.user(email="somebody@else.example")
    factories.enrolment(factories.pupil(first_name="Far"), cast.brook)
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=cast.brook)

    assert ask(run, by=cast.as_ada).state == State.DONE


def disturb(world: World) -> None:
    """Something happens between the check and the apply."""
    rng = world.rng
    user, pupil = rng.choice(world.users), rng.choice(world.pupils)
    school = rng.choice(world.schools)
    today = timezone.localdate()
    what = rng.choice(["move", "care", "restrict", "revoke", "grant", "user", "nothing", "nothing"])
    if what == "move":
        new = schools.NewEnrolment(pupil.pk, school.pk, "", today, None)
        schools.move([new], by=SYSTEM, source=Source.BY_HAND)
    elif what == "care":
        factories.episode(pupil, since=today)
    elif what == "restrict":
        factories.restriction(user, pupil)
    elif what == "revoke":
        live = Grant.objects.filter(user=user, ended_at=None).exclude(role="la_super_user")
        access.revoke(live.values_list("pk", flat=True)[:1], by=SYSTEM)
    elif what == "grant":
        if not Grant.objects.filter(user=user, pupil=pupil, ended_at=None).exists():
            factories.grant(user, SOCIAL_WORKER, pupil=pupil)
    elif what == "user":
        name = f"New{world.made}"
        if not User.objects.filter(email_key=f"{name}@x.example".lower(), gone_at=None).exists():
            factories.user(email=f"{name}@x.example", first_name=name)


@pytest.mark.parametrize("number", range(4))
def test_s42_whatever_happens_in_between_what_is_applied_is_what_was_shown(
    db: None, number: int
) -> None:
    world = a_world(seed_of(number))
    applied = asked_again = 0
    for _ in range(12):
        kind = world.rng.choice(["users", "pupils"])
        role = world.rng.choice(BY_FILE)
        rows = world.user_file(role) if kind == "users" else world.pupil_file()
        yes = world.rng.random() < 0.5
        run = show(rows, kind, by=SYSTEM, role=role.code if kind == "users" else "", yes=yes)
        shown = run.summary
        if shown["refused"] == shown["rows"]:
            continue
        disturb(world)
        before, users = seen(), User.objects.count()
        pupils = Pupil.objects.count()

        ask(run, by=SYSTEM)

        after = seen()
        made = (User.objects.count() - users) + (Pupil.objects.count() - pupils)
        if run.state == State.DONE:
            applied += 1
            assert run.summary == shown
            assert (len(after - before), len(before - after)) == (shown["gained"], shown["lost"])
            assert made == shown["created"]
        else:
            asked_again += 1
            assert run.state in (State.READY, State.NEEDS_PERSON)
            assert "Look at the preview again" in run.problem
            assert (after, made) == (before, 0)
    print(applied, asked_again)
    assert applied


def test_nothing_is_applied_twice_or_after_it_was_cancelled(cast: Cast) -> None:
    run = show([person(urn="100001")], "users", by=cast.as_ada, role="designated_teacher")
    runs.cancel(run.pk, by=cast.as_ada)
    with pytest.raises(Refusal):
        ask(run, by=cast.as_ada)
    assert not User.objects.filter(import_id=run.pk).exists()

    run = show([person(urn="100001")], "users", by=cast.as_ada, role="designated_teacher")
    ask(run, by=cast.as_ada)
    runs.apply(run.pk)
    assert User.objects.filter(email="jo.day@school.example").count() == 1
    with pytest.raises(Refusal):
        runs.cancel(run.pk, by=cast.as_ada)


def test_s31_only_an_la_super_user_imports_and_who_lost_the_role_meanwhile_does_not(
    cast: Cast,
) -> None:
    for user in (cast.liam, cast.sara, cast.dora, cast.noor):
        with pytest.raises(Refusal):
            show([person()], "users", by=Actor("user", user.pk), role="la_super_user")

    factories.grant(cast.noor, ROLES["la_super_user"])
    run = show([person()], "users", by=cast.as_ada, role="la_super_user")
    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)
    access.deny([cast.ada.pk], by=SYSTEM)
    runs.apply(run.pk)

    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "LA Super User" in run.problem
    assert not User.objects.filter(import_id=run.pk).exists()
