"""What the API says of alerts (alerts/queries/plain.py)."""

from __future__ import annotations

from alerts.choices import AlertStatus, Classification, Determination, Severity
from common.shapes import answer, choice, ident, link, list_of, moment, number, or_null, text, word_of

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
