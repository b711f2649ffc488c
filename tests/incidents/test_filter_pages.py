"""Setting one filter: as a page by itself, as a part of the queue, and by suggestions."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import User
from incidents.filters import FIELDS

FILTER, APPLY = "/incidents/filter/", "/incidents/filter/apply/"


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def applied(client: Client, state: str, key: str, **form: object) -> dict[str, list[str]]:
    """What the list's address says after the form of one filter was sent."""
    answer = client.get(APPLY, {"in": state, "key": key, **form})
    assert answer.status_code == 302, unescape(answer.content.decode())
    assert urlsplit(answer["Location"]).path == "/incidents/"
    assert client.get(answer["Location"]).status_code == 200
    return parse_qs(urlsplit(answer["Location"]).query)


@pytest.mark.parametrize("key", [key for key in FIELDS if key != "q"])
def test_every_filter_has_a_form_as_page_and_as_part(client: Client, key: str) -> None:
    page = client.get(FILTER, {"key": key, "in": "status=active"})
    part = client.get(FILTER, {"key": key, "in": "status=active"}, headers={"HX-Request": "true"})
    assert (page.status_code, part.status_code) == (200, 200)
    label = FIELDS[key].label
    for answer in (page, part):
        assert f">{label}</h2>" in answer.content.decode()
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()


def test_without_a_key_all_filters_are_there_to_choose_from(client: Client) -> None:
    page = client.get(FILTER, {"in": "status=active"}).content.decode()
    assert page.count('name="key"') == len(FIELDS) - 1
