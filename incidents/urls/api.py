from django.urls import path

from incidents.api.activity import ActivityView, AsOfView
from incidents.api.acts import ActsView, ActView, CancelActView, UndoActView
from incidents.api.attachments import AttachmentsView, AttachmentView, EraseAttachmentView
from incidents.api.bulk import BulkPreviewView, BulkView
from incidents.api.changing import (
    ChangeableIncidentView,
    ClassifyView,
    FollowView,
    SnoozeView,
    UndoView,
    UnfollowView,
    WakeView,
)
from incidents.api.comments import CommentsView, CommentView
from incidents.api.emptying import EmptyTextView
from incidents.api.incidents import IncidentsView, SimilarView
from incidents.api.merging import MergeView, MoveAlertsView, UnmergeView
from incidents.api.restriction import RestrictionView

urlpatterns = [
    path("incidents/", IncidentsView.as_view(), name="incidents"),
    path("incidents/merge/", MergeView.as_view(), name="merge"),
    path("incidents/<int:number>/unmerge/", UnmergeView.as_view(), name="unmerge"),
    path("alerts/move/", MoveAlertsView.as_view(), name="move_alerts"),
    path("incidents/<int:number>/", ChangeableIncidentView.as_view(), name="incident"),
    path("incidents/<int:number>/comments/", CommentsView.as_view(), name="comments"),
    path("incidents/<int:number>/comments/<int:sequence>/", CommentView.as_view(), name="comment"),
    path("incidents/<int:number>/snooze/", SnoozeView.as_view(), name="snooze"),
    path("incidents/<int:number>/wake/", WakeView.as_view(), name="wake"),
    path("incidents/<int:number>/follow/", FollowView.as_view(), name="follow"),
    path("incidents/<int:number>/unfollow/", UnfollowView.as_view(), name="unfollow"),
    path("incidents/<int:number>/undo/", UndoView.as_view(), name="undo"),
    path("incidents/<int:number>/classify-like-these/", ClassifyView.as_view(), name="classify_like_these"),
    path("incidents/<int:number>/restriction/", RestrictionView.as_view(), name="restriction"),
    path("incidents/bulk/", BulkView.as_view(), name="bulk"),
    path("incidents/bulk/preview/", BulkPreviewView.as_view(), name="bulk_preview"),
    path("acts/", ActsView.as_view(), name="acts"),
    path("acts/<uuid:act_id>/", ActView.as_view(), name="act"),
    path("acts/<uuid:act_id>/cancel/", CancelActView.as_view(), name="cancel_act"),
    path("acts/<uuid:act_id>/undo/", UndoActView.as_view(), name="undo_act"),
    path("incidents/<int:number>/activity/", ActivityView.as_view(), name="activity"),
    path("incidents/<int:number>/as-of/", AsOfView.as_view(), name="as_of"),
    path("incidents/<int:number>/attachments/", AttachmentsView.as_view(), name="attachments"),
    path("attachments/<uuid:number>/", AttachmentView.as_view(), name="attachment"),
    path("attachments/<uuid:number>/erase/", EraseAttachmentView.as_view(), name="erase_attachment"),
    path("incidents/<int:number>/similar/", SimilarView.as_view(), name="similar"),
    path("incidents/<int:number>/entries/<int:sequence>/empty/", EmptyTextView.as_view(), name="empty_text"),
]
