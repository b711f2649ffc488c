"""Slow and greedy clients must not stop the portal for others: the real web server, as `make up` configures it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.environment import REPOSITORY, Environment
from portal.servers.programs import web_command
from tests.portal.running import free_port

SLOW_CLIENTS = 16

# The limits that are to be seen at work are lowered; the server, its arguments and the edge are the portal's own.
APPLICATION = """
import json
import time
from portal.edge import Edge

class Long:
    # says of itself that it takes its time: so many pieces, after which it may fail

    sent_while_made = True

    def __init__(self, pieces, breaks):
        self.pieces, self.breaks, self.made = pieces, breaks, 0

    def __iter__(self):
        for _ in range(self.pieces):
            self.made += 1
            yield b"x" * 100_000
        if self.breaks:
            raise OSError("the database is gone")

    def close(self):
        made.append(self.made)

made = []

def pages(environ, start_response):
    if environ["PATH_INFO"].startswith("/long/"):
        start_response("200 OK", [("Content-Type", "text/plain")])
        _, _, pieces, ending = environ["PATH_INFO"].split("/")
        return Long(int(pieces), ending == "breaks")
    if environ["PATH_INFO"] == "/made":
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(made).encode()]
    if environ["PATH_INFO"] == "/takes-time":
        time.sleep(0.3)
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0))
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"x" * 100_000 for _ in range(300))
    shown = {name: value for name, value in environ.items() if isinstance(value, str)}
    answer = json.dumps(shown | {"received": len(body)}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]

application = Edge(pages, most_bytes=1024 * 1024, grace_seconds=GRACE, most_uploads=UPLOADS, has_others=True)
"""


class Web:
    """The web server in a process of its own."""

    def __init__(self, folder: Path, port: int, grace: float, uploads: int) -> None:
        self.port = port
        code = APPLICATION.replace("GRACE", str(grace)).replace("UPLOADS", str(uploads))
        (folder / "slow_client_application.py").write_text(code)
        settings = Environment(data_dir=folder, secret_key="k" * 40, port=port, web_processes=2)
        command = [
            argument.replace("portal.asgi:", "slow_client_application:")
            for argument in web_command(settings, "127.0.0.1")
        ]
        variables = {**os.environ, "PYTHONPATH": f"{folder}:{REPOSITORY}"}
        log = (folder / "web.log").open("wb")
        self.process = subprocess.Popen(command, cwd=REPOSITORY, env=variables, stdout=log, stderr=log)
        self.log = folder / "web.log"
        self.slow: list[socket.socket] = []
        self._stop = threading.Event()

    def wait(self) -> None:
        """Waits until it answers."""
        for _ in range(300):
            if self.process.poll() is None:
                try:
                    self.get("/")
                    return
                except OSError:
                    time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def get(self, path: str, seconds: float = 5.0) -> tuple[int, float, bytes]:
        """Status, seconds and body of one healthy request."""
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, time.monotonic() - started, answer.read()
        finally:
            connection.close()

    def send(self, request: bytes) -> socket.socket:
        """A connection on which a request was begun."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        client.sendall(request)
        self.slow.append(client)
        return client

    def drip(self) -> None:
        """From now on every open connection sends a byte a second."""

        def send_bytes() -> None:
            while not self._stop.wait(1.0):
                for client in self.slow:
                    try:
                        client.sendall(b"x")
                    except OSError:
                        continue

        threading.Thread(target=send_bytes, daemon=True).start()

    def close(self) -> None:
        """Ends everything."""
        self._stop.set()
        for client in self.slow:
            client.close()
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A web server with two processes and the portal's limits, but for small bodies."""
    web = Web(tmp_path_factory.mktemp("web"), free_port(), grace=20, uploads=256)
    web.wait()
    yield web
    web.close()


@pytest.fixture(scope="module")
def strict_web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The same with little patience."""
    web = Web(tmp_path_factory.mktemp("strict"), free_port() + 1, grace=3, uploads=4)
    web.wait()
    yield web
    web.close()


SLOW_POST = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"


def test_slow_uploads_do_not_hold_up_anyone(web: Web) -> None:
    for _ in range(SLOW_CLIENTS):
        web.send(SLOW_POST + b"x")
    web.drip()
    time.sleep(1.5)
    answers = [web.get("/") for _ in range(10)]
    assert [status for status, _, _ in answers] == [200] * 10
    assert max(seconds for _, seconds, _ in answers) < 1


def test_slow_headers_do_not_hold_up_anyone(web: Web) -> None:
    for _ in range(SLOW_CLIENTS):
        web.send(b"GET / HTTP/1.1\r\nHost: local")
    time.sleep(0.5)
    status, seconds, _ = web.get("/")
    assert status == 200
    assert seconds < 1


def test_slow_readers_do_not_hold_up_anyone(web: Web) -> None:
    for _ in range(SLOW_CLIENTS):
        web.send(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(1)
    status, seconds, _ = web.get("/")
    assert status == 200
    assert seconds < 1


def test_a_whole_upload_arrives_whatever_its_encoding(web: Web) -> None:
    body = b"y" * 900_000
    plain = b"POST /a%20b%ff?c=%20 HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n" + body
    chunks = b"".join(b"%x\r\n%s\r\n" % (90_000, body[:90_000]) for _ in range(10)) + b"0\r\n\r\n"
    chunked = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    for request in (plain, chunked):
        assert b'"received": 900000' in reply(web.send(request))


def test_a_large_answer_arrives_whole(web: Web) -> None:
    assert len(web.get("/large")[2]) == 30_000_000


def test_a_long_answer_arrives_whole_while_pages_are_served(web: Web) -> None:
    slow = [web.send(b"GET /long/2000/ends HTTP/1.1\r\nHost: h\r\n\r\n") for _ in range(SLOW_CLIENTS)]
    time.sleep(0.5)
    status, seconds, _ = web.get("/")
    assert status == 200
    assert seconds < 2
    for client in slow:
        client.close()
    assert len(web.get("/long/200/ends", seconds=60)[2]) == 20_000_000


def test_a_long_answer_that_fails_is_cut_off_and_not_ended(web: Web) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        web.get("/long/20/breaks", seconds=30)


def test_a_long_answer_is_made_no_further_once_its_client_is_gone(web: Web) -> None:
    client = web.send(b"GET /long/30000/ends HTTP/1.1\r\nHost: h\r\n\r\n")
    client.recv(1_000)
    client.close()
    for _ in range(100):
        made = {count for _ in range(8) for count in json.loads(web.get("/made")[2])}
        if stopped := [count for count in made if 0 < count < 30_000]:
            break
        time.sleep(0.1)
    assert stopped


@pytest.mark.parametrize(
    "request_text",
    [
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%s\r\n" % (60_000, b"z" * 60_000) for _ in range(30)),
    ],
)
def test_too_large_a_body_is_refused(web: Web, request_text: bytes) -> None:
    assert reply(web.send(request_text)).startswith(b"HTTP/1.1 413")


def test_headers_cannot_pose_as_others(web: Web) -> None:
    request = b"GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n"
    assert b'"HTTP_X_FORWARDED_FOR": "1.1.1.1"' in reply(web.send(request))


def test_a_body_that_takes_too_long_is_ended(strict_web: Web) -> None:
    started = time.monotonic()
    assert reply(strict_web.send(SLOW_POST)).startswith(b"HTTP/1.1 408")
    assert 2.5 < time.monotonic() - started < 10


def test_more_uploads_than_can_be_watched_are_told_to_return(strict_web: Web) -> None:
    # Four are watched by each of the two processes, however the connections are shared out.
    clients = [strict_web.send(SLOW_POST) for _ in range(16)]
    assert strict_web.get("/")[0] == 200
    answers = [reply(client) for client in clients]
    refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503")]
    assert len(refused) >= 4
    assert all(b"retry-after: " in answer for answer in refused)


def test_who_stands_in_line_is_sent_to_another_process_and_who_is_alone_stays(web: Web) -> None:
    """Six at once on two processes: three of them at least have come to the same."""
    together = [http.client.HTTPConnection("127.0.0.1", web.port, timeout=30) for _ in range(6)]
    for one in together:
        one.request("GET", "/takes-time")
    answers = [one.getresponse() for one in together]
    assert {answer.status for answer in answers} == {200}
    assert all(json.loads(answer.read())["PATH_INFO"] == "/takes-time" for answer in answers)
    assert any(answer.will_close for answer in answers)
    together[0].request("GET", "/alone")
    assert not together[0].getresponse().will_close


def test_nobody_stays_behind_a_single_other_whose_requests_take_long(web: Web) -> None:
    """Three at once on two processes: two of them have come to the same."""
    together = [http.client.HTTPConnection("127.0.0.1", web.port, timeout=30) for _ in range(3)]
    for one in together:
        one.request("GET", "/takes-time")
    answers = [one.getresponse() for one in together]
    assert any(answer.will_close for answer in answers)


def test_it_stops_while_clients_are_connected(web: Web) -> None:
    web.send(SLOW_POST)
    started = time.monotonic()
    web.process.terminate()
    web.process.wait(timeout=10)
    assert time.monotonic() - started < 4


def reply(client: socket.socket) -> bytes:
    """What the server answers, up to a short silence."""
    client.settimeout(10)
    received = b""
    try:
        while chunk := client.recv(65_536):
            received += chunk
            if b"\r\n\r\n" in received and len(received.partition(b"\r\n\r\n")[2]) >= _length(received):
                break
    except (TimeoutError, ConnectionResetError):
        pass
    return received


def _length(received: bytes) -> int:
    for line in received.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
