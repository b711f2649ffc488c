"""Clients of a real portal that write down what they asked and what they were told, and what must follow from it."""

from __future__ import annotations

import http.client
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.portal.running import Portal
from tests.test_completeness import Sent

PATIENCE = 20.0
"""Seconds that a client waits for one answer."""
SOON = 1.0
"""Seconds before a client asks again where the portal does not say when."""
GIVES_UP = 60.0
"""Seconds after which a client no longer asks again."""


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 where nothing did: whether it was done is not known then."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_bare(self) -> bool:
        """Whether it is a failure that tells nobody what to do."""
        return self.status >= 500 and not (self.status == 503 and "retry-after" in self.headers)


@dataclass(frozen=True)
class Call:
    """One request, as its client saw it."""

    kind: str
    key: str
    started: float
    ended: float
    status: int
    is_bare: bool
    is_done: bool
    what: str = ""


def ask(
    portal: Portal, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request over a connection of its own, without following anything."""
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
    except (OSError, http.client.HTTPException):
        return Answer(0)
    finally:
        connection.close()


class Browser:
    """A person who has signed in."""

    def __init__(self, portal: Portal, username: str, password: str) -> None:
        self.portal, self.cookies = portal, dict[str, str]()
        page = self.ask("GET", "/sign-in/")
        sent = {"login": username, "password": password}
        told = self.post(
            "/sign-in/",
            sent | {"csrfmiddlewaretoken": Sent(page.body.decode(), "/sign-in/").fields["csrfmiddlewaretoken"]},
        )
        assert told.status == 302, told

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": self.cookies["csrftoken"]}
        answer = ask(self.portal, method, path, body, headers)
        for name, value in re.findall(r"(csrftoken|sessionid)=([^;]+)", answer.headers.get("set-cookie", "")):
            self.cookies[name] = value
        return answer

    def post(self, path: str, values: Mapping[str, Any]) -> Answer:
        return self.ask("POST", path, urlencode(values, doseq=True).encode())


class Client(threading.Thread):
    """Reads, sends alerts, comments and saves, each in an incident of its own, until told to stop."""

    def __init__(
        self, number: int, portal: Portal, browser: Browser, sender: str, incident: int, stop: threading.Event
    ) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self.number, self.portal, self.browser, self.sender = number, portal, browser, sender
        self.incident, self.stopped = incident, stop
        self.chance = random.Random(number)
        self.history: list[Call] = []

    def run(self) -> None:
        acts = (self.read_list, self.send_alert, self.comment, self.save)
        count = 0
        while not self.stopped.is_set():
            count += 1
            acts[count % len(acts)](f"{self.number}-{count}")
            time.sleep(self.chance.random() * 0.2)

    def read_list(self, key: str) -> None:
        self._until_done("read", key, lambda: self.browser.ask("GET", "/incidents/"), {200})

    def send_alert(self, key: str) -> None:
        """Sent again under the same id until it is taken."""
        body = json.dumps(alert(f"alert-{key}", host=f"host-{self.number}")).encode()
        headers = {"Authorization": f"Bearer {self.sender}", "Content-Type": "application/json"}
        self._until_done("alert", key, lambda: ask(self.portal, "POST", "/api/v1/alerts/", body, headers), {200, 201})

    def comment(self, key: str) -> None:
        """Sent again with the mark of the same form until it is taken."""
        values = {"text": f"comment-{key}.", "once": str(uuid4())}
        path = f"/incidents/{self.incident}/comments/"
        self._until_done("comment", key, lambda: self.browser.post(path, values), {302})

    def save(self, key: str) -> None:
        """Sent once, and never again where it is not known what became of it: the next save begins with what is there
        by then."""
        path = f"/incidents/{self.incident}/manage/"
        page = self._until_done("form", key, lambda: self.browser.ask("GET", path), {200})
        if page is None:
            return
        fields = Sent(page.body.decode(), path).fields | {"name": f"save-{key}."}
        started = time.monotonic()
        answer = self.browser.post(path, fields)
        self._note("save", key, started, answer, is_done=answer.status == 302)

    def _until_done(self, kind: str, key: str, send: Callable[[], Answer], done: set[int]) -> Answer | None:
        begun = time.monotonic()
        while True:
            started = time.monotonic()
            answer = send()
            self._note(kind, key, started, answer, is_done=answer.status in done)
            if answer.status in done:
                return answer
            passes = answer.status == 0 or answer.status >= 500 or answer.status in (409, 429)
            if not passes or time.monotonic() - begun > GIVES_UP:
                return None
            time.sleep(min(float(answer.headers.get("retry-after", SOON)), 5.0) * (0.5 + self.chance.random()))

    def _note(self, kind: str, key: str, started: float, answer: Answer, *, is_done: bool) -> None:
        what = "" if is_done or not answer.status else answer.body[:300].decode(errors="replace")
        self.history.append(Call(kind, key, started, time.monotonic(), answer.status, answer.is_bare, is_done, what))


def alert(external_id: str, host: str) -> dict[str, Any]:
    return {
        "source": "edr",
        "external_id": external_id,
        "title": "Encoded command",
        "severity": "high",
        "first_activity": "2026-11-02T12:00:00Z",
        "evidence": [{"type": "device", "hostname": host}],
    }


@dataclass
class Verdict:
    """What a history and the portal's own data say of each other."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    """Asked for, without an answer that says it was done, and not there."""
    unknown_but_done: Counter[str] = field(default_factory=Counter)
    bare: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers of 400 and above that no fault explains."""
    statuses: Counter[int] = field(default_factory=Counter)


def judge(history: list[Call], found: Mapping[str, Mapping[str, int]]) -> Verdict:
    """Holds what was acknowledged to what is there: `found` says of each kind how often each key is."""
    verdict = Verdict()
    done, asked = set[tuple[str, str]](), set[tuple[str, str]]()
    for call in history:
        verdict.statuses[call.status] += 1
        if call.is_bare:
            verdict.bare[f"{call.status} {call.kind}"] += 1
        if 400 <= call.status < 500 and call.status not in (409, 429):
            verdict.wrong.append(f"{call.status} {call.kind} {call.key}: {call.what}")
        if call.kind in found:
            asked.add((call.kind, call.key))
            if call.is_done:
                done.add((call.kind, call.key))
    for kind, key in sorted(asked):
        times = found[kind].get(key, 0)
        if (kind, key) in done:
            verdict.acknowledged[kind] += 1
            if times == 0:
                verdict.lost.append(f"{kind} {key}")
        else:
            (verdict.unknown_but_done if times else verdict.unknown)[kind] += 1
        if times > 1:
            verdict.doubled.append(f"{kind} {key}: {times} times")
    return verdict


WHAT_IS_THERE = """
import json, sys
from collections import Counter
from activity.models import Entry
from alerts.models import Alert
from incidents.models import Incident
from incidents.summary import differences
alerts = Counter(external_id.removeprefix("alert-") for external_id in Alert.objects.filter(incident__isnull=False)
                 .values_list("external_id", flat=True))
comments = Counter(text.removeprefix("comment-").removesuffix(".") for text in
                   Entry.objects.filter(verb="comment.added").values_list("body__text", flat=True))
saves = Counter(change["new"].removeprefix("save-").removesuffix(".") for changes in
                Entry.objects.values_list("changes", flat=True) for change in changes
                if change["field"] == "name" and str(change["new"]).startswith("save-"))
wrong = differences(list(Incident.objects.all()))
sys.stdout.write(json.dumps({"alert": alerts, "comment": comments, "save": saves, "wrong": wrong}))
"""


def what_is_there(portal: Portal) -> dict[str, Any]:
    """Of each kind how often each key stands in the portal's data, and where its summaries differ from the truth."""
    told = portal.manage("shell", "--no-imports", "-c", WHAT_IS_THERE)
    assert told.returncode == 0, told.stderr
    return dict(json.loads(told.stdout[told.stdout.index("{") :]))
