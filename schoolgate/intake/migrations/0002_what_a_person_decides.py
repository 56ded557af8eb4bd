import django.db.models.deletion
from django.db import migrations, models

_ID = (
    "id",
    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
)


def _run(related_name):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to="intake.import",
    )


def _shown_run(related_name):
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to="intake.import",
    )


def _who(at):
    return [
        (at, models.DateTimeField()),
        ("actor", models.CharField(max_length=20)),
        ("actor_id", models.BigIntegerField(null=True)),
    ]


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]

    operations = [
        migrations.AddField("import", "asked_at", models.DateTimeField(null=True)),
        migrations.AddField("importfault", "place", models.IntegerField(null=True)),
        migrations.AddField("importfault", "settles", models.BooleanField(null=True)),
        migrations.CreateModel(
            name="FileHead",
            fields=[
                _ID,
                ("headings", models.JSONField(default=list)),
                ("samples", models.JSONField(default=list)),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="head",
                        to="intake.import",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ImportAnswer",
            fields=[
                _ID,
                ("code", models.CharField(max_length=40)),
                ("row", models.IntegerField(default=0)),
                ("accept", models.BooleanField()),
                *_who("answered_at"),
                ("run", _run("answers")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("run", "code", "row"), name="one_answer")
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportMend",
            fields=[
                _ID,
                ("row", models.IntegerField()),
                ("place", models.IntegerField()),
                ("value", models.TextField(blank=True)),
                *_who("mended_at"),
                ("run", _run("mends")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("run", "row", "place"), name="one_mend")
                ],
            },
        ),
        migrations.CreateModel(
            name="ColumnMatching",
            fields=[
                _ID,
                ("kind", models.CharField(max_length=20)),
                ("headings_key", models.CharField(max_length=64)),
                ("matching", models.JSONField(default=dict)),
                *_who("matched_at"),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "headings_key"), name="one_matching")
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                _ID,
                ("row", models.IntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("updated", "Updated"),
                            ("unchanged", "Unchanged"),
                            ("refused", "Refused"),
                        ],
                        max_length=9,
                    ),
                ),
                ("name", models.TextField(blank=True)),
                ("label", models.TextField(blank=True)),
                ("subject_id", models.BigIntegerField(null=True)),
                ("run", _shown_run("rows")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["run", "row"], name="import_row"),
                    models.Index(fields=["run", "outcome", "row"], name="import_row_outcome"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                _ID,
                ("what", models.CharField(max_length=11)),
                ("row", models.IntegerField()),
                ("user_id", models.BigIntegerField(null=True)),
                ("establishment_id", models.BigIntegerField(null=True)),
                ("pupil_id", models.BigIntegerField(null=True)),
                ("record_id", models.BigIntegerField(null=True)),
                ("run", _shown_run("proposals")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["run", "row"], name="proposal_row"),
                    models.Index(
                        condition=models.Q(("establishment_id__isnull", False)),
                        fields=["run", "establishment_id"],
                        name="proposal_establishment",
                    ),
                    models.Index(
                        condition=models.Q(("pupil_id__isnull", False)),
                        fields=["run", "pupil_id"],
                        name="proposal_pupil",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RunProgress",
            fields=[
                ("run_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("step", models.CharField(max_length=60)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("share", models.IntegerField(default=0)),
                ("told_at", models.DateTimeField()),
            ],
        ),
    ]
