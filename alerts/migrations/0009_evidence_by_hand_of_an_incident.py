from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("alerts", "0008_detector_index")]

    operations = [
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(condition=Q(alert__isnull=True), fields=["incident_number"], name="evidence_by_hand"),
        ),
    ]
