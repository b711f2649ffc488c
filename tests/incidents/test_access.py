"""Who may open what: every route, method and role from one table, and restricted incidents that do not exist."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.choices import BUILT_IN_ROLES, Permission
from accounts.commands import create_role, create_team, create_token, deactivate, invite
from accounts.models import AccessToken, Invitation, PersonSession, User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.choices import Severity
from alerts.models import Alert, Evidence
from entities.models import AssetClassification, Entity
from incidents.changes import Changes
from incidents.commands import (
    add_comment,
    attach,
    change_tags,
    prepare_act,
    restrict,
    save_view,
    set_incident_members,
    start_act,
)
from incidents.commands.saved_views import ViewValues
from incidents.files import store, take_in
from incidents.models import Attachment, ImportedLog, Incident, Task, TaskTemplate
from ingest.choices import TrialOf, TuningAction
from ingest.commands import TuningValues, create_tuning_rule
from ingest.models import Trial, TuningRule
from tests.conftest import alert, device, opened, person
from tests.exports.made import kept_export
from tests.incidents.rows import news
from tests.incidents.uploads import image
from webhooks.commands import create_subscription, send_test
from webhooks.models import Delivery, Subscription
from webhooks.values import SubscriptionValues

SEE, EDIT, BULK, EXPORT, RULES, MERGE, RESTRICT, BREAK, HOOKS = (
    Permission.SEE_INCIDENTS,
    Permission.EDIT_INCIDENTS,
    Permission.BULK_EDIT,
    Permission.EXPORT,
    Permission.MANAGE_RULES,
    Permission.MERGE_INCIDENTS,
    Permission.RESTRICT_INCIDENTS,
    Permission.BREAK_GLASS,
    Permission.MANAGE_WEBHOOKS,
)
PEOPLE_MANAGED = Permission.MANAGE_PEOPLE
OPEN = "open"
"""Without signing in."""
UNCONFIGURED = "not configured"
"""Open, but there for nobody without a provider in the settings (tests/accounts/test_oidc.py, test_saml.py)."""
SIGNED_IN = "signed in"
"""With any role or none."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TABLE: dict[str, dict[str, Any]] = {
    "home": {"GET": SIGNED_IN},
    "preferences": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "account": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "account_password": {"POST": SIGNED_IN},
    "account_tokens": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "account_revoke_token": {"POST": SIGNED_IN},
    "accept_invitation": {"GET": OPEN, "POST": OPEN},
    "invitation_link": {"GET": OPEN},
    "people:overview": {"GET": PEOPLE_MANAGED},
    "people:invite": {"GET": PEOPLE_MANAGED, "POST": PEOPLE_MANAGED},
    "people:withdraw": {"POST": PEOPLE_MANAGED},
    "people:suggest": {"GET": PEOPLE_MANAGED},
    "people:person": {"GET": PEOPLE_MANAGED, "POST": PEOPLE_MANAGED},
    "people:deactivate": {"POST": PEOPLE_MANAGED},
    "people:activate": {"POST": PEOPLE_MANAGED},
    "teams:overview": {"GET": PEOPLE_MANAGED},
    "teams:new": {"GET": PEOPLE_MANAGED, "POST": PEOPLE_MANAGED},
    "teams:team": {"GET": PEOPLE_MANAGED, "POST": PEOPLE_MANAGED},
    "roles:overview": {"GET": PEOPLE_MANAGED},
    "roles:new": {"GET": PEOPLE_MANAGED, "POST": PEOPLE_MANAGED},
    "roles:role": {"GET": PEOPLE_MANAGED, "POST": PEOPLE_MANAGED},
    "tokens:overview": {"GET": PEOPLE_MANAGED},
    "tokens:new": {"GET": PEOPLE_MANAGED, "POST": PEOPLE_MANAGED},
    "tokens:revoke": {"POST": PEOPLE_MANAGED},
    "api:users": {"GET": SEE, "POST": PEOPLE_MANAGED},
    "api:user": {"GET": SEE, "PATCH": PEOPLE_MANAGED},
    "api:teams": {"GET": SEE, "POST": PEOPLE_MANAGED},
    "api:team": {"GET": SEE, "PATCH": PEOPLE_MANAGED},
    "api:roles": {"GET": SEE, "POST": PEOPLE_MANAGED},
    "api:role": {"GET": SEE, "PATCH": PEOPLE_MANAGED},
    "api:tokens": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "api:token": {"GET": SIGNED_IN, "DELETE": SIGNED_IN},
    "teams:delete": {"GET": PEOPLE_MANAGED, "POST": PEOPLE_MANAGED},
    "roles:delete": {"POST": PEOPLE_MANAGED},
    "close_part": {"POST": SIGNED_IN},
    "account_login": dict.fromkeys(METHODS, OPEN),
    "account_logout": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "mfa_authenticate": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "mfa_login_webauthn": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "account_reauthenticate": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "mfa_reauthenticate": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "mfa_reauthenticate_webauthn": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "provider": {"GET": UNCONFIGURED},
    "provider_callback": {"GET": UNCONFIGURED},
    "saml_acs": {"POST": UNCONFIGURED},
    "saml_finish": {"GET": UNCONFIGURED},
    "saml_metadata": {"GET": UNCONFIGURED},
    "reset_password": {"GET": OPEN, "POST": OPEN},
    "reset_asked": {"GET": OPEN},
    "choose_password": dict.fromkeys(METHODS, OPEN),
    "sign_in_again": {"GET": SIGNED_IN},
    "security:overview": {"GET": SIGNED_IN},
    "security:authenticator_app": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "security:new_passkey": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "security:factor": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "security:recovery_codes": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "security:end_session": {"POST": SIGNED_IN},
    "security:end_others": {"POST": SIGNED_IN},
    "sign_in_settings:overview": {"GET": Permission.MANAGE_PEOPLE},
    "sign_in_settings:demand": {"POST": Permission.MANAGE_PEOPLE},
    "sign_in_settings:person": {"GET": Permission.MANAGE_PEOPLE},
    "sign_in_settings:take": {"POST": Permission.MANAGE_PEOPLE},
    "sign_in_settings:end_sessions": {"POST": Permission.MANAGE_PEOPLE},
    "status": {"GET": Permission.MANAGE_PEOPLE},
    "design": {"GET": SIGNED_IN},
    "healthz": {"GET": OPEN},
    "readyz": {"GET": OPEN},
    "exports:queue": {"GET": EXPORT},
    "exports:exports": {"GET": EXPORT},
    "exports:export_pdf": {"GET": EXPORT, "POST": EXPORT},
    "exports:file_at_hand": {"GET": EXPORT},
    "exports:archive": {"POST": Permission.SEE_SYSTEM_LOG},
    "exports:state": {"GET": EXPORT},
    "exports:download": {"GET": EXPORT},
    "exports:line": {"GET": EXPORT},
    "exports:row": {"GET": EXPORT},
    "exports:notice": {"GET": EXPORT},
    "exports:again": {"POST": EXPORT},
    "exports:dismiss": {"POST": EXPORT},
    "api:incident_exports": {"POST": EXPORT},
    "api:exports": {"GET": EXPORT},
    "api:export": {"GET": EXPORT},
    "api:export_file": {"GET": EXPORT},
    "exports:incident_log": {"GET": Permission.SEE_SYSTEM_LOG},
    **{
        f"{space}:incident_{what}": {"GET": EXPORT}
        for space in ("exports", "api")
        for what in ("alerts_table", "evidence_table", "log_table", "document", "bundle")
    },
    "exports:origin_log": {"GET": Permission.SEE_SYSTEM_LOG},
    "exports:import": {"GET": Permission.IMPORT_INCIDENTS, "POST": Permission.IMPORT_INCIDENTS},
    "api:import": {"POST": Permission.IMPORT_INCIDENTS},
    "exports:system_log": {"GET": Permission.SEE_SYSTEM_LOG},
    "api:incident_log": {"GET": Permission.SEE_SYSTEM_LOG},
    "api:system_log": {"GET": Permission.SEE_SYSTEM_LOG},
    "api:schema": {"GET": SIGNED_IN},
    "api_docs": {"GET": SIGNED_IN},
    "api:alerts": {"GET": SEE, "POST": Permission.SEND_ALERTS},
    "api:alert": {"GET": SEE, "PATCH": EDIT},
    "api:bulk_alerts": {"POST": BULK},
    "api:bulk_alerts_preview": {"POST": BULK},
    "api:undo_alerts": {"POST": EDIT},
    "api:incident_alerts": {"GET": SEE},
    "api:evidence": {"GET": SEE, "POST": EDIT, "PATCH": EDIT},
    "api:added_evidence": {"DELETE": EDIT},
    "api:assets": {"GET": SEE},
    "api:entities": {"GET": SEE},
    "api:entity": {"GET": SEE},
    "api:entity_alerts": {"GET": SEE},
    "api:entity_incidents": {"GET": SEE},
    "api:entity_timeline": {"GET": SEE},
    "api:entity_criticality": {"GET": SEE, "PUT": RULES, "DELETE": RULES},
    "api:classifications": {"GET": RULES, "POST": RULES},
    "api:preview_classification": {"POST": RULES},
    "api:classification": {"GET": RULES, "PATCH": RULES, "DELETE": RULES},
    "api:tasks": {"GET": SEE, "POST": EDIT},
    "api:apply_tasks": {"POST": EDIT},
    "api:task": {"GET": SEE, "PATCH": EDIT, "DELETE": EDIT},
    "api:move_task": {"POST": EDIT},
    "api:task_templates": {"GET": EDIT, "POST": RULES},
    "api:task_template": {"GET": EDIT, "PATCH": RULES, "DELETE": RULES},
    "api:tags": {"GET": SEE},
    "api:views": {"GET": SEE, "POST": SEE},
    "api:view": {"GET": SEE, "PATCH": SEE, "DELETE": SEE},
    "api:arrange_views": {"PUT": SEE},
    "api:notices": {"GET": SEE},
    "api:read_notices": {"POST": SEE},
    "api:correlation_rules": {"GET": RULES},
    "api:correlation_rule": {"GET": RULES, "PATCH": RULES},
    "api:reset_correlation_rule": {"POST": RULES},
    "api:tuning_rules": {"GET": RULES, "POST": RULES},
    "api:tuning_rule": {"GET": RULES, "PATCH": RULES, "DELETE": RULES},
    "api:caught_alerts": {"GET": RULES},
    "api:trials": {"POST": RULES},
    "api:trial": {"GET": RULES},
    "api:cancel_trial": {"POST": RULES},
    "api:incidents": {"GET": SEE},
    "api:incident": {"GET": SEE, "PATCH": EDIT},
    "api:comments": {"POST": EDIT},
    "api:comment": {"GET": SEE, "PATCH": EDIT, "DELETE": EDIT},
    "api:snooze": {"POST": EDIT},
    "api:wake": {"POST": EDIT},
    "api:follow": {"POST": SEE},
    "api:unfollow": {"POST": SEE},
    "api:undo": {"POST": EDIT},
    "api:classify_like_these": {"POST": EDIT},
    "api:restriction": {"GET": RESTRICT, "PUT": RESTRICT, "DELETE": RESTRICT},
    "api:bulk": {"POST": BULK},
    "api:bulk_preview": {"POST": BULK},
    "api:acts": {"GET": BULK},
    "api:act": {"GET": BULK},
    "api:cancel_act": {"POST": BULK},
    "api:undo_act": {"POST": BULK},
    "api:activity": {"GET": SEE},
    "api:as_of": {"GET": SEE},
    "api:merge": {"POST": MERGE},
    "api:similar": {"GET": SEE},
    "settings": {"GET": RULES},
    "correlation:overview": {"GET": RULES},
    "correlation:rule": {"GET": RULES, "POST": RULES},
    "correlation:reset": {"POST": RULES},
    "tuning:overview": {"GET": RULES},
    "tuning:new": {"GET": RULES, "POST": RULES},
    "tuning:rule": {"GET": RULES},
    "tuning:edit": {"GET": RULES, "POST": RULES},
    "tuning:delete": {"POST": RULES},
    "trials:trial": {"GET": RULES},
    "trials:cancel": {"POST": RULES},
    "webhooks:overview": {"GET": HOOKS},
    "webhooks:new": {"GET": HOOKS, "POST": HOOKS},
    "webhooks:preview": {"POST": HOOKS},
    "webhooks:webhook": {"GET": HOOKS},
    "webhooks:edit": {"GET": HOOKS, "POST": HOOKS},
    "webhooks:secret": {"POST": HOOKS},
    "webhooks:rotate": {"POST": HOOKS},
    "webhooks:test": {"POST": HOOKS},
    "webhooks:replay_failed": {"POST": HOOKS},
    "webhooks:delivery": {"GET": HOOKS},
    "webhooks:replay": {"POST": HOOKS},
    "webhooks:switch": {"POST": HOOKS},
    "webhooks:delete": {"POST": HOOKS},
    "api:webhooks": {"GET": HOOKS, "POST": HOOKS},
    "api:webhook": {"GET": HOOKS, "PATCH": HOOKS, "DELETE": HOOKS},
    "api:webhook_secret": {"POST": HOOKS},
    "api:webhook_new_secret": {"POST": HOOKS},
    "api:webhook_test": {"POST": HOOKS},
    "api:webhook_replay_failed": {"POST": HOOKS},
    "api:webhook_deliveries": {"GET": HOOKS},
    "api:webhook_delivery": {"GET": HOOKS},
    "api:webhook_replay": {"POST": HOOKS},
    "api:unmerge": {"POST": MERGE},
    "api:move_alerts": {"POST": MERGE},
    "views:overview": {"GET": SEE},
    "views:new": {"GET": SEE, "POST": SEE},
    "views:side": {"GET": SEE},
    "views:arrange": {"POST": SEE},
    "views:show": {"GET": SEE},
    "views:edit": {"GET": SEE, "POST": SEE},
    "views:update": {"POST": SEE},
    "views:delete": {"POST": SEE},
    "alerts:queue": {"GET": SEE},
    "alerts:rows": {"GET": SEE},
    "alerts:columns": {"GET": SEE, "POST": SEE},
    "alerts:filter": {"GET": SEE},
    "alerts:apply_filter": {"GET": SEE},
    "alerts:alert": {"GET": SEE},
    "alerts:details": {"GET": SEE},
    "alert_acts:changes": {"GET": SEE},
    "alert_acts:manage_many": {"GET": BULK, "POST": BULK},
    "alert_acts:choose_many": {"POST": BULK},
    "alert_acts:manage_matching": {"GET": BULK, "POST": BULK},
    "alert_acts:preview_matching": {"POST": BULK},
    "alert_acts:count_matching": {"GET": BULK},
    "alert_acts:move": {"GET": MERGE, "POST": MERGE},
    "alert_acts:undo_move": {"POST": MERGE},
    "alert_acts:manage": {"GET": EDIT, "POST": EDIT},
    "alert_acts:assign_to_me": {"POST": EDIT},
    "alert_acts:undo": {"POST": EDIT},
    "incidents:queue": {"GET": SEE},
    "incidents:changes": {"GET": SEE},
    "incidents:columns": {"GET": SEE, "POST": SEE},
    "incidents:group": {"GET": SEE},
    "incidents:exact_count": {"GET": SEE},
    "incidents:strip": {"GET": SEE},
    "incidents:ask": {"GET": SEE},
    "incidents:complete": {"GET": SEE},
    "incidents:filter": {"GET": SEE},
    "incidents:apply_filter": {"GET": SEE},
    "incidents:suggest_words": {"GET": SEE},
    "incidents:suggest_entities": {"GET": SEE},
    "incidents:choose_many": {"POST": BULK},
    "incidents:preview_many": {"POST": BULK},
    "incidents:count_many": {"GET": BULK},
    "incidents:merge": {"GET": MERGE, "POST": MERGE},
    "incidents:preview_merge": {"POST": MERGE},
    "incidents:suggest_incidents": {"GET": SEE},
    "incidents:acts": {"GET": BULK},
    "incidents:act": {"GET": BULK},
    "incidents:act_progress": {"GET": BULK},
    "incidents:cancel_act": {"POST": BULK},
    "incidents:undo_act": {"POST": BULK},
    "incidents:undo_save": {"POST": EDIT},
    "incidents:unmerge": {"POST": MERGE},
    "incidents:unmerge_all": {"POST": MERGE},
    "incidents:alert_rows": {"GET": SEE},
    "incidents:manage_many": {"GET": BULK, "POST": BULK},
    "incidents:suggest_assignees": {"GET": SEE},
    "incidents:suggest_tags": {"GET": SEE},
    "incidents:overview": {"GET": SEE},
    "incidents:story": {"GET": SEE},
    "incidents:story_picture": {"GET": SEE},
    "incidents:alerts": {"GET": SEE},
    "incidents:alert": {"GET": SEE},
    "incidents:assets": {"GET": SEE},
    "incidents:similar": {"GET": SEE},
    "incidents:classify_like_these": {"POST": EDIT},
    "incidents:evidence": {"GET": SEE},
    "incidents:judge_evidence": {"GET": EDIT, "POST": EDIT},
    "incidents:add_evidence": {"GET": EDIT, "POST": EDIT},
    "incidents:remove_evidence": {"POST": EDIT},
    "incidents:activity": {"GET": SEE},
    "incidents:as_of": {"GET": SEE},
    "incidents:filter_activity": {"GET": SEE},
    "incidents:apply_activity_filter": {"GET": SEE},
    "incidents:suggest_activity": {"GET": SEE},
    "incidents:empty_text": {"GET": Permission.EMPTY_TEXTS, "POST": Permission.EMPTY_TEXTS},
    "api:empty_text": {"POST": Permission.EMPTY_TEXTS},
    "system_log:overview": {"GET": Permission.SEE_SYSTEM_LOG},
    "system_log:news": {"GET": Permission.SEE_SYSTEM_LOG},
    "system_log:filter": {"GET": Permission.SEE_SYSTEM_LOG},
    "system_log:apply_filter": {"GET": Permission.SEE_SYSTEM_LOG},
    "system_log:suggest": {"GET": Permission.SEE_SYSTEM_LOG},
    "api:system_activity": {"GET": Permission.SEE_SYSTEM_LOG},
    "retention:overview": {"GET": Permission.EMPTY_TEXTS, "POST": Permission.EMPTY_TEXTS},
    "incidents:tasks": {"GET": SEE, "POST": EDIT},
    "incidents:apply_tasks": {"POST": EDIT},
    "incidents:task": {"GET": EDIT, "POST": EDIT},
    "incidents:task_act": {"POST": EDIT},
    "tasks:templates": {"GET": RULES},
    "tasks:new_template": {"GET": RULES, "POST": RULES},
    "tasks:template": {"GET": RULES, "POST": RULES},
    "tasks:delete_template": {"POST": RULES},
    "incidents:details": {"GET": SEE},
    "incidents:manage": {"GET": EDIT, "POST": EDIT},
    "incidents:assign_to_me": {"POST": EDIT},
    "incidents:comment": {"POST": EDIT},
    "incidents:edit_comment": {"GET": EDIT, "POST": EDIT},
    "incidents:remove_comment": {"POST": EDIT},
    "incidents:text": {"GET": SEE},
    "incidents:attach": {"POST": EDIT},
    "attachments:download": {"GET": SEE},
    "attachments:image": {"GET": SEE},
    "attachments:small": {"GET": SEE},
    "attachments:remove": {"POST": EDIT},
    "attachments:erase": {"POST": Permission.EMPTY_TEXTS},
    "api:attachments": {"GET": SEE, "POST": EDIT},
    "api:attachment": {"GET": SEE, "DELETE": EDIT},
    "api:erase_attachment": {"POST": Permission.EMPTY_TEXTS},
    "incidents:preview_text": {"POST": EDIT},
    "incidents:suggest_mentions": {"GET": EDIT},
    "incidents:raw": {"GET": SEE},
    "incidents:rows": {"GET": SEE},
    "incidents:seen": {"POST": SEE},
    "incidents:restriction": {"GET": RESTRICT, "POST": RESTRICT},
    "incidents:lift_restriction": {"POST": RESTRICT},
    "incidents:snooze": {"POST": EDIT},
    "incidents:wake": {"POST": EDIT},
    "incidents:follow": {"POST": SEE},
    "incidents:unfollow": {"POST": SEE},
    "entities:list": {"GET": SEE},
    "entities:overview": {"GET": SEE},
    "entities:timeline": {"GET": SEE},
    "entities:incidents": {"GET": SEE},
    "break_glass": {"GET": BREAK, "POST": BREAK},
    "break_glass_uses": {"GET": Permission.SEE_SYSTEM_LOG},
    "end_break_glass": {"POST": BREAK},
    "entities:criticality": {"POST": Permission.MANAGE_RULES},
    "critical_assets:overview": {"GET": Permission.MANAGE_RULES},
    "critical_assets:new": {"GET": Permission.MANAGE_RULES, "POST": Permission.MANAGE_RULES},
    "critical_assets:preview": {"POST": Permission.MANAGE_RULES},
    "critical_assets:progress": {"GET": Permission.MANAGE_RULES},
    "critical_assets:edit": {"GET": Permission.MANAGE_RULES, "POST": Permission.MANAGE_RULES},
    "critical_assets:switch": {"POST": Permission.MANAGE_RULES},
    "critical_assets:delete": {"POST": Permission.MANAGE_RULES},
    "notices": {"GET": SEE},
    "read_notices": {"POST": SEE},
}
"""Route → method → what it takes. A method that is not named is refused to everybody."""

ROLES: dict[str, tuple[Permission, ...]] = {
    "outsider": (),
    **{slug: permissions for slug, (_, permissions) in BUILT_IN_ROLES.items()},
}
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
PEOPLE = {"outsider": "otto", "reader": "vic", "analyst": "ana", "lead": "lee", "admin": "ada"}
MADE_BY_ASKING = [
    "incident.assigned",
    "alert.assigned",
    "queue.exported",
    "log.exported",
    "export.downloaded",
    "data.exported",
    "incident.followed",
    "incident.unfollowed",
    "view.deleted",
    "incident.tags_changed",
    "incident.undone",
    "bulk.cancelled",
    "bulk.undo_started",
    "tuning.deleted",
    "task_template.deleted",
    "comment.removed",
    "attachment.added",
    "attachment.removed",
    "attachment.downloaded",
    "session.ended",
    "user.deactivated",
    "user.activated",
    "invitation.withdrawn",
    "token.revoked",
    "role.deleted",
    "team.deleted",
    "webhook.secret_shown",
    "webhook.secret_rotated",
    "webhook.tested",
    "webhook.deleted",
    "webhook.switched_off",
]
"""What a request without any data does already."""
DELETES = ("webhooks:delete", "api:webhook")
"""Asked after the other routes of what they take away."""
READY = {200, 302}
"""Of pages that are given to whoever may see them."""


def routes(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from routes(pattern.url_patterns, space)
        elif isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}"


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


def test_every_route_stands_in_the_table() -> None:
    assert set(routes()) == TABLE.keys()


@pytest.fixture
def people(otto: User, vic: User, ana: User, lee: User, ada: User) -> dict[str, User]:
    return {"outsider": otto, "reader": vic, "analyst": ana, "lead": lee, "admin": ada}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_says(
    incident: Incident, people: dict[str, User], sign_in: Callable[[User], Client], role: str
) -> None:
    one = people[role]
    save_view(ViewValues("Kept", "tag=wave"), creator=one, actor=SYSTEM)
    start_act(
        prepare_act(Incident.objects.all(), one, number=ACT), Changes(severity=Severity.LOW), actor=one.as_actor()
    )
    prepare_act(Alert.objects.all(), one, number=DRAFT)
    change_tags(incident, add=["kept"], actor=one.as_actor(), batch=SAVE)
    tuning = TuningValues("Lab", TuningAction.RESOLVE, {"title": ["Scan"]}, "It scans.", people["lead"], None)
    create_tuning_rule(tuning, actor=SYSTEM)
    add_comment(incident, "Kept", actor=one.as_actor())
    attach(incident, take_in("kept.png", io.BytesIO(image()), len(image())), actor=one.as_actor())
    Trial.objects.create(id=ACT, user=one, of=TrialOf.TUNING, values={"conditions": {"title": ["Scan"]}}, days=7)
    kept_export(incident, one, ACT)
    keep_people(one)
    kept_webhooks(one)
    log = Entry.objects.exclude(verb__in=MADE_BY_ASKING)
    entries = log.count()
    client, wrong = sign_in(one), []
    for name, methods in sorted(TABLE.items(), key=lambda route: (route[0] == "account_logout", route[0] in DELETES)):
        where = address(name, incident)
        for method in METHODS:
            if name == "account_logout":
                client = sign_in(one)
            status = ask(client, method, name, incident, where).status_code
            needed = methods.get(method)
            if needed is None:
                right = status in (403, 405)
            elif needed == UNCONFIGURED:
                right = status == 404
            elif needed in (OPEN, SIGNED_IN) or needed in ROLES[role]:
                right = status not in (401, 403, 404, 405) and (status < 500 or name == "readyz")
            else:
                right = status == 403
            if not right:
                wrong.append((method, name, status))
    assert wrong == []
    assert log.count() == entries


def test_who_is_not_signed_in_is_sent_to_sign_in(incident: Incident) -> None:
    wrong = []
    for name, methods in TABLE.items():
        where = address(name, incident)
        for method, needed in methods.items():
            answer = ask(Client(), method, name, incident, where)
            if needed == OPEN:
                right = answer.status_code in (200, 405, 410, 503)
            elif needed == UNCONFIGURED:
                right = answer.status_code == 404
            elif name.startswith("api:") and name != "api:docs":
                right = answer.status_code == 401
            else:
                right = answer.status_code == 302 and answer["Location"].startswith(reverse("account_login"))
            if not right:
                wrong.append((method, name, answer.status_code))
    assert wrong == []


def test_a_fragment_for_nobody_is_a_401_that_leads_to_sign_in(incident: Incident) -> None:
    answer = Client().get(reverse("incidents:queue"), headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"].startswith(reverse("account_login"))


def test_tokens_open_no_pages(incident: Incident) -> None:
    _, key = create_token("script", actor=SYSTEM, role="admin")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    for name, methods in TABLE.items():
        if "GET" in methods and methods["GET"] not in (OPEN, UNCONFIGURED) and not name.startswith("api:"):
            assert ask(client, "GET", name, incident).status_code == 302


def test_rights_are_read_at_each_request(incident: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    assert client.get(reverse("incidents:queue")).status_code == 200
    ana.role.permissions = []
    ana.role.save()
    assert client.get(reverse("incidents:queue")).status_code == 403
    deactivate(ana, actor=SYSTEM)
    assert client.get(reverse("incidents:queue")).status_code == 302


def test_a_form_of_another_site_is_refused(incident: Incident, ana: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    for name, methods in TABLE.items():
        if "POST" in methods and methods["POST"] != UNCONFIGURED and not name.startswith("api:"):
            assert ask(client, "POST", name, incident).status_code == 403, name


OF_ONE_INCIDENT = [
    "entities:overview",
    "entities:timeline",
    "entities:incidents",
] + [
    name for name in TABLE if name.partition(":")[0] in ("incidents", "alerts", "alert_acts", "attachments") and
    name.partition(":")[2] in ("overview", "similar", "classify_like_these", "alerts", "alert_rows", "assets",
     "evidence", "judge_evidence", "add_evidence", "remove_evidence", "activity",
     "filter_activity", "suggest_activity", "as_of",
     "details", "manage", "assign_to_me", "comment", "edit_comment", "remove_comment", "text", "raw",
     "attach", "download", "image", "small", "remove", "manage_many", "alert", "tasks", "apply_tasks", "task",
     "task_act", "restriction", "lift_restriction")
] + [
    "exports:export_pdf", "exports:file_at_hand", "exports:archive", "exports:state", "api:incident_exports",
    "api:alert", "api:incident_alerts", "api:evidence", "api:assets", "api:entity", "api:entity_alerts",
    "api:entity_incidents", "api:entity_timeline", "api:entity_criticality", "api:added_evidence", "api:tasks",
    "api:apply_tasks", "api:task", "api:move_task",
    "api:incident", "api:activity", "api:as_of", "api:similar", "api:comments", "api:comment", "api:snooze", "api:wake",
    "api:follow", "api:unfollow", "api:undo", "api:classify_like_these", "api:restriction", "api:attachments",
    "api:attachment",
]  # fmt: skip


@pytest.mark.parametrize("role", ["reader", "analyst", "lead", "admin"])
def test_a_restricted_incident_does_not_exist_for_others(
    incident: Incident, people: dict[str, User], rio: User, sign_in: Callable[[User], Client], role: str
) -> None:
    restrict(incident, [rio], actor=rio.as_actor())
    client = sign_in(people[role])
    for name in OF_ONE_INCIDENT:
        where = address(name, incident)
        for method, needed in TABLE[name].items():
            status = ask(client, method, name, incident, where).status_code
            assert status == (404 if needed in ROLES[role] else 403), (method, name)


def test_a_restricted_incident_is_there_for_its_members(
    incident: Incident, lee: User, rio: User, sign_in: Callable[[User], Client]
) -> None:
    restrict(incident, [rio], actor=rio.as_actor())
    set_incident_members(incident, [rio, lee], actor=rio.as_actor())
    client = sign_in(lee)
    for name in OF_ONE_INCIDENT:
        for method, needed in TABLE[name].items():
            status = ask(client, method, name, incident).status_code
            if needed not in ROLES["lead"]:
                right: tuple[int, ...] = (403,)
            else:
                # what is sent is too little to change anything
                of_api = (200, 204, 400, 409, 415, 428) if name.startswith("api:") else (200, 302, 400, 422)
                right = (202,) if name == "api:incident_exports" else of_api
            assert status in right, (method, name)


MASKS = (
    (rb'data-(last|list)-entry="\d+"', b""),
    (rb'name="csrfmiddlewaretoken" value="[^"]+"', b""),
    (rb"csrf[^&]{0,20}&quot;: &quot;[A-Za-z0-9]{64}&quot;", b""),
    (rb'"X-CSRFToken": "[^"]+"', b""),
    (rb"<time [^>]*>[^<]*</time>", b""),
    (rb'<code>[0-9a-f]{16}</code>|"request_id": ?"[0-9a-f]{16}"', b""),
)
"""What differs from one answer to the next anyhow."""

SECRET = "Heron"
ADDRESSES = (
    "/incidents/",
    "/incidents/?status=any&severity=any&sort=-number",
    "/incidents/?status=any&severity=any&sort=-updated",
    "/incidents/?q=heron",
    "/incidents/?q=dc-99&status=any",
    "/incidents/?tag=heron",
    "/incidents/?tag=hero",
    "/incidents/?source=Heron%20sensor",
    "/incidents/?assignee=unassigned",
    "/incidents/?last_activity=..2027-01-01",
    "/incidents/?open={secret}",
    "/incidents/?q={secret}",
    "/incidents/?group=source",
    "/incidents/?group=tag",
    "/incidents/?group=assignee&severity=any",
    "/incidents/group/?group=source&value=Heron%20sensor",
    "/incidents/count/?status=any&severity=any",
    "/incidents/{secret}/rows/",
    "/incidents/suggest/tags/?q=her",
    "/incidents/suggest/tags/?q=her&for=filter",
    "/incidents/suggest/tags/?q=",
    "/incidents/suggest/assignees/?q=",
    "/incidents/manage/?incident={secret}",
    "/incidents/merge/?incident={secret}",
    "/incidents/suggest/incidents/?q={secret}",
    "/incidents/suggest/incidents/?q=heron",
    "/incidents/suggest/incidents/?q=",
    "/incidents/{secret}/",
    "/alerts/",
    "/alerts/?status=any&severity=any&sort=-received",
    "/alerts/?status=resolved",
    "/alerts/?q=heron",
    "/alerts/?q=dc-99",
    "/alerts/?q=secret",
    "/alerts/?incident={secret}",
    "/alerts/?source=Heron%20sensor",
    "/alerts/?entity=dc-99",
    "/alerts/?category=exfiltration",
    "/alerts/?restricted=yes",
    "/alerts/?assignee=unassigned",
    "/alerts/?open={secret_alert}",
    "/alerts/{secret_alert}/",
    "/alerts/{secret_alert}/details/",
    "/alerts/{secret_alert}/manage/",
    "/alerts/manage/?alert={secret_alert}",
    "/alerts/move/?alert={secret_alert}",
    "/api/v1/alerts/?status=any&severity=any&count=exact",
    "/api/v1/alerts/?q=heron&status=any",
    "/api/v1/incidents/?changed_since=0&q=heron",
    "/incidents/{secret}/story/",
    "/incidents/{secret}/story/picture/",
    "/incidents/{secret}/alerts/",
    "/incidents/{secret}/assets/",
    "/incidents/{secret}/evidence/",
    "/incidents/{secret}/evidence/add/",
    "/incidents/{secret}/alerts/{secret_alert}/",
    "/incidents/{secret}/activity/",
    "/incidents/{secret}/tasks/",
    "/incidents/{secret}/details/",
    "/exports/incidents.csv?status=any&severity=any",
    "/entities/",
    "/entities/?q=dc-99",
    "/entities/?kind=device&sort=name",
    "/entities/device/{shared}/",
    "/entities/device/{shared}/?by=week",
    "/entities/device/{shared}/timeline/",
    "/entities/device/{shared}/timeline/?around={secret}",
    "/entities/device/{shared}/timeline/?incident={secret}",
    "/entities/device/{shared}/incidents/",
    "/entities/device/{hidden}/",
)


@pytest.mark.django_db(transaction=True)
def test_changes_do_not_tell_of_what_one_may_not_see(ana: User, lee: User, sign_in: Callable[[User], Client]) -> None:
    secret = opened(alert("secret", entities=(device("dc-99"),)))
    restrict(secret, [lee], actor=lee.as_actor())
    others, members = sign_in(ana), sign_in(lee)
    start = int(others.get(reverse("incidents:changes"), {"since": 2**61})["X-Last-Entry"])
    change_tags(secret, add=["x"], actor=lee.as_actor())
    assert news(members, start, {secret.pk})["incidents"] == [secret.pk]
    assert others.get(reverse("incidents:changes"), {"since": start}).status_code == 204
