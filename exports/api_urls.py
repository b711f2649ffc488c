from django.urls import path

from exports import data_urls
from exports.api import IncidentLogView, SystemLogView

urlpatterns = [
    path("system/log/", SystemLogView.as_view(), name="system_log"),
    path("incidents/<int:number>/log/", IncidentLogView.as_view(), name="incident_log"),
    *data_urls.api,
]
