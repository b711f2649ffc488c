"""Tasks: what has still to be done about an incident, and named lists of them."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Team, User
from incidents.choices import TaskState
from incidents.models.incident import Incident

LEFT_TO_DO = Q(removed_at__isnull=True, state__in=["new", "in_progress"])
"""Written as literals, so that PostgreSQL can prove that a query falls under the partial indexes."""


class TaskQuerySet(models.QuerySet["Task"]):
    def of_incident(self, number: int) -> Self:
        """The incident's tasks in their order, without those that were removed."""
        return self.filter(incident=number, removed_at__isnull=True).order_by("position", "pk")

    def open(self) -> Self:
        """Neither completed nor skipped nor removed."""
        return self.filter(LEFT_TO_DO)


class Task(models.Model):
    """One step of the work on an incident, which somebody takes on and ticks off."""

    goes_with_merge: ClassVar[str] = "incident"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    """Markdown, as comments are."""
    assignee_user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    assignee_team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=TaskState.choices, default=TaskState.NEW)
    closing_note = models.TextField(blank=True)
    """What came of it; asked for by nobody."""
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=200, blank=True)
    """Who it was, as they were called then."""
    position = models.PositiveIntegerField(default=0)
    """Where it stands among the incident's tasks."""
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)
    """A removed task keeps its row, so that the log has something to point to and the removal can be taken back."""
    overdue_told = models.BooleanField(default=False)
    """Whether it was said that its present due date has passed."""

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(assignee_user__isnull=True) | Q(assignee_team__isnull=True), name="task_one_assignee"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["new", "in_progress"], closed_at__isnull=True)
                | Q(state__in=["completed", "skipped"], closed_at__isnull=False),
                name="task_closed_has_time",
            ),
        ]
        indexes = [
            models.Index("assignee_user", "incident", name="task_open_user", condition=LEFT_TO_DO),
            models.Index("assignee_team", "incident", name="task_open_team", condition=LEFT_TO_DO),
            models.Index(F("due_at"), name="task_open_due", condition=LEFT_TO_DO & Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in (TaskState.NEW, TaskState.IN_PROGRESS)

    @property
    def assignee(self) -> User | Team | None:
        return self.assignee_user or self.assignee_team


class TaskTemplate(models.Model):
    """A named list of tasks for incidents of one sort, to be put on an incident as a whole."""

    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=200, blank=True)
    """Who changed it last, as they were called then."""
    updated_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True)
    """A deleted template keeps its row, to which the log points."""

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="task_template_name_once", condition=Q(deleted_at__isnull=True))
        ]

    def __str__(self) -> str:
        return self.name


class TaskTemplateItem(models.Model):
    """One task of a template."""

    template = models.ForeignKey(TaskTemplate, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    due_hours = models.PositiveIntegerField(null=True)
    """It is due so many hours after the template was applied."""

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["template", "position"], name="task_template_item_place")]
