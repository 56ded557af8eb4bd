"""Who has been told that something they hold ends, and an index to find what ends soon."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("access", "0003_one_live_post")]

    operations = [
        migrations.CreateModel(
            name='EndNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ends_on', models.DateField()),
                ('days_before', models.IntegerField()),
                ('posted_at', models.DateTimeField()),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'ends_on', 'days_before'), name='told_once_of_an_end')],
            },
        ),
        AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('ended_at__isnull', True), ('ends_on__isnull', False)), fields=['ends_on'], name='grant_ends'),
        ),
    ]
