"""The techniques of MITRE ATT&CK by name, as people speak of them.

`techniques.txt` beside this file holds ids and names of ATT&CK Enterprise 18, one a line. ATT&CK is a trademark of The
MITRE Corporation, which permits its use with this notice: https://attack.mitre.org/resources/legal-and-branding/
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("techniques.txt")


@cache
def names() -> dict[str, str]:
    """Id → name; of a sub-technique without that of its technique."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def technique_name(identifier: str) -> str:
    """“Command and Scripting Interpreter: PowerShell”; of a sub-technique not in the table the technique's name; "" for
    what is not in it at all."""
    known = names()
    technique, dot, _ = identifier.partition(".")
    parent, own = known.get(technique, ""), known.get(identifier, "")
    return f"{parent}: {own}" if dot and parent and own else parent
