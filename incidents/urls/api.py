from django.urls import path

from incidents.api.activity import ActivityView, AsOfView
from incidents.api.acts import ActsView, ActView, CancelActView, UndoActView
from incidents.api.alerts import AlertView, BulkAlertsPreviewView, BulkAlertsView, IncidentAlertsView, UndoAlertsView
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
from incidents.api.critical_assets import ClassificationsView, ClassificationView, CriticalityView, PreviewView
from incidents.api.emptying import EmptyTextView
from incidents.api.entities import (
    EntitiesView,
    EntityAlertsView,
    EntityIncidentsView,
    EntityTimelineView,
    EntityView,
)
from incidents.api.evidence import AddedEvidenceView, AssetsView, EvidenceView
from incidents.api.incidents import IncidentsView, SimilarView
from incidents.api.merging import MergeView, MoveAlertsView, UnmergeView
from incidents.api.notices import NoticesView, ReadNoticesView
from incidents.api.restriction import RestrictionView
from incidents.api.saved_views import ArrangementView, SavedViewsView, SavedViewView
from incidents.api.tags import TagsView
from incidents.api.task_templates import TaskTemplatesView, TaskTemplateView
from incidents.api.tasks import ApplyTemplateView, MoveTaskView, TasksView, TaskView

ENTITY = "entities/<slug:kind>/<str:word>/"

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
    path("alerts/bulk/", BulkAlertsView.as_view(), name="bulk_alerts"),
    path("alerts/bulk/preview/", BulkAlertsPreviewView.as_view(), name="bulk_alerts_preview"),
    path("alerts/undo/", UndoAlertsView.as_view(), name="undo_alerts"),
    path("alerts/<int:number>/", AlertView.as_view(), name="alert"),
    path("incidents/<int:number>/alerts/", IncidentAlertsView.as_view(), name="incident_alerts"),
    path("incidents/<int:number>/evidence/", EvidenceView.as_view(), name="evidence"),
    path("incidents/<int:number>/evidence/<int:entity>/", AddedEvidenceView.as_view(), name="added_evidence"),
    path("incidents/<int:number>/assets/", AssetsView.as_view(), name="assets"),
    path("entities/", EntitiesView.as_view(), name="entities"),
    path(ENTITY, EntityView.as_view(), name="entity"),
    path(f"{ENTITY}alerts/", EntityAlertsView.as_view(), name="entity_alerts"),
    path(f"{ENTITY}incidents/", EntityIncidentsView.as_view(), name="entity_incidents"),
    path(f"{ENTITY}timeline/", EntityTimelineView.as_view(), name="entity_timeline"),
    path(f"{ENTITY}criticality/", CriticalityView.as_view(), name="entity_criticality"),
    path("asset-classifications/", ClassificationsView.as_view(), name="classifications"),
    path("asset-classifications/preview/", PreviewView.as_view(), name="preview_classification"),
    path("asset-classifications/<int:number>/", ClassificationView.as_view(), name="classification"),
    path("incidents/<int:number>/tasks/", TasksView.as_view(), name="tasks"),
    path("incidents/<int:number>/tasks/apply/", ApplyTemplateView.as_view(), name="apply_tasks"),
    path("incidents/<int:number>/tasks/<int:task>/", TaskView.as_view(), name="task"),
    path("incidents/<int:number>/tasks/<int:task>/move/", MoveTaskView.as_view(), name="move_task"),
    path("task-templates/", TaskTemplatesView.as_view(), name="task_templates"),
    path("task-templates/<int:number>/", TaskTemplateView.as_view(), name="task_template"),
    path("tags/", TagsView.as_view(), name="tags"),
    path("views/", SavedViewsView.as_view(), name="views"),
    path("views/arrange/", ArrangementView.as_view(), name="arrange_views"),
    path("views/<str:slug>/", SavedViewView.as_view(), name="view"),
    path("notices/", NoticesView.as_view(), name="notices"),
    path("notices/read/", ReadNoticesView.as_view(), name="read_notices"),
]
