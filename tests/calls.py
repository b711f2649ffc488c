"""Talking to the API as a program does: JSON in, JSON out, the tag of what was read sent along."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.test import Client

from accounts.commands import create_token
from activity.actors import SYSTEM

ROOT = "/api/v1/"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    tag: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """Of a refusal, what is wrong with each field."""
        return {each["field"]: each["problem"] for each in self.body.get("errors", ())}


@dataclass(frozen=True)
class Program:
    """A client of the API: the session of a person, or a token."""

    client: Client

    def get(self, path: str) -> Any:
        """What is there; it has to be."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.body

    def ask(self, method: str, path: str, body: Any = None, *, tag: str = "", key: str = "") -> Answer:
        """`tag` is what If-Match says, `key` the Idempotency-Key."""
        headers = {name: value for name, value in (("If-Match", tag), ("Idempotency-Key", key)) if value}
        where = path if path.startswith(("/", "http")) else f"{ROOT}{path}"
        sent = b"" if body is None else json.dumps(body)
        answer = self.client.generic(method, where, sent, content_type="application/json", headers=headers)
        told = answer.json() if answer.content else None
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json", answer.content
        return Answer(answer.status_code, told, answer.get("ETag", ""))


def script(role: str) -> Program:
    """A program with a token of this role."""
    _, key = create_token(f"script of {role}, {uuid4()}", actor=SYSTEM, role=role)
    return Program(Client(headers={"Authorization": f"Bearer {key}"}))
