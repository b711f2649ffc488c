"""Where this installation lets webhooks go."""

from __future__ import annotations

from django.conf import settings

from common.outgoing.addresses import Policy


def policy() -> Policy:
    return Policy(settings.WEBHOOK_HTTP, tuple(settings.WEBHOOK_NETWORKS))
