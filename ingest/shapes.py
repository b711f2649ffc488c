"""What the API takes and says of alerts that come in, and of the rules for them."""

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
    Shape,
    answer,
    anything,
    choice,
    ident,
    list_of,
    looked_up,
    moment,
    needed,
    number,
    sent,
    sometimes,
    table_of,
    text,
    word_of,
)
from entities.choices import EntityKind
from ingest import limits

EVIDENCE_SENT = Shape(
    {
        "type": "object",
        "description": "an entity that the alert names; each type has fields of its own (docs/ingest-format.md)",
        "properties": {
            "type": choice(EntityKind),
            "roles": list_of(choice(EvidenceRole)),
            "verdict": choice(Verdict),
            "remediation_status": choice(RemediationStatus),
            "event_time": moment(),
            "details": table_of(anything()),
        },
        "required": ["type"],
    },
    "EvidenceSent",
)
ALERT_SENT = sent(
    "AlertSent",
    source=looked_up(text("who sends; a token that is bound to a source may leave it out", most=limits.SOURCE)),
    external_id=needed(text("its id there: sent again, it is the same alert", most=limits.EXTERNAL_ID)),
    title=needed(text(most=limits.TITLE)),
    description=text(most=limits.DESCRIPTION),
    severity=needed(choice(Severity)),
    status=choice(AlertStatus, "usually new"),
    classification=choice(Classification),
    determination=choice(Determination, "one that fits the classification"),
    first_activity=needed(moment("of what it tells of")),
    last_activity=moment("usually the first"),
    source_created_at=moment(),
    categories=list_of(text(most=limits.CATEGORY), most=limits.CATEGORIES_PER_ALERT),
    techniques=list_of(text(most=limits.CATEGORY), "such as T1059.001", most=limits.TECHNIQUES_PER_ALERT),
    service_source=text(most=limits.PRODUCT),
    detection_source=text(most=limits.PRODUCT),
    product_name=text(most=limits.PRODUCT),
    detector_id=text("the rule that found it", most=300),
    recommended_actions=text(most=limits.RECOMMENDED_ACTIONS),
    source_url=text("its page at the sender", most=limits.ADDRESS),
    source_incident=text("the sender's incident; alerts of one stay together", most=300),
    tags=list_of(text(most=limits.TAG), most=limits.TAGS_PER_ALERT),
    evidence=list_of(EVIDENCE_SENT, most=limits.EVIDENCE_PER_ALERT),
)
ALERTS_SENT = Shape(
    {
        "description": "An alert, or a list of up to 500, in any of the formats that are understood.",
        "anyOf": [
            ALERT_SENT,
            list_of(ALERT_SENT, least=1, most=limits.ALERTS_PER_REQUEST),
            Shape({"type": "object", "description": "an alert of Microsoft Graph, Suricata EVE or Microsoft Sentinel"}),
        ],
        "x-looked-up": True,
    }
)
TAKEN_IN = answer(
    "TakenIn",
    created=number(),
    updated=number("sent before, changed since"),
    repeated=number("sent before, unchanged"),
    refused=number("the others are taken all the same"),
    results=list_of(
        answer(
            external_id=anything("as it was sent"),
            result=word_of(("created", "updated", "repeated", "refused")),
            alert=sometimes(ident("its number, for who may see it")),
            incident=sometimes(ident("where it is, for who may see it")),
            position=sometimes(number("of one that was refused: the how manieth it is")),
            field=sometimes(text("what is wrong in it")),
            problem=sometimes(text("and why")),
        ),
        "of each, in the order in which they were sent",
    ),
)
