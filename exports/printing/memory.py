"""How much memory a process and what it has started hold, shared pages counted once."""

from __future__ import annotations

from pathlib import Path

PROCESSES = Path("/proc")


def held_by(process: int) -> int:
    """Bytes, as the kernel shares them out; 0 where it does not tell."""
    return sum(_share_of(one) for one in _family(process))


def _family(process: int) -> list[int]:
    found = [process]
    for one in found:
        try:
            children = (PROCESSES / f"{one}/task/{one}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in children]
    return found


def _share_of(process: int) -> int:
    try:
        for line in (PROCESSES / f"{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        # It has just ended.
        return 0
    return 0
