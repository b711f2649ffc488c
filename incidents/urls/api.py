from django.urls import path

from incidents.api.activity import ActivityView, AsOfView
from incidents.api.alerts import AlertView, IncidentAlertsView
from incidents.api.attachments import AttachmentsView, AttachmentView
from incidents.api.emptying import EmptyTextView
from incidents.api.entities import (
    EntitiesView,
    EntityAlertsView,
    EntityIncidentsView,
    EntityTimelineView,
    EntityView,
)
from incidents.api.evidence import AssetsView, EvidenceView
from incidents.api.incidents import IncidentsView, IncidentView, SimilarView
from incidents.api.merging import MergeView, MoveAlertsView, UnmergeView

ENTITY = "entities/<slug:kind>/<str:word>/"

urlpatterns = [
    path("incidents/", IncidentsView.as_view(), name="incidents"),
    path("incidents/merge/", MergeView.as_view(), name="merge"),
    path("incidents/<int:number>/unmerge/", UnmergeView.as_view(), name="unmerge"),
    path("alerts/move/", MoveAlertsView.as_view(), name="move_alerts"),
    path("incidents/<int:number>/", IncidentView.as_view(), name="incident"),
    path("incidents/<int:number>/activity/", ActivityView.as_view(), name="activity"),
    path("incidents/<int:number>/as-of/", AsOfView.as_view(), name="as_of"),
    path("incidents/<int:number>/attachments/", AttachmentsView.as_view(), name="attachments"),
    path("attachments/<uuid:number>/", AttachmentView.as_view(), name="attachment"),
    path("incidents/<int:number>/similar/", SimilarView.as_view(), name="similar"),
    path("incidents/<int:number>/entries/<int:sequence>/empty/", EmptyTextView.as_view(), name="empty_text"),
    path("alerts/<int:number>/", AlertView.as_view(), name="alert"),
    path("incidents/<int:number>/alerts/", IncidentAlertsView.as_view(), name="incident_alerts"),
    path("incidents/<int:number>/evidence/", EvidenceView.as_view(), name="evidence"),
    path("incidents/<int:number>/assets/", AssetsView.as_view(), name="assets"),
    path("entities/", EntitiesView.as_view(), name="entities"),
    path(ENTITY, EntityView.as_view(), name="entity"),
    path(f"{ENTITY}alerts/", EntityAlertsView.as_view(), name="entity_alerts"),
    path(f"{ENTITY}incidents/", EntityIncidentsView.as_view(), name="entity_incidents"),
    path(f"{ENTITY}timeline/", EntityTimelineView.as_view(), name="entity_timeline"),
]
