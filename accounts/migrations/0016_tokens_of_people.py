"""People have tokens of their own, with some of their rights; a revoked token does not keep its role from being
deleted."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_teams_can_be_deleted")]

    operations = [
        migrations.RemoveConstraint("accesstoken", "token_role_or_source"),
        migrations.AddField(
            "accesstoken",
            "owner",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="tokens",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            "accesstoken",
            "permissions",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), blank=True, default=list, size=None
            ),
        ),
        migrations.AlterField("accesstoken", "name", models.CharField(max_length=80)),
        migrations.AlterField(
            "accesstoken",
            "role",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="tokens",
                to="accounts.role",
            ),
        ),
        migrations.AddConstraint(
            "accesstoken",
            models.CheckConstraint(
                condition=Q(role__isnull=False, source="", owner__isnull=True)
                | (Q(role__isnull=True, owner__isnull=True) & ~Q(source=""))
                | Q(role__isnull=True, source="", owner__isnull=False)
                | Q(role__isnull=True, source="", owner__isnull=True, revoked_at__isnull=False),
                name="token_role_or_source_or_owner",
            ),
        ),
        migrations.AddConstraint(
            "accesstoken",
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(owner__isnull=True),
                name="token_name_once",
                violation_error_message="There is a token of this name already; a revoked one keeps its name.",
            ),
        ),
        migrations.AddConstraint(
            "accesstoken",
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=Q(revoked_at__isnull=True),
                name="token_name_once_for_each",
                violation_error_message="You have a token of this name already; revoke it first, or name this one "
                "otherwise.",
            ),
        ),
    ]
