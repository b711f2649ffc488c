from django.urls import path

from accounts.views import sign_in_settings

app_name = "sign_in_settings"

urlpatterns = [
    path("", sign_in_settings.overview, name="overview"),
    path("roles/<slug:slug>/second-factor/", sign_in_settings.demand, name="demand"),
    path("people/<str:username>/", sign_in_settings.person, name="person"),
    path("people/<str:username>/second-factors/take/", sign_in_settings.take, name="take"),
    path("people/<str:username>/sessions/end/", sign_in_settings.end_all, name="end_sessions"),
]
