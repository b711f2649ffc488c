"""`manage.py export_incident N --pdf out.pdf`: the report of one incident, or its archive, as a file."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.choices import Permission
from accounts.models import AccessToken, Principal, Role, User, time_zones
from activity.actors import COMMAND_LINE, Channel
from common.errors import Refused
from exports.choices import Format, Marking, Part
from exports.commands import MadeFile, record_export
from exports.files import NotMade
from exports.making import write
from exports.options import ReportOptions
from exports.printing import PrintingFailed
from incidents.commands.looking import record_look
from incidents.models import Incident


class Command(BaseCommand):
    help = "Write the report of an incident as PDF, or its archive, into a new file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, metavar="N", help="number of the incident")
        form = parser.add_mutually_exclusive_group(required=True)
        form.add_argument("--pdf", type=Path, metavar="FILE", help="write the report here; the file must not exist yet")
        form.add_argument("--archive", type=Path, metavar="FILE", help="write the archive here, the same way")
        parser.add_argument(
            "--as", dest="user", metavar="USERNAME", help="with this person's eyes; restricted incidents need it"
        )
        parser.add_argument(
            "--parts", type=_parts, default=tuple(Part), help=f"of {','.join(Part.values)}; usually all"
        )
        parser.add_argument("--no-caps", action="store_true", help="all assets and all evidence")
        parser.add_argument("--marking", choices=Marking.values, default=Marking.AMBER, help="to whom it may be given")
        parser.add_argument("--time-zone", type=_time_zone, default="UTC", help="such as Europe/Berlin; usually UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        form = Format.PDF if options["pdf"] else Format.ARCHIVE
        reader = _reader(options["user"])
        number = min(options["number"], 2**62)
        incident = Incident.objects.visible_to(reader).filter(pk=number).first()
        if incident is None:
            raise CommandError(
                f"There is no incident {options['number']} for {reader}. A restricted one is exported with "
                "--as and the name of somebody who sees it."
            )
        if isinstance(reader, User):
            record_look(incident, reader)
        wanted = None if form == Format.ARCHIVE else _options(options)
        path: Path = options["pdf"] or options["archive"]
        if path.exists():
            raise CommandError(f"{path} exists already; name a new file.")
        actor = reader.as_actor(Channel.COMMAND_LINE) if isinstance(reader, User) else COMMAND_LINE
        with TemporaryDirectory(prefix="watchfloor-export-") as folder, tqdm(total=100, unit="%", leave=False) as bar:
            made = Path(folder) / "file"
            try:
                pages = write(number, form, wanted, reader, made, lambda percent: _show(bar, percent))
            except (NotMade, PrintingFailed, Refused) as problem:
                raise CommandError(str(problem)) from None
            with made.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file_made = MadeFile(uuid4(), made.stat().st_size, sha256, pages)
            record_export(incident, form, wanted, file_made, actor=actor)
            _hand_over(made, path)
        self.stdout.write(f"{path}: {f'{pages} pages, ' if pages else ''}{file_made.size:,} bytes, SHA-256 {sha256}")


def _reader(username: str | None) -> Principal:
    """Whose eyes it is made with: a person's, or what every incident that is not restricted can be seen with."""
    if username is None:
        allowed = [Permission.SEE_INCIDENTS, Permission.EXPORT, Permission.SEE_SYSTEM_LOG]
        return AccessToken(name=COMMAND_LINE.label, role=Role(name=COMMAND_LINE.label, permissions=allowed))
    user = User.objects.active().select_related("role").filter(username=username.lower()).first()
    if user is None or not user.may(Permission.EXPORT):
        raise CommandError(f"There is nobody called {username} who may export incidents.")
    return user


def _options(said: dict[str, Any]) -> ReportOptions:
    return ReportOptions(
        parts=said["parts"],
        is_capped=not said["no_caps"],
        marking=Marking(said["marking"]),
        time_zone=said["time_zone"],
    )


def _parts(words: str) -> tuple[Part, ...]:
    named = [word.strip() for word in words.split(",") if word.strip()]
    unknown = [word for word in named if word not in Part.values]
    if unknown or not named:
        raise argparse.ArgumentTypeError(f"name some of {', '.join(Part.values)}, with commas between")
    return tuple(part for part in Part if part in named)


def _time_zone(name: str) -> str:
    if name not in time_zones():
        raise argparse.ArgumentTypeError("name an IANA time zone such as Europe/Berlin")
    return name


def _show(bar: Any, percent: int) -> None:
    bar.update(percent - bar.n)


def _hand_over(made: Path, path: Path) -> None:
    """Copy it to where it was wanted, over nothing that stands there."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target, made.open("rb") as file:
            shutil.copyfileobj(file, target)
    except FileExistsError:
        raise CommandError(f"{path} exists already; name a new file.") from None
    except OSError as problem:
        raise CommandError(f"{path} cannot be written: {problem.strerror}.") from None
