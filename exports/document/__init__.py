"""The report of an incident as pieces of HTML, ready to be printed (exports/printing).

`report.py` says in which pieces, `front.py` makes cover and contents, each of `parts/` one part. What stands
in it comes from the queries of the incident's pages, with the rights of who asked for it; templates hold values that
were put into words before, since their rows are many.
"""

from exports.document.report import IncidentReport, report_of

__all__ = ["IncidentReport", "report_of"]
