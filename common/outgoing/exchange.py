"""One request to an address that somebody has written down, and what came of it."""

from __future__ import annotations

import functools
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import certifi
import httpcore
import httpx

from common.outgoing.addresses import Policy, address_problem
from common.outgoing.connecting import Checked, NotSent

CONNECT_SECONDS = 3.0
"""Until there is a connection: name, TCP and TLS."""
WHOLE_SECONDS = 10.0
"""Of the whole exchange."""
ANSWER_BYTES = 4_096
"""Of an answer that are read at all."""
ANSWER_CHARACTERS = 1_000
"""Of these that are kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of sending something."""

    milliseconds: int
    status: int | None = None
    """None: there was no answer."""
    answer: str = ""
    """The first 1,000 characters."""
    problem: str = ""
    """Why it was not taken, in words; "" where it was."""
    reached: str = ""
    """The address that was connected to."""
    retry_after: int = 0
    """Seconds that the receiver asks to be left alone for; source: RFC 9110, section 10.2.3."""

    @property
    def was_taken(self) -> bool:
        """Whether the receiver has said that it has it: any 2xx."""
        return not self.problem


def post(url: str, headers: Mapping[str, str], content: bytes, policy: Policy) -> Outcome:
    """Send content by POST, once, to a host that the policy allows: by the address that was looked at, past the
    proxies of the environment, following no redirect, within ten seconds, reading no more than a few KB.

    Raises nothing that the network or the receiver causes: that is the outcome.
    """
    began = time.monotonic()
    link = Checked(policy, began + WHOLE_SECONDS)
    problem, status, answer, retry_after = address_problem(url, policy), None, "", 0
    if not problem:
        try:
            with httpx.Client(transport=_Transport(link), trust_env=False, follow_redirects=False) as client:
                timeout = httpx.Timeout(WHOLE_SECONDS, connect=CONNECT_SECONDS)
                sent = {"user-agent": "Watchfloor", "accept-encoding": "identity", "connection": "close", **headers}
                with client.stream("POST", url, headers=sent, content=content, timeout=timeout) as response:
                    status, retry_after = response.status_code, _seconds(response.headers.get("retry-after", ""))
                    problem = _said(status)
                    answer = _text(_first(response.iter_raw()))
        except NotSent as error:
            problem = str(error)
        except _NETWORK as error:
            if status is None:  # what it thinks of it, it has said: how its answer goes on matters to nobody
                problem = _in_words(error)
    took = round((time.monotonic() - began) * 1_000)
    return Outcome(took, status, answer, problem, link.reached, retry_after)


class _Transport(httpx.BaseTransport):
    """httpx over one connection of our own making; its usual transport would look names up itself."""

    def __init__(self, link: Checked) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=_trust(), network_backend=link, max_connections=1)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Stream(answer))

    def close(self) -> None:
        self._pool.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


_NETWORK = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
)


@functools.cache
def _trust() -> ssl.SSLContext:
    """The authorities that browsers trust, and those that this machine trusts: of on-premises receivers."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


def _first(pieces: Iterator[bytes]) -> bytes:
    read = b""
    for piece in pieces:
        read += piece
        if len(read) >= ANSWER_BYTES:
            break
    return read[:ANSWER_BYTES]


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _text(answer: bytes) -> str:
    """As it can be kept and shown: what is no UTF-8, and control characters, become a sign that something was there."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", answer.decode("utf-8", "replace"))[:ANSWER_CHARACTERS]


def _said(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed; write down the address that it leads to."
    return f"It answered {status}."


def _seconds(text: str) -> int:
    """A date, the other form it may have, is not read: receivers that ask for a pause say how long."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _in_words(error: Exception) -> str:
    if isinstance(error, httpcore.ConnectTimeout):
        return f"There was no connection within {CONNECT_SECONDS:g} seconds."
    if isinstance(error, httpcore.TimeoutException):
        return f"There was no answer within {WHOLE_SECONDS:g} seconds."
    if isinstance(error, httpcore.ConnectError):
        return f"There was no connection: {_plain(error)}."
    if isinstance(error, httpcore.ProtocolError | httpcore.UnsupportedProtocol):
        return f"What it answered is no HTTP: {_plain(error)}."
    return f"The connection was cut: {_plain(error)}."


def _plain(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")[:300]
