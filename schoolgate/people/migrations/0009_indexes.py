"""Indexes by which those are found who were merged with a user, or have a first password."""

from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("people", "0008_first_passwords")]

    operations = [
        AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["merged_into"],
                name="user_merged",
            ),
        ),
        AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("first_password_at__isnull", False)),
                fields=["first_password_at"],
                name="user_first_password",
            ),
        ),
    ]
