"""The running web server: pages per second for several people at once, and what a first visit weighs."""

from __future__ import annotations

import re
import socket
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import cycle

from django.conf import settings
from django.test import Client

from accounts.models import User
from benchmarks.measure import Row, percentile, timed
from benchmarks.queue import PATH, USER
from portal.environment import load_environment
from portal.servers.processes import end
from portal.servers.programs import Program, application_variables, web_command

HOST = "127.0.0.1"
PEOPLE = 4
MOST_SECONDS = 10.0
PROCESSES = 2
STARTS_WITHIN = 60.0
PAGES = (
    PATH,
    f"{PATH}?severity=high",
    f"{PATH}?assignee=me",
    f"{PATH}?sort=-severity",
    f"{PATH}?tag=tag-001&tag=tag-004",
)
FILE = re.compile(r'(?:href|src)="(/static/[^"]+)"')


def measure(rounds: int) -> Iterator[Row]:
    client = Client()
    client.force_login(User.objects.get(username=USER))
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    with server() as port:
        yield from _first_visit(port, cookie)
        yield from _alone(port, cookie, rounds)
        yield from _together(port, cookie, seconds=min(MOST_SECONDS, rounds / 2))


@contextmanager
def server(processes: int = PROCESSES) -> Iterator[int]:
    """The portal's own web server on a free port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    environment = load_environment().model_copy(update={"port": port, "web_processes": processes})
    addresses = {"PORT": str(port), "WEB_PROCESSES": str(processes)}
    variables = application_variables(environment, addresses)
    web = Program("bench-web", "The web", web_command(environment, HOST), environment.data_dir, variables)
    process = web.start()
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The web server does not answer; see {web.log}.")
            time.sleep(0.1)
        yield port
    finally:
        end(process, web.stop_signal, 10.0)


def _answers(port: int) -> bool:
    try:
        return _get(HTTPConnection(HOST, port, timeout=5), "/healthz", "")[0] == 200
    except (OSError, HTTPException):
        return False


def _get(connection: HTTPConnection, path: str, cookie: str) -> tuple[int, bytes]:
    """Status and the body as it was sent, compressed where the server compresses."""
    connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "gzip", "Accept": "text/html"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def _first_visit(port: int, cookie: str) -> Iterator[Row]:
    """The queue's page and every file it names, as a browser with an empty cache fetches them."""
    connection = HTTPConnection(HOST, port, timeout=30)
    connection.request("GET", PATH, headers={"Cookie": cookie})
    page = connection.getresponse().read().decode()
    sizes = {PATH: len(_get(connection, PATH, cookie)[1])}
    for address in dict.fromkeys(FILE.findall(page)):
        status, body = _get(connection, address, cookie)
        if status != 200:
            raise RuntimeError(f"{address} answers {status}")
        sizes[address] = len(body)
    yield Row("serving, first visit compressed", sum(sizes.values()) / 1024, "KB")
    yield Row("serving, files of a first visit", len(sizes), "files")


def _alone(port: int, cookie: str, rounds: int) -> Iterator[Row]:
    connection = HTTPConnection(HOST, port, timeout=30)
    times = [timed(lambda: _get(connection, PATH, cookie)) for _ in range(rounds + 5)][5:]
    yield Row("serving, one person", statistics.median(times), "ms", p95=percentile(times, 95), n=rounds)


def _together(port: int, cookie: str, seconds: float) -> Iterator[Row]:
    started = time.monotonic()
    with ThreadPoolExecutor(PEOPLE) as people:
        work = [people.submit(look_around, port, cookie, started + seconds) for _ in range(PEOPLE)]
        times = [spent for one in work for spent in one.result()]
    rate = len(times) / (time.monotonic() - started)
    yield Row(f"serving, {PEOPLE} people", rate, "pages/s", p95=percentile(times, 95), n=len(times))


def look_around(port: int, cookie: str, until: float) -> list[float]:
    """Milliseconds of each page that a person opens, one after the other, until the time is over."""
    connection = HTTPConnection(HOST, port, timeout=30)
    times = []
    for path in cycle(PAGES):
        if time.monotonic() >= until:
            return times
        started = time.perf_counter()
        status, _ = _get(connection, path, cookie)
        if status != 200:
            raise RuntimeError(f"{path} answers {status}")
        times.append((time.perf_counter() - started) * 1000)
    return times
