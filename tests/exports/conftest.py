"""Where attachments lie, and an archive that several files of tests import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as house

from exports.archive import write_archive
from tests.exports.archives import Members, cast, empty, members_of, rich


@pytest.fixture
def files(settings: Any, tmp_path: Path) -> Path:
    """Attachments lie in a folder of the test's own, which is this."""
    settings.ATTACHMENTS_FOLDER = tmp_path / "attachments"
    return tmp_path / "attachments"


@pytest.fixture(scope="session")
def made(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Members]:
    """The members of an archive of a rich incident, made once; nothing of it is here any more."""
    with django_db_blocker.unblock():
        former, house.ATTACHMENTS_FOLDER = house.ATTACHMENTS_FOLDER, tmp_path_factory.mktemp("made")
        people = cast()
        path = tmp_path_factory.mktemp("archive") / "made.zip"
        write_archive(rich(people), people["ada"], path)
        house.ATTACHMENTS_FOLDER = former
        empty()
    yield members_of(path)
