"""Taking in an incident that another Watchfloor has written as an archive (exports/archive/).

`unpacking.py` takes the file apart and trusts nothing of it, `shapes.py` and `contents.py` hold every value to what it
has to be, `proof.py` verifies the logs and `told.py` compares what they tell; only then `bringing.py` has the incident
created, by one command.
"""

from exports.importing.bringing import Outcome, import_archive
from exports.importing.unpacking import BadArchive

__all__ = ["BadArchive", "Outcome", "import_archive"]
