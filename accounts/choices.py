"""Terms of people: permissions, themes, densities."""

from __future__ import annotations

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

    @property
    def explanation(self) -> str:
        """What it lets somebody do, and what to mind, for whoever gives it."""
        return EXPLANATIONS[self]


EXPLANATIONS: dict[str, str] = {
    Permission.SEE_INCIDENTS: "Opens the queue, incidents, alerts, evidence and entities. Restricted incidents stay "
    "with the people and teams they name. Without it somebody signs in and sees no incident at all.",
    Permission.EDIT_INCIDENTS: "Work on incidents one by one, with their alerts, tasks, comments and attachments. Who "
    "has it can be assigned to.",
    Permission.MODERATE_COMMENTS: "The log keeps what was written before, and who changed it.",
    Permission.BULK_EDIT: "The same changes to many at once, up to all that a list shows; they can be taken back.",
    Permission.MERGE_INCIDENTS: "Make one incident of several, take a merge apart again, split alerts off.",
    Permission.RESTRICT_INCIDENTS: "Hide an incident from everybody but those it names. Who restricts one is a member.",
    Permission.BREAK_GLASS: "Opens a restricted incident for a while, with a reason; its members are told at once. "
    "Administrators give it to others, never to themselves, and no token has it.",
    Permission.SEE_RESTRICTED: "Sees all of them without being named, and nobody is told. For a head of "
    "investigations, say. Administrators give it to others, never to themselves, and no token has it.",
    Permission.EXPORT: "Reports, tables and archives, of what the person sees. Each is recorded.",
    Permission.IMPORT_INCIDENTS: "Brings incidents with their logs and files from an archive.",
    Permission.SEND_ALERTS: "Sends alerts to the API, under any source. A sensor needs a token of its source instead.",
    Permission.MANAGE_RULES: "Which alerts join, which are hidden or resolved, which assets are critical, templates of "
    "tasks. They decide what analysts get to see.",
    Permission.MANAGE_WEBHOOKS: "Says which other systems are told of what happens to incidents, as far as they see "
    "them themselves, and reads the secrets that such messages are signed with.",
    Permission.MANAGE_PEOPLE: "Invites, changes and deactivates people, says what roles may, revokes anybody’s tokens. "
    "Nobody gives a right that they do not have themselves.",
    Permission.SEE_SYSTEM_LOG: "Who came in, who changed what of people and rules, who took what out; and logs of "
    "incidents with their proofs, of those that the person sees.",
    Permission.EMPTY_TEXTS: "Takes the words of comments away for ever, as the law may ask. The log says that and why.",
}
KEPT_APART = frozenset({Permission.BREAK_GLASS, Permission.SEE_RESTRICTED})
"""Rights to restricted incidents. Who administers people gives them to others without having them, and never to
themselves; no token has them."""
PERMISSION_GROUPS: tuple[tuple[str, tuple[Permission, ...]], ...] = (
    (
        "Incidents",
        (
            Permission.SEE_INCIDENTS,
            Permission.EDIT_INCIDENTS,
            Permission.BULK_EDIT,
            Permission.MERGE_INCIDENTS,
            Permission.MODERATE_COMMENTS,
        ),
    ),
    ("Restricted incidents", (Permission.RESTRICT_INCIDENTS, Permission.BREAK_GLASS, Permission.SEE_RESTRICTED)),
    ("In and out", (Permission.SEND_ALERTS, Permission.EXPORT, Permission.IMPORT_INCIDENTS)),
    (
        "Administration",
        (
            Permission.MANAGE_RULES,
            Permission.MANAGE_WEBHOOKS,
            Permission.MANAGE_PEOPLE,
            Permission.SEE_SYSTEM_LOG,
            Permission.EMPTY_TEXTS,
        ),
    ),
)
"""All of them, as pages show them."""


class Knock(NamedTerms):
    """What happens at the door."""

    SIGNED_IN = "signed_in", "Signed in"
    SIGNED_OUT = "signed_out", "Signed out"
    SIGN_IN_REFUSED = "sign_in_refused", "Sign-in refused"
    TOKEN_REFUSED = "token_refused", "Token refused"


class FactorKind(NamedTerms):
    """What a person shows beside, or instead of, a password; the words of `allauth.mfa`."""

    APP = "totp", "Authenticator app"
    PASSKEY = "webauthn", "Passkey"
    RECOVERY_CODES = "recovery_codes", "Recovery codes"


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
