"""Addresses of saved views."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from incidents.views import saved_views

app_name = "views"


class WordConverter(StringConverter):
    """A slug in any script."""

    regex = r"[-\w]{1,80}"


register_converter(WordConverter, "word")

urlpatterns = [
    path("", saved_views.overview, name="overview"),
    path("new/", saved_views.new, name="new"),
    path("side/", saved_views.side, name="side"),
    path("arrange/", saved_views.arrange, name="arrange"),
    path("<word:slug>/", saved_views.show, name="show"),
    path("<word:slug>/edit/", saved_views.edit, name="edit"),
    path("<word:slug>/update/", saved_views.update, name="update"),
    path("<word:slug>/delete/", saved_views.delete, name="delete"),
]
