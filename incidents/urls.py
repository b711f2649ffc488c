"""Addresses of incidents."""

from django.urls import path

from incidents.views import (
    acts,
    bulk,
    filtering,
    listing,
    live,
    manage,
    page,
    personal,
    queue,
    search_box,
    suggest,
)

app_name = "incidents"

urlpatterns = [
    # The queue.
    path("", queue.queue, name="queue"),
    path("ask/", search_box.ask, name="ask"),
    path("complete/", search_box.complete, name="complete"),
    path("changes/", live.changes, name="changes"),
    path("columns/", listing.columns, name="columns"),
    path("group/", listing.group, name="group"),
    path("count/", listing.exact_count, name="exact_count"),
    path("strip/", listing.strip, name="strip"),
    path("filter/", filtering.edit, name="filter"),
    path("filter/apply/", filtering.apply, name="apply_filter"),
    path("suggest/words/<slug:key>/", suggest.suggest_words, name="suggest_words"),
    path("suggest/entities/", suggest.suggest_entities, name="suggest_entities"),
    path("manage/", bulk.manage_many, name="manage_many"),
    path("manage/choose/", bulk.choose, name="choose_many"),
    path("manage/preview/", bulk.preview, name="preview_many"),
    path("manage/count/", bulk.count, name="count_many"),
    path("acts/", acts.acts, name="acts"),
    path("acts/<uuid:number>/", acts.act, name="act"),
    path("acts/<uuid:number>/progress/", acts.progress, name="act_progress"),
    path("acts/<uuid:number>/cancel/", acts.cancel, name="cancel_act"),
    path("acts/<uuid:number>/undo/", acts.undo, name="undo_act"),
    path("suggest/assignees/", suggest.suggest_assignees, name="suggest_assignees"),
    path("suggest/tags/", suggest.suggest_tags, name="suggest_tags"),
    path("rows/", live.rows, name="rows"),
    path("seen/", personal.seen, name="seen"),
    # One incident.
    path("<int:number>/", page.overview, name="overview"),
    path("<int:number>/alerts/", page.alerts, name="alerts"),
    path("<int:number>/assets/", page.assets, name="assets"),
    path("<int:number>/rows/", listing.alert_rows, name="alert_rows"),
    path("<int:number>/evidence/", page.evidence, name="evidence"),
    path("<int:number>/activity/", page.activity, name="activity"),
    path("<int:number>/details/", page.details, name="details"),
    path("<int:number>/manage/", manage.manage, name="manage"),
    path("<int:number>/undo/<uuid:batch>/", acts.undo_save, name="undo_save"),
    path("<int:number>/assign-to-me/", manage.assign_to_me, name="assign_to_me"),
    path("<int:number>/snooze/", personal.snooze, name="snooze"),
    path("<int:number>/wake/", personal.wake, name="wake"),
    path("<int:number>/follow/", personal.follow, name="follow"),
    path("<int:number>/unfollow/", personal.unfollow, name="unfollow"),
    path("<int:number>/comments/", manage.comment, name="comment"),
    path("<int:number>/alerts/<int:alert_id>/", page.alert, name="alert"),
    path("<int:number>/alerts/<int:alert_id>/raw/", page.raw, name="raw"),
]
