"""Tasks, templates of tasks, and due dates."""

import datetime

import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_parts_of_a_list_that_are_closed"),
        ("incidents", "0010_unassigned_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True)),
                ("due_at", models.DateTimeField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("in_progress", "In progress"),
                            ("completed", "Completed"),
                            ("skipped", "Skipped"),
                        ],
                        default="new",
                        max_length=12,
                    ),
                ),
                ("closing_note", models.TextField(blank=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.CharField(blank=True, max_length=200)),
                ("position", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
                ("overdue_told", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="TaskTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("version", models.PositiveIntegerField(default=1)),
                ("changed_by", models.CharField(blank=True, max_length=200)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="TaskTemplateItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True)),
                ("due_hours", models.PositiveIntegerField(null=True)),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.AddField(
            model_name="incident",
            name="due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="incident",
            name="due_order",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce(
                    "due_at", models.Value(datetime.datetime(9000, 1, 1, 0, 0, tzinfo=datetime.UTC))
                ),
                output_field=models.DateTimeField(),
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="overdue_told",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="incident",
            name="tasks_open",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="incident",
            name="tasks_total",
            field=models.PositiveIntegerField(db_default=0, default=0),
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
                ],
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                models.OrderBy(models.F("last_activity"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("tasks_total__gt", 0)),
                name="incident_with_tasks",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(models.F("due_at"), condition=models.Q(("due_at__isnull", False)), name="incident_due"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(models.F("due_order"), models.F("id"), name="incident_due_order"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                models.F("due_order"),
                models.F("id"),
                condition=models.Q(("status__in", [1, 2])),
                name="incident_open_due_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("tasks_open__lte", models.F("tasks_total"))), name="incident_tasks_in_order"
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="assignee_team",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="assignee_user",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="tasks", to="incidents.incident"
            ),
        ),
        migrations.AddConstraint(
            model_name="tasktemplate",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("deleted_at__isnull", True)),
                name="task_template_name_once",
            ),
        ),
        migrations.AddField(
            model_name="tasktemplateitem",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="items", to="incidents.tasktemplate"
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                models.F("assignee_user"),
                models.F("incident"),
                condition=models.Q(("removed_at__isnull", True), ("state__in", ["new", "in_progress"])),
                name="task_open_user",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                models.F("assignee_team"),
                models.F("incident"),
                condition=models.Q(("removed_at__isnull", True), ("state__in", ["new", "in_progress"])),
                name="task_open_team",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                models.F("due_at"),
                condition=models.Q(
                    ("removed_at__isnull", True), ("state__in", ["new", "in_progress"]), ("due_at__isnull", False)
                ),
                name="task_open_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("assignee_user__isnull", True), ("assignee_team__isnull", True), _connector="OR"),
                name="task_one_assignee",
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state__in", ["new", "in_progress"])),
                    models.Q(("closed_at__isnull", False), ("state__in", ["completed", "skipped"])),
                    _connector="OR",
                ),
                name="task_closed_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="tasktemplateitem",
            constraint=models.UniqueConstraint(fields=("template", "position"), name="task_template_item_place"),
        ),
    ]
