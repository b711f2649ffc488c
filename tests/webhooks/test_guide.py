"""docs/webhooks.md keeps its word: the receiver in it verifies what we send, and its example makes a webhook."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.test import Client

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from incidents.commands import add_comment, resolve
from incidents.models import Incident
from tests.webhooks.subscribed import send, subscribed
from webhooks.models import Delivery
from webhooks.secrets import opened as secret_of

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait_for_port(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the receiver does not listen")


def test_the_receiver_of_the_guide_verifies_our_messages(ada: User, ana: User, incident: Incident) -> None:
    (program,) = blocks("python")
    port = free_port()
    subscription = subscribed(ada, f"http://127.0.0.1:{port}/")
    variables = {**os.environ, "PORT": str(port), "WEBHOOK_SECRET": secret_of(subscription.secret)}
    receiver = subprocess.Popen(
        [sys.executable, "-c", program],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        wait_for_port(port)
        add_comment(incident, "One.", actor=ana.as_actor())
        resolve(incident, actor=ana.as_actor(), note="Done.")
        send()
        Delivery.objects.update(state="waiting")
        send()  # again, under the same ids
        forged = urllib.request.Request(f"http://127.0.0.1:{port}/", b"{}", {"webhook-id": "msg_1"})
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(forged, timeout=5)
    finally:
        receiver.terminate()
        said, _ = receiver.communicate(timeout=10)
    assert said.splitlines() == [f"comment.added {incident.pk}", f"incident.resolved {incident.pk}"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_the_example_of_the_guide_makes_a_webhook(ana: User) -> None:
    _, key = create_token("script", actor=SYSTEM, role="admin")
    example = json.loads(blocks("json")[-1])
    example.pop("query")  # its tag is nobody's yet
    answer = Client(headers={"Authorization": f"Bearer {key}"}).post(
        "/api/v1/webhooks/", example, content_type="application/json"
    )
    assert answer.status_code == 201, answer.content
