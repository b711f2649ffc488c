"""What the API says of exports."""

from __future__ import annotations

from common.shapes import (
    answer,
    choice,
    flag,
    ident,
    link,
    list_of,
    moment,
    number,
    or_null,
    sha256,
    sometimes,
    text,
    uuid,
    word_of,
)
from exports.choices import Format, Marking, Part

EXPORT = answer(
    "Export",
    id=uuid(),
    incident=ident("of which incident"),
    format=choice(Format),
    options=answer(
        parts=sometimes(list_of(choice(Part))),
        caps=sometimes(flag("whether long lists are cut")),
        marking=sometimes(choice(Marking)),
        time_zone=sometimes(text()),
    ),
    state=word_of(("queued", "preparing", "ready", "failed", "expired")),
    percent=number(most=100),
    problem=or_null(text("why it failed")),
    created_at=moment(),
    finished_at=or_null(moment()),
    expires_at=or_null(moment()),
    size=or_null(number("in bytes")),
    sha256=or_null(sha256()),
    pages=or_null(number()),
    url=link("how far it is"),
    file=or_null(link("the file, as soon as there is one")),
)
