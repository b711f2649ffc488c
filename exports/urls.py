from django.urls import path, re_path

from exports import data_urls
from exports.views import exports
from exports.views.tables import FORMATS, incident_log, queue, system_log

app_name = "exports"

urlpatterns = [
    re_path(rf"^incidents\.(?P<format>{'|'.join(FORMATS)})$", queue, name="queue"),
    path("incidents/<int:number>/log.jsonl", incident_log, name="incident_log"),
    path("system/log.jsonl", system_log, name="system_log"),
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
    *data_urls.pages,
]
