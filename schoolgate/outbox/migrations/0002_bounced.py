from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='mail',
            name='state',
            field=models.CharField(choices=[('waiting', 'waiting'), ('sent', 'sent'), ('bounced', 'came back'), ('failed', 'failed'), ('cancelled', 'not sent')], default='waiting', max_length=9),
        ),
    ]
