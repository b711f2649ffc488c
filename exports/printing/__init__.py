"""Printing: a report, which is pieces of HTML, becomes one PDF, drawn apart from everything else.

The caller composes pieces one after the other (`report.py`) and hands them to a printer (`caller.py`, `process.py`):
a process that has nothing of the portal's and draws each piece in a child of its own (`printer.py`, `drawing.py`),
within limits (`limits.py`, `confinement.py`) and with nothing to load but styles, fonts and handed images
(`fetching.py`). The drawn pieces are joined to one file (`joining/`).
"""

from __future__ import annotations

from exports.printing.caller import Printed, print_report
from exports.printing.limits import Limits, PrintingFailed
from exports.printing.report import Description, Piece, Report

__all__ = ["Description", "Limits", "Piece", "Printed", "PrintingFailed", "Report", "print_report"]
