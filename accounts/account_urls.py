"""Addresses of one's own account."""

from django.urls import path

from accounts.views import account

urlpatterns = [
    path("", account.account, name="account"),
    path("password/", account.password, name="account_password"),
    path("tokens/", account.tokens, name="account_tokens"),
    path("tokens/<int:number>/revoke/", account.revoke, name="account_revoke_token"),
]
