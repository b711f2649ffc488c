"""A Valkey that one test module has for itself: to be stopped, held and started again."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from portal.servers.data_folder import make_data_folder
from portal.servers.processes import end
from portal.servers.redis import EmbeddedRedis


class OwnRedis:
    """A server in a folder of its own; nobody starts it again by himself."""

    def __init__(self, folder: Path) -> None:
        make_data_folder(folder)
        self.server = EmbeddedRedis(folder)
        self.server.prepare(time.sleep)
        self.url = self.server.url()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = self.server.start()
        self.server.wait_until_ready(self.process, time.sleep)

    def stop(self) -> None:
        """It goes with what it keeps on disk, and connections to it are refused."""
        if self.process:
            end(self.process, signal.SIGTERM, 10.0)
            self.process = None

    def hold(self) -> None:
        """It takes connections and answers nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def let_go(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)
