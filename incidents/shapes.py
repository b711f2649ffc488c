"""What the API says of incidents, and of what belongs to them (incidents/queries/plain.py and its neighbours)."""

from __future__ import annotations

from activity.actors import ActorKind
from alerts.choices import AlertStatus, Classification, Determination, EvidenceRole, Severity, Verdict
from alerts.shapes import ASSIGNEE
from common.api_lists import listed
from common.jobs import JobState
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
    sometimes,
    table_of,
    text,
    uuid,
    word_of,
)
from entities.choices import Criticality, EntityKind
from incidents.choices import BulkSubject, IncidentStatus, NoticeReason, Outcome, TagKind, TaskState

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
                answer(
                    entity=ident(),
                    name=text(),
                    verdict=or_null(text()),
                    remediation_status=or_null(text()),
                    added_by_hand=flag(),
                )
            ),
        },
        "required": ["alerts", "tasks", "evidence", "merged_into"],
    },
    "State",
)
DIFFERENCE = answer("Difference", field=text(), old=anything(), new=anything(), said=text("in words"))
INCIDENTS = extended(
    listed("Incidents", "incidents", INCIDENT),
    "Incidents",
    changed_since=sometimes(text("asked for by changed_since: where to go on")),
    page=sometimes(link("the page that shows the same")),
)
INCIDENT_CHANGED = extended(
    INCIDENT_IN_FULL, "IncidentChanged", act=or_null(uuid("under which it can be undone; null where nothing changed"))
)
INCIDENT_UNDONE = extended(
    INCIDENT_IN_FULL,
    "IncidentUndone",
    taken_back=flag("whether anything was"),
    reason=text("what was left as it is, and why; empty where all was taken back"),
)
TASKS = answer("Tasks", tasks=list_of(TASK, "in their order"), version=number("of the incident"))
ONE_TASK = extended(TASK, "TaskOfIncident", version=number("of the incident"))
TEMPLATE = answer(
    "TaskTemplate",
    number=ident(),
    name=text(),
    tasks=list_of(
        answer(title=text(), description=text(), due_hours=or_null(number("after it is put on an incident")))
    ),
    changed_by=or_null(text()),
    updated=moment(),
    version=number(),
)
COMMENT = answer(
    "Comment",
    url=link(),
    incident=ident(),
    number=number("in the incident's log"),
    text=or_null(text("in Markdown; null where it was removed or emptied")),
    removed=flag(),
    author=answer(kind=choice(ActorKind), name=text()),
    time=moment(),
    changed=or_null(moment()),
    changed_by=or_null(text()),
    version=number("as If-Match takes it"),
)
RESTRICTION = answer(
    "Restriction",
    incident=ident(),
    restricted=flag(),
    members=list_of(text("a username, or team: and a team's name")),
    version=number(),
)
ACT = answer(
    "Act",
    id=uuid(),
    url=link("how far it is"),
    subject=choice(BulkSubject),
    changes=list_of(text("in words")),
    state=choice(JobState),
    problem=or_null(text()),
    total=number(),
    done=number(),
    counts=answer(**{word: number() for word in Outcome.slugs() if word != Outcome.WAITING}),
    created=moment(),
    finished=or_null(moment()),
    undo_of=or_null(uuid()),
    undone_by=or_null(uuid()),
)
ACT_IN_FULL = extended(
    ACT,
    "ActInFull",
    results=list_of(
        answer(
            number=ident(),
            name=or_null(text("null where it is not for you any more")),
            outcome=choice(Outcome),
            reason=text(),
        )
    ),
    next=or_null(link("the address of what follows; null at the end")),
)
COUNT = answer("Count", count=number("1,000 where there are more"), is_exact=flag())
FIELDS_CHANGED = list_of(answer(field=text(), changed=number("of how many")))
PREVIEW = answer(
    "Preview",
    total=number(),
    changed=number(),
    unchanged=number(),
    refused=answer(merged=number(), too_many_tags=number(), not_open=number(), not_seen_by_assignee=number()),
    missing=number("of those named, how many there are not, or not for you"),
    fields=FIELDS_CHANGED,
    alerts_resolved=number(),
    resolved_unclassified=number(),
    seen=text("what the act is sent, so that it leaves alone what others change meanwhile"),
)
PREVIEW_OF_ALERTS = answer(
    "PreviewOfAlerts",
    total=number(),
    changed=number(),
    unchanged=number(),
    refused=answer(not_seen_by_assignee=number()),
    missing=number("of those named, how many there are not, or not for you"),
    fields=FIELDS_CHANGED,
    incidents_resolved=number(),
    resolved_unclassified=number(),
    seen=text("what the act is sent, so that it leaves alone what others change meanwhile"),
)
FOUND = answer(
    "Found",
    entity=ident(),
    kind=choice(EntityKind),
    name=text(),
    key=text("what makes it one"),
    attributes=table_of(anything()),
    criticality=or_null(choice(Criticality)),
    verdict=choice(Verdict),
    verdict_is_manual=flag(),
    remediation_status=text("of those that its alerts say, in words"),
    roles=list_of(choice(EvidenceRole)),
    alerts=number("in how many it is"),
    first_seen=or_null(moment()),
    last_seen=or_null(moment()),
    added_by=or_null(text("who added it by hand")),
    note=or_null(text()),
)


def found_list(name: str, key: str) -> Shape:
    """A page of the tab Assets or Evidence."""
    return answer(
        name,
        **{key: list_of(FOUND)},
        kinds=table_of(number(), "how many match of each type"),
        next=or_null(link("the address of what follows; null at the end")),
        page=link("the page that shows the same"),
        version=number("of the incident"),
    )


EVIDENCE_ITEM = answer("EvidenceItem", kind=choice(EntityKind), value=text(), entity=or_null(ident()), was_there=flag())
ENTITY = answer(
    "EntityInList",
    id=ident(),
    url=link("its page"),
    kind=choice(EntityKind),
    name=text(),
    key=text("what makes it one"),
    criticality=or_null(choice(Criticality)),
    alerts=COUNT,
    first_seen=or_null(moment()),
    last_seen=or_null(moment()),
)
CRITICALITY = answer(
    "HowCritical",
    level=or_null(choice(Criticality)),
    said_by=or_null(word_of(("person", "classification", "source"))),
    classification=or_null(text("which one")),
    is_denied=flag("whether a person said that it is not critical"),
)
ENTITY_IN_FULL = answer(
    "Entity",
    id=ident(),
    url=link("its page"),
    kind=choice(EntityKind),
    name=text(),
    key=text("what makes it one"),
    is_asset=flag(),
    attributes=table_of(anything()),
    identifiers=list_of(answer(label=text(), value=text())),
    criticality=CRITICALITY,
    first_seen=or_null(moment()),
    last_seen=or_null(moment()),
    alerts=COUNT,
    incidents=COUNT,
    open_incidents=COUNT,
    seen_with=list_of(
        answer(
            id=ident(),
            kind=choice(EntityKind),
            name=text(),
            key=text(),
            criticality=or_null(choice(Criticality)),
            alerts=number(),
        )
    ),
    risk=answer(
        by=word_of(("day", "week")),
        is_cut=flag("whether there are more alerts than are counted"),
        periods=list_of(answer(first=text(), last=text(), alerts=table_of(number(), "by severity"))),
    ),
)
SIGHTING = answer(
    "Sighting",
    time=moment(),
    incident=answer(number=ident(), name=text()),
    alert=or_null(
        answer(id=ident(), title=text(), severity=choice(Severity), status=choice(AlertStatus), source=text())
    ),
    roles=list_of(choice(EvidenceRole)),
    verdict=choice(Verdict),
    details=table_of(anything()),
    added_by=or_null(text()),
    note=or_null(text()),
)
INCIDENT_OF_ENTITY = extended(
    INCIDENT, "IncidentOfEntity", seen=or_null(answer(alerts=number(), first=or_null(moment()), last=or_null(moment())))
)
CLASSIFICATION = answer(
    "AssetClassification",
    number=ident(),
    name=text(),
    level=choice(Criticality),
    kinds=list_of(choice(EntityKind)),
    names=list_of(text()),
    groups=list_of(text()),
    attributes=list_of(text()),
    needs_all=flag("whether all of names, groups and attributes must fit"),
    is_on=flag(),
    is_built_in=flag(),
    updated=or_null(moment()),
    version=number(),
)
CLASSIFICATION_PREVIEW = answer(
    "AssetClassificationPreview",
    assets=number("how many it fits"),
    is_cut=flag("whether more were not looked at"),
    overruled=number("of how many a person says otherwise"),
    named=list_of(answer(id=ident(), kind=choice(EntityKind), name=text())),
    incidents_tagged=COUNT,
    incidents_untagged=COUNT,
    incidents_weighed=COUNT,
)
NOTICE = answer(
    "Notice",
    id=ident(),
    reason=choice(NoticeReason),
    incident=or_null(answer(number=ident(), name=text())),
    entry=ident("of the log"),
    verb=text(),
    actor=answer(kind=choice(ActorKind), name=text()),
    sentence=text(),
    time=moment(),
    read=or_null(moment()),
)
VIEW = answer(
    "SavedView",
    slug=text("by which it is named, for ever"),
    name=text(),
    query=text("the list, as the queue's address has it"),
    shared_with=text("private, everyone, or team: and a team's name"),
    creator=or_null(answer(key=text(), name=text())),
    may_change=flag(),
    is_built_in=flag(),
    updated=or_null(moment()),
    changed_by=or_null(text()),
    version=number(),
    url=link("its page"),
    incidents=link("the same list, for programs"),
    is_default=sometimes(flag("whether your queue opens with it")),
    is_hidden=sometimes(flag("whether your side list leaves it out")),
)
TAG_IN_USE = answer("TagInUse", name=text(), kind=choice(TagKind), incidents=COUNT)
