"""Real servers that webhooks are sent to, and what they have heard."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.body)
        return said


@dataclass
class Receiver:
    """A server on a port of its own. `answers` are given one after the other, the last one ever after: a status, or
    what does with the request as it likes."""

    answers: list[int | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=lambda: [200])
    heard: list[Heard] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def types(self) -> list[str]:
        return [each.said["type"] for each in self.heard]

    def next_answer(self) -> int | Callable[[BaseHTTPRequestHandler], None]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def receiver(*answers: int | Callable[[BaseHTTPRequestHandler], None]) -> Iterator[Receiver]:
    found = Receiver(list(answers) or [200])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {key.lower(): value for key, value in self.headers.items()}
            answer = found.next_answer()
            found.heard.append(Heard(self.path, headers, body))
            if not isinstance(answer, int):
                answer(self)
                return
            self.send_response(answer)
            self.end_headers()
            self.wfile.write(f"said {answer}".encode())

        do_GET = do_POST

        def log_message(self, format: str, *arguments: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def redirecting(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("location", to)
        handler.end_headers()

    return answer


def dripping(seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answers, a byte of a header now and then, for so long."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                handler.wfile.write(b"a")
                time.sleep(0.02)
        except OSError:
            pass

    return answer


def silent(until: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    """Takes the request and says nothing."""
    return lambda handler: (until.wait(20), None)[1]


def flooding(handler: BaseHTTPRequestHandler) -> None:
    """Answers without an end."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(10_000):
            handler.wfile.write(b"x\x00\xff" * 20_000)
    except OSError:
        pass
