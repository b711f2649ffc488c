"""Every change to people, teams, tokens and lists, by what it changes, under one import path."""

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
from accounts.commands.lists import keep_columns, keep_part
from accounts.commands.people import (
    PREFERENCES,
    activate,
    change_role,
    create_first_administrator,
    create_team,
    create_user,
    deactivate,
    set_members,
    set_password,
    set_preferences,
)
from accounts.commands.tokens import create_token, record_use, revoke_token

__all__ = [
    "PREFERENCES",
    "activate",
    "add_authenticator_app",
    "add_passkey",
    "change_role",
    "count_refusal",
    "create_first_administrator",
    "create_team",
    "create_token",
    "create_user",
    "deactivate",
    "demand_second_factor",
    "keep_columns",
    "keep_part",
    "make_recovery_codes",
    "record_factor_use",
    "record_sign_in",
    "record_sign_out",
    "record_use",
    "refused_sign_in",
    "remove_factor",
    "rename_passkey",
    "revoke_token",
    "set_members",
    "set_password",
    "set_preferences",
    "signed_in",
    "signed_out",
    "take_factors",
    "tell_untold",
]
