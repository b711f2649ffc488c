"""Incidents: what the queue lists and analysts work on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import AccessToken, Principal, Team, User
from alerts.choices import Classification, Determination, Severity
from alerts.models import determination_fits
from incidents.choices import OPEN_STATUSES, IncidentStatus, TagKind
from incidents.models.access import IncidentAccess, IsSeenBy

OPEN = Q(status__in=[1, 2])
"""Written as literals, so that PostgreSQL can prove that a query falls under the partial indexes."""


NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""Where an incident without a due date stands in the order of due dates: behind all that have one."""


class TagQuerySet(models.QuerySet["Tag"]):
    def known_to(self, principal: Principal) -> Self:
        """Tags on incidents that this person or token may see, and those on none: a tag on restricted incidents alone
        would tell of them."""
        uses = IncidentTag.objects.filter(tag=OuterRef("pk"))
        seen = Incident.objects.visible_to(principal).filter(tags=OuterRef("pk"))
        return self.filter(Exists(seen) | ~Exists(uses))

    def named(self, names: Iterable[str]) -> dict[str, Tag]:
        """The tag behind each of these names, without regard to letter case. The database folds it, as its unique
        index does: Python folds some letters of the world otherwise, and then one would not find the other's."""
        folded = fold_names(names)
        tags: Any = self.annotate(folded=Lower("name")).filter(folded__in=set(folded.values())) if folded else ()
        found = {tag.folded: tag for tag in tags}
        return {name: found[key] for name, key in folded.items() if key in found}


def fold_names(names: Iterable[str]) -> dict[str, str]:
    """Each name in the letter case that the database compares by."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, lower(name) FROM unnest(%s::text[]) AS given (name)", [wanted])
        return dict(cursor.fetchall())


class Tag(models.Model):
    """A word on an incident. Custom tags come into being by being typed; letter case does not tell them apart."""

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=TagKind.choices, default=TagKind.CUSTOM)

    objects = TagQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="tag_name_once")]
        indexes = [models.Index(OpClass(Lower("name"), name="text_pattern_ops"), name="tag_name_prefix")]

    def __str__(self) -> str:
        return self.name


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, principal: Principal) -> Self:
        """What this person or token may see. Everything else does not exist for them (DESIGN 4.10).

        A predicate, never a list of ids; who sees a restricted one, IncidentAccess says alone. It depends on who asks
        and their rights (`known_by`) and on nothing that this process knows besides: what changes with time the
        database looks up, since the SQL made of it is kept (common/composed.py).
        """
        if not principal.may(Permission.SEE_INCIDENTS):
            return self.none()
        if isinstance(principal, AccessToken):
            return self.filter(restricted=False)
        return self.filter(Q(restricted=False) | Q(IsSeenBy("pk", Value(principal.pk))))

    def named_to(self, principal: Principal) -> Self:
        """The restricted ones that this person sees; a token sees none."""
        if isinstance(principal, AccessToken) or not principal.may(Permission.SEE_INCIDENTS):
            return self.none()
        return self.filter(Exists(_access_of(principal)), restricted=True)

    def kept_from(self, principal: Principal) -> Self:
        """The restricted ones that are hidden from this person or token: so few that asking whether an incident is one
        of them costs nothing."""
        hidden = self.filter(restricted=True)
        return hidden if isinstance(principal, AccessToken) else hidden.filter(~Exists(_access_of(principal)))

    def open(self) -> Self:
        """Active or in progress."""
        return self.filter(OPEN)

    def not_redirected(self) -> Self:
        return self.filter(status__in=[1, 2, 3])


def _access_of(person: User) -> models.QuerySet[IncidentAccess]:
    """What the person has to do with the outer incident, being restricted."""
    return IncidentAccess.objects.filter(incident=OuterRef("pk"), user=person)


class Incident(models.Model):
    """A set of alerts that tell of one attack, and the work people do on it. Its number is its id."""

    name = models.CharField(max_length=500)
    name_is_manual = models.BooleanField(default=False)
    """A name given by a person is never overwritten by the system."""
    automatic_name = models.CharField(max_length=500)
    """What the system would call it; shown when the name is not manual."""
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    severity_is_manual = models.BooleanField(default=False)
    automatic_severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    """The highest severity of its alerts."""
    status = models.PositiveSmallIntegerField(choices=IncidentStatus.choices, default=IncidentStatus.ACTIVE)
    classification = models.CharField(max_length=40, choices=Classification.choices, default=Classification.NOT_SET)
    determination = models.CharField(max_length=40, choices=Determination.choices, default=Determination.NOT_SET)
    assignee_user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="incidents", db_index=False
    )
    assignee_team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="incidents", db_index=False
    )
    tags = models.ManyToManyField(Tag, through="IncidentTag", related_name="incidents")
    resolution_note = models.TextField(blank=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=200, blank=True)
    """Who it was, as they were called then."""
    resolved_by_user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    """None where a token, a rule or the system resolved it."""
    snoozed_until = models.DateTimeField(null=True)
    """Hidden from the queue until this time or until a new alert joins it, whichever comes first."""
    snoozed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    """Who is told when it wakes; None where a token or a rule put it off."""
    due_at = models.DateTimeField(null=True)
    """When people mean to be done with it."""
    due_order = models.GeneratedField(
        expression=Coalesce("due_at", Value(NEVER)), output_field=models.DateTimeField(), db_persist=True
    )
    """The due date again, never empty, so that lists can be sorted and paged by it."""
    overdue_told = models.BooleanField(default=False, db_default=False)
    """Whether it was said that its present due date has passed."""
    redirected_to = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="redirected_from")
    related_to = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="follow_ups")
    """The resolved incident that this one would have joined, had it been open."""
    restricted = models.BooleanField(default=False)
    """Seen only by whom IncidentAccess names."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    """When anything was last changed or said, by a person or by the system."""
    version = models.PositiveIntegerField(default=1)
    """Grows with every change; a save names the version it was based on."""

    # Denormalised from alerts, evidence and tags for the queue; kept by commands, compared by incidents/summary.py.
    first_activity = models.DateTimeField()
    last_activity = models.DateTimeField()
    alerts_total = models.PositiveIntegerField(default=0)
    alerts_active = models.PositiveIntegerField(default=0)
    service_sources = ArrayField(models.CharField(max_length=100), default=list)
    categories = ArrayField(models.CharField(max_length=60), default=list)
    asset_counts = models.JSONField(default=dict)
    """Kind of asset → how many, such as {"device": 6, "user": 3}."""
    tag_ids = ArrayField(models.IntegerField(), default=list)
    """The tags again, as an array that an index can be asked for; the many-to-many table stays the truth."""
    tasks_total = models.PositiveIntegerField(default=0, db_default=0)
    tasks_open = models.PositiveIntegerField(default=0, db_default=0)
    """Of its tasks, those that are neither completed nor skipped; compared by incidents/summary.py."""
    facets = ArrayField(models.CharField(max_length=160), default=list, db_default=[])
    """What else it can be filtered by, one word per fact, such as "category:impact" or "os:windows", so that one index
    serves them all (see incidents/facets.py)."""
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)
    """0 to 100, by incidents/rules/priority.py; its time-dependent part is brought up to date by a task."""
    priority_factors = models.JSONField(default=list, db_default=[])
    """[factor, points] of each factor that counts, so that the score explains itself."""

    handful: Any = None
    """Those it is being changed together with (incidents/commands/handful.py); None when it is changed alone."""

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(assignee_user__isnull=True) | Q(assignee_team__isnull=True), name="incident_one_assignee"
            ),
            models.CheckConstraint(condition=determination_fits(), name="incident_determination_fits"),
            models.CheckConstraint(
                condition=Q(status=IncidentStatus.REDIRECTED, redirected_to__isnull=False)
                | (~Q(status=IncidentStatus.REDIRECTED) & Q(redirected_to__isnull=True)),
                name="incident_redirected_has_target",
            ),
            models.CheckConstraint(
                condition=~Q(status=IncidentStatus.RESOLVED) | Q(resolved_at__isnull=False),
                name="incident_resolved_has_time",
            ),
            models.CheckConstraint(condition=Q(alerts_active__lte=F("alerts_total")), name="incident_counts_in_order"),
            models.CheckConstraint(condition=Q(tasks_open__lte=F("tasks_total")), name="incident_tasks_in_order"),
        ]
        # Measured at a million incidents: ordered composites, partial for the open ones; single-column indexes on
        # status, severity or assignee never won a case that matters.
        indexes = [
            models.Index(
                F("last_activity").desc(),
                F("id").desc(),
                name="incident_open_last",
                include=[
                    "status",
                    "severity",
                    "assignee_user",
                    "assignee_team",
                    "classification",
                    "created_at",
                    "tag_ids",
                    "restricted",
                    "snoozed_until",
                    "priority",
                ],
                condition=OPEN,
            ),
            models.Index(
                F("severity").desc(),
                F("last_activity").desc(),
                F("id").desc(),
                name="incident_open_severity",
                condition=OPEN,
            ),
            GinIndex(fields=["tag_ids"], fastupdate=False, name="incident_open_tags", condition=OPEN),
            models.Index(F("last_activity").desc(), F("id").desc(), name="incident_last"),
            # So few of all are merged away that finding them otherwise reads the whole table.
            models.Index(
                F("last_activity").desc(),
                F("id").desc(),
                name="incident_redirected_last",
                include=["status", "severity", "assignee_user", "assignee_team", "classification", "restricted"],
                condition=Q(status=4),
            ),
            models.Index(F("severity").desc(), F("last_activity").desc(), F("id").desc(), name="incident_severity"),
            models.Index(F("priority").desc(), F("last_activity").desc(), F("id").desc(), name="incident_priority"),
            models.Index(
                F("priority").desc(),
                F("last_activity").desc(),
                F("id").desc(),
                name="incident_open_priority",
                condition=OPEN,
            ),
            models.Index(F("created_at").desc(), F("id").desc(), name="incident_created"),
            models.Index(F("updated_at").desc(), F("id").desc(), name="incident_updated"),
            models.Index(F("first_activity").desc(), F("id").desc(), name="incident_first"),
            # So few have very many alerts that finding them otherwise reads the whole table.
            models.Index("alerts_total", name="incident_alerts_total"),
            models.Index(
                "assignee_user",
                F("last_activity").desc(),
                F("id").desc(),
                name="incident_user_last",
                condition=Q(assignee_user__isnull=False),
            ),
            models.Index(
                "assignee_team",
                F("last_activity").desc(),
                F("id").desc(),
                name="incident_team_last",
                condition=Q(assignee_team__isnull=False),
            ),
            # What one has to do, and how much of it a list hides, without the rest of what one ever had.
            *(
                models.Index(
                    f"assignee_{who}",
                    F("last_activity").desc(),
                    F("id").desc(),
                    name=f"incident_open_{who}",
                    include=["status", "severity", "classification", "restricted", "snoozed_until"],
                    condition=OPEN & Q(**{f"assignee_{who}__isnull": False}),
                )
                for who in ("user", "team")
            ),
            # Few of the archive are nobody's: counting those that a list hides would read all of it.
            models.Index(
                F("last_activity").desc(),
                F("id").desc(),
                name="incident_unassigned",
                include=["status", "severity", "restricted", "snoozed_until", "assignee_user", "assignee_team"],
                condition=Q(assignee_user__isnull=True, assignee_team__isnull=True),
            ),
            models.Index(
                "resolved_by_user",
                F("last_activity").desc(),
                F("id").desc(),
                name="incident_resolved_by",
                condition=Q(resolved_by_user__isnull=False),
            ),
            # So few that asking whether an alert's incident is one of them costs nothing.
            models.Index("id", name="incident_restricted", condition=Q(restricted=True)),
            # Few have tasks or a due date; by the due date the open ones are listed, soonest first.
            models.Index(
                F("last_activity").desc(), F("id").desc(), name="incident_with_tasks", condition=Q(tasks_total__gt=0)
            ),
            models.Index("due_at", name="incident_due", condition=Q(due_at__isnull=False)),
            models.Index("due_order", "id", name="incident_due_order"),
            models.Index("due_order", "id", name="incident_open_due_order", condition=OPEN),
            models.Index("snoozed_until", name="incident_snoozed", condition=Q(snoozed_until__isnull=False)),
            GinIndex(fields=["tag_ids"], fastupdate=False, name="incident_tags"),
            GinIndex(fields=["facets"], fastupdate=False, name="incident_facets"),
            GinIndex(fields=["service_sources"], fastupdate=False, name="incident_sources"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def assignee(self) -> User | Team | None:
        return self.assignee_user or self.assignee_team


class IncidentTag(models.Model):
    """A tag on an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "tag"], name="incident_tag_once")]


PENDING_WORDS = 512
"""Kilobytes of words that wait before they are sorted into the index; reading so many takes a search less than 1 ms."""


class IncidentSearch(models.Model):
    """The words an incident is found by: its name, its alerts' titles, its entities' names and keys.

    A table of its own, so that writing words does not rewrite the incident's row and its indexes.
    """

    incident = models.OneToOneField(Incident, primary_key=True, on_delete=models.CASCADE, related_name="search")
    words = SearchVectorField()

    class Meta:
        # Words are many for each alert: they wait in a short list, which a search reads along, and go over together.
        indexes = [
            GinIndex(
                fields=["words"], fastupdate=True, gin_pending_list_limit=PENDING_WORDS, name="incident_search_words"
            )
        ]
