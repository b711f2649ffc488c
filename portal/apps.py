from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal.database_roles import grant

        # Sent once per app that has models; the rights concern all tables, so one of them will do.
        post_migrate.connect(grant, sender=apps.get_app_config("activity"))
