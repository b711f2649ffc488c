"""Where everything is: a table of contents, by noun."""

from allauth.account import views as account
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from common.design_page import design
from portal.health import healthz, readyz
from portal.home import home, settings_home
from portal.status import status

urlpatterns = [
    path("", home, name="home"),
    path("incidents/", include("incidents.urls")),
    path("alerts/", include("alerts.urls")),
    path("alerts/", include("incidents.alert_urls")),
    path("entities/", include("incidents.entity_urls")),
    path("settings/", settings_home, name="settings"),
    path("settings/correlation/", include("ingest.correlation_urls")),
    path("settings/tuning/", include("ingest.tuning_urls")),
    path("settings/tasks/", include("incidents.task_urls")),
    path("settings/trials/", include("ingest.trial_urls")),
    path("settings/critical-assets/", include("incidents.critical_asset_urls")),
    path("views/", include("incidents.view_urls")),
    path("notices/", include("incidents.notice_urls")),
    path("break-glass/", include("incidents.break_glass_urls")),
    path("exports/", include("exports.urls")),
    path("preferences/", include("accounts.urls")),
    path("api/v1/", include("portal.api")),
    # Signing in and out.
    path("sign-in/", account.login, name="account_login"),
    path("sign-out/", account.logout, name="account_logout"),
    # For operators and for us.
    path("status/", status, name="status"),
    path("design/", design, name="design"),
    path("healthz", login_not_required(healthz), name="healthz"),
    path("readyz", login_not_required(readyz), name="readyz"),
]
