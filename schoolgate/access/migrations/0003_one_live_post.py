"""One grant a user, role, place and day, now that there are subject areas and classes.

The new indexes ask no more of rows than the one that goes, which goes last.
"""

from django.db import migrations, models

from schoolgate.kit.indexes import AddIndex, AddUnique


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("access", "0002_schools_inside")]

    operations = [
        AddIndex(
            model_name='denial',
            index=models.Index(condition=models.Q(('establishment__isnull', False)), fields=['establishment'], name='denial_establishment'),
        ),
        AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('subject_area__isnull', False)), fields=['subject_area'], name='grant_subject'),
        ),
        AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('school_class__isnull', False)), fields=['school_class'], name='grant_class'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('school_class__isnull', True), ('subject_area__isnull', True)), models.Q(('establishment__isnull', False), ('subject_area__isnull', True)), models.Q(('establishment__isnull', False), ('school_class__isnull', True)), _connector='OR'), name='one_place_inside'),
        ),
        AddUnique(
            model_name='grant',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True), ('establishment__isnull', False), ('school_class__isnull', True), ('subject_area__isnull', True)), fields=('user', 'role', 'establishment', 'starts_on'), name='one_live_post'),
        ),
        AddUnique(
            model_name='grant',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True), ('subject_area__isnull', False)), fields=('user', 'role', 'subject_area', 'starts_on'), name='one_live_leadership'),
        ),
        AddUnique(
            model_name='grant',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True), ('school_class__isnull', False)), fields=('user', 'role', 'school_class', 'starts_on'), name='one_live_teaching'),
        ),
        migrations.RemoveConstraint(
            model_name='grant',
            name='one_live_posting',
        ),
    ]
