"""Addresses of webhooks."""

from django.urls import path

from webhooks import views

app_name = "webhooks"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("new/", views.new, name="new"),
    path("preview/", views.preview, name="preview"),
    path("<int:number>/", views.webhook, name="webhook"),
    path("<int:number>/edit/", views.edit, name="edit"),
    path("<int:number>/switch/", views.switch, name="switch"),
    path("<int:number>/delete/", views.delete, name="delete"),
    path("<int:number>/secret/", views.secret, name="secret"),
    path("<int:number>/secret/new/", views.rotate, name="rotate"),
    path("<int:number>/test/", views.test, name="test"),
    path("<int:number>/again/", views.replay_failed, name="replay_failed"),
    path("<int:number>/<uuid:key>/", views.delivery, name="delivery"),
    path("<int:number>/<uuid:key>/again/", views.replay, name="replay"),
]
