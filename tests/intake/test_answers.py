"""Questions answered for one row or for all of their kind, and taken back; left-out rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.audit.actions import user_actor
from schoolgate.audit.models import Event
from schoolgate.intake import decisions, runs
from schoolgate.intake.models import ImportFault, State
from schoolgate.intake.plan import Plan, Summary
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from tests import factories
from tests.intake.desk import Row, child, person, row_of, upn_of
from tests.intake.standing import difference, standing
from tests.intake.test_shown import ask, show

if TYPE_CHECKING:
    from schoolgate.audit.actions import Actor
    from schoolgate.intake.models import Import
    from tests.cast import Cast


def other_names(cast: Cast) -> list[Row]:
    """Two rows whose names differ from those on record, and one good row."""
    return [
        person(first="Grace", last="Hill", email="noor@example.org"),
        person(first="Grace", last="Hill", email="sara@council.example"),
        person(first="New", last="Face", email="new@x.example", upns=[upn_of(cast.amira)]),
    ]


def answered(run: Import, by: Actor, *, row: int | None = None, accept: bool | None) -> Import:
    decisions.answer(run.pk, by=by, code="name-differs", row=row, accept=accept)
    return checked(run)


def checked(run: Import) -> Import:
    """The run, checked again as the worker does it."""
    run.refresh_from_db()
    assert run.state == State.CHECKING
    runs.check(run.pk)
    run.refresh_from_db()
    return run


def kinds(run: Import) -> list[tuple[int | None, str]]:
    found = ImportFault.objects.filter(run=run, code="name-differs").order_by("row")
    return list(found.values_list("row", "kind"))


def whole(run: Import) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, refused; all of the rows (S44)."""
    counts = tuple(run.summary[n] for n in ("created", "updated", "unchanged", "refused"))
    assert sum(counts) == run.summary["rows"]
    created, updated, unchanged, refused = counts
    return created, updated, unchanged, refused


def test_a_yes_for_one_row_settles_that_row_alone(cast: Cast) -> None:
    run = show(other_names(cast), "users", by=cast.as_ada, role="social_worker")
    assert (run.state, whole(run)) == (State.NEEDS_PERSON, (1, 0, 0, 2))

    answered(run, cast.as_ada, row=2, accept=True)

    assert kinds(run) == [(2, "answered"), (3, "question")]
    assert whole(run)[3] == 1
    assert run.summary["questions"] == run.summary["answered"] == 1
    assert run.state == State.NEEDS_PERSON


@pytest.mark.parametrize("row", [2, None])
def test_a_yes_to_one_question_of_a_row_is_none_to_another(cast: Cast, row: int | None) -> None:
    live = Grant.objects.get(user=cast.sara, pupil=cast.amira, ended_at=None)
    access.revoke([live.pk], by=cast.as_ada)
    rows = [
        person(first="Grace", last="Hill", email="sara@council.example",
               upns=[upn_of(cast.amira)]),
    ]  # fmt: skip
    run = show(rows, "users", by=cast.as_ada, role="social_worker")

    answered(run, cast.as_ada, row=row, accept=True)

    found = ImportFault.objects.filter(run=run).exclude(kind="warning")
    assert set(found.values_list("code", "kind")) == {
        ("name-differs", "answered"), ("removed-before", "question"),
    }  # fmt: skip
    assert (run.state, whole(run)[3]) == (State.NEEDS_PERSON, 1)


def test_a_yes_for_all_of_a_kind_settles_them_and_the_run_is_ready(cast: Cast) -> None:
    run = show(other_names(cast), "users", by=cast.as_ada, role="social_worker")

    answered(run, cast.as_ada, accept=True)

    assert (run.state, whole(run)[3]) == (State.READY, 0)
    assert [(a.code, a.row, a.accept, a.count) for a in decisions.answers_of(run.pk)] == [
        ("name-differs", None, True, 2)
    ]
    assert ask(run, by=cast.as_ada, skip_faulty=False).state == State.DONE
    assert User.objects.get(email="noor@example.org").last_name != "Hill"


def test_an_answer_taken_back_is_asked_again(cast: Cast) -> None:
    run = show(other_names(cast), "users", by=cast.as_ada, role="social_worker")
    before = (whole(run), run.plan_digest)
    answered(run, cast.as_ada, accept=True)
    answered(run, cast.as_ada, row=3, accept=False)
    answered(run, cast.as_ada, row=3, accept=None)
    assert kinds(run) == [(2, "answered"), (3, "answered")]

    answered(run, cast.as_ada, accept=None)

    assert kinds(run) == [(2, "question"), (3, "question")]
    assert (whole(run), run.plan_digest) == before
    with pytest.raises(Refusal, match="no answer to take back"):
        decisions.answer(run.pk, by=cast.as_ada, code="name-differs", accept=None)


def test_a_row_left_out_is_refused_by_choice_and_asked_no_more(cast: Cast) -> None:
    run = show(other_names(cast), "users", by=cast.as_ada, role="social_worker")

    answered(run, cast.as_ada, row=2, accept=False)
    answered(run, cast.as_ada, accept=True)  # the answer for the one row goes first

    assert kinds(run) == [(2, "left out"), (3, "answered")]
    assert (run.state, whole(run)[3]) == (State.READY, 1)
    assert run.summary["left_out"] == 1
    assert {(a.row, a.accept, a.count) for a in decisions.answers_of(run.pk)} == {
        (2, False, 1), (None, True, 1),
    }  # fmt: skip
    ask(run, by=cast.as_ada, skip_faulty=False)
    assert run.state == State.DONE
    reasons = runs.refusals(run.pk, reader=cast.ada.pk)
    text = b"".join(runs.refused_csv(run.pk, reasons, reader=cast.ada.pk)).decode()
    assert "Left out, as somebody chose. Say whether Grace Hill" in text
    assert text.count("Grace") == 2  # in the reason and in the row


def test_a_question_that_a_yes_does_not_settle_can_only_be_left_out(cast: Cast) -> None:
    access.deny([cast.sara.pk], by=cast.as_ada)
    rows = [
        person(first="Sara", last="Lindqvist", email="sara@council.example"),
        person(first="New", email="new@x.example"),
    ]
    run = show(rows, "users", by=cast.as_ada, role="social_worker")
    question = ImportFault.objects.get(run=run, code="inactive-user")
    assert (question.kind, question.settles) == ("question", False)
    assert question.problem.startswith("Reactivate this user on their page first")

    with pytest.raises(Refusal, match="leave the row out"):
        decisions.answer(run.pk, by=cast.as_ada, code="inactive-user", row=2, accept=True)
    decisions.answer(run.pk, by=cast.as_ada, code="inactive-user", accept=False)
    checked(run)

    assert (run.state, whole(run)) == (State.READY, (1, 0, 0, 1))


def test_there_must_be_such_a_question_and_a_right_to_answer(cast: Cast) -> None:
    run = show(other_names(cast), "users", by=cast.as_ada, role="social_worker")
    for code, row in (("namesake", None), ("name-differs", 4), ("empty-cell", None)):
        with pytest.raises(Refusal, match="there is none like this"):
            decisions.answer(run.pk, by=cast.as_ada, code=code, row=row, accept=True)
    with pytest.raises(Refusal):
        decisions.answer(run.pk, by=user_actor(cast.sara.pk), code="name-differs", accept=True)
    answered(run, cast.as_ada, accept=True)
    ask(run, by=cast.as_ada)
    with pytest.raises(Refusal, match="it is done"):
        decisions.answer(run.pk, by=cast.as_ada, code="name-differs", accept=False)
    assert Event.objects.filter(verb="answered", object_id=run.pk).count() == 1


def test_answers_in_a_file_of_pupils(cast: Cast) -> None:
    """Every question there is, yes for one pupil and no for the other."""
    today = timezone.localdate()
    left = factories.pupil(first_name="Was", last_name="Here")
    factories.enrolment(
        left, cast.abbey, since=today - timedelta(days=90), until=today - timedelta(days=10)
    )
    rows = [
        row_of(left, urn="100001"),
        child(first="Ben", last=cast.ben.last_name, born=cast.ben.date_of_birth or "",
              sync_key="K9"),
        row_of(cast.amira, first="Quite", last="Other"),
    ]  # fmt: skip
    run = show(rows, "pupils", by=cast.as_ada)
    codes = set(ImportFault.objects.filter(run=run, kind="question").values_list("code", flat=True))
    assert codes >= {"back-again", "name-differs"}

    decisions.answer(run.pk, by=cast.as_ada, code="back-again", row=2, accept=True)
    for code in codes - {"back-again"}:
        decisions.answer(run.pk, by=cast.as_ada, code=code, accept=False)
    checked(run)

    assert run.state == State.READY
    assert whole(run)[3] == len(codes) - 1
    ask(run, by=cast.as_ada, skip_faulty=False)
    assert left.enrolments.filter(ended_at=None, ends_on=None).count() == 1


def test_s42_an_answer_between_what_was_shown_and_apply_asks_again(cast: Cast) -> None:
    run = show(other_names(cast), "users", by=cast.as_ada, role="social_worker")
    shown = run.plan_digest
    answered(run, cast.as_ada, row=2, accept=True)

    with pytest.raises(Refusal, match="Look at the preview again"):
        runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=True, shown_digest=shown)

    # ... and one given while the file is being checked is part of that check.
    decisions.answer(run.pk, by=cast.as_ada, code="name-differs", row=3, accept=True)
    assert checked(run).plan_digest != shown
    assert kinds(run) == [(2, "answered"), (3, "answered")]


def test_s42_which_row_was_answered_is_part_of_what_was_shown(cast: Cast) -> None:
    """Of two rows that give nothing, one is left out: the counts are the same either way."""
    rows = [
        person(first="Grace", last="Hill", email="dora@abbey.example", urn="100001"),
        person(first="Grace", last="Hill", email="theo@brook.example", urn="100002"),
    ]
    digests, counts = [], []
    for accepted, left_out in ((2, 3), (3, 2)):
        run = show(rows, "users", by=cast.as_ada, role="designated_teacher")
        answered(run, cast.as_ada, row=accepted, accept=True)
        answered(run, cast.as_ada, row=left_out, accept=False)
        digests.append(run.plan_digest)
        counts.append(run.summary)
    assert counts[0] == counts[1]
    assert counts[0]["unchanged"] == counts[0]["refused"] == 1
    assert digests[0] != digests[1]


def test_an_answer_that_comes_while_it_is_checked_has_it_checked_anew(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = show(other_names(cast), "users", by=cast.as_ada, role="social_worker")
    decisions.answer(run.pk, by=cast.as_ada, code="name-differs", row=2, accept=True)
    digest = Plan.digest

    def somebody_answers(plan: Plan, summary: Summary) -> str:
        monkeypatch.setattr(Plan, "digest", digest)
        decisions.answer(run.pk, by=cast.as_ada, code="name-differs", row=3, accept=False)
        return digest(plan, summary)

    monkeypatch.setattr(Plan, "digest", somebody_answers)
    runs.check(run.pk)

    checked(run)
    assert kinds(run) == [(2, "answered"), (3, "left out")]


def test_s43_an_import_with_answers_is_undone_exactly(cast: Cast) -> None:
    live = Grant.objects.get(user=cast.sara, pupil=cast.amira, ended_at=None)
    access.revoke([live.pk], by=cast.as_ada)
    before = standing()
    rows = [
        *other_names(cast),
        person(first="Another", last="Hill", email="liam@example.org", phone="0117 1"),
    ]
    rows[1]["Pupil Reference Number (UPN)"] = [upn_of(cast.amira)]
    run = show(rows, "users", by=cast.as_ada, role="social_worker")
    decisions.answer(run.pk, by=cast.as_ada, code="name-differs", accept=True)
    checked(run)
    decisions.answer(run.pk, by=cast.as_ada, code="removed-before", row=3, accept=True)
    checked(run)
    ask(run, by=cast.as_ada, skip_faulty=True)
    assert difference(before, standing())

    runs.undo(run.pk, by=cast.as_ada)

    assert difference(before, standing()) == {}
