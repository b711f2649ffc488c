"""Terms of people: permissions, themes, densities."""

from common.terms import NamedTerms


class Permission(NamedTerms):
    """Something a role allows. A role is a set of these."""

    SEE_INCIDENTS = "see_incidents", "See incidents that are not restricted"
    EDIT_INCIDENTS = "edit_incidents", "Assign, classify, tag, comment on and resolve incidents"
    MODERATE_COMMENTS = "moderate_comments", "Edit and remove what others have written or attached"
    BULK_EDIT = "bulk_edit", "Change several incidents at once"
    MERGE_INCIDENTS = "merge_incidents", "Merge incidents and move alerts"
    RESTRICT_INCIDENTS = "restrict_incidents", "Restrict incidents and name their members"
    BREAK_GLASS = "break_glass", "Open restricted incidents by break-glass"
    SEE_RESTRICTED = "see_restricted", "See every restricted incident, unnamed"
    EXPORT = "export", "Export what one sees"
    IMPORT_INCIDENTS = "import_incidents", "Import incidents from archives of another Watchfloor"
    SEND_ALERTS = "send_alerts", "Send alerts"
    MANAGE_RULES = "manage_rules", "Manage rules and critical assets"
    MANAGE_WEBHOOKS = "manage_webhooks", "Have other systems told of what happens to incidents"
    MANAGE_PEOPLE = "manage_people", "Manage users, teams, roles and tokens"
    SEE_SYSTEM_LOG = "see_system_log", "Read the system's log, and take logs out"
    EMPTY_TEXTS = "empty_texts", "Empty texts for good, and say how long they are kept"


class Knock(NamedTerms):
    """What happens at the door."""

    SIGNED_IN = "signed_in", "Signed in"
    SIGNED_OUT = "signed_out", "Signed out"
    SIGN_IN_REFUSED = "sign_in_refused", "Sign-in refused"
    TOKEN_REFUSED = "token_refused", "Token refused"


class Theme(NamedTerms):
    AUTO = "auto", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Density(NamedTerms):
    COMFORTABLE = "comfortable", "Comfortable"
    COMPACT = "compact", "Compact"


READER = "reader"
ANALYST = "analyst"
LEAD = "lead"
ADMIN = "admin"

BUILT_IN_ROLES: dict[str, tuple[str, tuple[Permission, ...]]] = {
    READER: ("Reader", (Permission.SEE_INCIDENTS, Permission.EXPORT)),
    ANALYST: (
        "Analyst",
        (Permission.SEE_INCIDENTS, Permission.EDIT_INCIDENTS, Permission.BULK_EDIT, Permission.EXPORT),
    ),
    LEAD: (
        "Lead",
        (
            Permission.SEE_INCIDENTS,
            Permission.EDIT_INCIDENTS,
            Permission.MODERATE_COMMENTS,
            Permission.BULK_EDIT,
            Permission.MERGE_INCIDENTS,
            Permission.RESTRICT_INCIDENTS,
            Permission.BREAK_GLASS,
            Permission.EXPORT,
            Permission.MANAGE_RULES,
        ),
    ),
    ADMIN: (
        "Administrator",
        tuple(each for each in Permission if each not in (Permission.BREAK_GLASS, Permission.SEE_RESTRICTED)),
    ),
}
"""The roles that every installation starts with: slug → name and permissions. None sees every restricted incident, and
who administers people opens none by break-glass: those who could are then others than those who give the right."""
