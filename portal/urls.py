"""Where everything is: a table of contents, by noun."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from common.design_page import design
from portal.api_docs.views import docs
from portal.health import healthz, readyz
from portal.home import home, settings_home
from portal.status import status

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.permission_denied"
handler404 = "portal.errors.not_found"
handler429 = "portal.errors.too_many_requests"
handler500 = "portal.errors.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("incidents/", include("incidents.urls.incidents")),
    path("alerts/", include("alerts.urls")),
    path("alerts/", include("incidents.urls.alerts")),
    path("entities/", include("incidents.urls.entities")),
    path("settings/", settings_home, name="settings"),
    path("settings/correlation/", include("ingest.correlation_urls")),
    path("settings/tuning/", include("ingest.tuning_urls")),
    path("settings/tasks/", include("incidents.urls.task_templates")),
    path("settings/retention/", include("incidents.urls.retention")),
    path("settings/people/", include("accounts.people_urls")),
    path("settings/teams/", include("accounts.team_urls")),
    path("settings/roles/", include("accounts.role_urls")),
    path("settings/tokens/", include("accounts.token_urls")),
    path("settings/log/", include("accounts.log_urls")),
    path("settings/sign-in/", include("accounts.sign_in_settings_urls")),
    path("settings/trials/", include("ingest.trial_urls")),
    path("settings/webhooks/", include("webhooks.urls")),
    path("settings/critical-assets/", include("incidents.urls.critical_assets")),
    path("attachments/", include("incidents.urls.attachments")),
    path("views/", include("incidents.urls.saved_views")),
    path("notices/", include("incidents.urls.notices")),
    path("break-glass/", include("incidents.urls.break_glass")),
    path("exports/", include("exports.urls")),
    path("preferences/", include("accounts.urls")),
    path("account/", include("accounts.account_urls")),
    path("invitation/", include("accounts.invitation_urls")),
    path("api/v1/docs/", docs, name="api_docs"),
    path("api/v1/", include("portal.api")),
    path("account/security/", include("accounts.security_urls")),
    path("", include("accounts.sign_in_urls")),
    # For operators and for us.
    path("status/", status, name="status"),
    path("design/", design, name="design"),
    path("healthz", login_not_required(healthz), name="healthz"),
    path("readyz", login_not_required(readyz), name="readyz"),
]
