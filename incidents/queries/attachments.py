"""An incident's attachments as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from accounts.choices import Permission
from accounts.models import Principal, User
from common.file_kinds import words_for
from common.markdown import Image
from common.marks import icon, time_mark
from incidents.models import Attachment, Incident
from incidents.rules.attachments import MOST_FILES, size_in_words

MOST_DAMAGED = 100


def attachments_shown(incident: Incident, reader: User) -> list[dict[str, Any]]:
    """The files of an incident, the newest first, ready to print. Who may erase files sees removed ones, too."""
    rows = Attachment.objects.filter(incident=incident).order_by("-added_at", "pk")
    may_erase = reader.may(Permission.EMPTY_TEXTS)
    rows = rows.stored() if may_erase else rows.present()
    moderates = reader.may(Permission.MODERATE_COMMENTS)
    return [_shown(each, reader, moderates=moderates, may_erase=may_erase) for each in rows[:MOST_FILES]]


def _shown(attachment: Attachment, reader: User, *, moderates: bool, may_erase: bool) -> dict[str, Any]:
    is_own = (attachment.actor_kind, attachment.actor_id) == ("user", reader.pk)
    is_removed = attachment.removed_at is not None
    return {
        "id": attachment.pk,
        "name": attachment.name,
        "url": reverse("attachments:download", args=[attachment.pk]),
        "image_url": reverse("attachments:image", args=[attachment.pk]) if attachment.is_image else "",
        "small_url": reverse("attachments:small", args=[attachment.pk]) if attachment.is_image else "",
        "icon": icon("file"),
        "kind": words_for(attachment.media_type),
        "size": size_in_words(attachment.size),
        "pixels": f"{attachment.width:,} × {attachment.height:,}" if attachment.is_image else "",
        "sha256": attachment.sha256,
        "added_by": attachment.added_by,
        "added_at": time_mark(attachment.added_at),
        "is_damaged": attachment.damaged_at is not None,
        "removed_by": attachment.removed_by,
        "removed_at": time_mark(attachment.removed_at) if attachment.removed_at else "",
        "may_remove": not is_removed and (is_own or moderates),
        "may_erase": is_removed and may_erase,
    }


def images_of(ids: Sequence[str], principal: Principal) -> dict[str, Image]:
    """Those of the files that are images the person may see, by their ids."""
    rows = Attachment.objects.present().visible_to(principal).filter(pk__in=ids, small_width__isnull=False)
    return {
        str(number): Image(f"/attachments/{number}/image/", f"/attachments/{number}/small/", width, height)
        for number, width, height in rows.values_list("pk", "small_width", "small_height")
        if width and height
    }


def plain_attachments(incident: Incident) -> list[dict[str, Any]]:
    """The files of an incident for programs."""
    rows = Attachment.objects.present().filter(incident=incident).order_by("added_at", "pk")
    return [plain_attachment(each) for each in rows]


def plain_attachment(attachment: Attachment) -> dict[str, Any]:
    return {
        "id": str(attachment.pk),
        "incident": attachment.incident_id,
        "name": attachment.name,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "media_type": attachment.media_type,
        "width": attachment.width,
        "height": attachment.height,
        "added_by": attachment.added_by,
        "added_at": attachment.added_at.isoformat(),
        "is_damaged": attachment.damaged_at is not None,
        "url": reverse("api:attachment", args=[attachment.pk]),
    }


def damaged(reader: Principal) -> list[dict[str, Any]]:
    """Files that are missing or changed, since when; of which incident, where the reader may see it."""
    rows = Attachment.objects.stored().filter(damaged_at__isnull=False).order_by("damaged_at", "pk")[:MOST_DAMAGED]
    visible = set(
        Incident.objects.visible_to(reader)
        .filter(pk__in=[each.incident_id for each in rows])
        .values_list("pk", flat=True)
    )
    return [
        {
            "id": each.pk,
            "since": time_mark(each.damaged_at) if each.damaged_at else "",
            "incident": each.incident_id if each.incident_id in visible else None,
        }
        for each in rows
    ]
