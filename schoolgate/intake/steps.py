"""A run as its steps find it: its row, its file, and how it is moved on.

Each step moves a run on by one conditional UPDATE, so that two browsers, or two workers, cannot do
the same step twice (S41).
"""

import contextlib
import os
import tempfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from schoolgate.audit.actions import Actor, batch
from schoolgate.intake.columns import kind_of
from schoolgate.intake.decided import Decided
from schoolgate.intake.hidden_cells import hidden_in
from schoolgate.intake.mapping import known_headings
from schoolgate.intake.models import Import, ImportFile, State
from schoolgate.intake.sources.open_file import open_table
from schoolgate.kit.refusal import Refusal
from schoolgate.kit.sealed import Unsealable, unseal_bytes


def run_of(run_id: int) -> Import:
    run = Import.objects.filter(pk=run_id).first()
    if run is None:
        raise Refusal(f"Choose another import: there is none with the number {run_id}.")
    return run


def step(
    run_id: int,
    from_states: list[State],
    to: State,
    *,
    by: Actor,
    options: dict[str, object] | None = None,
    shown_digest: str | None = None,
) -> None:
    """Move a run on by one conditional UPDATE, and note who asked. Raises Refusal where it is in
    another state by now, or no longer the one that was shown."""
    with batch(by=by) as events:
        fields: dict[str, object] = {
            "state": to, "lease_until": None, "attempts": 0, "problem": "", "asked_at": events.at,
        }  # fmt: skip
        if options is not None:
            # Who asked for this step is who does it, whoever uploaded the file.
            fields["options"] = {**options, "asked_by": [by.name, by.user_id]}
        found = Import.objects.filter(pk=run_id, state__in=from_states)
        if shown_digest is not None:
            found = found.filter(plan_digest=shown_digest)
        if not found.update(**fields):
            now = run_of(run_id).get_state_display().lower()
            raise Refusal(f"Look at the import again: it is {now}, so this cannot be done now.")
        events.add([("asked", "import", run_id, str(to.value), None, None, "")])


def requester(run: Import) -> Actor:
    """Whoever asked for the step that is to be done now; at first, whoever uploaded the file."""
    name, user_id = run.options.get("asked_by", (run.actor, run.actor_id))
    return Actor(name, user_id)


@contextlib.contextmanager
def file_of(run: Import) -> Iterator[str]:
    """The uploaded bytes as a file for as long as the reader needs it.

    One that may have passwords in it is a file in memory alone: whatever becomes of this process,
    they are nowhere on a disk (S22).
    """
    stored = ImportFile.objects.filter(run=run).first()
    if stored is None:
        raise Refusal("Upload the file again: it was deleted after a while.")
    if stored.is_sealed:
        with _in_memory(_unsealed(stored)) as path_in_memory:
            yield path_in_memory
        return
    with tempfile.TemporaryDirectory(prefix="schoolgate-") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(zlib.decompress(stored.content))
        yield str(path)


def _unsealed(stored: ImportFile) -> bytes:
    try:
        return zlib.decompress(unseal_bytes(bytes(stored.content)))
    except Unsealable:
        raise Refusal(
            "Upload the file again: it was kept sealed, and the secret of this installation is"
            " another one by now."
        ) from None


@contextlib.contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """The content under a path that this process and its children can read."""
    number = os.memfd_create("schoolgate")
    try:
        with open(number, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/{os.getpid()}/fd/{number}"
    finally:
        os.close(number)


def cells_of(run: Import, decided: Decided, rows: Collection[int]) -> dict[int, list[str]]:
    """The cells of some rows of the file as it came, without those that are hidden (S22); reads no
    further than the last of them."""
    found: dict[int, list[str]] = {}
    last = max(rows)
    with (
        file_of(run) as path,
        open_table(path, known_headings(kind_of(run.kind, run.role), decided)) as table,
    ):
        hidden = hidden_in(table.headings, decided.headings)
        for n, cells in table.rows:
            if n in rows:
                found[n] = hidden.blank(cells)
            if n >= last:
                break
    return found
