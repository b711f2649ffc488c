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
from common.jobs import JobState
from common.shapes import (
    Shape,
    answer,
    anything,
    changes,
    choice,
    flag,
    ident,
    list_of,
    looked_up,
    moment,
    needed,
    number,
    or_null,
    sent,
    sometimes,
    table_of,
    text,
    uuid,
    word_of,
)
from common.wildcards import LONGEST_PATTERN, MOST_PATTERNS
from entities.choices import EntityKind
from ingest import limits
from ingest.choices import TrialOf, TuningAction
from ingest.tuning import FIELDS

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
CORRELATION_RULE = answer(
    "CorrelationRule",
    slug=text(),
    title=text(),
    kind=or_null(choice(EntityKind, "what alerts share; null for their senders' own grouping")),
    place=number("in which order they are tried, from 1"),
    is_on=flag(),
    window_minutes=or_null(number()),
    minimum_severity=choice(Severity),
    excluded_sources=list_of(text()),
    excluded_detectors=list_of(text()),
    excluded_entities=list_of(text()),
    is_shipped=flag("whether it is as it was shipped"),
    changed_by=or_null(text()),
    updated=or_null(moment()),
    version=number(),
)
PATTERNS = list_of(text("* stands for anything", most=LONGEST_PATTERN), most=MOST_PATTERNS)
CONDITIONS = changes(
    **{name: PATTERNS for name in FIELDS if name != "severity"},
    severity=list_of(choice(Severity), most=len(Severity)),
)
TUNING_RULE = answer(
    "TuningRule",
    number=ident(),
    name=text(),
    action=choice(TuningAction),
    conditions=answer(**{name: sometimes(list_of(text())) for name in FIELDS}),
    tags=list_of(text()),
    classification=choice(Classification),
    determination=choice(Determination),
    reason=text(),
    owner=answer(key=text(), name=text()),
    expires=or_null(moment("null: never")),
    is_on=flag(),
    state=text("on, off, expired …"),
    created=moment(),
    updated=moment(),
    changed_by=text(),
    version=number(),
    caught=answer("Count", count=number("1,000 where there are more"), is_exact=flag()),
)
SIDES = list_of(answer(size=number(), alerts=list_of(ident()), incidents=list_of(ident())))
TRIAL = answer(
    "Trial",
    id=uuid(),
    of=choice(TrialOf),
    rule=or_null(text("which one")),
    days=number(),
    values=table_of(anything(), "the rule that is tried"),
    state=choice(JobState),
    problem=or_null(text()),
    done=number(),
    total=number(),
    created=moment(),
    finished=or_null(moment()),
    result=or_null(
        answer(
            "TrialResult",
            alerts=number("how many were looked at"),
            is_cut=flag("whether there are more than are listed"),
            caught=sometimes(number("of a tuning rule: how many alerts it would catch")),
            incidents=sometimes(number()),
            whole_incidents=sometimes(number()),
            severities=sometimes(table_of(number())),
            listed=sometimes(list_of(ident())),
            before=sometimes(number("of a correlation rule: how many incidents there are …")),
            after=sometimes(number("… and would be")),
            joined=sometimes(number()),
            split=sometimes(number()),
            regrouped=sometimes(number()),
            groups=sometimes(list_of(answer(kind=text(), before=SIDES, after=SIDES))),
        )
    ),
)
