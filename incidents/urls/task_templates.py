"""Addresses of templates of tasks."""

from django.urls import path

from incidents.views import task_templates

app_name = "tasks"

urlpatterns = [
    path("", task_templates.templates, name="templates"),
    path("new/", task_templates.new, name="new_template"),
    path("<int:number>/", task_templates.edit, name="template"),
    path("<int:number>/delete/", task_templates.delete, name="delete_template"),
]
