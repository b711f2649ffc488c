"""Addresses of the system's log."""

from django.urls import path

from accounts.views import system_log

app_name = "system_log"

urlpatterns = [
    path("", system_log.overview, name="overview"),
    path("news/", system_log.news, name="news"),
    path("filter/", system_log.edit_filter, name="filter"),
    path("filter/apply/", system_log.apply_filter, name="apply_filter"),
    path("suggest/<slug:key>/", system_log.suggest, name="suggest"),
]
