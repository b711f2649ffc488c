"""Who is told of what was recorded: rows behind the bell, written with the change they tell of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from accounts.choices import Permission
from activity.actors import ActorKind
from activity.models import Entry
from activity.verbs import COMMENT_EDITED
from common.markdown import mentioned
from common.planned import planned_cursor
from incidents import verbs
from incidents.choices import NoticeReason


def tell_people(entries: Sequence[Entry]) -> None:
    """Write a notice for each person whom an entry concerns: assigned to them or their team, mentions them, ends a
    snooze of theirs, is overdue in their hands, opens by break-glass what they see by name, or changes what they
    follow. One statement, however many entries.

    Nobody is told of their own acts, nor of what they may not see. Of several alerts that one act changed, the first
    stands for all. An edit calls nobody whom the comment has called before.
    """
    told = [_told(entry) for entry in entries if entry.incident_id]
    if not told:
        return
    parts = [FOLLOWERS, *(part for field, part in PARTS if any(each[field] for each in told))]
    # S608: the parts are constants of this module
    statement = TELL.format(wanted=" UNION ALL ".join(dict.fromkeys(parts)))
    with planned_cursor() as cursor:
        cursor.execute(statement, [json.dumps(told), [Permission.SEE_INCIDENTS.value]])


def _told(entry: Entry) -> dict[str, Any]:
    assignee = (entry.change_of("assignee") or {}).get("new") or {}
    due_for = entry.facts.get("due_for") or {}
    text = entry.body.text if entry.body else ""
    return {
        "entry": entry.pk,
        "incident": entry.incident_id,
        "actor": entry.actor_id if entry.actor_kind == ActorKind.USER else None,
        "alert": entry.subject_kind == "alert",
        "person": assignee.get("name") if assignee.get("kind") == "user" else None,
        "team": assignee.get("name") if assignee.get("kind") == "team" else None,
        "names": mentioned(text or "") or None,
        "edits": entry.about_id if entry.verb == COMMENT_EDITED.name else None,
        "due_person": due_for.get("name") if due_for.get("kind") == "user" else None,
        "due_team": due_for.get("name") if due_for.get("kind") == "team" else None,
        "glass": entry.verb == verbs.GLASS_BROKEN.name or None,
        "sleeper": entry.facts.get("snoozed_by") if entry.verb == verbs.WOKEN.name else None,
    }


FOLLOWERS = f"""
SELECT follower.user_id, told.*, 4 AS rank, '{NoticeReason.FOLLOWED}' AS reason
FROM told JOIN incidents_follower AS follower ON follower.incident_id = told.incident
"""
ASSIGNED_PERSON = f"""
SELECT person.id, told.*, 1, '{NoticeReason.ASSIGNED}'
FROM told JOIN accounts_user AS person ON person.username = told.person
"""
ASSIGNED_TEAM = f"""
SELECT member.user_id, told.*, 1, '{NoticeReason.ASSIGNED}'
FROM told
JOIN accounts_team AS team ON team.slug = told.team
JOIN accounts_team_members AS member ON member.team_id = team.id
"""
DUE_PERSON = f"""
SELECT person.id, told.*, 1, '{NoticeReason.OVERDUE}'
FROM told JOIN accounts_user AS person ON person.username = told.due_person
"""
DUE_TEAM = f"""
SELECT member.user_id, told.*, 1, '{NoticeReason.OVERDUE}'
FROM told
JOIN accounts_team AS team ON team.slug = told.due_team
JOIN accounts_team_members AS member ON member.team_id = team.id
"""
ALREADY_CALLED = f"""
told.edits IS NULL OR NOT EXISTS (
    SELECT FROM incidents_notice AS earlier JOIN activity_entry AS entry ON entry.id = earlier.entry_id
    WHERE earlier.user_id = called.id AND earlier.incident_id = told.incident
      AND earlier.reason = '{NoticeReason.MENTIONED}' AND told.edits IN (entry.id, entry.about_id))
"""
MENTIONED = f"""
SELECT called.id, told.*, 2, '{NoticeReason.MENTIONED}'
FROM told CROSS JOIN LATERAL (
    SELECT person.id FROM accounts_user AS person WHERE person.username = ANY(told.names)
    UNION SELECT member.user_id
    FROM accounts_team AS team JOIN accounts_team_members AS member ON member.team_id = team.id
    WHERE team.slug = ANY(told.names)
) AS called
WHERE {ALREADY_CALLED}
"""
SNOOZED_IT = f"""
SELECT told.sleeper, told.*, 3, '{NoticeReason.WOKEN}' FROM told WHERE told.sleeper IS NOT NULL
"""
MEMBERS = f"""
SELECT access.user_id, told.*, 0, '{NoticeReason.BREAK_GLASS}'
FROM told JOIN incidents_access AS access ON access.incident_id = told.incident WHERE told.glass
"""
PARTS = (
    ("glass", MEMBERS),
    ("person", ASSIGNED_PERSON),
    ("team", ASSIGNED_TEAM),
    ("names", MENTIONED),
    ("due_person", DUE_PERSON),
    ("due_team", DUE_TEAM),
    ("sleeper", SNOOZED_IT),
)

TELL = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%s) AS each (
        entry bigint, incident bigint, actor bigint, alert boolean, person text, team text, names text[], edits bigint,
        due_person text, due_team text, sleeper bigint, glass boolean)
), wanted AS ({wanted})
INSERT INTO incidents_notice (user_id, incident_id, entry_id, reason, created_at)
SELECT DISTINCT ON (wanted.user_id, wanted.incident, CASE WHEN wanted.alert THEN 0 ELSE wanted.entry END)
       wanted.user_id, wanted.incident, wanted.entry, wanted.reason, now()
FROM wanted
JOIN accounts_user AS person ON person.id = wanted.user_id AND person.is_active
JOIN accounts_role AS role ON role.id = person.role_id AND role.permissions @> %s::varchar[]
JOIN incidents_incident AS incident ON incident.id = wanted.incident
WHERE wanted.user_id IS DISTINCT FROM wanted.actor
  AND (NOT incident.restricted OR EXISTS (
      SELECT FROM incidents_access AS access
      WHERE access.incident_id = incident.id AND access.user_id = wanted.user_id))
ORDER BY wanted.user_id, wanted.incident, CASE WHEN wanted.alert THEN 0 ELSE wanted.entry END, wanted.rank, wanted.entry
ON CONFLICT (user_id, entry_id) DO NOTHING
"""
