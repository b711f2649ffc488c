"""Evidence may be added to an incident by hand, and people's verdicts stay. Hand-added rows have no alert, and so are
none of the business of the foreign key that keeps the others at their alert's incident."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("alerts", "0005_title_words")]

    operations = [
        migrations.AlterField(
            model_name="evidence",
            name="alert",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="evidence", to="alerts.alert"
            ),
        ),
        migrations.AddField(
            model_name="evidence",
            name="verdict_is_manual",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="evidence",
            name="remediation_is_manual",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="evidence",
            name="added_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="evidence",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=2000),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.CheckConstraint(
                condition=Q(alert__isnull=False, added_by="") | (Q(alert__isnull=True) & ~Q(added_by="")),
                name="evidence_of_an_alert_or_by_hand",
            ),
        ),
    ]
