"""Addresses under which administrators say which assets are critical."""

from django.urls import path

from incidents.views import critical_assets

app_name = "critical_assets"

urlpatterns = [
    path("", critical_assets.overview, name="overview"),
    path("new/", critical_assets.new, name="new"),
    path("preview/", critical_assets.preview, name="preview"),
    path("progress/", critical_assets.progress, name="progress"),
    path("<int:number>/", critical_assets.edit, name="edit"),
    path("<int:number>/switch/", critical_assets.switch, name="switch"),
    path("<int:number>/delete/", critical_assets.delete, name="delete"),
]
