"""The log: entries that are only ever added, and the long texts they refer to."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from activity.actors import ActorKind, Channel
from activity.verbs import VERBS, Verb, comment_verbs


class Body(models.Model):
    """A long text of an entry: a comment, a note, a description.

    It stands apart from the chained row, which holds its SHA-256, so that retention or a lawful removal can empty a
    text and the chain stays whole. The application may only add rows; emptying goes through the database function
    `activity_empty_body`, owned by the owner role.
    """

    insert_only: ClassVar[bool] = True

    text = models.TextField(null=True)
    """None once emptied."""
    sha256 = models.CharField(max_length=64)
    emptied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(text__isnull=False, emptied_at__isnull=True)
                | Q(text__isnull=True, emptied_at__isnull=False),
                name="body_has_text_or_was_emptied",
            ),
        ]


class EntryQuerySet(models.QuerySet["Entry"]):
    def of_incident(self, incident_id: int) -> Self:
        return self.filter(incident_id=incident_id)

    def of_system(self) -> Self:
        """What concerns no incident: people, teams, tokens, settings."""
        return self.filter(incident__isnull=True)

    def comments(self) -> Self:
        return self.filter(verb__in=comment_verbs())


class Entry(models.Model):
    """One change or comment, by whom, when and through what.

    Insert-only. Sequence, time, transaction and both hashes are set by a trigger in the database, whatever the
    application sends; UPDATE, DELETE and TRUNCATE are refused. The hash covers every column but `id` and
    `transaction`, and the previous entry's hash, per incident (see activity/chain.py).
    """

    insert_only: ClassVar[bool] = True

    incident = models.ForeignKey(
        "incidents.Incident", null=True, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    """As it was at that time, so moved alerts keep their history. None: the system's own stream."""
    sequence = models.PositiveIntegerField(default=0, editable=False)
    recorded_at = models.DateTimeField(null=True, editable=False)
    transaction = models.BigIntegerField(default=0, editable=False)
    """Number of the database transaction: readers that follow the log wait for all lower ones to end."""
    incident_version = models.PositiveIntegerField(null=True)
    """The incident's version after this change; a comment carries the version it found."""

    verb = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200)
    channel = models.CharField(max_length=20, choices=Channel.choices)
    batch = models.UUIDField(null=True)
    """Joins the entries of one act, such as one save of several fields."""

    subject_kind = models.CharField(max_length=30, blank=True)
    subject_id = models.CharField(max_length=60, blank=True)
    subject_label = models.CharField(max_length=600, blank=True)
    changes = models.JSONField(default=list)
    """[{"field", "old", "new"}, …], values as the API shows them."""
    facts = models.JSONField(default=dict)
    """What else belongs to the act, such as the reason an alert was linked."""
    body = models.ForeignKey(Body, null=True, on_delete=models.PROTECT, db_index=False)
    body_sha256 = models.CharField(max_length=64, blank=True)
    about = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="later_entries")
    """The entry that this one edits, removes or refers to."""

    previous_hash = models.BinaryField(default=bytes, editable=False)
    hash = models.BinaryField(default=bytes, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "sequence"], nulls_distinct=False, name="entry_one_sequence_per_incident"
            ),
        ]
        indexes = [
            models.Index(fields=["transaction", "id"], name="entry_transaction"),
            models.Index(fields=["actor_kind", "actor_id", "-id"], name="entry_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.verb} ({self.incident_id or 'system'}/{self.sequence})"

    @property
    def registered_verb(self) -> Verb:
        """The verb with its label and sentence; one that no longer exists reads as its bare name."""
        return VERBS.get(self.verb) or Verb(self.verb, self.verb, "activity", self.verb)

    @property
    def was_written_elsewhere(self) -> bool:
        """Whether it is a comment that came with an imported incident: who brought it in did not write it."""
        return "written" in self.facts

    def change_of(self, field: str) -> dict[str, Any] | None:
        return next((change for change in self.changes if change["field"] == field), None)


class CheckpointMark(models.Model):
    """That a checkpoint was written: for the page that says so, and to notice that its file was cut or lost.

    The file is the truth (docs/log-format.md); nothing in the database proves anything against its owner.
    """

    insert_only: ClassVar[bool] = True

    number = models.BigIntegerField()
    signed_at = models.DateTimeField()
    entries = models.BigIntegerField()
    chains = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    key = models.CharField(max_length=44)
    """The public key that signed it, in base64."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "number"], name="checkpoint_mark_once")]
        indexes = [models.Index(fields=["-number"], name="checkpoint_mark_newest")]

    def __str__(self) -> str:
        return f"checkpoint {self.number}"
