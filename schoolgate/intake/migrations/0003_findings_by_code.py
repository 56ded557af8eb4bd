from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("intake", "0002_what_a_person_decides")]

    operations = [
        AddIndex(
            "importfault", models.Index(fields=["run", "kind", "code", "id"], name="fault_code")
        ),
        AddIndex("importfault", models.Index(fields=["run", "row"], name="fault_row")),
        AddIndex(
            "importfault",
            models.Index(
                condition=models.Q(("pupil_id__isnull", False)),
                fields=["run", "pupil_id"],
                name="fault_pupil",
            ),
        ),
    ]
