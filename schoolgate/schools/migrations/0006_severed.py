"""An index of the few pupils who were severed, of whose numbers every file is asked."""

from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("schools", "0005_families")]

    operations = [
        AddIndex(
            model_name="pupil",
            index=models.Index(
                condition=models.Q(("gone_how", "severed")),
                fields=["id"],
                name="pupil_severed",
            ),
        ),
    ]
