"""An address for every route of the matrix, and what has to be there for it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.choices import Permission
from accounts.commands import create_role, create_team, invite
from accounts.models import AccessToken, Invitation, PersonSession, User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.models import Evidence
from entities.models import AssetClassification, Entity
from incidents.commands import add_comment, attach
from incidents.files import store, take_in
from incidents.models import Attachment, ImportedLog, Incident, Task, TaskTemplate
from ingest.models import TuningRule
from tests.conftest import person
from tests.incidents.uploads import image
from webhooks.commands import create_subscription, send_test
from webhooks.models import Delivery, Subscription
from webhooks.values import SubscriptionValues

ACT, SAVE, DRAFT = UUID(int=1), UUID(int=2), UUID(int=3)
"""An act or an export of the person's own, a save of the incident, and a draft over all alerts."""
WORDS = {
    **dict.fromkeys(("correlation:rule", "correlation:reset"), "same_device"),
    **dict.fromkeys(("trials:trial", "trials:cancel", "api:trial", "api:cancel_trial"), ACT),
    **dict.fromkeys(("api:correlation_rule", "api:reset_correlation_rule"), "same_device"),
    "exports:queue": "csv",
    "system_log:suggest": "actor",
    "incidents:suggest_words": "category",
    **dict.fromkeys(("incidents:act", "incidents:act_progress", "incidents:cancel_act", "incidents:undo_act"), ACT),
    **dict.fromkeys(
        ("exports:download", "exports:line", "exports:row", "exports:notice", "exports:again", "exports:dismiss"), ACT
    ),
    **dict.fromkeys(("api:export", "api:export_file"), ACT),
    **dict.fromkeys(("api:act", "api:cancel_act", "api:undo_act"), ACT),
    "alert_acts:undo": SAVE,
    "close_part": "incidents",
    **dict.fromkeys(("provider", "provider_callback", "saml_acs", "saml_finish", "saml_metadata"), "none"),
    "sign_in_settings:demand": "reader",
    "views:show": "open",
    **dict.fromkeys(("views:edit", "views:update", "views:delete", "api:view"), "kept"),
    **dict.fromkeys(("people:person", "people:deactivate", "people:activate", "api:user"), "max"),
    **dict.fromkeys((f"sign_in_settings:{what}" for what in ("person", "take", "end_sessions")), "max"),
    **dict.fromkeys(("teams:team", "teams:delete", "api:team"), "kept"),
    **dict.fromkeys(("roles:role", "roles:delete", "api:role"), "kept"),
    "invitation_link": "wf_none",
}
"""Of routes whose address holds a word. “kept” is a view that the person has saved."""


def address(name: str, incident: Incident) -> str:
    if name in WORDS:
        return reverse(name, args=[WORDS[name]])
    if name.endswith(":empty_text"):
        return reverse(name, args=[incident.pk, comment_of(incident).sequence])
    if name == "exports:origin_log":
        return reverse(name, args=[incident.pk, kept_log(incident).pk])
    if name == "incidents:suggest_activity":
        return reverse(name, args=[incident.pk, "actor"])
    if name in ("incidents:undo_save", "incidents:unmerge_all", "alert_acts:undo_move"):
        return reverse(name, args=[incident.pk, SAVE])
    if name in ("incidents:text", "incidents:edit_comment", "incidents:remove_comment", "api:comment"):
        return reverse(name, args=[incident.pk, comment_of(incident).sequence])
    if name.startswith("attachments:") or name in ("api:attachment", "api:erase_attachment"):
        return reverse(name, args=[kept_file(incident).pk])
    if name in ("incidents:task", "incidents:task_act", "api:task", "api:move_task"):
        return reverse(name, args=[incident.pk, Task.objects.get_or_create(incident=incident, title="Kept")[0].pk])
    if name == "choose_password":
        return reverse(name, args=["MQ", "used-up"])
    if name == "security:end_session":
        return reverse(name, args=[PersonSession.objects.values_list("pk", flat=True).first() or 1])
    if name == "security:factor":
        return reverse(name, args=[Authenticator.objects.values_list("pk", flat=True).first() or 1])
    if name in ("tuning:rule", "tuning:edit", "tuning:delete", "api:tuning_rule", "api:caught_alerts"):
        return reverse(name, args=[TuningRule.objects.values_list("pk", flat=True).first() or 1])
    if name.startswith(("webhooks:", "api:webhook")):
        return webhook_address(name)
    if name in ("tasks:template", "tasks:delete_template", "api:task_template"):
        return reverse(name, args=[TaskTemplate.objects.get_or_create(name="Kept", deleted_at=None)[0].pk])
    if name in ("account_revoke_token", "tokens:revoke", "api:token"):
        return reverse(name, args=[AccessToken.objects.values_list("pk", flat=True).order_by("-pk").first() or 1])
    if name == "people:withdraw":
        return reverse(name, args=[Invitation.objects.values_list("pk", flat=True).first() or 1])
    alert_id = incident.alerts.order_by("pk")[0].pk
    classifications = tuple(f"critical_assets:{what}" for what in ("edit", "switch", "delete"))
    if name in (*classifications, "api:classification"):
        return reverse(name, args=[AssetClassification.objects.get(slug="executives").pk])
    if name == "api:added_evidence":
        return reverse(name, args=[incident.pk, Evidence.objects.filter(alert=alert_id)[0].entity_id])
    if name.startswith(("entities:", "api:entity")) and name != "entities:list":
        entity = Entity.objects.filter(evidence__alert=alert_id).order_by("pk")[0]
        return reverse(name, args=[entity.kind, entity.pk])
    if name.startswith(("alerts:", "alert_acts:")) or name == "api:alert":
        possible: tuple[list[int], ...] = ([], [alert_id])
    else:
        possible = ([], [incident.pk], [incident.pk, alert_id])
    for arguments in possible:
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no address for {name}")


def webhook_address(name: str) -> str:
    """Of the first webhook there is, and of the test that was sent to it."""
    kept = Subscription.objects.kept().order_by("pk").first()
    message = Delivery.objects.order_by("pk").first()
    numbers = [kept.pk if kept else 1, message.key if message else UUID(int=1)]
    for arguments in (numbers, numbers[:1], []):
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no address for {name}")


def kept_webhooks(user: User) -> None:
    """A webhook that a test was sent to, and one more, since two routes delete one."""
    values = SubscriptionValues("Kept", "https://hooks.example/soc", ["merges"])
    kept = create_subscription(values, reader=user, actor=user.as_actor())
    send_test(kept, actor=user.as_actor())
    create_subscription(values, reader=user, actor=user.as_actor())


def comment_of(incident: Incident) -> Entry:
    """A comment on the incident."""
    comments = Entry.objects.of_incident(incident.pk).filter(verb="comment.added")
    comment = comments.first() or add_comment(incident, "Kept", actor=SYSTEM)
    return Entry.objects.get(pk=comment.pk)


def kept_file(incident: Incident) -> Attachment:
    """A picture that is attached to the incident."""
    kept = Attachment.objects.present().filter(incident=incident).first()
    if kept is None:
        kept = attach(incident, take_in("kept.png", io.BytesIO(image()), len(image())), actor=SYSTEM)
    return kept


def kept_log(incident: Incident) -> ImportedLog:
    """A log that the incident has brought along."""
    kept = ImportedLog.objects.filter(incident=incident).first()
    if kept is None:
        number = uuid4()
        stored = store().write(number, [b"{}\n"])
        kept = ImportedLog.objects.create(
            id=number,
            incident=incident,
            place=1,
            number=7,
            archived_at=incident.created_at,
            size=stored.size,
            sha256=stored.sha256,
            entries=1,
        )
    return kept


def keep_people(one: User) -> None:
    """Somebody else, a team, a role that nobody has, an open invitation, and a token of the person's own."""
    person("max", "Max Orta", "reader")
    create_team("kept", actor=SYSTEM, name="Kept")
    create_role("Kept", [Permission.SEE_INCIDENTS], actor=SYSTEM)
    invite(note="Kept", role="reader", expires_at=timezone.now() + timedelta(days=1), actor=SYSTEM)
    AccessToken.objects.create(name="kept", digest="kept", hint="wf_", owner=one)


def data(name: str, incident: Incident) -> dict[str, Any]:
    """Enough for a page to be shown; too little for anything to be saved."""
    if name in ("alert_acts:manage_many", "alert_acts:choose_many", "alert_acts:move"):
        return {"alert": incident.alerts.order_by("pk")[0].pk}
    if name in ("alert_acts:manage_matching", "alert_acts:preview_matching"):
        return {"act": DRAFT}
    if name.endswith(":changes"):
        return {"since": 2**61}
    if name in ("incidents:judge_evidence", "incidents:remove_evidence"):
        return {"entity": Evidence.objects.filter(incident_number=incident.pk)[0].entity_id}
    chosen = ("incidents:manage_many", "incidents:choose_many", "incidents:preview_many")
    return {"incident": incident.pk} if name in chosen else {}


def ask(client: Client, method: str, name: str, incident: Incident, where: str = "") -> Any:
    """`where` is the address of the route, where it is known already."""
    where = where or address(name, incident)
    if method == "POST" and name.startswith("api:"):
        return client.post(where, {}, content_type="application/json")
    if method in ("GET", "POST"):
        return getattr(client, method.lower())(where, data(name, incident))
    return getattr(client, method.lower())(where)
