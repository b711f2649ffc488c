"""The sign of life of a job that takes long, while nobody can see into it."""

from __future__ import annotations

import threading

from django.db import InterfaceError, OperationalError, connection

from exports.commands import hold_on
from exports.models import IncidentExport

TELL_EVERY = 1.0
"""Seconds between two words of how far it is; the lease is renewed with each."""


class NoLongerOurs(Exception):
    """Another attempt has the job."""


class Pulse:
    """Says every second how far a job is, from a thread and over a connection of its own: the file is made within one
    long transaction, which nobody could see into. While the database is away it tries again."""

    def __init__(self, export: IncidentExport) -> None:
        self.export = export
        self.percent = 0
        self.is_lost = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"pulse of {export.pk}", daemon=True)

    def tell(self, percent: int) -> None:
        """How far it is now. Raises NoLongerOurs once another attempt has the job."""
        self.percent = percent
        if self.is_lost:
            raise NoLongerOurs

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._over.wait(TELL_EVERY):
                try:
                    self.is_lost = not hold_on(self.export, self.percent)
                except (OperationalError, InterfaceError):
                    connection.close()
                if self.is_lost:
                    return
        finally:
            connection.close()
