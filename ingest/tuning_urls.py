"""Addresses of tuning rules."""

from django.urls import path

from ingest.views import tuning

app_name = "tuning"

urlpatterns = [
    path("", tuning.overview, name="overview"),
    path("new/", tuning.new, name="new"),
    path("<int:number>/", tuning.rule, name="rule"),
    path("<int:number>/edit/", tuning.edit, name="edit"),
    path("<int:number>/delete/", tuning.delete, name="delete"),
]
