"""Attachments: added, removed, erased, and what is found of their files. Each is an entry: who had a file in hand, and
when, can be told from the log."""

from __future__ import annotations

import logging
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import Principal
from activity.actors import SYSTEM, Actor, ActorKind
from activity.models import Entry
from activity.record import Change, Draft, Subject
from activity.verbs import Verb
from common.command import command
from common.errors import Refused
from incidents import files, verbs
from incidents.commands.change import lock, record_under_version, save
from incidents.commands.following import start_following
from incidents.files import Damaged, Upload
from incidents.models import Attachment, Incident
from incidents.rules import check_reason
from incidents.rules.attachments import check_space

logger = logging.getLogger(__name__)


@command
def attach(incident: Incident, upload: Upload, *, actor: Actor) -> Attachment:
    """Put a file that lies on the disk to the incident, once. Never conflicts with anybody's work, so the version
    stays."""
    incident = lock(incident)
    if known := Attachment.objects.filter(pk=upload.id).first():
        return known
    present = Attachment.objects.stored().filter(incident=incident).aggregate(files=Count("pk"), size=Sum("size"))
    most = settings.ATTACHMENT_BYTES_OF_INCIDENT
    check_space(upload.name, present["files"], present["size"] or 0, upload.stored.size, most)
    attachment = row_of(upload, incident)
    attachment.actor_kind, attachment.actor_id, attachment.added_by = actor.kind, actor.id, actor.label[:200]
    attachment.save(force_insert=True)
    _record(incident, verbs.ATTACHED, attachment, actor)
    start_following(incident, actor.id if actor.kind == ActorKind.USER else None)
    return attachment


def row_of(upload: Upload, incident: Incident) -> Attachment:
    """The row of a file that lies on the disk, without who brought it; not saved."""
    attachment = Attachment(
        id=upload.id,
        incident=incident,
        name=upload.name,
        size=upload.stored.size,
        sha256=upload.stored.sha256,
        media_type=upload.media_type,
    )
    image, small = upload.image, upload.small
    if image and small:
        attachment.width, attachment.height = image.width, image.height
        attachment.small_width, attachment.small_height = image.small_width, image.small_height
        attachment.small_size, attachment.small_sha256 = small.size, small.sha256
    return attachment


@command
def remove_attachment(attachment: Attachment, *, actor: Actor, principal: Principal | None = None) -> Attachment:
    """Take a file off the incident; who attached it may, and a `principal` who moderates. Its bytes are kept until they
    are erased."""
    incident, attachment = _locked(attachment)
    if attachment.removed_at is not None:
        raise Refused("The attachment was removed already.")
    is_own = (attachment.actor_kind, attachment.actor_id) == (actor.kind, actor.id)
    if not is_own and not (principal and principal.may(Permission.MODERATE_COMMENTS)):
        raise Refused("Only who attached it, or somebody who moderates comments, may remove it.")
    attachment.removed_at, attachment.removed_by = timezone.now(), actor.label[:200]
    attachment.save(update_fields=["removed_at", "removed_by"])
    _record(incident, verbs.ATTACHMENT_REMOVED, attachment, actor, [Change("removed", False, True)])
    return attachment


@command
def erase_attachment(attachment: Attachment, reason: str, *, actor: Actor) -> Attachment:
    """Destroy the bytes of a file that was removed, for ever; the log keeps its name, size and hash."""
    incident, attachment = _locked(attachment)
    if attachment.erased_at is not None:
        raise Refused("The file was erased already.")
    if attachment.removed_at is None:
        raise Refused("Remove the attachment first; then its file can be erased.")
    reason = check_reason(reason, required=True)
    attachment.erased_at = timezone.now()
    attachment.save(update_fields=["erased_at"])
    changes = [Change("erased", False, True)]
    _record(incident, verbs.ATTACHMENT_ERASED, attachment, actor, changes, text=reason)
    # the row says so first: what comes between is swept up later
    transaction.on_commit(lambda: files.store().remove(attachment.pk))
    return attachment


@command
def note_damage(attachment: Attachment, how: str, *, actor: Actor) -> Attachment:
    """Hold fast that the bytes are missing or changed, whoever came upon it; nothing where that is known."""
    incident, attachment = _locked(attachment)
    if attachment.damaged_at is not None or attachment.erased_at is not None:
        return attachment
    attachment.damaged_at = timezone.now()
    attachment.save(update_fields=["damaged_at"])
    changes = [Change("damaged", False, True)]
    _record(incident, verbs.ATTACHMENT_DAMAGED, attachment, actor, changes, facts={"reason": how})
    found = f"Attachment {attachment.pk} of incident {incident.pk}: its file {how}"
    transaction.on_commit(lambda: logger.critical("%s; nobody is given it", found))
    return attachment


@command
def note_whole(attachment: Attachment, *, actor: Actor) -> Attachment:
    """Hold fast that the bytes are again what they were, as after a restore; nothing where they were never known to be
    otherwise."""
    incident, attachment = _locked(attachment)
    if attachment.damaged_at is None:
        return attachment
    attachment.damaged_at = None
    attachment.save(update_fields=["damaged_at"])
    _record(incident, verbs.ATTACHMENT_WHOLE, attachment, actor, [Change("damaged", True, False)])
    return attachment


@command
def note_download(attachment: Attachment, *, actor: Actor) -> Entry | None:
    """Hold fast that somebody was given a file of a restricted incident."""
    incident = Incident.objects.select_for_update(of=("self",)).get(pk=attachment.incident_id)
    if not incident.restricted:
        return None
    return _record(incident, verbs.ATTACHMENT_DOWNLOADED, attachment, actor)


def opened(attachment: Attachment, *, actor: Actor, small: bool = False) -> BinaryIO:
    """The attachment's bytes, after all of them were compared with what came. Raises Damaged, and records it."""
    try:
        return files.opened(attachment, small=small)
    except Damaged as damaged:
        note_damage(attachment, str(damaged), actor=actor)
        raise


def look_at(attachment: Attachment) -> None:
    """Compare an attachment's bytes with what came, and hold fast what has become of them."""
    try:
        for small in (False, True) if attachment.is_image else (False,):
            files.opened(attachment, small=small).close()
    except Damaged as damaged:
        note_damage(attachment, str(damaged), actor=SYSTEM)
    else:
        if attachment.damaged_at is not None:
            note_whole(attachment, actor=SYSTEM)


def _locked(attachment: Attachment) -> tuple[Incident, Attachment]:
    """The incident, then the attachment, as they are now. A merge takes attachments along, so nobody works on one of an
    incident that was merged away."""
    incident = lock(attachment.incident)
    return incident, Attachment.objects.select_for_update(of=("self",)).get(pk=attachment.pk, incident=incident)


def values_of(attachment: Attachment) -> dict[str, Any]:
    """What an entry says of a file beside its name."""
    return {"size": attachment.size, "sha256": attachment.sha256, "media_type": attachment.media_type}


def _record(
    incident: Incident,
    verb: Verb,
    attachment: Attachment,
    actor: Actor,
    changes: list[Change] | None = None,
    *,
    facts: dict[str, str] | None = None,
    text: str | None = None,
) -> Entry:
    """An entry about the file, which names its hash; the incident counts as touched."""
    save(incident)
    told = {**values_of(attachment), **(facts or {})}
    draft = Draft(
        verb,
        actor,
        incident_id=incident.pk,
        subject=Subject("attachment", str(attachment.pk), attachment.name),
        changes=changes or (),
        facts=told,
        text=text,
    )
    return record_under_version(incident, [draft])[0]
