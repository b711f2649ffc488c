"""The edge of the web server: whole requests in, whole responses out, so that a slow client never holds a page.

Pages run in plain WSGI on one thread per process, the quickest arrangement for them. Handed a connection directly, that
thread would wait for every byte of an upload: eight clients that send a byte a second would stop the portal. Here each
request body is first taken in by the event loop, which waits for thousands of clients at no cost, and each response is
complete before its first byte is sent. What is too large, too slow or too much is refused with the proper status.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

from common.request_id import ENVIRON, HEADER, new_id

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Spool = SpooledTemporaryFile[bytes]
Headers = list[tuple[bytes, bytes]]
Answer = tuple[int, Headers, Iterable[bytes] | None]
"""Status and headers; and the pieces of one that is sent while it is made."""

IN_MEMORY = 512 * 1024
TAKES_FILES = ("/attachments/", "/incidents/import/", "/exports/import/")
"""How addresses end that files are sent to."""
CHUNK = 64 * 1024
TOO_SLOW = "It arrived too slowly, and nothing was saved. Look at your connection, then try again."
CROWD = 2
"""So many others wait in one process when its connections had better be fewer."""
LONG = 0.15
"""Seconds of one request behind which even a single other had better not wait."""


class Refused(Exception):
    """A request that is answered at the edge, without reaching the application."""

    def __init__(self, status: int, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class Refusal(NamedTuple):
    """What a client is told that is refused: headers, without those of the connection, and a body."""

    headers: dict[str, str]
    body: bytes


def in_plain_text(scope: Scope, refused: Refused, name: str) -> Refusal:
    """Where nobody says how refusals look."""
    return Refusal({"Content-Type": "text/plain; charset=utf-8"}, f"{refused.reason}\n".encode())


class ClientGone(Exception):
    """The client hung up before its request was complete; there is nobody to answer."""


class Edge:
    """An ASGI application that runs a WSGI application on one thread and keeps slow clients away from it.

    A body has at most `most_bytes`, one with files `most_file_bytes`, and must arrive within `grace_seconds` plus the
    time it takes at `least_rate` bytes a second. At most `most_uploads` bodies are taken in at once and at most
    `most_waiting` complete requests wait for the thread; beyond that a client is told to come back, which is kinder
    than an answer nobody waits for any more. `has_others` says that other processes serve the same address: whoever
    stands in line here is then asked to connect anew.

    Every request is given a name; with `trusts_names`, that of a proxy in front. `tell` makes the answer to one that is
    refused here, of its scope, why, and its name.
    """

    def __init__(
        self,
        application: WSGIApplication,
        *,
        most_bytes: int,
        most_file_bytes: int = 0,
        grace_seconds: float = 20.0,
        least_rate: int = 16 * 1024,
        most_uploads: int = 256,
        most_waiting: int = 128,
        send_seconds: float = 60.0,
        has_others: bool = False,
        trusts_names: bool = False,
        tell: Callable[[Scope, Refused, str], Refusal] = in_plain_text,
    ) -> None:
        self.application = application
        self.most_bytes = most_bytes
        self.most_file_bytes = max(most_bytes, most_file_bytes)
        self.grace_seconds = grace_seconds
        self.least_rate = least_rate
        self.most_uploads = most_uploads
        self.most_waiting = most_waiting
        self.send_seconds = send_seconds
        self.has_others = has_others
        self.trusts_names = trusts_names
        self.tell = tell
        self.uploads = 0
        self.waiting = 0
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")
        self.long_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="long answers")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from the first header to the last byte of the response."""
        if scope["type"] != "http":
            raise ValueError(f"the edge serves http only, not {scope['type']}")
        name = new_id(_proposed(scope) if self.trusts_names else "")
        with Spool(max_size=IN_MEMORY) as body, Spool(max_size=IN_MEMORY) as answer:
            try:
                await self._take_in(scope, receive, body)
                begun = time.monotonic()
                status, headers, chunks = await self._run(scope, body, answer, name)
                is_crowded = self.waiting >= (1 if time.monotonic() - begun >= LONG else CROWD)
                if self.has_others and is_crowded:
                    # Which process a connection is given to is chance, and a browser keeps it: where people stand in
                    # line behind each other, one comes anew, and may find a process that has nothing to do.
                    headers = [*headers, (b"connection", b"close")]
            except ClientGone:
                return
            except Refused as refused:
                status, headers = self._refuse(scope, refused, name, answer)
                chunks = None
            if chunks is None:
                await self._send_out(send, status, headers, answer)
            else:
                await self._send_while_made(receive, send, status, headers, chunks)

    async def _take_in(self, scope: Scope, receive: Receive, body: Spool) -> None:
        """Reads the request body into `body`, within the limits of size, time and number."""
        announced = _announced_length(scope)
        if announced == 0:
            return
        most = self.most_file_bytes if scope["path"].endswith(TAKES_FILES) else self.most_bytes
        if announced is not None and announced > most:
            raise Refused(413, _too_large(most))
        if self.uploads >= self.most_uploads:
            raise Refused(503, "Too many requests are being received. Try again in a moment.", retry_after=5)
        self.uploads += 1
        started, received = asyncio.get_running_loop().time(), 0
        try:
            async with asyncio.timeout(self.grace_seconds) as limit:
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGone
                    chunk = message.get("body", b"")
                    received += len(chunk)
                    if received > most:
                        raise Refused(413, _too_large(most))
                    body.write(chunk)
                    if not message.get("more_body", False):
                        break
                    limit.reschedule(started + self.grace_seconds + received / self.least_rate)
        except TimeoutError:
            raise Refused(408, TOO_SLOW) from None
        finally:
            self.uploads -= 1
        if announced is not None and received != announced:
            raise ClientGone
        body.seek(0)

    async def _run(self, scope: Scope, body: Spool, answer: Spool, name: str) -> Answer:
        """Runs the application on its thread as soon as that is free."""
        if self.waiting >= self.most_waiting:
            raise Refused(503, "The portal is busy. Try again in a moment.", retry_after=2)
        self.waiting += 1
        try:
            environ = wsgi_environ(scope, body) | {ENVIRON: name}
            return await asyncio.get_running_loop().run_in_executor(self.thread, self._respond, environ, answer)
        finally:
            self.waiting -= 1

    def _respond(self, environ: dict[str, Any], answer: Spool) -> Answer:
        """On the thread: calls the application and writes its whole response to `answer`, unless it is a long one."""
        started: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: Iterable[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
            encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            started[:] = [(int(status[:3]), encoded)]
            return answer.write

        chunks = self.application(environ, start_response)
        if getattr(chunks, "sent_while_made", False) and environ["REQUEST_METHOD"] != "HEAD":
            return *started[0], chunks
        try:
            for chunk in chunks:
                answer.write(chunk)
        finally:
            # Django ends its request here; it must happen on the thread whose database connection it used.
            if hasattr(chunks, "close"):
                chunks.close()
        return *started[0], None

    def _refuse(self, scope: Scope, refused: Refused, name: str, answer: Spool) -> tuple[int, Headers]:
        """The response to a request that stops here; the connection ends with it, since its body was not read."""
        told = self.tell(scope, refused, name)
        answer.write(told.body)
        said = told.headers | {
            HEADER: name,
            "Content-Length": str(len(told.body)),
            "Cache-Control": "no-store",
            "Connection": "close",
        }
        if refused.retry_after is not None:
            said["Retry-After"] = str(refused.retry_after)
        return refused.status, [(key.lower().encode("latin-1"), value.encode("latin-1")) for key, value in said.items()]

    async def _send_while_made(
        self,
        receive: Receive,
        send: Send,
        status: int,
        headers: Headers,
        chunks: Iterable[bytes],
    ) -> None:
        """Sends a long answer piece by piece, and stops making it when the client is gone or takes nothing."""
        run = asyncio.get_running_loop().run_in_executor
        pieces = iter(chunks)
        gone = asyncio.ensure_future(_hung_up(receive))
        try:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            while not gone.done() and (piece := await run(self.long_thread, next, pieces, None)) is not None:
                async with asyncio.timeout(self.send_seconds):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            pass
        finally:
            gone.cancel()
            # Django ends its request here; on the thread whose database connection the pieces were read by.
            if hasattr(chunks, "close"):
                await run(self.long_thread, chunks.close)

    async def _send_out(self, send: Send, status: int, headers: Headers, answer: Spool) -> None:
        """Sends the response as quickly as the client takes it, and gives up on one that takes nothing."""
        left = answer.tell()
        answer.seek(0)
        with contextlib.suppress(TimeoutError):
            await send({"type": "http.response.start", "status": status, "headers": headers})
            while True:
                chunk = answer.read(CHUNK)
                left -= len(chunk)
                async with asyncio.timeout(self.send_seconds):
                    await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
                if left <= 0:
                    break


async def _hung_up(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def wsgi_environ(scope: Scope, body: Spool) -> dict[str, Any]:
    """The WSGI environ of a request whose body is complete."""
    client = scope.get("client") or ("", 0)
    server = scope.get("server") or ("localhost", 80)
    path = unquote_to_bytes(scope["raw_path"]) if scope.get("raw_path") else scope["path"].encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.partition(b"?")[0].decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "watchfloor.received": time.monotonic(),
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        # X_Forwarded_For and X-Forwarded-For would become the same key, and a proxy only guards the latter.
        if "_" in name or name in ("content-length", "transfer-encoding"):
            continue
        key = name.upper().replace("-", "_")
        if key != "CONTENT_TYPE":
            key = f"HTTP_{key}"
        separator = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
    # The length that really arrived: the application reads chunked uploads like any other.
    environ["CONTENT_LENGTH"] = str(_size(body))
    return environ


def _size(body: Spool) -> int:
    size = body.seek(0, 2)
    body.seek(0)
    return size


def _proposed(scope: Scope) -> str:
    """What a proxy has named the request."""
    return dict(scope["headers"]).get(HEADER.lower().encode(), b"").decode("latin-1")


def _too_large(most: int) -> str:
    return f"A request here may hold {most // (1024 * 1024)} MB, and nothing was saved. Send less at a time."


def _announced_length(scope: Scope) -> int | None:
    """Bytes of body to come: 0 for none, None for a chunked body of unknown length."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    try:
        return max(0, int(headers.get(b"content-length", b"0")))
    except ValueError:
        raise Refused(400, "The Content-Length header is not a number.") from None
