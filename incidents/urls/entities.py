"""Addresses of entities: their kind and number, which stay whatever becomes of their names."""

from django.urls import path

from incidents.views import entities

app_name = "entities"

urlpatterns = [
    path("", entities.listing, name="list"),
    path("<slug:kind>/<int:number>/", entities.overview, name="overview"),
    path("<slug:kind>/<int:number>/timeline/", entities.timeline, name="timeline"),
    path("<slug:kind>/<int:number>/criticality/", entities.criticality, name="criticality"),
    path("<slug:kind>/<int:number>/incidents/", entities.incidents, name="incidents"),
]
