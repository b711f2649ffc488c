import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0008_detector_index"),
        ("incidents", "0015_assets_stored_before"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkact",
            name="subject",
            field=models.CharField(
                choices=[("incident", "Incidents"), ("alert", "Alerts")], default="incident", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="bulkitem",
            name="alert",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="alerts.alert",
            ),
        ),
        migrations.AlterField(
            model_name="bulkitem",
            name="incident",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="incidents.incident",
            ),
        ),
        migrations.RemoveConstraint(model_name="bulkitem", name="bulk_item_once"),
        migrations.AddConstraint(
            model_name="bulkitem",
            constraint=models.UniqueConstraint(
                condition=Q(alert__isnull=True), fields=["act", "incident"], name="bulk_item_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkitem",
            constraint=models.UniqueConstraint(fields=["act", "alert"], name="bulk_item_alert_once"),
        ),
        migrations.AddConstraint(
            model_name="bulkitem",
            constraint=models.CheckConstraint(
                condition=Q(incident__isnull=False) | Q(alert__isnull=False), name="bulk_item_of_something"
            ),
        ),
        migrations.AddIndex(
            model_name="bulkitem",
            index=models.Index(
                condition=Q(alert__isnull=False, outcome="waiting"),
                fields=["act", "alert"],
                name="bulk_item_alert_waiting",
            ),
        ),
    ]
