"""Addresses of break-glass."""

from django.urls import path

from incidents.views import break_glass

urlpatterns = [
    path("", break_glass.break_glass, name="break_glass"),
    path("uses/", break_glass.uses, name="break_glass_uses"),
    path("<int:number>/end/", break_glass.end, name="end_break_glass"),
]
