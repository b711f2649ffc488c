from django.urls import re_path

from exports.views import FORMATS, queue

app_name = "exports"

urlpatterns = [
    re_path(rf"^incidents\.(?P<format>{'|'.join(FORMATS)})$", queue, name="queue"),
]
