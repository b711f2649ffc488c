"""From an endpoint to its operations in the OpenAPI document: what it declares (common/endpoints.py) and nothing else.

Source: OpenAPI 3.1. drf-spectacular finds the routes and puts the document together; what it would read, serializers,
we have none of, so each operation is written here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent, resolve_django_path_parameter

from common.endpoints import IDEMPOTENCY_KEY, Answers, Endpoint
from common.problems import PROBLEM, PROBLEM_TYPE
from common.shapes import JSON, MULTIPART, Shape, number, text, written

PLACE = re.compile(r"\{(\w+)\}")
ROOT = "/api/v1/"
IF_MATCH = "If-Match"

PROBLEMS: dict[int, tuple[str, str]] = {
    400: ("Invalid", "The address or the body says something that means nothing; `errors` names each such field."),
    401: ("NotSignedIn", "No token, or one that is unknown, expired or revoked."),
    403: ("NotAllowed", "The permission is missing, or nobody may do this in this state."),
    404: ("NotFound", "There is no such thing, or not for you."),
    409: ("Refused", "Something stands in the way; `detail`, and `errors` where it is a field, say what."),
    412: ("Changed", "Somebody else has changed the same since; `version` and `errors` say what it is by now."),
    413: ("TooLarge", "The body is larger than is taken."),
    415: ("NotThisType", "The body is of a type that is not taken here."),
    422: ("KeyUsed", "The Idempotency-Key was used for another request."),
    428: ("VersionMissing", "If-Match is missing."),
    429: ("TooMuch", "More than the token may ask for in a minute."),
    503: ("NotAvailable", "The database is away, or others were changing the same at this moment."),
}
"""Status → name and meaning of the refusals that are documented."""
TOLD_WHEN = {409: "Retry-After", 429: "Retry-After", 503: "Retry-After", 401: "WWW-Authenticate", 412: "ETag"}
"""Status → the header that a refusal may carry."""

HEADERS: dict[str, tuple[Shape, str]] = {
    "ETag": (text(pattern='^(W/)?"[0-9]+"$'), "The version, as If-Match takes it."),
    "Location": (text(), "The address of what was made, or is being made."),
    "Retry-After": (number(least=0), "Seconds after which asking again makes sense."),
    "WWW-Authenticate": (text(), "How to sign in."),
    "Idempotency-Replayed": (text(pattern="^true$"), "`true`: this was answered before, and nothing more done."),
}

KEY_PARAMETER = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "description": "A word of your own, new for each request, such as a UUID. Sent again under the same one, a request "
    "is answered as before and does nothing more; another request under it is refused with 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*[!#-~][ -~]*$"},
}
VERSION_PARAMETER = {
    "name": IF_MATCH,
    "in": "header",
    "required": True,
    "description": 'The ETag of what this is based on, such as `"7"`; `*` for whatever it is.',
    "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,18}")$'},
}


class OperationSchema(AutoSchema):
    """One method of one address."""

    view: Endpoint  # type: ignore[override]

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any]:
        self.path, self.path_regex, self.method, self.registry = path, path_regex, method, registry
        summary, description = told(type(self.view), method)
        permission = self.view.needs.get(method)
        label = getattr(permission, "label", "")
        takes = f"Takes the permission *{label}*." if label else "For everybody who may use the API."
        operation: dict[str, Any] = {
            "operationId": operation_id(method, path),
            "summary": summary,
            "description": f"{description}\n\n{takes}" if description else takes,
            "tags": [resource_of(self.view, path)],
            "x-permission": str(getattr(permission, "value", "")) or None,
            "security": [{"token": []}, {"session": []}],
            "parameters": [*self._places(), *self._keys(), *self._headers()],
            "responses": self._answers(),
        }
        if sent := self._sent():
            operation["requestBody"] = sent
        return operation

    def _written(self, shape: Shape) -> Any:
        """A shape as JSON Schema, and those it names among the document's components."""
        named: dict[str, Any] = {}
        schema = written(shape, named)
        for name, form in named.items():
            self._component(ResolvedComponent.SCHEMA, name, form)
        return schema

    def _component(self, kind: str, name: str, form: Mapping[str, Any]) -> None:
        component = ResolvedComponent(name=name, type=kind, schema=dict(form), object=Shape)
        if component not in self.registry:
            self.registry.register(component)
        elif self.registry[component].schema != component.schema:
            raise ValueError(f"Two shapes are called {name}; give one of them another name.")

    # ---------------------------------------------------------------------------------------------------- what is sent

    def _places(self) -> list[dict[str, Any]]:
        """The parts of the path that vary; what each names, the word before it says."""
        found = []
        for name in PLACE.findall(self.path):
            known = resolve_django_path_parameter(self.path_regex, name, [])
            schema = dict(known["schema"] if known else {"type": "string"})
            if schema.get("type") == "integer":
                schema |= {"minimum": 0}
            before = self.path.split("{" + name + "}")[0].rstrip("/").rsplit("/", 1)[-1]
            about = f"Which {singular(before)}."
            found.append({"name": name, "in": "path", "required": True, "description": about, "schema": schema})
        return found

    def _keys(self) -> list[dict[str, Any]]:
        keys = self.view.keys.get(self.method) or {}
        found = []
        for name in keys:
            shape = keys[name] if isinstance(keys, Mapping) else text()
            schema = self._written(shape)
            about = schema.pop("description", "")
            found.append({"name": name, "in": "query", "description": about, "schema": schema})
        return found

    def _headers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        if self.method in self.view.keyed and self.method in self.view.needs:
            found.append(KEY_PARAMETER)
        if self.method in self.view.versioned:
            found.append(VERSION_PARAMETER)
        return found

    def _sent(self) -> dict[str, Any] | None:
        shape = self.view.takes.get(self.method)
        if shape is None:
            return None
        is_needed = bool(shape.form.get("required"))
        return {"required": is_needed, "content": self._content(shape)}

    def _content(self, shape: Shape) -> dict[str, Any]:
        """By media type; what is bytes has no schema."""
        structured = (JSON, MULTIPART)
        return {kind: {"schema": self._written(shape)} if kind in structured else {} for kind in shape.media}

    # ------------------------------------------------------------------------------------------------ what is answered

    def _answers(self) -> dict[str, Any]:
        declared = self.view.gives[self.method]
        answers: Answers = {200: declared} if isinstance(declared, Shape) else declared
        found = {str(status): self._answer(shape) for status, shape in sorted(answers.items())}
        for status in self._refusals():
            problem = self._problem(status)
            # one that may also be answered with something else
            present = found.setdefault(str(status), problem)
            if present is not problem:
                present["content"] |= self._refusal(status)["content"]
        return found

    def _answer(self, shape: Shape | None) -> dict[str, Any]:
        if shape is None:
            return {"description": "Done; there is nothing to say."}
        found: dict[str, Any] = {"description": str(shape.form.get("description") or "Done.")}
        found["content"] = self._content(shape)
        headers = [*shape.headers, *(["Idempotency-Replayed"] if self.method in self.view.keyed else [])]
        if headers:
            found["headers"] = {name: self._header(name, is_sure=name in ("ETag", "Location")) for name in headers}
        return found

    def _header(self, name: str, *, is_sure: bool = False) -> dict[str, Any]:
        shape, about = HEADERS[name]
        return {"description": about, "schema": self._written(shape), **({"required": True} if is_sure else {})}

    def _problem(self, status: int) -> dict[str, Any]:
        name = PROBLEMS[status][0]
        self._component("responses", name, self._refusal(status))
        return {"$ref": f"#/components/responses/{name}"}

    def _refusal(self, status: int) -> dict[str, Any]:
        about = PROBLEMS[status][1]
        form: dict[str, Any] = {"description": about, "content": {PROBLEM_TYPE: {"schema": self._written(PROBLEM)}}}
        if status in TOLD_WHEN:
            form["headers"] = {TOLD_WHEN[status]: self._header(TOLD_WHEN[status])}
        return form

    def _refusals(self) -> list[int]:
        """What may go wrong, by what can be sent."""
        view, method = self.view, self.method
        writes = method not in ("GET", "HEAD")
        found = [400, 401, 403]
        if "{" in self.path or method in view.takes:
            found.append(404)
        if writes:
            found.append(409)
        if method in view.versioned:
            found += [412, 428]
        if method in view.takes:
            found += [413, 415]
        if method in view.keyed:
            found.append(422)
        return sorted({*found, *view.refuses.get(method, ()), 429, 503})


def told(view: type[Endpoint], method: str) -> tuple[str, str]:
    """What an operation does, in a line, and what else there is to know, by the docstrings of method and class.

    Paragraphs are one line each; indented examples stay as they are.
    """
    own, whole = prose(getattr(view, method.lower()).__doc__), prose(view.__doc__)
    title, _, rest = (own or whole).partition("\n\n")
    summary, _, further = title.partition(". ") if not own else (title, "", "")
    summary = summary.rstrip(".:").strip()
    if own:
        return summary, rest or whole
    return summary, "\n\n".join(filter(None, (further, rest)))


def prose(docstring: str | None) -> str:
    """A docstring as Markdown."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(docstring or ""))
    return "\n\n".join(block if block.startswith("    ") else " ".join(block.split()) for block in blocks)


def operation_id(method: str, path: str) -> str:
    """`post_incidents_number_tasks`: what code generators call it."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", path.removeprefix(ROOT)).strip("_")
    return f"{method.lower()}_{words}"


def resource_of(view: Endpoint, path: str) -> str:
    """Under which an operation is described."""
    return view.resource or path.removeprefix(ROOT).partition("/")[0].replace("-", " ").capitalize()


def singular(word: str) -> str:
    """One of what a part of a path names in the plural."""
    word = word.replace("-", " ")
    for plural, one in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if word.endswith(plural):
            return word.removesuffix(plural) + one
    return word
