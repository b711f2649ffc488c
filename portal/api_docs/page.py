"""The OpenAPI document as people read it: rows for the page, made of the document alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from shlex import quote
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from common.shapes import JSON, MULTIPART, SCHEMAS
from portal.api_docs.document import document
from portal.api_docs.examples import examples

PROSE = MarkdownIt("commonmark", {"html": False}).enable("table")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WHERE = {"path": "Path", "query": "Query", "header": "Header"}
MOST_WORDS = 16
"""Words of a closed list that a row shows."""
SHORT = 80
"""Characters of a body that stands in one line."""
DEEPEST = 3
"""Objects within objects whose fields are written out where they occur."""


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, or a field by its path."""

    name: str
    kind: SafeString
    about: SafeString
    is_needed: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What may come back under a status."""

    status: str
    about: SafeString
    kind: SafeString
    headers: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of an address."""

    id: str
    method: str
    path: str
    summary: str
    description: SafeString
    permission: str
    parameters: list[Row]
    fields: list[Row]
    """Of the body."""
    body_note: SafeString
    answers: list[Answer]
    refusals: list[Answer]
    curl: str
    answered: str
    words: str
    """In small letters: what the search looks through."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What operations are about."""

    name: str
    id: str
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Thing:
    """A shape with a name."""

    name: str
    rows: list[Row]


@cache
def resources() -> list[Resource]:
    """All operations, by what they are about."""
    found = {tag["name"]: Resource(tag["name"], _anchor(tag["name"])) for tag in document()["tags"]}
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].operations.append(_operation(path, method.upper(), operation))
    for resource in found.values():
        resource.operations.sort(key=lambda each: (each.path, METHODS.index(each.method)))
    return list(found.values())


@cache
def things() -> list[Thing]:
    """All shapes that have a name."""
    return [Thing(name, list(_fields(schema))) for name, schema in sorted(document()["components"]["schemas"].items())]


def matching(text: str) -> list[Resource]:
    """The operations that have all these words in address, name, permission or description."""
    words = text.lower().split()
    found = [
        Resource(each.name, each.id, [one for one in each.operations if all(word in one.words for word in words)])
        for each in resources()
    ]
    return [each for each in found if each.operations]


def _operation(path: str, method: str, operation: dict[str, Any]) -> Operation:
    description, _, takes = operation["description"].rpartition("\n\n")
    permission = takes.removeprefix("Takes the permission *").removesuffix("*.") if operation["x-permission"] else ""
    fields, note = _body(operation)
    answers = [_answer(status, each) for status, each in operation["responses"].items()]
    example = examples().get(f"{method} {path}", {})
    shown = json.dumps(example.get("answer"), indent=2, ensure_ascii=False) if example.get("answer") else ""
    parameters = [_parameter(each) for each in operation["parameters"]]
    named = " ".join(row.name for row in (*parameters, *fields))
    words = " ".join((method, path, operation["summary"], description, permission, named))
    return Operation(
        operation["operationId"],
        method,
        path,
        operation["summary"],
        prose(description),
        permission,
        parameters,
        fields,
        note,
        [each for each in answers if each.status < "3"],
        [each for each in answers if each.status >= "3"],
        curl(example) if example else "",
        shown,
        words.lower(),
    )


def _parameter(parameter: dict[str, Any]) -> Row:
    about = inline(parameter["description"])
    is_needed = parameter.get("required", False)
    return Row(parameter["name"], kind_of(parameter["schema"]), about, is_needed, WHERE[parameter["in"]])


def _body(operation: dict[str, Any]) -> tuple[list[Row], SafeString]:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return [], mark_safe("")
    kind, described = next(iter(content.items()))
    schema = described.get("schema", {})
    others = " or ".join(each for each in content if each not in (JSON, kind))
    note = "As a form (multipart/form-data)" if kind == MULTIPART else ""
    note += f", or as a body of the type {others}" if others else ""
    rows = list(_fields(schema))
    if not rows and "description" in schema:
        note = schema["description"]
    elif not rows and not note:
        note = "None, or an empty object."
    return rows, inline(note)


def _answer(status: str, response: dict[str, Any]) -> Answer:
    if "$ref" in response:
        response = document()["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
    kinds = [
        kind_of(each["schema"]) if "schema" in each else format_html("<code>{}</code>", media)
        for media, each in response.get("content", {}).items()
    ]
    headers = ", ".join(response.get("headers", ()))
    return Answer(status, inline(response["description"]), mark_safe(" or ".join(kinds)), headers)


def _fields(schema: dict[str, Any], path: str = "", depth: int = 0) -> Iterator[Row]:
    """The fields of an object, those of objects within it after it."""
    needed = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        where = f"{path}.{name}" if path else name
        kind = kind_of(without_null(inner) if schema.get("x-null-is-nothing") else inner)
        yield Row(where, kind, inline(inner.get("description", "")), name in needed)
        plain, is_list = _inside(inner)
        if depth < DEEPEST and "$ref" not in plain:
            yield from _fields(plain, f"{where}[]" if is_list else where, depth + 1)


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A field of a body in which null is as leaving it out, which need not be said at each."""
    kind, several = schema.get("type"), schema.get("anyOf", ())
    plain = schema | {"type": next(each for each in kind if each != "null")} if isinstance(kind, list) else schema
    return plain | {"anyOf": [each for each in several if each != {"type": "null"}]} if several else plain


def _inside(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The object that a field holds, or holds a list of."""
    is_list = False
    while True:
        several = [each for each in schema.get("anyOf", schema.get("allOf", ())) if each.get("type") != "null"]
        if len(several) == 1:
            schema = several[0]
        elif "items" in schema:
            schema, is_list = schema["items"], True
        else:
            return schema, is_list


# ---------------------------------------------------------------------------------------------------------- what it is


def kind_of(schema: dict[str, Any]) -> SafeString:
    """“list of Alert”, “text, at most 200 characters”, “one of low, high, or null”."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(SCHEMAS)
        return format_html('<a href="#thing-{}">{}</a>', name, name)
    if several := schema.get("anyOf") or schema.get("allOf"):
        return mark_safe(", or ".join(kind_of(each) for each in several))
    kind = schema.get("type", "")
    is_nullable = isinstance(kind, list)
    plain = next((each for each in kind if each != "null"), "") if is_nullable else kind
    told = _plain_kind(plain, schema)
    return format_html("{}, or null", told) if is_nullable else told


def _plain_kind(kind: str, schema: dict[str, Any]) -> SafeString:
    if "enum" in schema:
        words = [word for word in schema["enum"] if word]
        shown = format_html_join(", ", "<code>{}</code>", ((word,) for word in words[:MOST_WORDS]))
        return format_html("{} … ({} in all)", shown, len(words)) if len(words) > MOST_WORDS else shown
    if kind == "array":
        return format_html("list of {}{}", kind_of(schema["items"]), _at_most(schema.get("maxItems"), ""))
    if kind == "object":
        inner = schema.get("additionalProperties")
        return format_html("object of {}", kind_of(inner)) if isinstance(inner, dict) and inner else mark_safe("object")
    if kind == "string":
        formats = {"date-time": "time", "uuid": "id", "uri-reference": "address"}
        told = formats.get(schema.get("format", ""), "file" if "contentMediaType" in schema else "text")
        return format_html("{}{}", told, _at_most(schema.get("maxLength"), "characters"))
    if kind == "integer":
        least, most = schema.get("minimum", 0), schema.get("maximum", 0)
        return format_html("number, {} to {}", least, f"{most:,}") if 0 < most < 2**53 else mark_safe("number")
    return mark_safe({"boolean": "true or false", "number": "number", "null": "null", "": "anything"}[kind])


def _at_most(number: int | None, what: str) -> str:
    return f", at most {number:,} {what}".rstrip() if number else ""


def prose(text: str) -> SafeString:
    """A docstring's Markdown; it is our own text, and HTML in it is shown as text."""
    return mark_safe(PROSE.render(text))


def inline(text: str) -> SafeString:
    return mark_safe(PROSE.renderInline(text))


def curl(example: dict[str, Any]) -> str:
    """An example as somebody types it."""
    lines = [f'curl "$WATCHFLOOR{example["path"]}"', '-H "Authorization: Bearer $TOKEN"']
    if example["method"] != "GET":
        lines[0] = f'curl -X {example["method"]} "$WATCHFLOOR{example["path"]}"'
    for name, value in example["headers"].items():
        lines.append(f'-H "{name}: $(uuidgen)"' if value == "…" else f"-H {quote(f'{name}: {value}')}")
    body = example["body"]
    if isinstance(body, dict) and set(body) == {"file"}:
        lines.append(f"-F file=@{body['file']}")
    elif body is not None:
        short = json.dumps(body, ensure_ascii=False)
        told = short if len(short) < SHORT else json.dumps(body, ensure_ascii=False, indent=2)
        lines += ['-H "Content-Type: application/json"', f"-d {quote(told)}"]
    return " \\\n     ".join(lines)


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
