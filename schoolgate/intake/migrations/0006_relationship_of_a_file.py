from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0005_families'),
    ]

    operations = [
        migrations.AddField(
            model_name='columnmatching',
            name='match_by',
            field=models.CharField(max_length=12, null=True),
        ),
        migrations.AddField(
            model_name='columnmatching',
            name='sync_field',
            field=models.CharField(max_length=200, null=True),
        ),
    ]
