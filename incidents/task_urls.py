"""Addresses of templates of tasks."""

from django.urls import path

from incidents.views import task_templates

app_name = "tasks"

urlpatterns = [
    path("templates/", task_templates.templates, name="templates"),
    path("templates/new/", task_templates.new, name="new_template"),
    path("templates/<int:number>/", task_templates.edit, name="template"),
    path("templates/<int:number>/delete/", task_templates.delete, name="delete_template"),
]
