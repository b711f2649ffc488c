"""Icons by the part they play in our words, drawn by the `lucide` package.

Pages and components ask for a role ("device", "assign to me"), never for a drawing, so that one thing looks the same
everywhere and a change of drawing is a change of one line here. An unknown role fails loudly.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from zipfile import ZipFile

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

ROLES: dict[str, str] = {
    # the things of the field
    "incident": "inbox",
    "alert": "bell",
    "evidence": "fingerprint-pattern",
    "entity": "box",
    "asset": "server",
    "activity": "activity",
    "comment": "message-square-text",
    "attachment": "paperclip",
    "rule": "list-checks",
    "playbook": "workflow",
    "run": "circle-play",
    "task": "square-check-big",
    "approval": "stamp",
    "automation": "bot",
    "action_center": "zap",
    "metrics": "chart-no-axes-column",
    "saved_view": "star",
    "tag": "tag",
    "correlation": "git-merge",
    "report": "file-chart-column",
    "attack_story": "route",
    "tactic": "swords",
    "technique": "crosshair",
    "detection": "radar",
    "severity": "signal",
    "priority": "gauge",
    "state": "circle-dot",
    "number": "hash",
    "source": "radio-tower",
    "critical": "crown",
    "token": "key-round",
    "audit": "scroll-text",
    "health": "heart-pulse",
    # kinds of entities (entities.choices.EntityKind)
    "device": "monitor",
    "user": "user-round",
    "mailbox": "mail",
    "application": "app-window",
    "cloud_resource": "cloud",
    "ip": "ethernet-port",
    "domain": "globe",
    "url": "link-2",
    "file": "file",
    "process": "cpu",
    "mail_message": "mail-open",
    "mail_cluster": "mails",
    "registry_key": "key-square",
    "registry_value": "file-key",
    "security_group": "user-lock",
    "malware": "bug",
    "container": "container",
    "other": "shapes",
    # people
    "person": "user-round",
    "team": "users-round",
    "system": "bot",
    "unassigned": "circle-dashed",
    "present": "eye",
    "sign_out": "log-out",
    "preferences": "sliders-horizontal",
    "settings": "settings",
    # what can be done
    "add": "plus",
    "remove": "x",
    "close": "x",
    "search": "search",
    "filter": "list-filter",
    "filter_clear": "funnel-x",
    "reset": "rotate-ccw",
    "edit": "pencil",
    "manage": "square-pen",
    "delete": "trash-2",
    "save": "save",
    "undo": "undo-2",
    "refresh": "refresh-cw",
    "copy": "copy",
    "copy_link": "link",
    "copied": "check",
    "open_new": "external-link",
    "expand": "maximize-2",
    "zoom_in": "zoom-in",
    "zoom_out": "zoom-out",
    "export": "download",
    "import": "upload",
    "print": "printer",
    "columns": "columns-3",
    "group": "rows-3",
    "assign": "user-round-plus",
    "assign_to_me": "user-round-check",
    "resolve": "circle-check",
    "reopen": "rotate-ccw",
    "merge": "merge",
    "move": "arrow-right-left",
    "split": "split",
    "follow": "bell-plus",
    "unfollow": "bell-off",
    "snooze": "alarm-clock",
    "wake": "alarm-clock-check",
    "notices": "bell",
    "unread": "circle-dot",
    "isolate": "shield-ban",
    "block": "ban",
    "send": "send",
    "bold": "bold",
    "italic": "italic",
    "code": "code",
    "list": "list",
    "list_numbered": "list-ordered",
    "list_tasks": "list-todo",
    "quote": "quote",
    "table": "table",
    "link": "link",
    "image": "image-plus",
    "no_image": "image-off",
    "history": "history",
    "play": "play",
    "pause": "pause",
    "menu": "menu",
    "more": "ellipsis",
    "keyboard": "keyboard",
    "help": "circle-question-mark",
    # directions
    "next": "chevron-right",
    "previous": "chevron-left",
    "up": "chevron-up",
    "down": "chevron-down",
    "grip": "grip-vertical",
    "sort": "chevrons-up-down",
    "sort_up": "arrow-up",
    "sort_down": "arrow-down",
    "arrow": "arrow-right",
    # how it stands
    "info": "info",
    "success": "circle-check",
    "warning": "triangle-alert",
    "error": "circle-alert",
    "conflict": "git-compare-arrows",
    "restricted": "lock",
    "check": "check",
    "time": "clock",
    "date": "calendar",
    "redirected": "corner-down-right",
    "empty": "inbox",
    "not_found": "search-x",
    "offline": "wifi-off",
    # look
    "light": "sun",
    "dark": "moon",
    "auto": "sun-moon",
}
"""Role to the name of its drawing in lucide."""


class UnknownIcon(KeyError):
    """No icon plays this role; `ROLES` lists those that do."""

    def __init__(self, role: str) -> None:
        super().__init__(f"no icon for “{role}”: add the role to common/icons.py")


def drawing(role: str) -> str:
    """The shapes inside the icon of `role`, without the svg element around them."""
    try:
        return _drawings()[role]
    except KeyError:
        raise UnknownIcon(role) from None


@cache
def _drawings() -> dict[str, str]:
    """Of every role, read together: opening the package's archive takes longer than all of them."""
    with (files("lucide") / "lucide.zip").open("rb") as stream, ZipFile(stream) as archive:
        sources = {role: archive.read(f"{name}.svg").decode() for role, name in ROLES.items()}
    return {role: _shapes(source) for role, source in sources.items()}


def _shapes(source: str) -> str:
    inside = re.fullmatch(r".*?<svg[^>]*>(.*)</svg>\s*", source, re.DOTALL)
    if inside is None:
        raise ValueError("a drawing of lucide is not one svg element")
    return re.sub(r"\s*/>\s*", "/>", inside[1]).strip()


@cache
def icon(role: str, size: str = "m") -> SafeString:
    """The icon of `role` as SVG, hidden from assistive technology: the words beside it speak.

    `size` is s (12 px), m (16 px), l (20 px) or xl (32 px); colour follows the text.
    """
    if size not in {"s", "m", "l", "xl"}:
        raise ValueError(f"icon size “{size}” is none of s, m, l, xl")
    extra = "" if size == "m" else f" icon-{size}"
    return format_html(
        '<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        extra,
        mark_safe(drawing(role)),  # shapes of the installed package, nothing of ours or a sender's
    )
