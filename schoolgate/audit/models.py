"""The audit log (NEW13): batches of events, each batch chained to the one before by its hash.

The tables are append-only: triggers in the database refuse every change. Events name records by
kind and id and never by foreign key, and hold field names and never values.
"""

from django.db import models


class EventBatch(models.Model):
    """What one transaction did, as one link of the chain.

    ``digest`` is the SHA-256 of the batch's event lines, ``head`` that of the previous head, this
    batch's own facts and the digest. ``position`` counts from 1 without a gap.
    """

    position = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=20)  # "user", or a named system actor
    actor_id = models.BigIntegerField(null=True)
    import_id = models.BigIntegerField(null=True)
    count = models.IntegerField()
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    head = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="audit_batch_at"),
            models.Index(
                fields=["actor_id"],
                name="audit_batch_actor",
                condition=models.Q(actor_id__isnull=False),
            ),
        ]


class Event(models.Model):
    """One line of the log: somebody did something to one record, or saw children's records.

    ``verb`` and ``kind`` are words ("granted", "grant"), ``fields`` the names of the fields that
    changed. ``user_id`` and ``pupil_id`` say whom it is about; ``pupils`` are the ids, joined by
    commas, of the children that a list showed.
    """

    batch_id = models.BigIntegerField()
    n = models.IntegerField()
    verb = models.CharField(max_length=20)
    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField(null=True)
    fields = models.CharField(max_length=200, blank=True)
    user_id = models.BigIntegerField(null=True)
    pupil_id = models.BigIntegerField(null=True)
    pupils = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch_id", "n"], name="audit_event_place"),
        ]
        indexes = [
            models.Index(
                fields=["pupil_id"],
                name="audit_event_child",
                condition=models.Q(pupil_id__isnull=False),
            ),
        ]


class EventPupil(models.Model):
    """One of the children that an event's ``pupils`` name: by it a child's events are found.

    A trigger writes these rows as the event is written (audit/children.py). They follow from the
    events and are no part of the chain; ``audit verify`` holds the one against the other.
    """

    pk = models.CompositePrimaryKey("pupil_id", "batch_id", "n")
    pupil_id = models.BigIntegerField()
    batch_id = models.BigIntegerField()
    n = models.IntegerField()
