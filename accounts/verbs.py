"""What can happen to people, teams and tokens; recorded in the system's own stream."""

from activity.verbs import Verb, register

USER_CREATED = Verb("user.created", "User created", "user", "created the user {subject}")
ROLE_CHANGED = Verb("user.role_changed", "Role changed", "user", "changed the role of {subject}")
DEACTIVATED = Verb("user.deactivated", "User deactivated", "user", "deactivated {subject}")
ACTIVATED = Verb("user.activated", "User activated", "user", "activated {subject}")
PREFERENCES_CHANGED = Verb("user.preferences_changed", "Preferences changed", "settings", "changed their preferences")
TEAM_CREATED = Verb("team.created", "Team created", "team", "created the team {subject}")
MEMBERS_CHANGED = Verb("team.members_changed", "Team members changed", "team", "changed the members of {subject}")
TOKEN_CREATED = Verb("token.created", "Token created", "token", "created the token {subject}")
TOKEN_REVOKED = Verb("token.revoked", "Token revoked", "token", "revoked the token {subject}")

register(
    USER_CREATED,
    ROLE_CHANGED,
    DEACTIVATED,
    ACTIVATED,
    PREFERENCES_CHANGED,
    TEAM_CREATED,
    MEMBERS_CHANGED,
    TOKEN_CREATED,
    TOKEN_REVOKED,
)
