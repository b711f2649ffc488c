"""What webhooks do when something is recorded: a message is written for everybody who is to be told."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from activity.delivery import on
from activity.models import Entry
from activity.verbs import GROUPS, VERBS, Group
from common.jobs import wake_worker
from webhooks.commands.outbox import write_messages
from webhooks.tasks import send_deliveries


@on([VERBS[name] for name, group in GROUPS.items() if isinstance(group, Group)])
def tell_receivers(entries: Sequence[Entry]) -> None:
    if write_messages(entries):
        transaction.on_commit(lambda: wake_worker(send_deliveries))
