"""`manage.py refresh_summaries`: bring what the queue shows of every incident up to date, as after an upgrade."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from tqdm import tqdm

from alerts.kinds import count_kinds
from incidents import summary, weighing
from incidents.models import Incident

AT_A_TIME = 200


class Command(BaseCommand):
    help = (
        "Work out anew, from its alerts, what the queue shows of each incident: counts, facets, priority. Names and "
        "severities given by hand stay. Prints how many rows were not up to date. Safe to run at any time, and twice."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        count_kinds()
        rows = Incident.objects.not_redirected().order_by("pk")
        last = mended = 0
        with tqdm(total=rows.count(), unit=" incidents", disable=None, file=sys.stderr) as bar:
            while True:
                with transaction.atomic():
                    batch = {one.pk: one for one in rows.filter(pk__gt=last).select_for_update()[:AT_A_TIME]}
                    mended += _refresh(batch)
                if not batch:
                    break
                bar.update(len(batch))
                last = max(batch)
        self.stdout.write(f"{mended:,} incidents were brought up to date.")


def _refresh(batch: dict[int, Incident]) -> int:
    fields = [*summary.FIELDS, *weighing.FIELDS, "name", "severity"]
    stale = []
    for summarised in summary.summarise(batch):
        incident = batch[summarised.incident_id]
        before = [getattr(incident, name) for name in fields]
        summary.apply(incident, summarised)
        if [getattr(incident, name) for name in fields] != before:
            stale.append(incident)
    if stale:
        Incident.objects.bulk_update(stale, fields)
    return len(stale)
