"""What is said once, on the next page: kept in a cookie as Django does it, under a name that no other host can set."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class HostCookie(CookieStorage):
    """In a cookie of this host."""

    cookie_name = "__Host-messages" if settings.HTTPS else "messages"


class OwnMessages(FallbackStorage):
    """In the cookie, or where there are too many, in the session."""

    storage_classes = (HostCookie, SessionStorage)
