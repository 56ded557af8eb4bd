"""An index of the restrictions that are to be looked at again."""

from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("access", "0006_held_links")]

    operations = [
        AddIndex(
            model_name="restriction",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True), ("review_on__isnull", False)),
                fields=["review_on", "id"],
                name="restriction_review",
            ),
        ),
    ]
