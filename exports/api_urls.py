from django.urls import path

from exports import data_urls
from exports.api.exports import ExportFileView, ExportsView, ExportView, IncidentExportsView
from exports.api.logs import IncidentLogView, SystemLogView

urlpatterns = [
    path("system/log/", SystemLogView.as_view(), name="system_log"),
    path("incidents/<int:number>/log/", IncidentLogView.as_view(), name="incident_log"),
    path("incidents/<int:number>/exports/", IncidentExportsView.as_view(), name="incident_exports"),
    path("exports/", ExportsView.as_view(), name="exports"),
    path("exports/<uuid:export_id>/", ExportView.as_view(), name="export"),
    path("exports/<uuid:export_id>/file/", ExportFileView.as_view(), name="export_file"),
    *data_urls.api,
]
