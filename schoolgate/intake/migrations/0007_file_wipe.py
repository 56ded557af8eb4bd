"""An index of the files from which first passwords are still to be taken out."""

from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("intake", "0006_relationship_of_a_file")]

    operations = [
        AddIndex(
            model_name="importfile",
            index=models.Index(
                condition=models.Q(("wipe_at__isnull", False)),
                fields=["wipe_at"],
                name="file_wipe",
            ),
        ),
    ]
