"""The address the web server will listen on: found usable before anything is started, and written for people."""

from __future__ import annotations

import errno
import http.client
import socket

from portal.environment import Environment
from portal.servers.problems import CannotStart

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not chosen


def resolved_host(environment: Environment) -> str:
    """HOST as a numeric address, IPv4 where a name has both."""
    try:
        found = socket.getaddrinfo(environment.host, environment.port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        raise CannotStart(
            f"HOST {environment.host} is not known on this machine; use an address such as 127.0.0.1."
        ) from None
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return str(found[0][4][0])


def check_free(host: str, port: int) -> None:
    """Finds out by binding whether the web server will be able to listen; CannotStart with the reason if not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the web server does: a port in the last seconds of old connections counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as problem:
            raise _refusal(problem, host, port) from None


def _refusal(problem: OSError, host: str, port: int) -> CannotStart:
    if problem.errno == errno.EADDRINUSE:
        return CannotStart(
            f"Port {port} on {host} is already in use by another program; "
            f"choose another, for example with `make up PORT={port + 1 if port < 65535 else 8000}`."
        )
    if problem.errno == errno.EACCES:
        return CannotStart(f"This user may not listen on port {port}; choose a PORT of 1024 or more.")
    if problem.errno == errno.EADDRNOTAVAIL:
        return CannotStart(f"HOST {host} is not an address of this machine; use 127.0.0.1, 0.0.0.0 or one that is.")
    return CannotStart(f"The web server cannot listen on {host} port {port} ({problem.strerror}); change HOST or PORT.")


def reachable(host: str) -> str:
    """An address by which this machine itself reaches a server that listens on `host`."""
    return _EVERYWHERE.get(host, host)


def address(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    name = "localhost" if host in _EVERYWHERE else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"


def status_of(environment: Environment, host: str, path: str, seconds: float = 2.0) -> int:
    """HTTP status the web server of these settings gives for a path; 0 where it gives none."""
    connection = http.client.HTTPConnection(reachable(host), environment.port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Host": _allowed_host(environment)})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _allowed_host(environment: Environment) -> str:
    """A Host header the portal accepts, whatever ALLOWED_HOSTS says."""
    name = environment.allowed_hosts[0].removeprefix(".")
    return "localhost" if name == "*" else name
