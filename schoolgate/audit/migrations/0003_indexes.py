"""Indexes by which events are found: whom they are about, and who did it."""

from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex, RemoveIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("audit", "0002_children")]

    operations = [
        RemoveIndex(model_name="event", name="audit_event_pupil"),
        AddIndex(
            model_name="event",
            index=models.Index(condition=models.Q(("pupil_id__isnull", False)), fields=["pupil_id"], name="audit_event_child"),
        ),
        AddIndex(
            model_name="eventbatch",
            index=models.Index(condition=models.Q(("actor_id__isnull", False)), fields=["actor_id"], name="audit_batch_actor"),
        ),
    ]
