"""Addresses of what is done to alerts; they stand under /alerts/, beside the list."""

from django.urls import path

from incidents.views import alerts, bulk, moving

app_name = "alert_acts"

urlpatterns = [
    path("changes/", alerts.changes, name="changes"),
    path("move/", moving.move, name="move"),
    path("move/<int:number>/undo/<uuid:batch>/", moving.undo_move, name="undo_move"),
    path("manage/", alerts.manage_many, name="manage_many"),
    path("manage/choose/", bulk.choose_alerts, name="choose_many"),
    path("manage/matching/", bulk.manage_matching_alerts, name="manage_matching"),
    path("manage/preview/", bulk.preview_alerts, name="preview_matching"),
    path("manage/count/", bulk.count_alerts, name="count_matching"),
    path("undo/<uuid:batch>/", alerts.undo, name="undo"),
    path("<int:alert_id>/manage/", alerts.manage, name="manage"),
    path("<int:alert_id>/assign-to-me/", alerts.assign_to_me, name="assign_to_me"),
]
