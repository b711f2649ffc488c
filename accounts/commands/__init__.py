"""Every change to people, teams, roles, tokens and lists, by what it changes, under one import path."""

from accounts.commands.door import (
    count_refusal,
    record_sign_in,
    record_sign_out,
    refused_sign_in,
    signed_in,
    signed_out,
    tell_untold,
)
from accounts.commands.factors import (
    add_authenticator_app,
    add_passkey,
    demand_second_factor,
    make_recovery_codes,
    record_factor_use,
    remove_factor,
    rename_passkey,
    take_factors,
)
from accounts.commands.invitations import INVITED, accept_invitation, invite, withdraw_invitation
from accounts.commands.lists import keep_columns, keep_part
from accounts.commands.people import (
    PREFERENCES,
    activate,
    change_own_password,
    change_role,
    change_user,
    create_first_administrator,
    create_user,
    deactivate,
    set_password,
    set_preferences,
)
from accounts.commands.roles import create_role, delete_role, redefine_role
from accounts.commands.teams import create_team, delete_team, rename_team, set_members
from accounts.commands.tokens import create_own_token, create_token, record_use, revoke_token

__all__ = [
    "INVITED",
    "PREFERENCES",
    "accept_invitation",
    "activate",
    "add_authenticator_app",
    "add_passkey",
    "change_own_password",
    "change_role",
    "change_user",
    "count_refusal",
    "create_first_administrator",
    "create_own_token",
    "create_role",
    "create_team",
    "create_token",
    "create_user",
    "deactivate",
    "delete_role",
    "delete_team",
    "demand_second_factor",
    "invite",
    "keep_columns",
    "keep_part",
    "make_recovery_codes",
    "record_factor_use",
    "record_sign_in",
    "record_sign_out",
    "record_use",
    "redefine_role",
    "refused_sign_in",
    "remove_factor",
    "rename_passkey",
    "rename_team",
    "revoke_token",
    "set_members",
    "set_password",
    "set_preferences",
    "signed_in",
    "signed_out",
    "take_factors",
    "tell_untold",
    "withdraw_invitation",
]
