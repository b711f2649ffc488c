"""A form that arrives after its sign-in has ended, or from before another one: nothing is saved, nothing is lost, and
the way leads through the sign-in back to where the form stood."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.models import Entry
from incidents.models import Incident

PAGE = "http://testserver/incidents/?status=any&open=1"


def next_of(location: str) -> str:
    """Where a sign-in address leads back to."""
    address = urlsplit(location)
    assert address.path == reverse("account_login")
    return parse_qs(address.query)["next"][0]


@pytest.fixture
def comment_url(incident: Incident) -> str:
    return reverse("incidents:comment", args=[incident.pk])


def test_a_fragment_sends_the_page_to_the_sign_in_and_back(comment_url: str) -> None:
    answer = Client().post(comment_url, {"text": "x"}, headers={"HX-Request": "true", "HX-Current-URL": PAGE})
    assert answer.status_code == 401
    assert next_of(answer["HX-Redirect"]) == "/incidents/?status=any&open=1"


def test_a_form_leads_back_to_its_page_not_to_where_it_was_sent(comment_url: str) -> None:
    answer = Client().post(comment_url, {"text": "x"}, headers={"Referer": PAGE})
    assert next_of(answer["Location"]) == "/incidents/?status=any&open=1"


@pytest.mark.parametrize("referer", ["", "http://elsewhere.example/incidents/", "//elsewhere.example", "javascript:x"])
def test_no_form_leads_elsewhere(comment_url: str, referer: str) -> None:
    answer = Client().post(comment_url, {"text": "x"}, headers={"Referer": referer})
    assert next_of(answer["Location"]) == "/"


def test_a_token_of_the_sign_in_before_has_the_page_loaded_anew(
    comment_url: str, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = sign_in(ana).cookies
    answer = client.post(comment_url, {"text": "x"}, headers={"HX-Request": "true", "HX-Current-URL": PAGE})
    assert (answer.status_code, answer["HX-Refresh"]) == (403, "true")
    answer = client.post(comment_url, {"text": "x"})
    assert answer.status_code == 403
    assert "open too long" in answer.content.decode()
    assert Entry.objects.comments().count() == 0


def test_without_cookies_a_fragment_is_sent_to_the_sign_in(comment_url: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(comment_url, {"text": "x"}, headers={"HX-Request": "true", "HX-Current-URL": PAGE})
    assert next_of(answer["HX-Redirect"]) == "/incidents/?status=any&open=1"


def test_a_form_saved_without_script_says_which_drafts_are_done(
    comment_url: str, incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    answer = sign_in(ana).post(comment_url, {"text": "Isolated."}, follow=True)
    assert f'data-draft-saved="comment-{incident.pk}"' in answer.content.decode()
