"""What the API says of alerts (alerts/queries/plain.py)."""

from __future__ import annotations

from alerts.choices import (
    AlertStatus,
    Classification,
    Determination,
    EvidenceRole,
    RemediationStatus,
    Severity,
    Verdict,
)
from common.shapes import (
    answer,
    anything,
    choice,
    extended,
    flag,
    ident,
    link,
    list_of,
    moment,
    number,
    or_null,
    sometimes,
    table_of,
    text,
    uuid,
    word_of,
)
from entities.choices import Criticality, EntityKind

ASSIGNEE = answer(
    "Assignee",
    kind=word_of(("user", "team")),
    key=text("as the filter `assignee` takes it: a username, or team: and a team's name"),
    name=text("as people read it"),
)
ALERT = answer(
    "Alert",
    id=ident("its number here"),
    url=link("its page"),
    source=text("who sent it"),
    external_id=text("its id there"),
    title=text(),
    description=text(),
    severity=choice(Severity),
    status=choice(AlertStatus),
    classification=choice(Classification),
    determination=choice(Determination),
    assignee=or_null(ASSIGNEE),
    incident=answer(number=ident(), name=text(), reason=text("why the alert is there")),
    categories=list_of(text(), "ATT&CK tactics, or the sender's own words"),
    techniques=list_of(text(), "such as T1059.001"),
    service_source=text(),
    detection_source=text(),
    product_name=text(),
    detector_id=text(),
    source_url=text("its page at the sender; not to be followed unseen"),
    first_activity=moment("of what it tells of"),
    last_activity=moment(),
    received=moment("when it first came in"),
    updated=moment(),
    resolved=or_null(moment()),
    repeats=number("how often it was sent again, unchanged or not"),
)

PIECE = answer(
    "Piece",
    entity=or_null(ident("null for a process that is only named by those that it started")),
    kind=choice(EntityKind),
    name=text(),
    key=sometimes(text("what makes it one")),
    is_asset=sometimes(flag()),
    criticality=sometimes(or_null(choice(Criticality))),
    roles=sometimes(list_of(choice(EvidenceRole))),
    verdict=sometimes(choice(Verdict)),
    remediation_status=sometimes(choice(RemediationStatus)),
    time=sometimes(or_null(moment())),
    details=table_of(anything()),
    level=number("of a process: how many others stand above it"),
)
ALERT_IN_FULL = extended(
    ALERT,
    "AlertInFull",
    incident=answer(
        number=ident(),
        name=text(),
        reason=text("why the alert is there"),
        rule=text("by which correlation rule"),
        entity=or_null(ident("which entity they share")),
        since=or_null(moment()),
        version=number("of the incident: what a change of the alert names in If-Match"),
    ),
    technique_names=table_of(text()),
    recommended_actions=text(),
    source_incident=text("the sender's own incident"),
    source_created=or_null(moment()),
    last_repeat=or_null(moment()),
    tuned_by=or_null(answer(number=ident(), name=text())),
    evidence=list_of(PIECE, "assets first; a process beneath the one that started it"),
    raw=sometimes(anything("as its source sent it, where `with=raw` asks")),
)
ALERT_CHANGED = extended(
    ALERT_IN_FULL, "AlertChanged", act=or_null(uuid("what takes this back; null where nothing was"))
)
