"""Addresses of the rules by which alerts join."""

from django.urls import path

from ingest.views import correlation

app_name = "correlation"

urlpatterns = [
    path("", correlation.overview, name="overview"),
    path("<slug:slug>/", correlation.rule, name="rule"),
    path("<slug:slug>/reset/", correlation.reset, name="reset"),
]
