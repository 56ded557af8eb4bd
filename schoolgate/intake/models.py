"""One run of records arriving in bulk, what was found wrong, and what undo needs."""

from django.db import models


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
    the worker acts on, ``lease_until`` says until when a worker has it.
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

    class Meta:
        indexes = [models.Index(fields=["state"], name="import_state")]


class ImportFile(models.Model):
    """The bytes that were uploaded, compressed; deleted after a while."""

    run = models.OneToOneField(Import, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()


class ImportFault(models.Model):
    """A fault, question or warning found in a row (or, with no row, in the whole file).

    ``pupil_id``: the child on the register of whom it tells something, if it does.
    """

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="faults")
    row = models.IntegerField(null=True)
    column = models.CharField(max_length=200, blank=True)
    value = models.TextField(blank=True)
    problem = models.TextField()
    kind = models.CharField(max_length=10)
    code = models.CharField(max_length=40)
    pupil_id = models.BigIntegerField(null=True)


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
