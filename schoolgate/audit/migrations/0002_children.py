"""The children that lists of events name, each a row of an index."""

from django.db import migrations, models

from schoolgate.audit import children


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="EventPupil",
            fields=[
                ("pk", models.CompositePrimaryKey("pupil_id", "batch_id", "n", blank=True, editable=False, primary_key=True, serialize=False)),
                ("pupil_id", models.BigIntegerField()),
                ("batch_id", models.BigIntegerField()),
                ("n", models.IntegerField()),
            ],
        ),
        migrations.RunPython(children.fill, migrations.RunPython.noop),
        migrations.RunPython(children.keep, children.leave),
    ]
