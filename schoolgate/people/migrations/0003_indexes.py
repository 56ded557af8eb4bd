"""Indexes by which the table of users is sorted and filtered."""

from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("people", "0002_invitations")]

    operations = [
        AddIndex(
            model_name="user",
            index=models.Index(fields=["last_login", "id"], name="user_signed_in"),
        ),
        AddIndex(
            model_name="user",
            index=models.Index(fields=["recorded_at", "id"], name="user_added"),
        ),
        AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("workplace__isnull", False)),
                fields=["workplace"],
                name="user_workplace",
            ),
        ),
    ]
