"""The root of the API: every app's routes under /api/v1/."""

from django.urls import include, path

app_name = "api"

urlpatterns = [
    path("", include("incidents.urls.api")),
    path("", include("ingest.api_urls")),
    path("", include("exports.api_urls")),
    path("", include("accounts.api_urls")),
    path("", include("webhooks.api_urls")),
]
