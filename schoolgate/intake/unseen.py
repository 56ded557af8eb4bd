"""What somebody may read of a file: of a child whom they may not see, nothing (S35).

A restriction keeps a child from an LA Super User. A row of a file that has a number of such a
child, or of which a finding or the subject is one, is masked for this reader wherever rows are
shown: only its number is left.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache

from django.db.models import Case, F, Q, QuerySet, Value, When

from schoolgate.access import scope
from schoolgate.intake import steps
from schoolgate.intake.columns import kind_of
from schoolgate.intake.decided import Decided
from schoolgate.intake.mapping import known_headings
from schoolgate.intake.models import Import, ImportFault, ImportFile, ImportMend, ImportRow
from schoolgate.intake.sources.open_file import open_table
from schoolgate.intake.sources.table import Unreadable
from schoolgate.kit.names import identifier_key
from schoolgate.schools.models import PupilIdentifier

UNSEEN = "unseen-pupil"
_OF_PEOPLE = ("users", "pupils", "parents", "leavers")
NOBODY = "A pupil whom you may not see"
SENTENCE = "This row is about a pupil whom you may not see; ask another LA Super User."


def found_in(run_id: int, *, reader: int) -> QuerySet[ImportFault]:
    """What was found in a run, with ``told_as``: its code, or UNSEEN where it is to be masked."""
    found = ImportFault.objects.filter(run_id=run_id)
    named = set(found.filter(pupil_id__isnull=False).values_list("pupil_id", flat=True).distinct())
    hidden = hidden_pupils({id_ for id_ in named if id_ is not None}, reader=reader)
    rows = hidden_rows(steps.run_of(run_id), reader=reader)
    if not hidden and not rows:
        return found.annotate(told_as=F("code"))
    kept = Q(pupil_id__in=hidden) | Q(row__in=rows)
    return found.annotate(told_as=Case(When(kept, then=Value(UNSEEN)), default=F("code")))


def mask(fault: ImportFault) -> ImportFault:
    """The same (of ``found_in``) without what its reader may not read. It is not to be saved."""
    if getattr(fault, "told_as", UNSEEN) == UNSEEN:
        fault.column = fault.value = ""
        fault.problem, fault.code, fault.pupil_id = SENTENCE, UNSEEN, None
        fault.place = None
    return fault


def hidden_pupils(ids: Collection[int], *, reader: int) -> set[int]:
    """Those of these children on the register (a page of them) whom a user may not see."""
    if not ids:
        return set()
    seen = scope.pupils_visible_to(reader).filter(pk__in=ids).values_list("pk", flat=True)
    return set(ids) - set(seen)


def hidden_rows(run: Import, *, reader: int) -> set[int]:
    """The rows of a run that are kept from a reader.

    For one from whom no child is kept this is a small question. For others the whole file is read,
    once: a row may be refused before it is known whose it is.
    """
    kept = scope.pupils_kept_from(reader) if run.kind in _OF_PEOPLE else set()
    if not kept:
        return set()
    live = PupilIdentifier.objects.filter(pupil__in=kept, ended_at__isnull=True)
    keys = frozenset(live.values_list("value_key", flat=True))
    rows = set(ImportFault.objects.filter(run=run, pupil_id__in=kept).values_list("row", flat=True))
    if run.kind == "pupils":
        about = ImportRow.objects.filter(run=run, subject_id__in=kept)
        rows.update(about.values_list("row", flat=True))
    rows.update(n for n, value in _kept_cells(run) if identifier_key(value) in keys)
    if ImportFile.objects.filter(run=run).exists():
        headings = run.options.get("headings") or {}
        decided = Decided(headings=headings, matched=run.options.get("matched", ""))
        rows |= _rows_of_file(
            run.pk,
            run.kind,
            run.made_at,
            known_headings(kind_of(run.kind, run.role), decided),
            keys,
        )
    return {n for n in rows if n is not None}


def _kept_cells(run: Import) -> Iterator[tuple[int | None, str]]:
    """The cells that are kept beside the file, which may be deleted by now: row and value."""
    yield from ImportMend.objects.filter(run=run).values_list("row", "value")
    yield from ImportFault.objects.filter(run=run).values_list("row", "value")
    for n, name, label in ImportRow.objects.filter(run=run).values_list("row", "name", "label"):
        yield n, name
        yield n, label


@lru_cache(maxsize=32)
def _rows_of_file(
    run_id: int, kind: str, made_at: datetime, known: frozenset[str], keys: frozenset[str]
) -> frozenset[int]:
    """The rows of a file, which never changes, that have one of these numbers in a cell."""
    with steps.file_of(steps.run_of(run_id)) as path:
        try:
            with open_table(path, known) as table:
                return frozenset(
                    n for n, cells in table.rows if not keys.isdisjoint(map(identifier_key, cells))
                )
        except Unreadable:
            return frozenset()
