"""What a report may load: packaged styles and fonts, and the images handed over with it. Everything else is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from weasyprint.urls import URLFetcher, URLFetcherResponse

ASSET = re.compile(r"asset:([a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*\.(css|ttf|otf|svg))", re.IGNORECASE)
IMAGE = re.compile(r"image:([A-Za-z0-9_-]+)")
TYPES = {"css": "text/css", "ttf": "font/ttf", "otf": "font/otf", "svg": "image/svg+xml"}


class Fetcher(URLFetcher):
    """Opens no connection and no path that stands in a document: names are looked up, never followed."""

    def __init__(self, assets: Path, images: Mapping[str, str]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self.handlers: list[Any] = []
        self.handle_open: dict[str, Any] = {}
        self._assets, self._images = assets, images

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if asset := ASSET.fullmatch(url):
            return _answer(url, self._assets / asset[1], TYPES[asset[2].lower()])
        if (image := IMAGE.fullmatch(url)) and image[1] in self._images:
            return _answer(url, Path(self._images[image[1]]), "application/octet-stream")
        raise ValueError("not a thing of this report")


def _answer(url: str, path: Path, content_type: str) -> URLFetcherResponse:
    headers = EmailMessage()
    headers["Content-Type"] = content_type
    return URLFetcherResponse(url, path.read_bytes(), headers)
