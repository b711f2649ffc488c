"""Every state change of incidents, by noun. Read `lifecycle.resolve` first: a new command looks like it."""

from incidents.commands.alerts import assign_alerts, classify_alerts, manage_alerts, set_alert_status
from incidents.commands.assignment import assign, unassign
from incidents.commands.attachments import (
    attach,
    erase_attachment,
    note_damage,
    note_download,
    note_whole,
    remove_attachment,
)
from incidents.commands.break_glass import break_glass, end_break_glass, look_through_glass
from incidents.commands.bulk import cancel_act, prepare_act, start_act, start_undo, work_on
from incidents.commands.classification import classify
from incidents.commands.comments import add_comment, edit_comment, remove_comment
from incidents.commands.critical_assets import reassess, start_reassessment
from incidents.commands.due import set_due, tell_overdue
from incidents.commands.emptying import empty_old_comments, empty_text, set_retention
from incidents.commands.evidence import add_evidence, judge_evidence, remove_evidence
from incidents.commands.following import follow, unfollow
from incidents.commands.importing import import_incident
from incidents.commands.leaving import leave_to_nobody
from incidents.commands.lifecycle import change_note, reopen, resolve, set_status
from incidents.commands.linking import Link, Opening, link_alerts, open_incidents
from incidents.commands.manage import apply_changes, apply_to_many
from incidents.commands.many_alerts import change_many_alerts
from incidents.commands.merging import merge
from incidents.commands.moving import move_alerts
from incidents.commands.moving_back import move_back
from incidents.commands.naming import rename, set_severity, use_automatic_name, use_automatic_severity
from incidents.commands.restriction import lift_restriction, name_to, restrict, set_incident_members
from incidents.commands.saved_views import arrange_views, change_view, delete_view, save_view, set_default_view
from incidents.commands.snoozing import snooze, wake
from incidents.commands.tagging import change_tags
from incidents.commands.task_templates import (
    apply_task_template,
    change_task_template,
    delete_task_template,
    save_task_template,
)
from incidents.commands.tasks import add_task, change_task, move_task, remove_task
from incidents.commands.undo import take_back
from incidents.commands.unmerging import unmerge, unmerge_all

__all__ = [
    "Link",
    "Opening",
    "add_comment",
    "add_evidence",
    "add_task",
    "apply_changes",
    "apply_task_template",
    "apply_to_many",
    "arrange_views",
    "assign",
    "assign_alerts",
    "attach",
    "break_glass",
    "cancel_act",
    "change_many_alerts",
    "change_note",
    "change_tags",
    "change_task",
    "change_task_template",
    "change_view",
    "classify",
    "classify_alerts",
    "delete_task_template",
    "delete_view",
    "edit_comment",
    "empty_old_comments",
    "empty_text",
    "end_break_glass",
    "erase_attachment",
    "follow",
    "import_incident",
    "judge_evidence",
    "leave_to_nobody",
    "lift_restriction",
    "link_alerts",
    "look_through_glass",
    "manage_alerts",
    "merge",
    "move_alerts",
    "move_back",
    "move_task",
    "name_to",
    "note_damage",
    "note_download",
    "note_whole",
    "open_incidents",
    "prepare_act",
    "reassess",
    "remove_attachment",
    "remove_comment",
    "remove_evidence",
    "remove_task",
    "rename",
    "reopen",
    "resolve",
    "restrict",
    "save_task_template",
    "save_view",
    "set_alert_status",
    "set_default_view",
    "set_due",
    "set_incident_members",
    "set_retention",
    "set_severity",
    "set_status",
    "snooze",
    "start_act",
    "start_reassessment",
    "start_undo",
    "take_back",
    "tell_overdue",
    "unassign",
    "unfollow",
    "unmerge",
    "unmerge_all",
    "use_automatic_name",
    "use_automatic_severity",
    "wake",
    "work_on",
]
