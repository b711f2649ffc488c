"""Microsoft's GUIDE rows as alerts: one entity of one alert each, everything a number. No sender sends this form, so
it is no format of ours; but who it says was in what, and when, happened in thousands of organisations."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from entities import identity
from entities.identity import EntityIdentity
from ingest.parsed import ParsedAlert
from tests.conftest import alert
from tests.ingest.real_data import real_file

Row = dict[str, str]

ENTITIES: dict[str, Callable[[Row], EntityIdentity]] = {
    "User": lambda row: identity.user(upn=f"u{row['accountupn']}@org.example"),
    "Mailbox": lambda row: identity.mailbox(address=f"u{row['accountupn']}@org.example"),
    "Machine": lambda row: identity.device(hostname=f"ws-{row['devicename']}"),
    "Ip": lambda row: identity.ip(_address(int(row["ipaddress"]))),
    "Url": lambda row: identity.url(f"https://site-{row['url']}.example/"),
    "MailMessage": lambda row: identity.mail_message(network_message_id=row["networkmessageid"]),
    "CloudApplication": lambda row: identity.application(name=f"app {row['applicationid']}"),
    "File": lambda row: identity.file(name=f"f{row['filename']}.exe", directory=f"C:\\{row['folderpath']}"),
}
"""Kinds of entities that say who or what they are."""


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def guide_alerts() -> list[ParsedAlert]:
    """Each row of an entity that several rows name as an alert, by time cut to the hour, so that several happen at one
    moment. What is named once opens an incident of its own in whatever order it comes."""
    with real_file("guide/guide_8000.csv").open(encoding="utf-8", newline="") as lines:
        rows = [
            (row, ENTITIES[row["entitytype"]](row)) for row in csv.DictReader(lines) if row["entitytype"] in ENTITIES
        ]
    named = Counter(entity.match for _, entity in rows)
    alerts = [_alert(number, row, entity) for number, (row, entity) in enumerate(rows) if named[entity.match] > 1]
    return sorted(alerts, key=lambda each: each.first_activity)


def _alert(number: int, row: Row, entity: EntityIdentity) -> ParsedAlert:
    return alert(
        str(number),
        title=f"Alert {row['alerttitle']}",
        at=datetime.fromisoformat(row["timestamp"]).replace(minute=0, second=0),
        entities=(entity,),
        detector_id=row["detectorid"],
        categories=(row["category"],),
    )
