from django.urls import path, re_path

from exports import data_urls
from exports.views import FORMATS, incident_log, queue, system_log

app_name = "exports"

urlpatterns = [
    re_path(rf"^incidents\.(?P<format>{'|'.join(FORMATS)})$", queue, name="queue"),
    path("incidents/<int:number>/log.jsonl", incident_log, name="incident_log"),
    path("system/log.jsonl", system_log, name="system_log"),
    *data_urls.pages,
]
