"""The list of entities: found by part of a name or by an identifier, narrowed by type, paged by key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from entities import identity
from incidents.queries import entity_list
from tests.conftest import alert, device, opened


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    opened(
        alert(
            "1",
            entities=(
                device("fin-ws-17"),
                device("fin-ws-18"),
                identity.user(upn="fin.admin@example.org", sid="S-1-5-21-1-2-3-1147"),
                identity.ip("203.0.113.7"),
            ),
        )
    )
    return sign_in(ana)


def listed(client: Client, query: str = "", status: int = 200) -> list[str]:
    answer = client.get(f"/entities/{query}", headers={"HX-Request": "true"})
    assert answer.status_code == status
    names = ("fin-ws-17", "fin-ws-18", "fin.admin@example.org", "203.0.113[.]7")
    return [name for name in names if f">{name}</a>" in answer.content.decode()]


FOUND = {
    "": ["fin-ws-17", "fin-ws-18", "fin.admin@example.org", "203.0.113[.]7"],
    "?q=FIN": ["fin-ws-17", "fin-ws-18", "fin.admin@example.org"],
    "?q=device:fin": ["fin-ws-17", "fin-ws-18"],
    "?q=ws-18": ["fin-ws-18"],
    "?q=S-1-5-21-1-2-3-1147": ["fin.admin@example.org"],
    "?kind=user&kind=ip": ["fin.admin@example.org", "203.0.113[.]7"],
    "?q=fin&kind=user": ["fin.admin@example.org"],
    "?q=nowhere": [],
}


def test_it_finds_by_parts_and_identifiers(client: Client) -> None:
    for query, found in FOUND.items():
        assert listed(client, query) == found, query


def test_too_short_a_part_is_told(client: Client) -> None:
    assert "at least three characters" in client.get("/entities/?q=fi").content.decode()


def test_what_it_does_not_know_is_named(client: Client) -> None:
    page = client.get("/entities/?kind=devise")
    assert page.status_code == 400
    assert "Type: “devise” is unknown — did you mean “device”?" in page.content.decode()


def test_it_pages_by_key(client: Client, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entity_list, "PAGE_SIZE", 2)
    for sort in entity_list.ORDERS:
        first, rows = entity_list.page(ana, entity_list.Asked(sort=sort))
        second, more = entity_list.page(ana, entity_list.Asked(sort=sort, after=first.next))
        assert len({row["url"] for row in [*rows, *more]}) == 4
        _, again = entity_list.page(ana, entity_list.Asked(sort=sort, before=second.previous))
        assert again == rows
        assert not second.next
