"""What programs take out, and bring in, under /api/v1/."""

from django.urls import path

from exports.api.data import IncidentBundleView, IncidentDocumentView, IncidentTableView
from exports.api.exports import ExportFileView, ExportsView, ExportView, IncidentExportsView
from exports.api.logs import IncidentLogView, SystemLogView
from exports.importing.api import ImportView
from exports.incident_tables import TABLES

DATA = "incidents/<int:number>/export/"

urlpatterns = [
    path("system/log/", SystemLogView.as_view(), name="system_log"),
    path("incidents/<int:number>/log/", IncidentLogView.as_view(), name="incident_log"),
    *(
        path(f"{DATA}{table}.csv", IncidentTableView.as_view(), {"table": table}, name=f"incident_{table}_table")
        for table in TABLES
    ),
    path(f"{DATA}incident.json", IncidentDocumentView.as_view(), name="incident_document"),
    path(f"{DATA}stix.json", IncidentBundleView.as_view(), name="incident_bundle"),
    path("incidents/<int:number>/exports/", IncidentExportsView.as_view(), name="incident_exports"),
    path("exports/", ExportsView.as_view(), name="exports"),
    path("exports/<uuid:export_id>/", ExportView.as_view(), name="export"),
    path("exports/<uuid:export_id>/file/", ExportFileView.as_view(), name="export_file"),
    path("incidents/import/", ImportView.as_view(), name="import"),
]
