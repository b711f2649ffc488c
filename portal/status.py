"""How the installation is: for administrators, without a shell."""

from __future__ import annotations

import sys
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version

import django
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.checkpoints.standing import problem_of_checkpoints, problem_of_verification, told
from exports.rendering import missing_for_pdf
from incidents.queries.access import uses_since
from incidents.queries.attachments import damaged
from portal.database_roles import may_change_log
from portal.health import CHECKS, state_of


@needs(get=Permission.MANAGE_PEOPLE)
def status(request: PersonRequest) -> HttpResponse:
    """Database, broker, worker, PDF reports and the log's protection, each with what to do when it is not well; files
    of attachments that are missing or changed; and how often the glass was broken."""
    checks = [(name.capitalize(), state_of(check)) for name, check in CHECKS.items()]
    checks.append(("PDF reports", missing_for_pdf() or "ok"))
    guard = "ok"
    if may_change_log():
        guard = (
            "The application's database role may change the activity log. Give it a role of its own: "
            "see “Two roles” in docs/operations.md."
        )
    checks.append(("Protection of the log", guard))
    checks.append(("Checkpoints of the log", problem_of_checkpoints() or "ok"))
    checks.append(("Verification of the log", problem_of_verification() or "ok"))
    asked, opened = uses_since(timezone.now() - timedelta(days=30))
    context = {
        "checks": checks,
        "proof": told(),
        "damaged": damaged(request.user),
        "versions": versions(),
        "asked": asked,
        "opened": opened,
        "may_see_log": request.user.may(Permission.SEE_SYSTEM_LOG),
    }
    return render(request, "portal/status.html", context)


def versions() -> list[tuple[str, str]]:
    try:
        own = version("watchfloor")
    except PackageNotFoundError:
        own = "from source"
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgresql = cursor.fetchone()[0]
    return [
        ("Watchfloor", own),
        ("Django", django.get_version()),
        ("Python", sys.version.split()[0]),
        ("PostgreSQL", postgresql),
    ]
