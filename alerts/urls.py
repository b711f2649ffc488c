"""Addresses of alerts."""

from django.urls import path

from alerts import views

app_name = "alerts"

urlpatterns = [
    path("", views.queue, name="queue"),
    path("rows/", views.rows, name="rows"),
    path("columns/", views.columns, name="columns"),
    path("filter/", views.edit, name="filter"),
    path("filter/apply/", views.apply, name="apply_filter"),
    path("<int:alert_id>/", views.alert, name="alert"),
    path("<int:alert_id>/details/", views.details, name="details"),
]
