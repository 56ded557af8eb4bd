"""Subject areas and classes as places of grants, denial over a place, roles of one's own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_initial'),
        ('schools', '0003_schools_inside'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='OwnRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recorded_at', models.DateTimeField()),
                ('import_id', models.BigIntegerField(null=True)),
                ('touched_at', models.DateTimeField(null=True)),
                ('touched_import_id', models.BigIntegerField(null=True)),
                ('gone_at', models.DateTimeField(null=True)),
                ('gone_how', models.CharField(blank=True, choices=[('', 'not ended'), ('removed', 'removed by a person'), ('replaced', 'replaced by a newer record'), ('undone', 'undone with its import')], default='', max_length=8)),
                ('gone_import_id', models.BigIntegerField(null=True)),
                ('name', models.CharField(max_length=100)),
                ('name_key', models.CharField(max_length=100)),
                ('purpose', models.CharField(blank=True, max_length=200)),
                ('shows', models.CharField(choices=[('everything', 'everything'), ('the register', 'the register')], max_length=40)),
            ],
        ),
        migrations.AddField(
            model_name='denial',
            name='establishment',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='denials', to='schools.establishment'),
        ),
        migrations.AddField(
            model_name='grant',
            name='school_class',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='schools.schoolclass'),
        ),
        migrations.AddField(
            model_name='grant',
            name='subject_area',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='schools.subjectarea'),
        ),
        migrations.AlterField(
            model_name='denial',
            name='source',
            field=models.CharField(choices=[('hand', 'by hand'), ('import', 'import'), ('set-up', 'set-up'), ('sync', 'sync')], max_length=8),
        ),
        migrations.AlterField(
            model_name='grant',
            name='role',
            field=models.CharField(max_length=20),
        ),
        migrations.AlterField(
            model_name='grant',
            name='source',
            field=models.CharField(choices=[('hand', 'by hand'), ('import', 'import'), ('set-up', 'set-up'), ('sync', 'sync')], max_length=8),
        ),
        migrations.AlterField(
            model_name='restriction',
            name='source',
            field=models.CharField(choices=[('hand', 'by hand'), ('import', 'import'), ('set-up', 'set-up'), ('sync', 'sync')], max_length=8),
        ),
        migrations.AddConstraint(
            model_name='ownrole',
            constraint=models.UniqueConstraint(condition=models.Q(('gone_at__isnull', True)), fields=('name_key',), name='one_live_own_role'),
        ),
    ]
