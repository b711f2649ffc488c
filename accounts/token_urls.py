"""Addresses of tokens."""

from django.urls import path

from accounts.views import tokens

app_name = "tokens"

urlpatterns = [
    path("", tokens.overview, name="overview"),
    path("new/", tokens.new, name="new"),
    path("<int:number>/revoke/", tokens.revoke, name="revoke"),
]
