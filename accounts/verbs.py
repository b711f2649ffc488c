"""What can happen at the door, and to people, teams and tokens; recorded in the system's own stream."""

from activity.verbs import SystemGroup, Verb, register

SIGNED_IN = Verb("session.started", "Signed in", "person", "signed in")
SIGNED_OUT = Verb("session.ended", "Signed out", "sign_out", "signed out")
SIGN_IN_REFUSED = Verb("session.refused", "Sign-in refused", "person", "counted {counted}")
USER_CREATED = Verb("user.created", "User created", "user", "created the user {subject}")
ROLE_CHANGED = Verb("user.role_changed", "Role changed", "user", "changed the role of {subject}")
DEACTIVATED = Verb("user.deactivated", "User deactivated", "user", "deactivated {subject}")
ACTIVATED = Verb("user.activated", "User activated", "user", "activated {subject}")
PREFERENCES_CHANGED = Verb("user.preferences_changed", "Preferences changed", "settings", "changed their preferences")
PASSWORD_CHANGED = Verb("user.password_changed", "Password changed", "user", "changed the password of {subject}")
TEAM_CREATED = Verb("team.created", "Team created", "team", "created the team {subject}")
MEMBERS_CHANGED = Verb("team.members_changed", "Team members changed", "team", "changed the members of {subject}")
TOKEN_CREATED = Verb("token.created", "Token created", "token", "created the token {subject}")
TOKEN_REVOKED = Verb("token.revoked", "Token revoked", "token", "revoked the token {subject}")
TOKEN_USED = Verb("token.used", "Token used", "token", "used the API")
TOKEN_REFUSED = Verb("token.refused", "Token refused", "token", "counted {counted}")

register(SIGNED_IN, SIGNED_OUT, SIGN_IN_REFUSED, group=SystemGroup.SIGN_IN)
register(
    USER_CREATED,
    ROLE_CHANGED,
    DEACTIVATED,
    ACTIVATED,
    PASSWORD_CHANGED,
    PREFERENCES_CHANGED,
    TEAM_CREATED,
    MEMBERS_CHANGED,
    group=SystemGroup.PEOPLE,
)
register(TOKEN_CREATED, TOKEN_REVOKED, TOKEN_USED, TOKEN_REFUSED, group=SystemGroup.TOKENS)
