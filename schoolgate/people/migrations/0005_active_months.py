"""Who signed in in which month, with the months that the log of events tells of already."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def months_on_record(apps, schema_editor):
    """One row for each user and month in which an event says that they signed in."""
    events = apps.get_model("audit", "Event").objects.filter(verb="signed in", user_id__isnull=False)
    batches = apps.get_model("audit", "EventBatch").objects
    there = set(apps.get_model("people", "User").objects.values_list("pk", flat=True))
    last = {}
    chunk = []

    def take():
        moments = dict(batches.filter(pk__in=[b for b, _ in chunk]).values_list("pk", "at"))
        for batch_id, user_id in chunk:
            if user_id in there and (moment := moments.get(batch_id)):
                key = user_id, timezone.localtime(moment).date().replace(day=1)
                last[key] = max(last.get(key, moment), moment)
        chunk.clear()

    for row in events.values_list("batch_id", "user_id").iterator(chunk_size=500):
        chunk.append(row)
        if len(chunk) == 500:
            take()
    take()
    ActiveMonth = apps.get_model("people", "ActiveMonth")  # noqa: N806 - a model
    ActiveMonth.objects.bulk_create(
        (
            ActiveMonth(
                user_id=user_id, month=month, last_at=at, last_on=timezone.localtime(at).date()
            )
            for (user_id, month), at in sorted(last.items())
        ),
        batch_size=500,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_indexes"),
        ("people", "0004_schools_inside"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActiveMonth",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField()),
                ("last_at", models.DateTimeField()),
                ("last_on", models.DateField()),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("month", "user"), name="one_active_month")
                ],
            },
        ),
        migrations.RunPython(months_on_record, migrations.RunPython.noop),
    ]
