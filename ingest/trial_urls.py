"""Addresses of trials."""

from django.urls import path

from ingest.views import trials

app_name = "trials"

urlpatterns = [
    path("<uuid:number>/", trials.trial, name="trial"),
    path("<uuid:number>/cancel/", trials.cancel, name="cancel"),
]
