"""What every answer carries, whatever it is: rules for the browser, from pages to files and refusals."""

from __future__ import annotations

from django.conf import settings

POWERFUL = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope", "hid"),
    *("idle-detection", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock"),
    *("serial", "usb", "xr-spatial-tracking"),
)
"""What pages may ask a browser for, and ours never do. They write to the clipboard, show themselves in full and let
passkeys be used: those are left to them alone. Of names that a browser does not know it complains in its console."""
OWN = ("clipboard-write", "fullscreen", "publickey-credentials-create", "publickey-credentials-get")


def for_all() -> dict[str, str]:
    """By name. An answer that says something of its own under a name, such as a stricter policy of a download, keeps
    that."""
    found = {
        "Content-Security-Policy": content_security_policy(),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join([*(f"{name}=()" for name in POWERFUL), *(f"{name}=(self)" for name in OWN)]),
        # Lists and incidents are not left on the disk of whoever looked at them, nor shown by going back after signing
        # out. What may be kept says so itself.
        "Cache-Control": "no-store",
    }
    if settings.HTTPS:
        found["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return found


def content_security_policy() -> str:
    """The policy of settings as a header."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return "; ".join(f"{name} {' '.join(map(str, sources))}" for name, sources in directives.items())
