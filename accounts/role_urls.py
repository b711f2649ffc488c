"""Addresses of roles."""

from django.urls import path

from accounts.views import roles

app_name = "roles"

urlpatterns = [
    path("", roles.overview, name="overview"),
    path("new/", roles.new, name="new"),
    path("of/<slug:slug>/", roles.role, name="role"),
    path("of/<slug:slug>/delete/", roles.delete, name="delete"),
]
