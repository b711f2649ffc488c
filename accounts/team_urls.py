"""Addresses of teams."""

from django.urls import path

from accounts.views import teams

app_name = "teams"

urlpatterns = [
    path("", teams.overview, name="overview"),
    path("new/", teams.new, name="new"),
    path("of/<slug:slug>/", teams.team, name="team"),
    path("of/<slug:slug>/delete/", teams.delete, name="delete"),
]
