from django.urls import path

from ingest.api import AlertsView

urlpatterns = [
    path("alerts/", AlertsView.as_view(), name="alerts"),
]
