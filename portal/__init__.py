"""The portal: settings, addresses, navigation, the `up` command. It may import everything; nothing imports it back."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
