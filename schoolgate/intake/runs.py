"""A run from the upload to its undo: what the doors and the worker call.

A run's state says what it waits for (models.State). What a person decides in between is in
decisions.py, what the pages show in shown.py and gains.py.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from schoolgate.access.authority import may_manage
from schoolgate.access.own_roles import role_of
from schoolgate.audit.actions import Actor, batch
from schoolgate.intake import decisions, keeping, progress, stored_files
from schoolgate.intake.columns import KINDS
from schoolgate.intake.decided import Decided
from schoolgate.intake.findings import Finding, Severity
from schoolgate.intake.models import Import, ImportFile, Kept, State
from schoolgate.intake.plan import Plan, Summary
from schoolgate.intake.plan_establishments import EstablishmentsPlan
from schoolgate.intake.plan_leavers import LeaversPlan
from schoolgate.intake.plan_links import LinksPlan
from schoolgate.intake.plan_parents import ParentsPlan
from schoolgate.intake.plan_pupils import PupilsPlan
from schoolgate.intake.plan_users import UsersPlan
from schoolgate.intake.refused import refused_rows
from schoolgate.intake.roles_by_file import role_of_file
from schoolgate.intake.steps import file_of, requester, run_of, step
from schoolgate.intake.undoing import take_back
from schoolgate.intake.unseen import SENTENCE, found_in, hidden_rows, mask
from schoolgate.kit import locks
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, EstablishmentLink, Pupil, SchoolClass

INVITE_AT = time(8)  # in the morning, where invitations are for a later day


def plan_for(kind: str, *, role: str, by: Actor, decided: Decided | None = None) -> Plan:
    """The plan of a file of this kind; ``role`` (a code) for users and parents."""
    if kind == "users":
        return UsersPlan(role=role_of(role), by=by, decided=decided)
    if kind == "parents":
        return ParentsPlan(role=role_of(role), by=by, decided=decided)
    plans: dict[str, Callable[..., Plan]] = {
        "pupils": PupilsPlan,
        "establishments": EstablishmentsPlan,
        "links": LinksPlan,
        "leavers": LeaversPlan,
    }
    return plans[kind](by=by, decided=decided)


# Steps that a door asks for


def receive(
    *,
    kind: str,
    role: str,
    filename: str,
    content: BinaryIO,
    by: Actor,
    yes: bool = False,
    headings: Mapping[str, str] | None = None,
    state: State = State.CHECKING,
    invite: str = "no",
    sync_field: str = "",
    match_by: str = "",
) -> Import:
    """Keep an uploaded file as a run that waits to be checked. Raises Refusal.

    ``role``: of users theirs, of parents their licence type, by code or name. ``sync_field`` and
    ``match_by``: of parents, as ``decisions.relate`` has them, where they are known. ``invite``:
    see ``request_apply``, for a run that is applied without being asked for.
    """
    may_manage(by)
    if kind not in KINDS:
        raise Refusal("Choose what the file holds.")
    options = {"yes": yes, "headings": dict(headings or {}), "invite": invite}
    if kind == "parents":
        options |= {"sync_field": sync_field, "match_by": match_by}
    with batch(by=by) as events:
        run = Import.objects.create(
            kind=kind,
            role=role_of_file(kind, role),
            filename=filename[-255:],
            made_at=events.at,
            actor=by.name,
            actor_id=by.user_id,
            state=state,
            options=options,
        )
        stored_files.store(run, content, at=events.at)
        events.add([("uploaded", "import", run.pk, "", None, None, "")])
        return run


def request_apply(
    run_id: int,
    *,
    by: Actor,
    skip_faulty: bool,
    shown_digest: str,
    invite: str = "no",
    invite_on: date | None = None,
    over_brakes: str = "",
) -> None:
    """Ask for a checked run to be applied as it was shown. Raises Refusal.

    ``invite`` the users whom it makes: "now", "later" (on the day ``invite_on``) or "no".
    ``over_brakes``: why what the brakes hold is right all the same (NEW8).
    """
    may_manage(by)
    run = run_of(run_id)
    chosen = _invitations(invite, invite_on)
    if run.state == State.NEEDS_PERSON and run.summary.get("refused") and not skip_faulty:
        raise Refusal("Mend the rows that are refused, or choose to apply the good rows only.")
    if shown_digest != run.plan_digest:
        raise Refusal("Look at the preview again: it has been checked anew since you saw it.")
    if unsure := run.summary.get("columns_unsure"):
        raise Refusal(
            f"Say first what these columns of the file hold, or that they are to be ignored:"
            f" {', '.join(unsure)}."
        )
    if run.summary.get("refused", 0) >= run.summary.get("rows", 0):
        raise Refusal("Mend the file and upload it again: none of its rows can be applied.")
    word = given_word(run.summary.get("brakes", []), over_brakes, by)
    options = {
        **run.options, "skip_faulty": skip_faulty, "shown_summary": run.summary, **chosen,
        "over_brakes": word,
    }  # fmt: skip
    with batch(by=by):
        step(
            run_id, [State.READY, State.NEEDS_PERSON], State.APPLYING, by=by, options=options,
            shown_digest=shown_digest,
        )  # fmt: skip
        note_word(run_of(run_id), word, by=by)


def given_word(brakes: list[str], reason: str, by: Actor) -> dict[str, Any]:
    """What is kept of a person's word that what the brakes hold is right: whose, why, and over
    which brakes; empty where none holds. Raises Refusal where it takes a word and there is none."""
    if not brakes:
        return {}
    if not reason.strip():
        raise Refusal(
            "Look at who would be made inactive, and say why that is right: the brakes hold it"
            f" ({'; '.join(brakes)})."
        )
    return {"brakes": brakes, "reason": reason.strip(), "by": [by.name, by.user_id]}


def note_word(run: Import, word: dict[str, Any], *, by: Actor) -> None:
    """Record that somebody gave the word for what the brakes held (of ``given_word``)."""
    if not word:
        return
    with batch(by=by, import_id=run.pk) as events:
        Import.objects.filter(pk=run.pk).update(options={**run.options, "over_brakes": word})
        events.add([("let through", "import", run.pk, "", None, None, "")])


def _invitations(invite: str, on: date | None) -> dict[str, str]:
    """What is kept of the choice when to invite."""
    if invite not in ("now", "later", "no"):
        raise Refusal("Choose when to send the invitations: now, on a later day, or not.")
    if invite != "later":
        return {"invite": invite}
    if on is None or on <= timezone.localdate():
        raise Refusal("Enter a day after today on which the invitations are to be sent.")
    return {"invite": invite, "invite_on": on.isoformat()}


def recheck(run_id: int, *, by: Actor) -> None:
    """Check a run again, against what is on record now. Raises Refusal."""
    may_manage(by)
    waiting = [State.READY, State.NEEDS_PERSON, State.FAILED]
    step(run_id, waiting, State.CHECKING, by=by, options=run_of(run_id).options)


def cancel(run_id: int, *, by: Actor) -> None:
    """Give a run up that has not been applied; its file is deleted. Raises Refusal."""
    may_manage(by)
    with batch(by=by):
        waiting = [State.CHECKING, State.READY, State.NEEDS_PERSON, State.FAILED]
        step(run_id, waiting, State.CANCELLED, by=by)
        ImportFile.objects.filter(run_id=run_id).delete()
        keeping.forget(Import.objects.filter(pk=run_id))


def request_undo(run_id: int, *, by: Actor) -> None:
    """Ask for an applied run to be taken back. Raises Refusal."""
    may_manage(by)
    step(run_id, [State.DONE], State.UNDOING, by=by, options=run_of(run_id).options)


# Steps that the worker, or the command line, does


def check(run_id: int) -> None:
    """Check a run and keep what was found; it is then ready, or needs a person."""
    run = run_of(run_id)
    with working(run) as report, file_of(run) as path, plan_of(run) as plan:
        plan.progress = report
        plan.recall = partial(decisions.recalled, run.kind, run.role)
        if isinstance(plan, ParentsPlan):
            plan.recall_relation = decisions.relation_recalled
        _stage(run, plan, path)
        plan.work_out()
        summary = plan.summary()
        digest = plan.digest(summary)
        report(progress.KEEPING)
        with transaction.atomic():
            # Somebody may have asked for something else meanwhile; then it is checked again.
            waits = Import.objects.filter(pk=run.pk, state=State.CHECKING, asked_at=run.asked_at)
            options = decisions.with_matching(run.options, plan.decided)
            if waits.update(
                state=_checked(plan, summary), lease_until=None, plan_digest=digest,
                options=options,
            ):  # fmt: skip
                keeping.keep(run, plan, summary)


def _stage(run: Import, plan: Plan, path: str) -> None:
    plan.stage(path)
    if plan.staged.hidden and stored_files.was_wiped(run):
        plan.staged.warn(
            None, "", "",
            "Upload the file again if people are to get their first passwords from it: they have"
            " been taken out of what is kept here, and this import gives none.", "passwords-gone",
        )  # fmt: skip


def _checked(plan: Plan, summary: Summary) -> State:
    waits = plan.findings.faults or summary.columns_unsure or summary.brakes
    return State.NEEDS_PERSON if waits else State.READY


def apply(run_id: int) -> None:
    """Apply a run that was shown; if it would now do something else, show it again (S42)."""
    run = run_of(run_id)
    by = requester(run)
    try:
        may_manage(by)  # the requester's rights are looked at again when the job runs (S37)
    except Refusal as refusal:
        Import.objects.filter(pk=run_id).update(state=State.FAILED, problem=str(refusal))
        return
    with working(run) as report, file_of(run) as path, plan_of(run) as plan:
        plan.progress = report
        _stage(run, plan, path)
        with transaction.atomic():
            locks.while_importing()
            if not Import.objects.filter(pk=run_id, state=State.APPLYING).exists():
                return  # another worker was faster, while this one waited
            plan.work_out()
            summary = plan.summary()
            if plan.digest(summary) != run.plan_digest or summary.refused >= summary.rows:
                keeping.keep(run, plan, summary)
                Import.objects.filter(pk=run_id).update(
                    state=_checked(plan, summary),
                    lease_until=None,
                    plan_digest=plan.digest(summary),
                    problem="Look at the preview again: something has changed since it was shown.",
                )
                return
            write(run, plan, summary)


def write(run: Import, plan: Plan, summary: Summary) -> None:
    """Do what the plan says, in the caller's transaction, and note that it was done."""
    if plan.findings.whole_file:
        raise Refusal("Mend the file and upload it again: it is refused as a whole.")
    with batch(by=plan.by, import_id=run.pk) as events:
        plan.write(import_id=run.pk)
        _invite(run, plan)
        keeping.forget_access(run.pk)
        Import.objects.filter(pk=run.pk).update(
            state=State.DONE,
            applied_at=events.at,
            summary=summary.as_dict(),
            lease_until=None,
            problem="",
        )
        events.add([("applied", "import", run.pk, "", None, None, "")])


def _invite(run: Import, plan: Plan) -> None:
    """Invite the users whom the run made, now or in the morning of the day that was asked for."""
    when = run.options.get("invite", "no")
    if when == "no" or not plan.made_users:
        return
    plan.tell(progress.FINISHING)
    not_before = None
    if when == "later":
        day = date.fromisoformat(run.options["invite_on"])
        not_before = timezone.make_aware(datetime.combine(day, INVITE_AT))
    invitations.invite(plan.made_users, by=plan.by, import_id=run.pk, not_before=not_before)


@contextlib.contextmanager
def working(run: Import) -> Iterator[progress.Reporter | Callable[..., None]]:
    """Tell whoever waits how the work on a run goes on, where it is one that is waited for."""
    if run.state not in (State.CHECKING, State.APPLYING, State.UNDOING):
        yield lambda *_: None  # at once, on the command line
        return
    with progress.reporting(run.pk, run.state) as reporter:
        yield reporter


@dataclass(frozen=True)
class Undone:
    """What an undo left as it was."""

    kept: int


def undo(run_id: int, *, by: Actor | None = None) -> Undone:
    """Take an applied run back. Raises Refusal when it is not one that can be."""
    run = run_of(run_id)
    with working(run), transaction.atomic():
        locks.while_importing()
        moved = Import.objects.filter(pk=run_id, state__in=[State.DONE, State.UNDOING]).update(
            state=State.UNDONE, undone_at=timezone.now(), lease_until=None
        )
        if not moved:
            raise Refusal(_cannot_undo(run))
        actor = by or requester(run)
        may_manage(actor)
        with batch(by=actor, import_id=run.pk) as events:
            kept = take_back(run, by=actor)
            events.add([("undone", "import", run.pk, "", None, None, "")])
    return Undone(kept)


def _cannot_undo(run: Import) -> str:
    if run.state == State.UNDONE:
        return f"Nothing to do: import {run.pk} has been undone already."
    return (
        f"Choose an import that was applied: number {run.pk} is {run.get_state_display().lower()}."
    )


def plan_of(run: Import) -> Plan:
    return plan_for(
        run.kind,
        role=run.role,
        by=requester(run),
        decided=decisions.decided_of(run),
    )


def kept_by(run_id: int) -> list[Kept]:
    """What the undo of a run left as it was."""
    return list(Kept.objects.filter(run_id=run_id).order_by("kind", "object_id"))


def label_of(kind: str, object_id: int) -> str:
    """How a user, pupil, class or establishment is called."""
    if kind == "user":
        user = User.objects.get(pk=object_id)
        return f"{user} ({user.get_username()})"
    if kind == "link":
        link = EstablishmentLink.objects.get(pk=object_id)
        return f"{link.urn} to {link.link_urn} ({link.link_type})"
    if kind == "class":
        there = SchoolClass.objects.select_related("establishment").get(pk=object_id)
        return f"{there} of {there.establishment}"
    return str((Pupil if kind == "pupil" else Establishment).objects.get(pk=object_id))


def refusals(run_id: int, *, reader: int) -> list[Finding]:
    """Why rows of a run are refused, as far as a user may read it."""
    found = found_in(run_id, reader=reader).exclude(kind__in=["warning", "answered"])
    found = found.order_by("row", "pk")
    told = (
        Finding(f.row, f.column, f.value, f.problem, Severity(f.kind), f.code, f.pupil_id)
        for f in map(mask, found)
    )
    # Of a row that is masked, one reason says it all, be it a fault or a question.
    return list({finding._replace(kind=Severity.FAULT): finding for finding in told}.values())


def refused_csv(run_id: int, faults: list[Finding], *, reader: int) -> Iterator[bytes]:
    """The refused rows of a run as CSV, with these reasons (of ``refusals``), in blocks of bytes;
    of a row that is kept from the reader, its number."""
    run = run_of(run_id)
    masked = {n: f"Row {n}: {SENTENCE}" for n in hidden_rows(run, reader=reader)}
    with file_of(run) as path:
        plan = plan_of(run)
        yield from refused_rows(path, plan.known_headings(), faults, plan.decided, masked)
