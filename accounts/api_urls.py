from django.urls import path

from accounts.api import SystemActivityView

urlpatterns = [path("system/activity/", SystemActivityView.as_view(), name="system_activity")]
