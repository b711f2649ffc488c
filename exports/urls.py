from django.urls import path

from exports.views import queue_csv

app_name = "exports"

urlpatterns = [
    path("incidents.csv", queue_csv, name="queue_csv"),
]
