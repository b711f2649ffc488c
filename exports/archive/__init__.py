"""The archive of an incident: one file with all that is known of it, which another Watchfloor imports.

    write_archive(incident, reader, path, tell=...)

docs/archive-format.md describes the file. `members.py` says what stands in it, `rows.py` how a row is written,
`writing.py` makes the file. Reading one is exports/importing/.
"""

from exports.archive.layout import FORMAT, VERSION
from exports.archive.writing import Written, check_may_archive, write_archive

__all__ = ["FORMAT", "VERSION", "Written", "check_may_archive", "write_archive"]
