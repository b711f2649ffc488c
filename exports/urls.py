"""What people take out, and bring in again, under /exports/."""

from django.urls import path, re_path

from exports.importing.views import import_page, origin_log
from exports.incident_tables import TABLES
from exports.views import data, exports
from exports.views.tables import FORMATS, incident_log, queue, system_log

app_name = "exports"

urlpatterns = [
    re_path(rf"^incidents\.(?P<format>{'|'.join(FORMATS)})$", queue, name="queue"),
    path("incidents/<int:number>/log.jsonl", incident_log, name="incident_log"),
    path("incidents/<int:number>/origins/<uuid:log>.jsonl", origin_log, name="origin_log"),
    path("system/log.jsonl", system_log, name="system_log"),
    # One incident's data, sent while it is read.
    *(
        path(
            f"incidents/<int:number>/{table}.csv", data.incident_table, {"table": table}, name=f"incident_{table}_table"
        )
        for table in TABLES
    ),
    path("incidents/<int:number>.json", data.incident_document, name="incident_document"),
    path("incidents/<int:number>.stix.json", data.incident_bundle, name="incident_bundle"),
    # What comes in from another Watchfloor.
    path("import/", import_page, name="import"),
    # Files that are made in the background.
    path("", exports.exports, name="exports"),
    path("incidents/<int:number>/pdf/", exports.export_pdf, name="export_pdf"),
    path("incidents/<int:number>/pdf/at-hand/", exports.file_at_hand, name="file_at_hand"),
    path("incidents/<int:number>/archive/", exports.archive, name="archive"),
    path("incidents/<int:number>/state/", exports.state, name="state"),
    path("<uuid:export_id>/", exports.download, name="download"),
    path("<uuid:export_id>/line/", exports.one, {"part": "exports/state.html#line"}, name="line"),
    path("<uuid:export_id>/row/", exports.one, {"part": "exports/exports.html#row"}, name="row"),
    path("<uuid:export_id>/notice/", exports.one, {"part": "exports/notice.html"}, name="notice"),
    path("<uuid:export_id>/again/", exports.again, name="again"),
    path("<uuid:export_id>/dismiss/", exports.dismiss, name="dismiss"),
]
