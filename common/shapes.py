"""What is sent and what is answered, said once: an endpoint declares it in these words beside its code.

A shape is a JSON Schema (2020-12, as OpenAPI 3.1 takes it) put together from a few words. The document at
/api/v1/schema/ is written from them, a Body has its known fields from them (common/bodies.py), and every answer that a
test sees is held to them (tests/described.py).

    TASK = answer("Task", id=number("its number"), title=text(), due=or_null(moment()))
    takes = {"POST": sent(title=needed(text(most=200)), due=moment("when it shall be done"))}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from common.terms import NamedTerms, RankedTerms

JSON = "application/json"
MULTIPART = "multipart/form-data"
LARGEST = 2**63 - 1
SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A value of a body, an address or an answer."""

    form: Mapping[str, Any]
    """Its JSON Schema, whose parts may be shapes."""
    name: str = ""
    """Under which it stands in the document once; "" where it is written out wherever it occurs."""
    media: tuple[str, ...] = (JSON,)
    """The types that an answer or body which is this may have."""
    headers: tuple[str, ...] = ()
    """Those that an answer of this shape carries, beside those that every answer has."""
    nulls: tuple[str, ...] | None = None
    """Of a body: the fields in which null means something; None where it is as leaving a field out."""

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of an object."""
        return tuple(self.form.get("properties", ()))

    def inside(self, name: str) -> Shape:
        """The shape of one of its fields; an object that may be null as the object."""
        found: Shape = self.form["properties"][name]
        return found.form.get("x-without-null", found)


@dataclass(frozen=True, slots=True)
class Member:
    """A field of an object, with whether it must be there."""

    shape: Shape
    is_needed: bool


def needed(shape: Shape) -> Member:
    """A field that a body must have; a text has more than white space."""
    if shape.form.get("type") == "string" and not {"enum", "format", "pattern"} & shape.form.keys():
        shape = replace(shape, form={**shape.form, "minLength": 1, "pattern": r"\S"})
    return Member(shape, True)


def sometimes(shape: Shape) -> Member:
    """A field that an answer has only where there is something to say."""
    return Member(shape, False)


# ------------------------------------------------------------------------------------------------------------- objects


def answer(name: str = "", /, **fields: Shape | Member) -> Shape:
    """An object that is answered: it has these fields, always, and no others."""
    return Shape(_object(_members(fields, are_needed=True)), name)


def sent(name: str = "", /, **fields: Shape | Member) -> Shape:
    """An object that is sent. What is not `needed` may be left out, and null is as leaving it out."""
    members = _members(fields, are_needed=False)
    said = {key: each if each.is_needed else Member(or_null(each.shape), False) for key, each in members.items()}
    return Shape({**_object(said), "x-null-is-nothing": True}, name)


def changes(name: str = "", /, **fields: Shape | Member) -> Shape:
    """An object that says what shall change: null is taken only where it means something (`or_null`)."""
    members = _members(fields, are_needed=False)
    nulls = tuple(key for key, each in members.items() if "x-without-null" in each.shape.form)
    return Shape(_object(members), name, nulls=nulls)


def nothing() -> Shape:
    """A body that says nothing: {} or none."""
    return sent()


def extended(shape: Shape, name: str = "", /, **fields: Shape | Member) -> Shape:
    """An answer that has further fields, or others in the place of some."""
    further = _object(_members(fields, are_needed=True))
    properties = {**shape.form["properties"], **further["properties"]}
    before = [key for key in shape.form.get("required", ()) if key not in further["properties"]]
    must = [*before, *further.get("required", ())]
    return replace(shape, name=name, form={**shape.form, "properties": properties, "required": must})


def _members(fields: Mapping[str, Shape | Member], *, are_needed: bool) -> dict[str, Member]:
    # from_ is the field “from”, which Python keeps to itself
    named = {key.rstrip("_"): each for key, each in fields.items()}
    return {key: each if isinstance(each, Member) else Member(each, are_needed) for key, each in named.items()}


def _object(members: Mapping[str, Member]) -> dict[str, Any]:
    form: dict[str, Any] = {"type": "object", "properties": {key: each.shape for key, each in members.items()}}
    if must := [key for key, each in members.items() if each.is_needed]:
        form["required"] = must
    return {**form, "additionalProperties": False}


def table_of(values: Shape, about: str = "", *, most: int = 0) -> Shape:
    """An object whose fields depend on what it tells of."""
    limits = {"maxProperties": most} if most else {}
    return Shape({"type": "object", "additionalProperties": values, **limits, **_said(about)})


# -------------------------------------------------------------------------------------------------------------- values


def text(about: str = "", *, most: int = 0, pattern: str = "", example: str = "") -> Shape:
    """`most`: how many characters, where that is asked."""
    limits: dict[str, Any] = {"maxLength": most} if most else {}
    if pattern:
        limits["pattern"] = pattern
    if example:
        limits["examples"] = [example]
    return Shape({"type": "string", **limits, **_said(about)})


def number(about: str = "", *, least: int = 0, most: int = LARGEST) -> Shape:
    """A whole number."""
    return Shape({"type": "integer", "minimum": least, "maximum": most, **_said(about)})


def ident(about: str = "") -> Shape:
    """The number of an incident, an alert, an entry …"""
    return number(about, least=1)


def amount(about: str = "") -> Shape:
    """A number with decimals."""
    return Shape({"type": "number", **_said(about)})


def flag(about: str = "") -> Shape:
    """True or false."""
    return Shape({"type": "boolean", **_said(about)})


def moment(about: str = "") -> Shape:
    """A time with its zone, such as 2026-11-02T12:00:00Z; in answers always UTC. Source: RFC 3339."""
    return Shape({"type": "string", "format": "date-time", **_said(about)})


def uuid(about: str = "") -> Shape:
    return Shape({"type": "string", "format": "uuid", **_said(about)})


def link(about: str = "") -> Shape:
    """An address."""
    return Shape({"type": "string", "format": "uri-reference", **_said(about)})


def sha256(about: str = "") -> Shape:
    return Shape({"type": "string", "pattern": "^[0-9a-f]{64}$", **_said(about)})


def word_of(words: Iterable[str], about: str = "") -> Shape:
    """One of few words."""
    return Shape({"type": "string", "enum": list(words), **_said(about)})


def choice(terms: type[RankedTerms | NamedTerms], about: str = "") -> Shape:
    """One of the words of a field."""
    return word_of(terms.slugs(), about)


def chosen(terms: type[RankedTerms | NamedTerms], about: str = "") -> Shape:
    """The same in an address, where no word at all is as leaving the key out."""
    return word_of((*terms.slugs(), ""), about)


def list_of(items: Shape, about: str = "", *, most: int = 0, least: int = 0) -> Shape:
    limits = ({"maxItems": most} if most else {}) | ({"minItems": least} if least else {})
    return Shape({"type": "array", "items": items, **limits, **_said(about)})


def anything(about: str = "") -> Shape:
    """A value of any kind."""
    return Shape(_said(about))


def or_null(shape: Shape) -> Shape:
    """The same, or null."""
    kind = shape.form.get("type")
    if "x-without-null" in shape.form or (kind is None and not shape.name):
        return shape
    if shape.name or kind in ("object", "array"):
        about = _said(shape.form.get("description", ""))
        return Shape({"anyOf": [shape, {"type": "null"}], "x-without-null": shape, **about})
    form = {**shape.form, "type": [kind, "null"], "x-without-null": shape}
    return Shape(form | ({"enum": [*form["enum"], None]} if "enum" in form else {}))


def looked_up(shape: Shape) -> Shape:
    """A value whose form alone does not say whether it means anything: somebody's name, a search text. Where it does
    not, it is refused by name."""
    return replace(shape, form={**shape.form, "x-looked-up": True})


def of(shape: Shape, about: str) -> Shape:
    """The same, with what it is here."""
    if shape.name:
        return Shape({"allOf": [shape], **_said(about)})
    return replace(shape, form={**shape.form, **_said(about)})


def _said(about: str) -> dict[str, Any]:
    return {"description": about} if about else {}


# -------------------------------------------------------------------------------------------- whole answers and bodies


def file(*media: str, about: str = "") -> Shape:
    """Bytes of one of these types; */* for any."""
    return Shape(_said(about), media=media)


def upload(about: str, *others: str) -> Shape:
    """A form with a file in its field `file`; `others`: types of bodies that are the file itself."""
    bytes_ = Shape({"type": "string", "contentMediaType": "application/octet-stream", **_said(about)})
    return Shape(_object({"file": Member(bytes_, True)}), media=(MULTIPART, *others))


def tagged(shape: Shape) -> Shape:
    """An answer with the version of what it tells in the header ETag."""
    return replace(shape, headers=("ETag", *shape.headers))


def placed(shape: Shape) -> Shape:
    """An answer with the address of what it tells in the header Location."""
    return replace(shape, headers=("Location", *shape.headers))


def under_way(shape: Shape) -> Shape:
    """An answer about something that is being done, with the seconds after which asking again makes sense."""
    return replace(shape, headers=("Retry-After", *shape.headers))


# ------------------------------------------------------------------------------------------------------- written out


def written(part: Any, named: dict[str, Any]) -> Any:
    """A shape as JSON Schema. Those with a name are referred to, and collected under it; raises ValueError where two
    have the same one."""
    if isinstance(part, Shape):
        if not part.name:
            return written(part.form, named)
        present = named.get(part.name)
        if present is None:
            named[part.name] = entry = _Named(part.form)
            entry.update(written(part.form, named))
        elif present.form is not part.form and written(part.form, named) != dict(present):
            raise ValueError(f"Two shapes are called {part.name}; give one of them another name.")
        return {"$ref": f"{SCHEMAS}{part.name}"}
    if isinstance(part, Mapping):
        return {key: written(each, named) for key, each in part.items() if key != "x-without-null"}
    return [written(each, named) for each in part] if isinstance(part, list) else part


class _Named(dict[str, Any]):
    """What stands under a name, and what it was written from."""

    def __init__(self, form: Mapping[str, Any]) -> None:
        super().__init__()
        self.form = form
