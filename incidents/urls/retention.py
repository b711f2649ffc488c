"""The address under which administrators say how long texts are kept."""

from django.urls import path

from incidents.views import emptying

app_name = "retention"

urlpatterns = [path("", emptying.retention, name="overview")]
