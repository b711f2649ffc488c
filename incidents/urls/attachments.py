"""Addresses of attachments: by their own ids, so that a text that shows one stays right wherever it goes."""

from django.urls import path

from incidents.views import attachments

app_name = "attachments"

urlpatterns = [
    path("<uuid:number>/", attachments.download, name="download"),
    path("<uuid:number>/image/", attachments.image, name="image"),
    path("<uuid:number>/small/", attachments.small, name="small"),
    path("<uuid:number>/remove/", attachments.remove, name="remove"),
    path("<uuid:number>/erase/", attachments.erase, name="erase"),
]
