"""Images that people send: read, and written anew as nothing but pixels.

What is shown in a page is never what was sent: position data, comments, colour profiles, further frames and whatever
hangs on behind the image are gone.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MEDIA_TYPES = tuple(f"image/{name.lower()}" for name in FORMATS)
MOST_PIXELS = 24_000_000
"""A photograph of 6,000 by 4,000. Unpacked, an image takes 4 bytes a pixel; a file of 17 kB may hold 144 million."""
LONGEST_SIDE = 16_000
SMALL = 640
"""Pixels of the longer side of the small image that texts show."""


class BadImage(Exception):
    """An image that is not taken, and why, as the end of a sentence: "photo.png" …"""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An image written anew."""

    content: bytes
    media_type: str
    width: int
    height: int
    small: bytes
    small_width: int
    small_height: int


def reencode(file: IO[bytes]) -> Encoded:
    """The image anew, turned as it is meant to be seen, and small; of an animated one, the first frame. Raises BadImage
    for one that is too large to be unpacked, or damaged."""
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(file, formats=FORMATS)
        except Image.DecompressionBombError:
            raise BadImage(_too_large("far more")) from None
        except Exception:
            raise BadImage("is damaged: it begins like an image and goes on as none; save it anew") from None
    with image:
        width, height = image.size
        if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
            raise BadImage(_too_large(f"{width:,} by {height:,}"))
        try:
            return _encoded(image)
        # Pillow's readers raise errors of many kinds for damaged files, and none of them is ours
        except Exception:
            raise BadImage("is damaged or cut off; save it anew, or send the whole file") from None


def _too_large(found: str) -> str:
    return (
        f"has {found} pixels; {MOST_PIXELS // 1_000_000} million are allowed, and {LONGEST_SIDE:,} on a side. "
        "Make it smaller, or send it in an archive"
    )


def _encoded(image: Image.Image) -> Encoded:
    kind = "JPEG" if image.format == "JPEG" else "PNG"
    image.seek(0)
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    pixels = image.convert("RGBA" if has_alpha and kind == "PNG" else "L" if image.mode in ("1", "L") else "RGB")
    pixels.info.clear()
    small = pixels.copy() if max(pixels.size) <= SMALL else None
    if small is None:
        small = pixels.resize(_fitted(pixels.size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return Encoded(
        content=_written(pixels, kind),
        media_type=f"image/{kind.lower()}",
        width=pixels.width,
        height=pixels.height,
        small=_written(small, kind),
        small_width=small.width,
        small_height=small.height,
    )


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    scale = SMALL / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _written(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "JPEG":
        image.save(out, "JPEG", quality=90, optimize=False)
    else:
        image.save(out, "PNG", compress_level=4)
    return out.getvalue()
