"""Telling a log server of checkpoints, so that who holds this machine cannot take them back. Knows nothing of Django.

RFC 5424 messages: over UDP one in each datagram (RFC 5426), over TCP with their length before them (RFC 6587, 3.4.1),
or to the system's own socket.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    # The settings ask for LogServer alone, in every process.
    from activity.verify_log import Checkpoint

PRIORITY = 13 * 8 + 5
"""Facility 13, log audit; severity 5, notice."""
SECONDS = 3.0
PORTS = {"udp": 514, "tcp": 601}


@dataclass(frozen=True, slots=True)
class LogServer:
    """Where messages go: `udp` or `tcp` to a host, or `unix` to a path."""

    kind: str
    host: str
    port: int

    @classmethod
    def of(cls, address: str) -> LogServer:
        """From `udp://host:514`, `tcp://host:601` or `unix:///dev/log`; raises ValueError."""
        parts = urlsplit(address)
        if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
            return cls("unix", unquote(parts.path), 0)
        if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or parts.username:
            raise ValueError(
                "must be an address such as udp://logs.example:514, tcp://logs.example:601 or unix:///dev/log"
            )
        return cls(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme])

    def send(self, messages: Sequence[bytes]) -> None:
        """Send all; raises OSError."""
        if self.kind == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
                local.settimeout(SECONDS)
                local.connect(self.host)
                for message in messages:
                    local.send(message)
        elif self.kind == "udp":
            family, kind, protocol, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, protocol) as datagrams:
                for message in messages:
                    datagrams.sendto(message, address)
        else:
            with socket.create_connection((self.host, self.port), timeout=SECONDS) as stream:
                stream.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))


def message_of(checkpoint: Checkpoint) -> bytes:
    """What is told of a checkpoint: its number and its digest, by which its line is known for ever."""
    told = {
        "number": checkpoint.number,
        "sha256": checkpoint.digest,
        "signed_at": checkpoint.signed_at,
        "entries": checkpoint.entries,
        "chains": checkpoint.chains,
        "key": checkpoint.key,
    }
    host = socket.gethostname()[:255] or "-"
    head = f"<{PRIORITY}>1 {checkpoint.signed_at} {host} watchfloor {os.getpid()} checkpoint - watchfloor-checkpoint "
    return head.encode("ascii", "replace") + json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
