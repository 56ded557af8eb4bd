"""A whole run at once, as the command line does it: check and, if all is well, apply."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from schoolgate.audit.actions import Actor, viewed
from schoolgate.intake import keeping, refused, runs, stored_files
from schoolgate.intake.columns import KINDS
from schoolgate.intake.decided import Decided
from schoolgate.intake.findings import Finding, Findings, Severity
from schoolgate.intake.models import Import, State
from schoolgate.intake.plan import Plan, Summary
from schoolgate.kit import locks
from schoolgate.people import first_passwords

HELD = (
    "Look at who would be made inactive, and give --over-brakes with the reason why that is right:"
    " the brakes hold so many at once."
)


@dataclass(frozen=True)
class Done:
    """What came of a run. ``import_id`` is None when nothing was stored (``--check``); ``held``:
    whether brakes hold it, and nobody gave the word."""

    import_id: int | None
    summary: Summary
    findings: Findings
    applied: bool
    held: bool = False

    def as_object(self) -> dict[str, Any]:
        """The object that ``--json`` prints (PRODUCT.md, "Command line")."""
        counts = self.summary.as_dict()
        names = (
            "rows", "created", "updated", "unchanged", "refused", "linked", "unlinked", "gained",
            "lost",
        )  # fmt: skip
        return {
            "import": self.import_id,
            **{name: counts[name] for name in names},
            "faults": [
                *([_held(self.summary)] if self.held else []),
                *(_as_object(finding) for finding in self.findings.in_order()),
            ],
            "warnings": [
                _as_object(finding)
                for finding in sorted(self.findings.warnings, key=lambda warning: warning.row or 0)
            ],
        }


def _held(summary: Summary) -> dict[str, Any]:
    """What the brakes hold, as a question about the whole file."""
    return {
        "row": None, "column": "", "value": "; ".join(summary.brakes), "problem": HELD,
        "kind": Severity.QUESTION.value,
    }  # fmt: skip


def _as_object(finding: Finding) -> dict[str, Any]:
    return {
        "row": finding.row,
        "column": finding.column,
        "value": finding.value,
        "problem": finding.problem,
        "kind": finding.kind.value,
    }


def take_in(
    path: str,
    *,
    kind: str,
    role: str,
    filename: str,
    by: Actor,
    yes: bool = False,
    headings: Mapping[str, str] | None = None,
    check_only: bool = False,
    skip_faulty: bool = False,
    refused_file: BinaryIO | None = None,
    invite: bool = False,
    over_brakes: str = "",
    sync_field: str = "",
    match_by: str = "",
) -> Done:
    """Check the file at ``path`` and apply it, unless told to check only or something is wrong.

    With ``skip_faulty`` the good rows are applied whatever is wrong with others; with ``invite``
    the users whom it makes are invited at once; ``over_brakes``: why what the brakes hold is right
    all the same (NEW8); ``sync_field`` and ``match_by``: of parents (ITS3). Raises UnknownHeading
    where ``headings`` maps from or to one that there is not, or the file lacks ``sync_field``.
    """
    decided = Decided(
        yes=yes, headings=headings or {}, matched="command line", sync_field=sync_field,
        match_by=match_by,
    )  # fmt: skip
    with runs.plan_for(kind, role=role, by=by, decided=decided) as plan:
        plan.stage(path)
        if check_only:
            plan.work_out()
            summary = plan.summary()
            held = bool(summary.brakes) and not over_brakes.strip()
            done = Done(None, summary, plan.findings, applied=False, held=held)
        else:
            done = _apply(
                plan, path, role, filename, skip_faulty, "now" if invite else "no", over_brakes
            )
        if refused_file is not None:
            refused.write(path, plan, refused_file)
    if done.applied and done.import_id is not None and KINDS[kind].takes_passwords:
        first_passwords.hash_all(done.import_id)
        stored_files.wipe(done.import_id)
    return done


def _apply(
    plan: Plan,
    path: str,
    role: str,
    filename: str,
    skip_faulty: bool,
    invite: str,
    over_brakes: str,
) -> Done:
    with Path(path).open("rb") as content:
        run = runs.receive(
            kind=plan.kind.code,
            role=role,
            filename=filename,
            content=content,
            by=plan.by,
            yes=plan.decided.yes,
            headings=plan.decided.headings,
            invite=invite,
            sync_field=plan.decided.sync_field,
            match_by=plan.decided.match_by,
            state=State.CANCELLED,  # until it is done: if this process dies, nobody takes it up
        )
    with transaction.atomic():
        locks.while_importing()
        plan.work_out()
        summary = plan.summary()
        clean = not plan.findings.faults
        held = bool(summary.brakes) and not over_brakes.strip()
        applied = not held and (clean or (skip_faulty and summary.refused < summary.rows))
        keeping.keep(run, plan, summary, shown=held)
        if applied:
            runs.note_word(run, runs.given_word(summary.brakes, over_brakes, plan.by), by=plan.by)
            runs.write(run, plan, summary)
        else:
            Import.objects.filter(pk=run.pk).update(
                state=State.NEEDS_PERSON,
                plan_digest=plan.digest(summary),
                made_at=timezone.now(),
            )
        # Those of whom the findings tell something that is on the register (S54).
        named = plan.findings.pupil_ids()
        viewed(by=plan.by, kind="import", object_id=run.pk, pupil_ids=named)
    return Done(run.pk, summary, plan.findings, applied, held)
