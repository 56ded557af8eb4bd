"""One run of records arriving in bulk: what was found, what a person decided, what is shown before
it is applied, and what undo needs."""

from django.db import models
from django.db.models import Q


class State(models.TextChoices):
    """What an import is doing, or waiting for."""

    CHECKING = "checking", "Being checked"
    NEEDS_PERSON = "needs a person", "Needs a person"
    READY = "ready", "Ready to apply"
    APPLYING = "applying", "Being applied"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"


class Import(models.Model):
    """One run of records arriving in bulk.

    ``summary`` holds the counts of the last check or of what was applied; ``plan_digest`` is the
    fingerprint of what was shown, which apply must find again (NEW1). While ``state`` is one that
    the worker acts on, ``lease_until`` says until when a worker has it. ``asked_at``: when somebody
    last asked for something (a check, with an answer or a mended cell more, say), so that work
    under way notices.
    """

    kind = models.CharField(max_length=20)
    role = models.CharField(max_length=20, blank=True)
    filename = models.CharField(max_length=255)
    made_at = models.DateTimeField()
    actor = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=16, choices=State.choices)
    options = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    plan_digest = models.CharField(max_length=64, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state"], name="import_state")]


class ImportFile(models.Model):
    """The bytes that were uploaded, compressed; deleted after a while.

    ``is_sealed``: the content is sealed besides (kit/sealed.py), because the file may have first
    passwords in it (S22); ``wipe_at``: when those are taken out of it at the latest.
    """

    run = models.OneToOneField(Import, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()
    is_sealed = models.BooleanField(null=True)
    wipe_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["wipe_at"], name="file_wipe", condition=Q(wipe_at__isnull=False))
        ]


class FileHead(models.Model):
    """The headings of an uploaded file in order, and a few of its rows: [row number, cells]."""

    run = models.OneToOneField(Import, on_delete=models.CASCADE, related_name="head")
    headings = models.JSONField(default=list)
    samples = models.JSONField(default=list)


class ImportFault(models.Model):
    """Something found in a row (or, with no row, in the whole file); ``kind``: findings.Severity.

    ``pupil_id``: the child on the register of whom it tells something, if it does. ``place``: the
    cell that it is about, from 0. ``settles``: of a question, whether a yes answers it.
    """

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="faults")
    row = models.IntegerField(null=True)
    column = models.CharField(max_length=200, blank=True)
    value = models.TextField(blank=True)
    problem = models.TextField()
    kind = models.CharField(max_length=10)
    code = models.CharField(max_length=40)
    pupil_id = models.BigIntegerField(null=True)
    place = models.IntegerField(null=True)
    settles = models.BooleanField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["run", "kind", "code", "id"], name="fault_code"),
            models.Index(fields=["run", "row"], name="fault_row"),
            models.Index(
                fields=["run", "pupil_id"], name="fault_pupil", condition=Q(pupil_id__isnull=False)
            ),
        ]


class ImportAnswer(models.Model):
    """What a person answered to the questions of a code: in one row, or (row 0) in all of them.

    ``accept``: yes; else the row is to be left out. An answer for a row goes before that for all.
    """

    run = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="answers", db_index=False
    )
    code = models.CharField(max_length=40)
    row = models.IntegerField(default=0)
    accept = models.BooleanField()
    answered_at = models.DateTimeField()
    actor = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "code", "row"], name="one_answer")]


class ImportMend(models.Model):
    """A cell that a person mended: row as a spreadsheet shows it, place from 0."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="mends", db_index=False)
    row = models.IntegerField()
    place = models.IntegerField()
    value = models.TextField(blank=True)
    mended_at = models.DateTimeField()
    actor = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "row", "place"], name="one_mend")]


class ColumnMatching(models.Model):
    """Which columns a person said are which, for the next file with the same headings.

    ``headings_key``: fingerprint of the set of headings; ``matching``: heading of the file -> ours,
    or "" for one to be ignored. Of a file of parents ``sync_field`` and ``match_by``: what they
    said of the parent relationship (ITS3).
    """

    kind = models.CharField(max_length=20)
    headings_key = models.CharField(max_length=64)
    matching = models.JSONField(default=dict)
    sync_field = models.CharField(max_length=200, null=True)
    match_by = models.CharField(max_length=12, null=True)
    matched_at = models.DateTimeField()
    actor = models.CharField(max_length=20)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "headings_key"], name="one_matching")
        ]


class Outcome(models.TextChoices):
    """What a row did, or would do, to its user, pupil or establishment."""

    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    UNCHANGED = "unchanged", "Unchanged"
    REFUSED = "refused", "Refused"


class ImportRow(models.Model):
    """A row of a checked file, to be shown: whom it is about, and what comes of it.

    ``subject_id``: the user, pupil or establishment on record; None for one who would be made.
    ``label``: the e-mail address, first identifier or URN that the row has.
    """

    run = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="rows", db_index=False, db_constraint=False
    )
    row = models.IntegerField()
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    name = models.TextField(blank=True)
    label = models.TextField(blank=True)
    subject_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["run", "row"], name="import_row"),
            models.Index(fields=["run", "outcome", "row"], name="import_row_outcome"),
        ]


class Proposal(models.Model):
    """What a checked file would do to scope, to be shown; gone once it is applied or given up.

    ``what``: "grant", "stay", "episode" or "member" (made; of a member the class in
    ``record_id``), "end stay", "end episode" or "end member" (``record_id`` ended). A user or
    pupil who would be made has the number of its row, negative, for an id.
    """

    run = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="proposals", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    what = models.CharField(max_length=11)
    row = models.IntegerField()
    user_id = models.BigIntegerField(null=True)
    establishment_id = models.BigIntegerField(null=True)
    subject_area_id = models.BigIntegerField(null=True)
    pupil_id = models.BigIntegerField(null=True)
    record_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["run", "row"], name="proposal_row"),
            models.Index(
                fields=["run", "establishment_id"],
                name="proposal_establishment",
                condition=Q(establishment_id__isnull=False),
            ),
            models.Index(
                fields=["run", "pupil_id"],
                name="proposal_pupil",
                condition=Q(pupil_id__isnull=False),
            ),
        ]


class RunProgress(models.Model):
    """How far the work on a run has come; written on a connection of its own (PostgreSQL only).

    No foreign key: the row of the import may be locked by the very work that it tells of.
    """

    run_id = models.BigIntegerField(primary_key=True)
    step = models.CharField(max_length=60)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    share = models.IntegerField(default=0)
    told_at = models.DateTimeField()


class Change(models.Model):
    """A field that an import changed on something that was there, for undo."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    field = models.CharField(max_length=40)
    old = models.TextField(null=True)
    new = models.TextField(null=True)


class Kept(models.Model):
    """Something that an undo left as it was, and why (NEW3)."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="kept")
    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    reason = models.CharField(max_length=300)
