"""From the demo's cases to records as senders write them, at real times.

A case (data/cases/*.json) begins some time before now; its alerts follow at distances from that beginning. To be
readable the cases leave out what is always the same:

| in a case | becomes |
|---|---|
| `"sensor": "vpn"` | the sender's format and its constant fields, from data/sensors.json |
| `"at": "1h12m"`, `"lasts": "5m"` | the format's fields for first and last activity |
| `"use": "fin-ws-17"` in any object | the fields of that entry of data/cast.json, those beside it added |
| `"use": "user:jan.kowal"` | a user, mailbox or device that is nothing but its name |
| `"use": "drivers"` in a list | one object for each of a group's members |
| `"+1h12m"` as a whole value | that moment of the case |
| a list of lines under `description` and the like | one text |
| `"repeat": {"times": 9, "every": "3m", "cycle": {…}}` | nine alerts, with the cycle's values in turn |
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ingest.demo.times import span

DATA = Path(__file__).parent / "data"
DOMAIN = "northwharf.example"

JOINED = {"description": " ", "recommended_actions": "\n", "recommendedActions": "\n"}
"""Texts that the data may give as a list of lines, and what joins the lines."""

NAMESPACE = uuid.UUID("7f1c9d5e-3b0a-5d41-9a57-6c2f80b4e613")
"""Of the ids that alerts without one of their own are given; the same at every loading."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record of a case, and when its sender sends it."""

    case: str
    time: datetime
    record: dict[str, Any]


@cache
def read(name: str) -> Any:
    """A data file; callers copy what they change."""
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def arrivals(now: datetime) -> list[Arrival]:
    """All records of the demo in the order in which they arrive."""
    found = [arrival for case in cases() for arrival in _of_case(case, now)]
    return sorted(found, key=lambda arrival: arrival.time)


def cases() -> Iterator[dict[str, Any]]:
    for path in sorted((DATA / "cases").glob("*.json")):
        yield from read(f"cases/{path.name}")["cases"]


def _of_case(case: Mapping[str, Any], now: datetime) -> Iterator[Arrival]:
    began = now - span(case["began_ago"])
    for position, alert in enumerate(_repeated(case["alerts"])):
        alert = {**case.get("every_alert", {}), **alert}
        sensor = read("sensors.json")[alert.pop("sensor")]
        first = began + span(alert.pop("at"))
        last = first + span(alert.pop("lasts", "0s"))
        own_id = str(uuid.uuid5(NAMESPACE, f"{case['case']}/{position}"))
        record = {**deepcopy(sensor["fields"]), **FORMATS[sensor["format"]](alert, own_id, first, last)}
        yield Arrival(case["case"], last, _written_out(record, sensor["format"], began))


def _repeated(alerts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for alert in alerts:
        alert = deepcopy(alert)
        repeat = alert.pop("repeat", None)
        if repeat is None:
            yield alert
            continue
        for number in range(repeat["times"]):
            chosen = {field: values[number % len(values)] for field, values in repeat["cycle"].items()}
            after = span(alert["at"]) + number * span(repeat["every"]) + timedelta(seconds=_unsteady(number))
            yield {**deepcopy(alert), **deepcopy(chosen), "at": f"{int(after.total_seconds())}s"}


def _unsteady(number: int) -> int:
    """Seconds by which the n-th repetition is late: no attacker keeps time."""
    return number * 37 % 53


# -------------------------------------------------------------------------------------------------------- the formats


def _native(alert: dict[str, Any], own_id: str, first: datetime, last: datetime) -> dict[str, Any]:
    return {
        "external_id": own_id,
        "first_activity": first.isoformat(),
        "last_activity": last.isoformat(),
        "source_created_at": (last + timedelta(seconds=20)).isoformat(),
        **alert,
    }


def _graph(alert: dict[str, Any], own_id: str, first: datetime, last: datetime) -> dict[str, Any]:
    return {
        "id": own_id,
        "firstActivityDateTime": first.isoformat(),
        "lastActivityDateTime": last.isoformat(),
        "createdDateTime": (last + timedelta(seconds=20)).isoformat(),
        "lastUpdateDateTime": (last + timedelta(seconds=45)).isoformat(),
        **alert,
    }


def _eve(event: dict[str, Any], own_id: str, first: datetime, last: datetime) -> dict[str, Any]:
    """The sensor's clock shows microseconds, and each connection has a number."""
    digest = int(hashlib.sha256(own_id.encode()).hexdigest()[:12], 16)
    flow = {"start": first.isoformat(), "src_ip": event["src_ip"], "dest_ip": event["dest_ip"]}
    return {
        "timestamp": last.replace(microsecond=digest % 1_000_000).isoformat(),
        "flow_id": digest,
        "src_port": 32_768 + digest % 28_000,
        "flow": flow,
        **event,
    }


FORMATS = {"native": _native, "graph": _graph, "eve": _eve}
"""How each format says when, and which alert it is."""


# ----------------------------------------------------------------------------------------------------- written out


def _written_out(value: Any, format_name: str, began: datetime, field: str = "") -> Any:
    """The value with names, moments and lines of text replaced by what they stand for."""
    if isinstance(value, str) and value.startswith("+") and value[1:2].isdigit():
        return (began + span(value[1:])).isoformat()
    if isinstance(value, list) and field in JOINED:
        return JOINED[field].join(value)
    if isinstance(value, list):
        return [_written_out(member, format_name, began) for item in value for member in _members(item)]
    if isinstance(value, dict):
        whole = _cast(value, format_name, is_nested=bool(field))
        return {name: _written_out(inner, format_name, began, name) for name, inner in whole.items()}
    return value


def _members(item: Any) -> list[Any]:
    """An item of a list; a group stands for all its members."""
    groups = read("cast.json")["groups"]
    if isinstance(item, dict) and item.get("use") in groups:
        return [{**item, "use": f"user:{name}"} for name in groups[item["use"]]]
    return [item]


def _cast(item: dict[str, Any], format_name: str, *, is_nested: bool) -> dict[str, Any]:
    """The object with the fields of what it uses. An object in a field says by the field what type it is."""
    if "use" not in item:
        return item
    item = dict(item)
    used = item.pop("use")
    kind, colon, name = used.partition(":")
    fields = dict(_by_name(kind, name, format_name) if colon else read("cast.json")[format_name][used])
    if is_nested:
        fields.pop("type", None)
    return {**fields, **item}


def _by_name(kind: str, name: str, format_name: str) -> dict[str, Any]:
    """Somebody or something of whom nobody needs to know more than the name."""
    address = f"{name}@{DOMAIN}"
    if format_name == "graph":
        graph: dict[str, dict[str, Any]] = {
            "user": {"userAccount": {"userPrincipalName": address}},
            "mailbox": {"primaryAddress": address},
        }
        return {"@odata.type": f"#microsoft.graph.security.{kind}Evidence", **graph[kind]}
    native = {"user": {"upn": address}, "mailbox": {"address": address}, "device": {"hostname": name, "domain": DOMAIN}}
    return {"type": kind, **native[kind]}
