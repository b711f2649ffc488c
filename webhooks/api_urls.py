"""Webhooks under /api/v1/."""

from django.urls import path

from webhooks import api

WEBHOOK = "webhooks/<int:number>/"
DELIVERY = f"{WEBHOOK}deliveries/<uuid:key>/"

urlpatterns = [
    path("webhooks/", api.WebhooksView.as_view(), name="webhooks"),
    path(WEBHOOK, api.WebhookView.as_view(), name="webhook"),
    path(f"{WEBHOOK}secret/", api.SecretView.as_view(), name="webhook_secret"),
    path(f"{WEBHOOK}secret/new/", api.NewSecretView.as_view(), name="webhook_new_secret"),
    path(f"{WEBHOOK}test/", api.TestView.as_view(), name="webhook_test"),
    path(f"{WEBHOOK}replay/", api.ReplayFailedView.as_view(), name="webhook_replay_failed"),
    path(f"{WEBHOOK}deliveries/", api.DeliveriesView.as_view(), name="webhook_deliveries"),
    path(DELIVERY, api.DeliveryView.as_view(), name="webhook_delivery"),
    path(f"{DELIVERY}replay/", api.ReplayView.as_view(), name="webhook_replay"),
]
