"""What is done to webhooks, as the system's log tells it."""

from activity.verbs import SystemGroup, Verb, register

CREATED = Verb("webhook.created", "Webhook created", "send", "created the webhook “{subject}”")
CHANGED = Verb("webhook.changed", "Webhook changed", "send", "changed the webhook “{subject}”")
SWITCHED_ON = Verb("webhook.switched_on", "Webhook switched on", "send", "switched the webhook “{subject}” on")
SWITCHED_OFF = Verb(
    "webhook.switched_off", "Webhook switched off", "send", "switched the webhook “{subject}” off{because}"
)
DELETED = Verb("webhook.deleted", "Webhook deleted", "delete", "deleted the webhook “{subject}”")
SECRET_SHOWN = Verb(
    "webhook.secret_shown", "Webhook's secret shown", "token", "looked at the secret of the webhook “{subject}”"
)
SECRET_ROTATED = Verb(
    "webhook.secret_rotated", "Webhook's secret changed", "token", "gave the webhook “{subject}” a new secret"
)
TESTED = Verb("webhook.tested", "Webhook tested", "send", "sent a test to the webhook “{subject}”")
REPLAYED = Verb(
    "webhook.replayed", "Webhook's messages sent again", "send", "had {counted} of the webhook “{subject}” sent again"
)

register(
    CREATED,
    CHANGED,
    SWITCHED_ON,
    SWITCHED_OFF,
    DELETED,
    SECRET_SHOWN,
    SECRET_ROTATED,
    TESTED,
    REPLAYED,
    group=SystemGroup.SETTINGS,
)
