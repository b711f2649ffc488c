import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_importing_incidents"), ("incidents", "0023_counts_by_index_alone")]

    operations = [
        migrations.AddField(
            model_name="bulkact",
            name="token",
            field=models.ForeignKey(
                null=True,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.accesstoken",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkact",
            index=models.Index(
                fields=["token", "-created_at"], name="bulk_act_of_token", condition=models.Q(token__isnull=False)
            ),
        ),
    ]
