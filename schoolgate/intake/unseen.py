"""What somebody may read of what was found: of a child whom they may not see, nothing (S35)."""

from django.db.models import Case, F, Q, QuerySet, Value, When

from schoolgate.access import scope
from schoolgate.intake.models import ImportFault

UNSEEN = "unseen-pupil"
SENTENCE = "This row is about a pupil whom you may not see; ask another LA Super User."


def found_in(run_id: int, *, reader: int) -> QuerySet[ImportFault]:
    """What was found in a run, with ``told_as``: its code, or UNSEEN where it is to be masked."""
    seen = scope.pupils_visible_to(reader).values("pk")
    hidden = Q(pupil_id__isnull=False) & ~Q(pupil_id__in=seen)
    told_as = Case(When(hidden, then=Value(UNSEEN)), default=F("code"))
    return ImportFault.objects.filter(run_id=run_id).annotate(told_as=told_as)


def mask(fault: ImportFault) -> ImportFault:
    """The same (of ``found_in``) without what its reader may not read. It is not to be saved."""
    if getattr(fault, "told_as", UNSEEN) == UNSEEN:
        fault.column = fault.value = ""
        fault.problem, fault.code, fault.pupil_id = SENTENCE, UNSEEN, None
    return fault
