"""Where one incident's data is taken away: for people under /exports/, for programs under /api/v1/."""

from django.urls import path

from exports.data_api import IncidentBundleView, IncidentDocumentView, IncidentTableView
from exports.data_views import incident_bundle, incident_document, incident_table
from exports.importing.api import ImportView
from exports.importing.views import origin_log
from exports.incident_tables import TABLES

pages = [
    *(
        path(f"incidents/<int:number>/{table}.csv", incident_table, {"table": table}, name=f"incident_{table}_table")
        for table in TABLES
    ),
    path("incidents/<int:number>.json", incident_document, name="incident_document"),
    path("incidents/<int:number>.stix.json", incident_bundle, name="incident_bundle"),
    path("incidents/<int:number>/origins/<uuid:log>.jsonl", origin_log, name="origin_log"),
]
api = [
    *(
        path(
            f"incidents/<int:number>/export/{table}.csv",
            IncidentTableView.as_view(),
            {"table": table},
            name=f"incident_{table}_table",
        )
        for table in TABLES
    ),
    path("incidents/<int:number>/export/incident.json", IncidentDocumentView.as_view(), name="incident_document"),
    path("incidents/<int:number>/export/stix.json", IncidentBundleView.as_view(), name="incident_bundle"),
    path("incidents/import/", ImportView.as_view(), name="import"),
]
