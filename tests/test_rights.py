"""Every change takes a right to change, and every row is fetched through what the person may see: read from the routes
and from the source, before anything runs (docs/architecture.md, Access)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.choices import Permission
from tests.access.matrix import OPEN, SIGNED_IN, TABLE, UNCONFIGURED
from tests.test_stair import ROOT, modules, part_of

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
READING = {
    Permission.SEE_INCIDENTS,
    Permission.SEE_RESTRICTED,
    Permission.SEE_SYSTEM_LOG,
    Permission.EXPORT,
    SIGNED_IN,
    OPEN,
}
"""What lets one look. Whoever may do no more may change nothing that concerns others."""
CONCERNS_ONESELF = {
    "account_login": "the door",
    "account_logout": "the door",
    "preferences": "one's own time zone and looks",
    "close_part": "what one keeps closed on a page",
    "alerts:columns": "one's own columns",
    "incidents:columns": "one's own columns",
    "incidents:seen": "how far one has read",
    "incidents:follow": "what one is told of",
    "incidents:unfollow": "what one is told of",
    "read_notices": "one's own bell",
    "views:new": "one's own saved views; sharing one with a team is refused to who may not",
    "views:edit": "the same",
    "views:update": "the same",
    "views:delete": "the same",
    "views:arrange": "the order of one's own list",
    "exports:export_pdf": "a file of what one sees, for oneself",
    "exports:again": "the same",
    "exports:dismiss": "one's own notice of it",
    "exports:archive": "a file of what one sees, for oneself",
    "api:incident_exports": "a file of what one sees, for oneself",
    "api:follow": "what one is told of",
    "api:unfollow": "what one is told of",
    "api:read_notices": "one's own bell",
    **dict.fromkeys(("api:views", "api:view", "api:arrange_views"), "one's own saved views, as on the pages"),
    **dict.fromkeys(("account", "account_password"), "one's own name and password"),
    **dict.fromkeys(("account_tokens", "account_revoke_token", "api:tokens", "api:token"), "one's own tokens"),
    **dict.fromkeys(("accept_invitation", "choose_password", "reset_password"), "the door, by a link or for one"),
    **dict.fromkeys(("account_reauthenticate", "mfa_authenticate", "mfa_login_webauthn"), "the door"),
    **dict.fromkeys(("mfa_reauthenticate", "mfa_reauthenticate_webauthn"), "the door, once more"),
    **dict.fromkeys(("security:authenticator_app", "security:new_passkey"), "one's own second factors"),
    **dict.fromkeys(("security:factor", "security:recovery_codes"), "one's own second factors"),
    **dict.fromkeys(("security:end_others", "security:end_session"), "one's own sessions"),
}
"""Routes that change something under a right to read, and why that is right."""


CHOOSES_BY_ITSELF = {"settings": "leads to the first page of settings that one may open"}
"""Views that name no right, and why."""


def views(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every route with its view."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            space = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from views(pattern.url_patterns, space)
        elif isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}", pattern.callback


WORDS = tuple(Permission)
"""All rights; for what is everybody's, a view names none of them."""


def rights_of(view: Any) -> dict[str, Permission]:
    """Method → right, as the view itself names them; nothing where it names none."""
    named: dict[str, Permission] = getattr(getattr(view, "cls", None), "needs", None) or getattr(
        view, "permissions", {}
    )
    return named


def test_every_method_that_changes_something_takes_a_right_to_change() -> None:
    under_reading = {
        name
        for name, methods in TABLE.items()
        if any(method in UNSAFE and needed in READING for method, needed in methods.items())
    }
    assert under_reading == CONCERNS_ONESELF.keys()


def test_every_view_names_the_rights_that_the_table_has() -> None:
    """The table says what answers; here the views themselves say it, method by method, and nobody forgets one."""
    differ = {}
    for name, view in views():
        named = {method: right for method, right in rights_of(view).items() if method != "HEAD" and right in WORDS}
        table = {method: right for method, right in TABLE[name].items() if right not in (OPEN, SIGNED_IN, UNCONFIGURED)}
        if named != table and name not in CHOOSES_BY_ITSELF:
            differ[name] = (named, table)
    assert differ == {}


# -------------------------------------------------------------------------------------------------------- rows

MANAGERS = {"objects", "_default_manager", "_base_manager"}
SHORTCUTS = {"get_object_or_404", "get_list_or_404"}
HARMLESS = {"none", "visible_to"}
"""The words of a queryset after which nothing is found that one may not see."""


def seen_models() -> set[str]:
    """Names of the models whose rows not everybody may see."""
    return {model.__name__ for model in apps.get_models() if hasattr(model._default_manager.all(), "visible_to")}


def unseen_rows(path: str, source: str, hidden: set[str]) -> list[str]:
    """Where a module of this path fetches rows of these models without asking who may see them."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS and _name(node.value) in hidden:
            if not HARMLESS & set(_words_after(node, parents)):
                found.append(f"{path}:{node.lineno} fetches {_name(node.value)} past visible_to")
        elif isinstance(node, ast.Call) and _name(node.func) in SHORTCUTS and _name(node.args[0]) in hidden:
            found.append(f"{path}:{node.lineno} fetches {_name(node.args[0])} past visible_to")
    return found


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _words_after(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[str]:
    """The methods that are called on it, one after the other."""
    while True:
        above = parents.get(node)
        if isinstance(above, ast.Attribute):
            yield above.attr
        elif not (isinstance(above, ast.Call) and above.func is node):
            return
        node = above


def test_no_view_fetches_rows_past_visible_to() -> None:
    hidden = seen_models()
    assert {"Incident", "Alert", "Evidence", "Attachment", "SavedView"} <= hidden
    found = []
    for path in modules():
        relative = path.relative_to(ROOT).as_posix()
        if "/" in relative and part_of(relative) in ("views", "api", "filter_views", "list_views"):
            found += unseen_rows(relative, path.read_text(), hidden)
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "Incident.objects.get(pk=1)",
        "Incident.objects.filter(pk=1).order_by('pk').first()",
        "models.Incident._default_manager.all()",
        "get_object_or_404(Incident, pk=1)",
        "rows = Incident.objects",
    ],
)
def test_the_check_finds_what_goes_past(source: str) -> None:
    assert len(unseen_rows("incidents/views/page.py", source, {"Incident"})) == 1


@pytest.mark.parametrize(
    "source",
    [
        "Incident.objects.visible_to(user).get(pk=1)",
        "Incident.objects.filter(pk=1).visible_to(user)",
        "Incident.objects.none()",
        "get_object_or_404(Incident.objects.visible_to(user), pk=1)",
        "Team.objects.all()",
    ],
)
def test_the_check_lets_the_right_way_pass(source: str) -> None:
    assert unseen_rows("incidents/views/page.py", source, {"Incident"}) == []
