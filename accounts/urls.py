from django.urls import path

from accounts.list_views import close_part
from accounts.views.preferences import preferences

urlpatterns = [
    path("", preferences, name="preferences"),
    path("lists/<slug:name>/parts/", close_part, name="close_part"),
]
