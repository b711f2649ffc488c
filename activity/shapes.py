"""What the API says of entries of a log (activity/plain.py)."""

from __future__ import annotations

from activity.actors import ActorKind, Channel
from common.shapes import (
    answer,
    anything,
    choice,
    flag,
    ident,
    list_of,
    moment,
    number,
    or_null,
    sha256,
    sometimes,
    table_of,
    text,
    uuid,
)

CHANGE = answer(
    "Change",
    field=text("the field, as the log calls it"),
    old=anything("what it was before"),
    new=anything("what it became"),
    old_id=sometimes(anything("which person, team … it was")),
    new_id=sometimes(anything("which it became")),
)
ENTRY = answer(
    "Entry",
    id=ident("as `entry` of as-of takes it"),
    incident=or_null(ident("in whose log it stands; null in the system's")),
    number=number("as which one it stands there"),
    time=moment("when it was recorded, by the database's clock"),
    verb=text("what was done"),
    kind=text("what it was about"),
    actor=answer(kind=choice(ActorKind), name=text("as it was then")),
    through=choice(Channel, "by which way it came"),
    sentence=text("all of it in words"),
    subject=or_null(
        answer(
            kind=text("alert, task, entity …"),
            id=anything("which one, by its number or id"),
            name=text("as it was then"),
        )
    ),
    changes=list_of(CHANGE),
    alerts=list_of(
        table_of(anything(), "`id`, `title`, and `reason` where there is one"),
        "the alerts that it brought or took, the first 100",
    ),
    alert_count=number("how many these are"),
    text=or_null(text("a comment or note, in Markdown; null where it was edited, removed or emptied since")),
    text_sha256=or_null(sha256("of the text as it was written")),
    is_comment=flag("whether it is a comment"),
    about=or_null(ident("the entry that it edits, removes or refers to")),
    act=or_null(uuid("what the entries of one act share; under it, the act can be undone")),
    version=or_null(number("the incident's version after it")),
    hash=sha256("of the chain up to it"),
)
