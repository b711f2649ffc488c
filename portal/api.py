"""The root of the API: every app's routes under /api/v1/."""

from django.urls import include, path

from portal.api_docs.views import SchemaView

app_name = "api"

urlpatterns = [
    path("", include("incidents.urls.api")),
    path("", include("ingest.api_urls")),
    path("", include("exports.api_urls")),
    path("", include("accounts.api_urls")),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("", include("webhooks.api_urls")),
]
