"""Files to attach: harmless ones, and those that somebody sends to do harm."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image


def image(kind: str = "PNG", size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    """A picture whose left half is red."""
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def photograph() -> bytes:
    """A JPEG that lies on its side, and says where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn right
    exif[0x010E] = "SECRET PLACE"
    return image("JPEG", (1600, 800), exif=exif)


def archive(name: str = "payload.txt", content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(name, content)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG that promises so many pixels, with a body of nothing: a few bytes that unpack to gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


HTML = b"<!doctype html><html><script>window.owned = true</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="window.owned = true"></svg>'
POLYGLOT = image() + archive("evil.js", b"window.owned = true")
"""A picture that is an archive as well."""

REFUSED: dict[str, tuple[str, bytes, str]] = {
    "pixel bomb": ("bomb.png", png_header(60_000, 60_000), "pixels; 24 million are allowed"),
    "pixel bomb by a hair": ("bomb.png", png_header(6_001, 4_000), "6,001 by 4,000 pixels"),
    "long strip": ("strip.png", png_header(17_000, 1), "16,000 on a side"),
    "empty": ("notes.txt", b"", "is empty"),
    "truncated": ("cut.jpg", photograph()[:2000], "damaged or cut off"),
    "only its beginning": ("head.png", b"\x89PNG\r\n\x1a\n", "damaged"),
    "page called an image": ("invoice.png", HTML, "is called an image, but it is none (found: HTML page)"),
    "drawing called an image": ("logo.gif", SVG, "found: SVG drawing"),
    "program called an image": ("cat.JPEG", b"MZ" + b"\0" * 100, "found: Windows program"),
    "too large": ("dump.bin", b"x" * (1024 * 1024 + 1), "is larger than 1 MB"),
}
"""Name, content, and what is said of it."""
