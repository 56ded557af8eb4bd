"""An index by which those are found who were merged with a user."""

from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("people", "0007_families")]

    operations = [
        AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["merged_into"],
                name="user_merged",
            ),
        ),
    ]
