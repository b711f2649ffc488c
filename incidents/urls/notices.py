"""Addresses of the bell."""

from django.urls import path

from incidents.views import personal

urlpatterns = [
    path("", personal.notices, name="notices"),
    path("read/", personal.read, name="read_notices"),
]
