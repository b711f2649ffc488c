"""Addresses of incidents."""

from django.urls import path

from incidents.views import filtering, live, manage, page, personal, queue, search_box, suggest

app_name = "incidents"

urlpatterns = [
    # The queue.
    path("", queue.queue, name="queue"),
    path("ask/", search_box.ask, name="ask"),
    path("complete/", search_box.complete, name="complete"),
    path("changes/", live.changes, name="changes"),
    path("manage/", manage.manage_many, name="manage_many"),
    path("filter/", filtering.edit, name="filter"),
    path("filter/apply/", filtering.apply, name="apply_filter"),
    path("suggest/words/<slug:key>/", suggest.suggest_words, name="suggest_words"),
    path("suggest/entities/", suggest.suggest_entities, name="suggest_entities"),
    path("suggest/assignees/", suggest.suggest_assignees, name="suggest_assignees"),
    path("suggest/tags/", suggest.suggest_tags, name="suggest_tags"),
    path("rows/", live.rows, name="rows"),
    path("seen/", personal.seen, name="seen"),
    # One incident.
    path("<int:number>/", page.alerts, name="alerts"),
    path("<int:number>/evidence/", page.evidence, name="evidence"),
    path("<int:number>/activity/", page.activity, name="activity"),
    path("<int:number>/details/", page.details, name="details"),
    path("<int:number>/manage/", manage.manage, name="manage"),
    path("<int:number>/assign-to-me/", manage.assign_to_me, name="assign_to_me"),
    path("<int:number>/snooze/", personal.snooze, name="snooze"),
    path("<int:number>/wake/", personal.wake, name="wake"),
    path("<int:number>/follow/", personal.follow, name="follow"),
    path("<int:number>/unfollow/", personal.unfollow, name="unfollow"),
    path("<int:number>/comments/", manage.comment, name="comment"),
    path("<int:number>/alerts/<int:alert_id>/raw/", page.raw, name="raw"),
]
