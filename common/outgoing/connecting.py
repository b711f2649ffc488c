"""Connections to the very address that was looked at, within the time that is left."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import httpcore

from common.outgoing.addresses import Policy, not_there


class NotSent(Exception):
    """Nothing has left: in words, why not."""


class Timed(httpcore.NetworkStream):
    """A connection whose every step ends at one deadline: nobody holds it open by sending a byte now and then."""

    def __init__(self, link: socket.socket, deadline: float) -> None:
        self._link, self._deadline = link, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            self._link.settimeout(self._left())
            return self._link.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout from None
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            while buffer:
                self._link.settimeout(self._left())
                buffer = buffer[self._link.send(buffer) :]
        except TimeoutError:
            raise httpcore.WriteTimeout from None
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            self._link.settimeout(min(self._left(), timeout or self._left()))
            secured = ssl_context.wrap_socket(self._link, server_hostname=server_hostname)
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout from None
        except (OSError, ValueError) as error:
            self.close()
            raise httpcore.ConnectError(str(error)) from error
        return Timed(secured, self._deadline)

    def close(self) -> None:
        self._link.close()

    def get_extra_info(self, info: str) -> Any:
        return self._link if info == "socket" else None

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Checked(httpcore.NetworkBackend):
    """Looks a host's name up once, refuses it if any of its addresses is one that nothing may be sent to, and connects
    to one of these, not to the name: an answer of the name server that is another a moment later changes nothing."""

    def __init__(self, policy: Policy, deadline: float) -> None:
        self._policy, self._deadline = policy, deadline
        self.reached = ""
        """The address that was connected to."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        end = min(self._deadline, time.monotonic() + (timeout or 0))
        found = addresses_of(host, port, end)
        for address in found:
            refused = self._policy.refusal(ip_address(address.partition("%")[0]))
            if refused:
                raise NotSent(not_there(host, ip_address(address.partition("%")[0]), refused))
        problem: Exception = httpcore.ConnectTimeout()
        for address in found:
            left = end - time.monotonic()
            if left <= 0:
                raise httpcore.ConnectTimeout
            try:
                link = socket.create_connection((address, port), left)
            except TimeoutError:
                problem = httpcore.ConnectTimeout()
            except OSError as error:
                problem = httpcore.ConnectError(error.strerror or str(error))
            else:
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.reached = address
                return Timed(link, self._deadline)
        raise problem


def addresses_of(host: str, port: int, end: float) -> list[str]:
    """What the host's name leads to, each once. Raises NotSent for a name that leads nowhere, or not in time.

    The system's resolver takes as long as it likes, so it is asked on a thread that nobody waits for longer.
    """
    answers: queue.SimpleQueue[list[Any] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name=f"looks up {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(end - time.monotonic(), 0.001))
    except queue.Empty:
        raise NotSent(f"The name {host} was not found in time; is the name server of this machine there?") from None
    if isinstance(answer, OSError | UnicodeError) or not answer:
        raise NotSent(f"The name {host} is not known to the name server.")
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answer))
