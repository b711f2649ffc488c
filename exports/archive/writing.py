"""Making the file of an archive: a ZIP that is written from front to back, its manifest last."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings

from accounts.choices import Permission
from accounts.models import Principal
from activity.actors import SYSTEM, Actor
from activity.chain import now
from common.errors import Refused
from exports.archive import layout
from exports.archive.members import Source, members
from exports.one_moment import one_moment
from incidents.commands import note_damage
from incidents.models import Incident

PRODUCT = "watchfloor"
NO_TIME = (1980, 1, 1, 0, 0, 0)
"""Members carry no time of their own: what is in them decides what the archive is."""
Tell = Callable[[int], None]
"""Is told how much is done, in percent, and may raise to stop."""


@dataclass(frozen=True, slots=True)
class Written:
    """The file that was made."""

    sha256: str
    size: int
    """Bytes."""


def write_archive(
    incident: Incident,
    reader: Principal | None,
    into: BinaryIO | Path,
    *,
    actor: Actor | None = None,
    tell: Tell = lambda percent: None,
) -> Written:
    """Write the archive of an incident as `reader` may see it, or all of it for None, the operator of the machine; of
    one moment, however long it takes. Whoever calls this records that it was taken out.

    Raises Refused where the reader may not see the incident, not export, or not take logs out; nothing is written then.
    A Path must not exist yet; what was begun of it is taken away where something is raised.
    """
    _check_may(incident, reader)
    if not isinstance(into, Path):
        return _write(incident, reader, into, actor, tell)
    try:
        with open(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            written = _write(incident, reader, file, actor, tell)
            file.flush()
            os.fsync(file.fileno())
            return written
    except FileExistsError:
        raise
    except BaseException:
        into.unlink(missing_ok=True)
        raise


def _check_may(incident: Incident, reader: Principal | None) -> None:
    if reader is None:
        return
    if not Incident.objects.visible_to(reader).filter(pk=incident.pk).exists():
        raise Refused("There is no such incident, or you may not see it.")
    check_may_archive(reader)


def check_may_archive(reader: Principal) -> None:
    """Raises Refused unless the person or token may take out what an archive holds."""
    for needed in (Permission.EXPORT, Permission.SEE_SYSTEM_LOG):
        if not reader.may(needed):
            raise Refused(f"An archive holds the incident's log, and takes the right “{needed.label}”.")


def _write(incident: Incident, reader: Principal | None, file: BinaryIO, actor: Actor | None, tell: Tell) -> Written:
    counted = _Counted(file)
    source = Source(incident, reader)
    with ZipFile(counted, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        with one_moment():
            source.incident = _whole(incident.pk)
            told = _Told(tell, source.incident)
            listed = [_put(archive, name, pieces, told) for name, pieces in members(source)]
            made_at = now()
        manifest = _manifest(source.incident, actor or (reader.as_actor() if reader else SYSTEM), made_at, listed)
        _put(archive, layout.MANIFEST, [json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"], told)
    for attachment, how in source.damaged:
        note_damage(attachment, how, actor=actor or SYSTEM)
    tell(100)
    return Written(counted.digest.hexdigest(), counted.size)


def _whole(number: int) -> Incident:
    related = ("assignee_user", "assignee_team", "resolved_by_user", "snoozed_by")
    return Incident.objects.select_related(*related).get(pk=number)


def _put(archive: ZipFile, name: str, pieces: Iterable[bytes], told: _Told) -> dict[str, Any]:
    """Write one member; its line of the manifest."""
    info = ZipInfo(name, NO_TIME)
    info.compress_type, info.external_attr = ZIP_DEFLATED, 0o600 << 16
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as member:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            member.write(piece)
            told.one_more(name)
    return {"name": name, "size": size, "sha256": digest.hexdigest()}


def _manifest(incident: Incident, actor: Actor, made_at: str, listed: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "format": layout.FORMAT,
        "version": layout.VERSION,
        "product": PRODUCT,
        "product_version": _product_version(),
        "system": system_name(),
        "made_at": made_at,
        "made_by": {"kind": str(actor.kind), "label": actor.label},
        "incident": incident.pk,
        "members": listed,
        "members_sha256": layout.list_digest(listed),
    }


def system_name() -> str:
    """What this Watchfloor calls itself: the host of its public address, where it has one."""
    return urlsplit(settings.PUBLIC_URL or "").hostname or ""


@cache
def _product_version() -> str:
    described = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(described["project"]["version"])


class _Told:
    """Tells how far it is, by rows of alerts, which are most of it."""

    def __init__(self, tell: Tell, incident: Incident) -> None:
        self.tell, self.rows, self.done, self.last = tell, 2 * incident.alerts_total + 50, 0, -1

    def one_more(self, name: str) -> None:
        self.done += 1
        percent = min(99, 100 * self.done // self.rows)
        if percent != self.last:
            self.last = percent
            self.tell(percent)


class _Counted:
    """A file that is only written to, front to back, and knows the hash of what went into it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.digest, self.size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()
