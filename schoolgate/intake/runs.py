"""A run from the upload to its undo: what the doors and the worker call.

A run's state says what it waits for (models.State). Each step moves it on by one conditional
UPDATE, so that two browsers, or two workers, cannot do the same step twice (S41).
"""

import contextlib
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from schoolgate.access.actions import may_manage
from schoolgate.access.roles import ROLES, role_named
from schoolgate.audit.actions import Actor, batch
from schoolgate.intake.access_lines import AccessLine, access_lines
from schoolgate.intake.columns import KINDS
from schoolgate.intake.findings import Finding, Severity
from schoolgate.intake.models import Import, ImportFault, ImportFile, Kept, State
from schoolgate.intake.plan import Plan, Summary
from schoolgate.intake.plan_establishments import EstablishmentsPlan
from schoolgate.intake.plan_links import LinksPlan
from schoolgate.intake.plan_pupils import PupilsPlan
from schoolgate.intake.plan_users import UsersPlan
from schoolgate.intake.refused import refused_rows
from schoolgate.intake.undoing import take_back
from schoolgate.intake.unseen import found_in, mask
from schoolgate.kit import bulk, locks
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, EstablishmentLink, Pupil

_BLOCK = 1024 * 1024


def plan_for(
    kind: str, *, role: str, by: Actor, yes: bool = False, headings: Mapping[str, str] | None = None
) -> Plan:
    """The plan of a file of this kind; ``role`` (a code) for users."""
    if kind == "users":
        return UsersPlan(role=ROLES[role], by=by, yes=yes, headings=headings)
    plans: dict[str, Callable[..., Plan]] = {
        "pupils": PupilsPlan,
        "establishments": EstablishmentsPlan,
        "links": LinksPlan,
    }
    return plans[kind](by=by, yes=yes, headings=headings)


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
) -> Import:
    """Keep an uploaded file as a run that waits to be checked. Raises Refusal."""
    may_manage(by)
    if kind not in KINDS:
        raise Refusal("Choose what the file holds.")
    if kind == "users" and role not in ROLES:
        found = role_named(role)
        if found is None:
            raise Refusal("Choose a user role for this import.")
        role = found.code
    with batch(by=by) as events:
        run = Import.objects.create(
            kind=kind,
            role=role if kind == "users" else "",
            filename=filename[-255:],
            made_at=events.at,
            actor=by.name,
            actor_id=by.user_id,
            state=state,
            options={"yes": yes, "headings": dict(headings or {})},
        )
        ImportFile.objects.create(run=run, content=_compressed(content))
        events.add([("uploaded", "import", run.pk, "", None, None, "")])
        return run


def _compressed(content: BinaryIO) -> bytes:
    packer = zlib.compressobj(1)
    parts = []
    while block := content.read(_BLOCK):
        parts.append(packer.compress(block))
    parts.append(packer.flush())
    return b"".join(parts)


def request_apply(
    run_id: int, *, by: Actor, skip_faulty: bool, yes: bool, shown_digest: str
) -> None:
    """Ask for a checked run to be applied as it was shown. Raises Refusal."""
    may_manage(by)
    run = _run(run_id)
    if run.state == State.NEEDS_PERSON and not skip_faulty:
        raise Refusal("Mend the rows that are refused, or choose to apply the good rows only.")
    if yes != bool(run.options.get("yes")):
        raise Refusal("Check the file again with this answer before you apply it.")
    if shown_digest != run.plan_digest:
        raise Refusal("Look at the preview again: it has been checked anew since you saw it.")
    if run.summary.get("refused", 0) >= run.summary.get("rows", 0):
        raise Refusal("Mend the file and upload it again: none of its rows can be applied.")
    options = {**run.options, "skip_faulty": skip_faulty}
    _step(run_id, [State.READY, State.NEEDS_PERSON], State.APPLYING, by=by, options=options)


def recheck(run_id: int, *, by: Actor, yes: bool) -> None:
    """Check a run again, its questions answered or not. Raises Refusal."""
    may_manage(by)
    options = {**_run(run_id).options, "yes": yes}
    waiting = [State.READY, State.NEEDS_PERSON, State.FAILED]
    _step(run_id, waiting, State.CHECKING, by=by, options=options)


def cancel(run_id: int, *, by: Actor) -> None:
    """Give a run up that has not been applied; its file is deleted. Raises Refusal."""
    may_manage(by)
    with batch(by=by):
        waiting = [State.CHECKING, State.READY, State.NEEDS_PERSON, State.FAILED]
        _step(run_id, waiting, State.CANCELLED, by=by)
        ImportFile.objects.filter(run_id=run_id).delete()


def request_undo(run_id: int, *, by: Actor) -> None:
    """Ask for an applied run to be taken back. Raises Refusal."""
    may_manage(by)
    _step(run_id, [State.DONE], State.UNDOING, by=by, options=_run(run_id).options)


def _run(run_id: int) -> Import:
    run = Import.objects.filter(pk=run_id).first()
    if run is None:
        raise Refusal(f"Choose another import: there is none with the number {run_id}.")
    return run


def _step(
    run_id: int,
    from_states: list[State],
    to: State,
    *,
    by: Actor,
    options: dict[str, object] | None = None,
) -> None:
    with batch(by=by) as events:
        fields: dict[str, object] = {"state": to, "lease_until": None, "attempts": 0, "problem": ""}
        if options is not None:
            # Who asked for this step is who does it, whoever uploaded the file.
            fields["options"] = {**options, "asked_by": [by.name, by.user_id]}
        moved = Import.objects.filter(pk=run_id, state__in=from_states).update(**fields)
        if not moved:
            now = _run(run_id).get_state_display().lower()
            raise Refusal(f"Look at the import again: it is {now}, so this cannot be done now.")
        events.add([("asked", "import", run_id, str(to.value), None, None, "")])


# Steps that the worker, or the command line, does


def check(run_id: int) -> None:
    """Check a run and keep what was found; it is then ready, or needs a person."""
    run = _run(run_id)
    with _file(run) as path, _plan(run) as plan:
        plan.stage(path)
        plan.work_out()
        summary = plan.summary()
        digest = plan.digest(summary)
        state = State.NEEDS_PERSON if plan.findings.faults else State.READY
        with transaction.atomic():
            waits = Import.objects.filter(pk=run.pk, state=State.CHECKING)
            if waits.update(state=state, lease_until=None, plan_digest=digest):
                keep_findings(run, plan, summary)


def apply(run_id: int) -> None:
    """Apply a run that was shown; if it would now do something else, show it again (S42)."""
    run = _run(run_id)
    by = _requester(run)
    try:
        may_manage(by)  # the requester's rights are looked at again when the job runs (S37)
    except Refusal as refusal:
        Import.objects.filter(pk=run_id).update(state=State.FAILED, problem=str(refusal))
        return
    with _file(run) as path, _plan(run) as plan:
        plan.stage(path)
        with transaction.atomic():
            locks.while_importing()
            if not Import.objects.filter(pk=run_id, state=State.APPLYING).exists():
                return  # another worker was faster, while this one waited
            plan.work_out()
            summary = plan.summary()
            if plan.digest(summary) != run.plan_digest or summary.refused >= summary.rows:
                keep_findings(run, plan, summary)
                Import.objects.filter(pk=run_id).update(
                    state=State.NEEDS_PERSON if plan.findings.faults else State.READY,
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
        Import.objects.filter(pk=run.pk).update(
            state=State.DONE,
            applied_at=events.at,
            summary=summary.as_dict(),
            lease_until=None,
            problem="",
        )
        events.add([("applied", "import", run.pk, "", None, None, "")])


@dataclass(frozen=True)
class Undone:
    """What an undo left as it was."""

    kept: int


def undo(run_id: int, *, by: Actor | None = None) -> Undone:
    """Take an applied run back. Raises Refusal when it is not one that can be."""
    run = _run(run_id)
    with transaction.atomic():
        locks.while_importing()
        moved = Import.objects.filter(pk=run_id, state__in=[State.DONE, State.UNDOING]).update(
            state=State.UNDONE, undone_at=timezone.now(), lease_until=None
        )
        if not moved:
            raise Refusal(_cannot_undo(run))
        actor = by or _requester(run)
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


def keep_findings(run: Import, plan: Plan, summary: Summary) -> None:
    """Keep the counts and everything that was found, in place of what an earlier check found."""
    ImportFault.objects.filter(run=run).delete()
    bulk.load(
        ImportFault._meta.db_table,
        ["run_id", "row", "column", "value", "problem", "kind", "code", "pupil_id"],
        (
            (run.pk, f.row, f.column[:200], f.value, f.problem, f.kind.value, f.code, f.pupil_id)
            for f in (*plan.findings.in_order(), *plan.findings.warnings)
        ),
    )
    Import.objects.filter(pk=run.pk).update(summary=summary.as_dict())


def _requester(run: Import) -> Actor:
    """Whoever asked for the step that is to be done now; at first, whoever uploaded the file."""
    name, user_id = run.options.get("asked_by", (run.actor, run.actor_id))
    return Actor(name, user_id)


def _plan(run: Import) -> Plan:
    return plan_for(
        run.kind,
        role=run.role,
        by=_requester(run),
        yes=bool(run.options.get("yes")),
        headings=run.options.get("headings"),
    )


@contextlib.contextmanager
def _file(run: Import) -> Iterator[str]:
    """The uploaded bytes as a file for as long as the reader needs it."""
    stored = ImportFile.objects.filter(run=run).first()
    if stored is None:
        raise Refusal("Upload the file again: it was deleted after a while.")
    with tempfile.TemporaryDirectory(prefix="schoolgate-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(zlib.decompress(stored.content))
        yield str(path)


def kept_by(run_id: int) -> list[Kept]:
    """What the undo of a run left as it was."""
    return list(Kept.objects.filter(run_id=run_id).order_by("kind", "object_id"))


def label_of(kind: str, object_id: int) -> str:
    """How a user, pupil or establishment is called."""
    if kind == "user":
        user = User.objects.get(pk=object_id)
        return f"{user} ({user.get_username()})"
    if kind == "link":
        link = EstablishmentLink.objects.get(pk=object_id)
        return f"{link.urn} to {link.link_urn} ({link.link_type})"
    return str((Pupil if kind == "pupil" else Establishment).objects.get(pk=object_id))


def access_changes(run_id: int, *, after: int, limit: int) -> list[AccessLine]:
    """A page of the access that a checked run would give and take, child by child."""
    run = _run(run_id)
    with _file(run) as path, _plan(run) as plan:
        plan.stage(path)
        plan.work_out()
        return access_lines(plan, after=after, limit=limit)


def refusals(run_id: int, *, reader: int) -> list[Finding]:
    """Why rows of a run are refused, as far as a user may read it."""
    found = found_in(run_id, reader=reader).exclude(kind="warning").order_by("row", "pk")
    told = (
        Finding(f.row, f.column, f.value, f.problem, Severity(f.kind), f.code, f.pupil_id)
        for f in map(mask, found)
    )
    # Of a row that is masked, one reason says it all, be it a fault or a question.
    return list({finding._replace(kind=Severity.FAULT): finding for finding in told}.values())


def refused_csv(run_id: int, faults: list[Finding]) -> Iterator[bytes]:
    """The refused rows of a run as CSV, with these reasons, in blocks of bytes."""
    run = _run(run_id)
    with _file(run) as path:
        yield from refused_rows(path, _plan(run).known_headings(), faults)
