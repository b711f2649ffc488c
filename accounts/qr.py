"""A QR code as SVG that stands in a page without a style of its own: dark on white in either look, as cameras want."""

from __future__ import annotations

import itertools

import qrcode
from django.utils.html import format_html
from django.utils.safestring import SafeString

QUIET = 4
"""Modules of white around the code (ISO/IEC 18004, 6.3.8)."""


def qr_code(text: str, label: str) -> SafeString:
    """The code of `text`, named `label` for who cannot see it."""
    code = qrcode.QRCode(border=0)
    code.add_data(text)
    code.make()
    runs = []
    for y, row in enumerate(code.get_matrix()):
        x = QUIET
        for is_dark, modules in itertools.groupby(row):
            width = len(list(modules))
            if is_dark:
                runs.append(f"M{x} {y + QUIET}h{width}v1h-{width}z")
            x += width
    side = len(code.get_matrix()) + 2 * QUIET
    return format_html(
        '<svg class="qr" viewBox="0 0 {} {}" role="img" aria-label="{}" shape-rendering="crispEdges">'
        '<rect width="100%" height="100%" fill="#fff"/><path d="{}" fill="#000"/></svg>',
        side,
        side,
        label,
        "".join(runs),
    )
