from django.urls import path

from accounts.second_factor_first import before_second_factor
from accounts.views import security

app_name = "security"

urlpatterns = [
    path("", before_second_factor(security.overview), name="overview"),
    path("authenticator-app/", before_second_factor(security.authenticator_app), name="authenticator_app"),
    path("passkeys/new/", before_second_factor(security.new_passkey), name="new_passkey"),
    path("factors/<int:number>/", security.factor, name="factor"),
    path("recovery-codes/", before_second_factor(security.recovery_codes), name="recovery_codes"),
    path("sessions/<int:number>/end/", security.end_one, name="end_session"),
    path("sessions/end/", security.end_others, name="end_others"),
]
