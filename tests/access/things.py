"""Something of every kind that an address can name: what one person has made, and what is there for all who may."""

from __future__ import annotations

from uuid import UUID

from accounts.models import User
from activity.actors import SYSTEM
from alerts.choices import Severity
from alerts.models import Alert
from incidents.changes import Changes
from incidents.commands import add_comment, change_tags, prepare_act, save_view, start_act
from incidents.commands.saved_views import ViewValues
from incidents.models import Incident
from ingest.choices import TrialOf, TuningAction
from ingest.commands import TuningValues, create_tuning_rule
from ingest.models import Trial
from tests.access.addresses import ACT, DRAFT, SAVE, keep_people, kept_webhooks


def make_things(incident: Incident, one: User, *, owner_of_rule: User) -> None:
    """A view, an act, a draft, a trial, a save and a comment of one person's own; a tuning rule, webhooks, people."""
    own_things(incident, one, ACT, DRAFT)
    change_tags(incident, add=["kept"], actor=one.as_actor(), batch=SAVE)
    tuning = TuningValues("Lab", TuningAction.RESOLVE, {"title": ["Scan"]}, "It scans.", owner_of_rule, None)
    create_tuning_rule(tuning, actor=SYSTEM)
    add_comment(incident, "Kept", actor=one.as_actor())
    kept_webhooks(one)
    keep_people(one)


def own_things(incident: Incident, one: User, number: UUID, draft: UUID) -> None:
    """What nobody else is shown: a view, an act and a draft of one, and a rule that is being tried."""
    save_view(ViewValues("Kept", "tag=wave"), creator=one, actor=SYSTEM)
    act = prepare_act(Incident.objects.all(), one, number=number)
    start_act(act, Changes(severity=Severity.LOW), actor=one.as_actor())
    prepare_act(Alert.objects.all(), one, number=draft)
    Trial.objects.create(id=number, user=one, of=TrialOf.TUNING, values={"conditions": {"title": ["Scan"]}}, days=7)
