from django.urls import path

from incidents.api import IncidentsView, IncidentView

urlpatterns = [
    path("incidents/", IncidentsView.as_view(), name="incidents"),
    path("incidents/<int:number>/", IncidentView.as_view(), name="incident"),
]
