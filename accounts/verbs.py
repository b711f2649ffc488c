"""What can happen at the door, and to people, teams, roles and tokens; recorded in the system's own stream."""

from activity.verbs import SystemGroup, Verb, register

SIGNED_IN = Verb("session.started", "Signed in", "person", "signed in")
SIGNED_OUT = Verb("session.ended", "Signed out", "sign_out", "signed out")
SIGN_IN_REFUSED = Verb("session.refused", "Sign-in refused", "person", "counted {counted}")
SIGNED_IN_ELSEWHERE = Verb(
    "session.new_place", "Signed in from elsewhere", "person", "signed in from a new place: {where}"
)
SESSION_ENDED = Verb("session.closed", "Session ended", "sign_out", "ended a session of {subject}: {where}")
SESSIONS_ENDED = Verb("session.all_closed", "Sessions ended", "sign_out", "ended {ended} of {subject}")
USER_CREATED = Verb("user.created", "User created", "user", "created the user {subject}")
USER_CHANGED = Verb("user.changed", "User changed", "user", "changed {subject}")
ROLE_CHANGED = Verb("user.role_changed", "Role changed", "user", "changed the role of {subject}")
DEACTIVATED = Verb("user.deactivated", "User deactivated", "user", "deactivated {subject}")
ACTIVATED = Verb("user.activated", "User activated", "user", "activated {subject}")
PREFERENCES_CHANGED = Verb("user.preferences_changed", "Preferences changed", "settings", "changed their preferences")
PASSWORD_CHANGED = Verb("user.password_changed", "Password changed", "user", "changed the password of {subject}")
FACTOR_ADDED = Verb("factor.added", "Second factor added", "token", "gave {subject} a second factor: {factor}")
PASSKEY_RENAMED = Verb("factor.renamed", "Passkey renamed", "token", "renamed the passkey {old} to {new}")
FACTOR_REMOVED = Verb(
    "factor.removed", "Second factor removed", "token", "removed a second factor of {subject}: {factor}"
)
FACTORS_TAKEN = Verb(
    "factor.all_taken", "Second factors taken away", "token", "took away all second factors of {subject}: {factor}"
)
CODES_MADE = Verb("factor.codes_made", "Recovery codes made", "token", "made recovery codes for {subject}")
CODE_USED = Verb("factor.code_used", "Recovery code used", "token", "used a recovery code; {left} are left")
FACTOR_USED = Verb("factor.used", "Second factor used", "token", "showed once more who they are: {factor}")
FACTOR_DEMANDED = Verb(
    "role.factor_demanded", "Second factor demanded", "user", "changed whether the role {subject} takes a second factor"
)
RESET_MAILED = Verb(
    "user.reset_mailed", "Link to a new password sent", "user", "sent {subject} a link to a new password"
)
PASSWORD_RESET = Verb("user.password_reset", "Password chosen anew", "user", "chose a new password by a link")
LINKED = Verb("user.linked", "Linked to a provider", "user", "linked {subject} to their account at {provider}")
TEAM_CREATED = Verb("team.created", "Team created", "team", "created the team {subject}")
TEAM_RENAMED = Verb("team.renamed", "Team renamed", "team", "renamed the team {old} to {new}")
TEAM_DELETED = Verb("team.deleted", "Team deleted", "team", "deleted the team {subject}")
ROLE_CREATED = Verb("role.created", "Role created", "restricted", "created the role {subject}")
ROLE_REDEFINED = Verb("role.changed", "Role changed", "restricted", "changed what the role {subject} is")
ROLE_DELETED = Verb("role.deleted", "Role deleted", "restricted", "deleted the role {subject}")
INVITED = Verb("invitation.created", "Invited", "user", "invited {subject}")
INVITATION_WITHDRAWN = Verb(
    "invitation.withdrawn", "Invitation withdrawn", "user", "withdrew the invitation of {subject}"
)
INVITATION_ACCEPTED = Verb("invitation.accepted", "Invitation accepted", "user", "of {subject} was accepted")
MEMBERS_CHANGED = Verb("team.members_changed", "Team members changed", "team", "changed the members of {subject}")
TOKEN_CREATED = Verb("token.created", "Token created", "token", "created the token {subject}")
TOKEN_REVOKED = Verb("token.revoked", "Token revoked", "token", "revoked the token {subject}")
TOKEN_USED = Verb("token.used", "Token used", "token", "used the API")
TOKEN_REFUSED = Verb("token.refused", "Token refused", "token", "counted {counted}")

register(
    SIGNED_IN,
    SIGNED_OUT,
    SIGN_IN_REFUSED,
    SIGNED_IN_ELSEWHERE,
    SESSION_ENDED,
    SESSIONS_ENDED,
    FACTOR_ADDED,
    PASSKEY_RENAMED,
    FACTOR_REMOVED,
    FACTORS_TAKEN,
    CODES_MADE,
    CODE_USED,
    FACTOR_USED,
    group=SystemGroup.SIGN_IN,
)
register(
    USER_CREATED,
    USER_CHANGED,
    ROLE_CHANGED,
    DEACTIVATED,
    ACTIVATED,
    PASSWORD_CHANGED,
    RESET_MAILED,
    PASSWORD_RESET,
    LINKED,
    PREFERENCES_CHANGED,
    TEAM_CREATED,
    TEAM_RENAMED,
    TEAM_DELETED,
    MEMBERS_CHANGED,
    FACTOR_DEMANDED,
    ROLE_CREATED,
    ROLE_REDEFINED,
    ROLE_DELETED,
    INVITED,
    INVITATION_WITHDRAWN,
    INVITATION_ACCEPTED,
    group=SystemGroup.PEOPLE,
)
register(TOKEN_CREATED, TOKEN_REVOKED, TOKEN_USED, TOKEN_REFUSED, group=SystemGroup.TOKENS)
