"""Teams among the members of restricted incidents, break-glass, and one view that says who sees which."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

ACCESS = """
CREATE VIEW incidents_access AS
SELECT member.incident_id, member.user_id FROM incidents_incidentmember AS member WHERE member.user_id IS NOT NULL
UNION ALL
SELECT member.incident_id, of_team.user_id FROM incidents_incidentmember AS member
JOIN accounts_team_members AS of_team ON of_team.team_id = member.team_id
UNION ALL
SELECT glass.incident_id, glass.user_id FROM incidents_breakglass AS glass
JOIN accounts_user AS person ON person.id = glass.user_id
JOIN accounts_role AS role ON role.id = person.role_id AND role.permissions @> '{break_glass}'
WHERE glass.ends_at > statement_timestamp()
UNION ALL
SELECT incident.id, person.id FROM incidents_incident AS incident
CROSS JOIN accounts_user AS person
JOIN accounts_role AS role ON role.id = person.role_id AND role.permissions @> '{see_restricted}'
WHERE incident.restricted
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_break_glass_permissions"),
        ("incidents", "0011_tasks_and_due_dates"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="incidentmember",
            name="team",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AlterField(
            model_name="incidentmember",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentmember",
            constraint=models.UniqueConstraint(fields=("incident", "team"), name="incident_member_team_once"),
        ),
        migrations.AddConstraint(
            model_name="incidentmember",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("team__isnull", True), ("user__isnull", False)),
                    models.Q(("team__isnull", False), ("user__isnull", True)),
                    _connector="OR",
                ),
                name="incident_member_user_or_team",
            ),
        ),
        migrations.CreateModel(
            name="BreakGlass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("reason", models.CharField(max_length=1000)),
                (
                    "asked_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("ends_at", models.DateTimeField(null=True)),
                ("viewed_at", models.DateTimeField(null=True)),
                (
                    "incident",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="broken_glass",
                        to="incidents.incident",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "asked_at"], name="break_glass_of_user"),
                    models.Index(fields=["incident", "user", "ends_at"], name="break_glass_given"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ends_at__isnull", True), ("incident__isnull", True)),
                            models.Q(("ends_at__isnull", False), ("incident__isnull", False)),
                            _connector="OR",
                        ),
                        name="break_glass_ends_when_given",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gte", models.F("asked_at"))), name="break_glass_in_order"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IncidentAccess",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "incident_id", "user_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="access",
                        to="incidents.incident",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "incidents_access", "managed": False},
        ),
        migrations.RunSQL(ACCESS, "DROP VIEW incidents_access"),
        migrations.AlterField(
            model_name="notice",
            name="incident",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="incidents.incident",
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="reason",
            field=models.CharField(
                choices=[
                    ("assigned", "Assigned to you"),
                    ("mentioned", "Mentions you"),
                    ("followed", "You follow it"),
                    ("woken", "Woke up"),
                    ("overdue", "Overdue"),
                    ("break_glass", "Opened by break-glass"),
                ],
                max_length=12,
            ),
        ),
    ]
