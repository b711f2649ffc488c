from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        from webhooks import handlers, verbs  # noqa: F401  registers the verbs, and hears those of the apps before it
