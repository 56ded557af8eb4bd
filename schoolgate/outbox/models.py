"""Mail: who is to be told what, and what came of it. The text is made when it is sent."""

from django.db import models
from django.db.models import Q


class State(models.TextChoices):
    """Where a mail stands."""

    WAITING = "waiting", "waiting"
    SENT = "sent", "sent"
    BOUNCED = "bounced", "came back"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "not sent"


class Mail(models.Model):
    """One mail to one address.

    ``kind`` names the text ("invitation"), ``subject_id`` the record it is about, ``user_id`` the
    user it is meant for: ids and no foreign keys, because this room is below theirs. ``due_at`` is
    when it is to be tried next; a worker that takes it up moves that on, which is its lease. The
    address is kept while the mail waits or has failed, and blanked once it is sent or cancelled.
    ``problem`` is a sentence: why it waits, failed, bounced or was called back; of one that was
    sent, that the server at the other end is still trying.
    """

    kind = models.CharField(max_length=30)
    user_id = models.BigIntegerField()
    address = models.CharField(max_length=254, blank=True)
    subject_id = models.BigIntegerField(null=True)
    import_id = models.BigIntegerField(null=True)
    posted_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], name="mail_due", condition=Q(state="waiting")),
            models.Index(fields=["state", "id"], name="mail_state"),
            models.Index(fields=["user_id", "id"], name="mail_user"),
        ]
