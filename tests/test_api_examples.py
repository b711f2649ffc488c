"""The examples of docs/api/ do what they say: each is sent as it stands there, but for its numbers, in the order of its
page; what is shown as the answer is there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import Role, User
from activity.actors import SYSTEM
from alerts.models import Alert
from entities.models import AssetClassification, Entity
from incidents.commands import add_task, assign_alerts
from incidents.models import Incident, TaskTemplate
from ingest.models import TuningRule
from tests.access.addresses import SAVE
from tests.calls import Program
from tests.conftest import person

PAGES = sorted(Path("docs/api").glob("*.md"))
EXAMPLE = re.compile(r"```http\n(?P<sent>.*?)\n```(?:\n\n```json\n(?P<told>.*?)\n```)?", re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One request, and the answer as its page shows it."""

    method: str
    path: str
    is_tagged: bool
    body: Any
    told: dict[str, Any]


def examples(page: Path, numbers: Callable[[], dict[str, int]]) -> Iterator[Example]:
    """Read one by one, since numbers become known as things come into being."""
    for match in EXAMPLE.finditer(page.read_text(encoding="utf-8")):
        text = match["sent"]
        for shown, number in numbers().items():
            text = re.sub(shown, str(number), text)
        text = re.sub(r'(?<="due": ")\d{4}', f"{timezone.now().year + 1}", text)
        head, _, body = text.partition("\n\n")
        first, *headers = head.splitlines()
        method, path = first.split(" ")
        told = json.loads(match["told"]) if match["told"] else {}
        yield Example(method, path, bool(headers), json.loads(body) if body else None, told)


@pytest.fixture
def everybody(db: None) -> User:
    """Ana, with every right."""
    Role.objects.create(slug="everything", name="Everything", permissions=[str(each) for each in Permission])
    return person("ana", "Ana Ruiz", "everything")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_example_is_answered(
    page: Path, incident: Incident, everybody: User, sign_in: Callable[[User], Client]
) -> None:
    first, second = incident.alerts.order_by("pk")
    assign_alerts(incident, [first.pk], everybody, actor=everybody.as_actor(), batch=SAVE)
    Alert.objects.filter(pk=first.pk).update(techniques=["T1059.001"])
    task = add_task(incident, "Ask the user", actor=SYSTEM)

    def numbers() -> dict[str, int]:
        newest = {model: model.objects.order_by("-pk").first() for model in (TaskTemplate, TuningRule)}
        plant = AssetClassification.objects.filter(name="Plant").first()
        named = Entity.objects.filter(name="evil.example").first() or Entity.objects.get(name="fin-ws-17")
        places = {
            r"(?<=incidents/)42(?=/)|(?<=\"incident\": )42": incident,
            r"(?<=alerts/)101(?=/)|(?<=\[)101": first,
            r"(?<=, )102(?=\])": second,
            r"(?<=tasks/)5(?=/)": task,
            r"(?<=evidence/)7(?=/)|(?<=\"entities\": \[)7": named,
            r"(?<=task-templates/)3(?=/)|(?<=\"template\": )3": newest[TaskTemplate],
            r"(?<=tuning-rules/)4(?=/)": newest[TuningRule],
            r"(?<=asset-classifications/)6(?=/)": plant,
        }
        return {shown: thing.pk for shown, thing in places.items() if thing is not None}

    program, sent = Program(sign_in(everybody)), 0
    for example in examples(page, numbers):
        tag = program.ask("GET", example.path).tag if example.is_tagged else ""
        answer = program.ask(example.method, example.path, example.body, tag=tag)
        assert answer.status < 300, (example, answer)
        missing = example.told.keys() - (answer.body or {}).keys()
        assert not missing, (example.path, missing)
        for name, shown in example.told.items():
            real = answer.body[name]
            if isinstance(shown, list) and shown and isinstance(shown[0], dict):
                assert real and shown[0].keys() <= real[0].keys(), (example.path, name, real)
        sent += 1
    assert sent >= 5
