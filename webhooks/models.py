"""Webhooks: who is told of what, each message, and each try to deliver it."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import AccessToken, Principal, User
from activity.models import Entry
from incidents.models import Incident
from webhooks.choices import DeliveryState


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def kept(self) -> Self:
        """Those that nobody has deleted."""
        return self.filter(deleted_at__isnull=True)

    def listening(self) -> Self:
        """Those that are told of what happens now, each with the rights by which it sees incidents."""
        return self.kept().filter(is_on=True).with_reader()

    def with_reader(self) -> Self:
        return self.select_related("user__role", "token__role")


class Subscription(models.Model):
    """An address that is told of some of what happens to some incidents. People call it a webhook.

    It sees what the person or token sees that saved it last: whoever points it elsewhere cannot have more sent there
    than they see themselves. A deleted one is kept without its secret, so that its messages can still name it.
    """

    name = models.CharField(max_length=80)
    address = models.CharField(max_length=2000)
    groups = ArrayField(models.CharField(max_length=30))
    """What it is told of: groups of verbs (activity/verbs.py:Group)."""
    query = models.CharField(max_length=4000, blank=True)
    """Of which incidents: the query of an address of the queue with nothing left unsaid (webhooks/reach.py)."""
    with_texts = models.BooleanField(default=False)
    """Whether comments, notes and descriptions go along."""
    with_restricted = models.BooleanField(default=False)
    """Whether it is told of restricted incidents, as far as its reader is named to see them."""
    is_on = models.BooleanField(default=True)
    stopped_because = models.CharField(max_length=600, blank=True)
    """Why the system has switched it off; empty where a person did."""
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    token = models.ForeignKey(AccessToken, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    """With whose eyes it sees: who saved it last, a person or a token."""
    secret = models.TextField(blank=True)
    """What messages are signed with, sealed (webhooks/secrets.py)."""
    former_secret = models.TextField(blank=True)
    former_until = models.DateTimeField(null=True)
    """The secret before, and how long messages are signed with it as well."""
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    changed_by = models.CharField(max_length=200)
    deleted_at = models.DateTimeField(null=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) ^ Q(token__isnull=False), name="subscription_with_somebodys_eyes"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reader(self) -> Principal:
        """With whose eyes it sees."""
        reader = self.user or self.token
        assert reader is not None
        return reader


class Receiver(models.Model):
    """How the receiver of a subscription has answered lately, and which worker is sending to it: one at a time."""

    subscription = models.OneToOneField(
        Subscription, primary_key=True, on_delete=models.CASCADE, related_name="receiver"
    )
    leased_until = models.DateTimeField(null=True)
    turn = models.BigIntegerField(default=0)
    """Grows with each claim: a worker that was thought dead cannot speak for the one that took over."""
    served_at = models.DateTimeField(null=True)
    """When it last had its turn; whoever waits longest is next."""
    failures = models.PositiveIntegerField(default=0)
    """In a row, whatever the message."""
    failing_since = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)
    """Nothing is sent before; then one message tries whether it is back."""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, principal: Principal) -> Self:
        """Tests, and messages about incidents that this person or token may see."""
        return self.filter(Q(incident__isnull=True) | Q(incident__in=Incident.objects.visible_to(principal)))

    def waiting(self) -> Self:
        return self.filter(state=DeliveryState.WAITING)


class Delivery(models.Model):
    """One message to one receiver, written in the transaction of the change that it tells of.

    What it says is made when it is sent: by the rights of that moment, and with no text that was emptied meanwhile.
    """

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    """The same however often it is sent, so that a receiver knows it again."""
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    entry = models.ForeignKey(Entry, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    """What it tells of; None for a test."""
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    tries = models.PositiveIntegerField(default=0)
    """Since it was written, or somebody had it sent again."""
    begun_at = models.DateTimeField(default=timezone.now)
    """The same: a day later it is given up."""
    due_at = models.DateTimeField(default=timezone.now)
    """Not sent before."""
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=600, blank=True)
    """Why it is not delivered, in words."""

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subscription", "id"], name="delivery_waiting", condition=Q(state="waiting")),
            models.Index(
                fields=["subscription", "incident", "id"], name="delivery_of_incident", condition=Q(state="waiting")
            ),
            models.Index(fields=["begun_at"], name="delivery_waiting_since", condition=Q(state="waiting")),
            models.Index(fields=["subscription", "-id"], name="delivery_of_subscription"),
            models.Index(fields=["subscription", "state", "-id"], name="delivery_by_state"),
            models.Index(fields=["ended_at"], name="delivery_ended", condition=Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        """As receivers have it, in `webhook-id`."""
        return f"msg_{self.key.hex}"

    def end(self, state: DeliveryState, now: datetime, problem: str = "") -> None:
        """It goes on no further; not saved yet."""
        self.state, self.ended_at, self.problem = state, now, problem[:600]


class Try(models.Model):
    """One try to deliver a message, and what the receiver answered."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    began_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    """Of the answer, by HTTP; None where there was none."""
    problem = models.CharField(max_length=600, blank=True)
    answer = models.CharField(max_length=1000, blank=True)
    """Its first characters."""
    reached = models.CharField(max_length=45, blank=True)
    """The address that was connected to."""
