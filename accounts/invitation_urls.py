"""Addresses of whoever is invited."""

from django.urls import path

from accounts.views import invitations

urlpatterns = [
    path("", invitations.accept, name="accept_invitation"),
    path("<str:key>/", invitations.invitation_link, name="invitation_link"),
]
