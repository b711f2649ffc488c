"""Addresses of alerts."""

from django.urls import path

from alerts import views

app_name = "alerts"

urlpatterns = [
    path("", views.queue, name="queue"),
    path("<int:alert_id>/", views.alert, name="alert"),
    path("<int:alert_id>/details/", views.details, name="details"),
]
