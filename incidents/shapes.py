"""What the API says of incidents, and of what belongs to them (incidents/queries/plain.py and its neighbours)."""

from __future__ import annotations

from alerts.choices import Classification, Determination, Severity
from alerts.shapes import ASSIGNEE
from common.shapes import (
    Shape,
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
    sha256,
    table_of,
    text,
    uuid,
)
from incidents.choices import IncidentStatus, TagKind, TaskState

TAG = answer("Tag", name=text(), kind=choice(TagKind))
INCIDENT = answer(
    "Incident",
    number=ident(),
    url=link("its page"),
    name=text(),
    name_is_automatic=flag("whether the system gave it"),
    severity=choice(Severity),
    severity_is_automatic=flag("whether it is that of its highest alert"),
    status=choice(IncidentStatus),
    classification=choice(Classification),
    determination=choice(Determination),
    assignee=or_null(ASSIGNEE),
    tags=list_of(TAG),
    priority=number(most=100),
    restricted=flag("whether only its members see it"),
    alerts=answer(total=number(), active=number()),
    assets=table_of(number(), "how many of each kind"),
    sources=list_of(text(), "of its alerts"),
    categories=list_of(text(), "of its alerts"),
    first_activity=or_null(moment("of its alerts")),
    last_activity=or_null(moment("of its alerts")),
    created=moment("when it was opened"),
    updated=moment("when anybody last changed it"),
    resolved=or_null(moment()),
    resolved_by=text("empty while it is open"),
    resolution_note=text("in Markdown; empty while it is open"),
    snoozed_until=or_null(moment("until when it is kept out of the queue")),
    due=or_null(moment("until when it shall be dealt with")),
    tasks=answer(total=number(), open=number()),
    redirected_to=or_null(ident("where it leads since it was merged; after further merges the last")),
    related_to=or_null(ident("the resolved incident that it follows")),
    version=number("grows with every change"),
)
TASK = answer(
    "Task",
    id=ident(),
    title=text(),
    description=text("in Markdown"),
    state=choice(TaskState),
    assignee=or_null(ASSIGNEE),
    due=or_null(moment()),
    closing_note=text("in Markdown"),
    closed=or_null(moment()),
    closed_by=text(),
)
INCIDENT_IN_FULL = extended(
    INCIDENT, "IncidentInFull", tasks=answer(total=number(), open=number(), list=list_of(TASK, "in their order"))
)
SIMILAR = answer(
    "SimilarIncident",
    number=ident(),
    url=link("its page"),
    name=text(),
    status=choice(IncidentStatus),
    severity=choice(Severity),
    likeness=number("how alike they are", least=8, most=100),
    shared=answer(
        entities=list_of(answer(id=ident(), kind=text(), name=text())),
        detectors=list_of(text(), "by title"),
        techniques=list_of(text()),
    ),
    classification=choice(Classification),
    determination=choice(Determination),
    resolution_note=text(),
    resolved_by=text(),
    resolved=or_null(moment()),
)
ATTACHMENT = answer(
    "Attachment",
    id=uuid(),
    incident=ident(),
    name=text(),
    size=number("in bytes"),
    sha256=sha256("of what is kept"),
    media_type=text("by its first bytes"),
    width=or_null(number("of an image, in pixels")),
    height=or_null(number()),
    added_by=text(),
    added_at=moment(),
    is_damaged=flag("whether its bytes are no longer those that came"),
    url=link("where its bytes are"),
)
MOMENT = answer(
    "Moment",
    at=moment(),
    entry=ident("the last entry that counts"),
    number=number("of that entry in the log"),
    said=text("what it says"),
)
STATE = Shape(
    {
        "type": "object",
        "description": "every field as the log calls it, and the alerts, tasks and evidence there were",
        "properties": {
            "name": text(),
            "resolution_note": or_null(text()),
            "resolution_note_was_emptied": flag(),
            "merged_into": or_null(ident()),
            "alerts": list_of(answer(id=ident(), title=text(), severity=text(), status=text())),
            "alerts_active": number(),
            "tasks": list_of(
                answer(id=ident(), title=text(), state=text(), assignee=anything(), due_at=or_null(moment()))
            ),
            "evidence": list_of(
                answer(entity=ident(), name=text(), verdict=text(), remediation_status=text(), added_by_hand=flag())
            ),
        },
        "required": ["alerts", "tasks", "evidence", "merged_into"],
    },
    "State",
)
DIFFERENCE = answer("Difference", field=text(), old=anything(), new=anything(), said=text("in words"))
