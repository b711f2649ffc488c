"""What a file is, by its first bytes: a label for people. Nothing is decided by it but whether a name lies."""

from __future__ import annotations

KINDS: tuple[tuple[bytes, int, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png", "PNG image"),
    (b"\xff\xd8\xff", 0, "image/jpeg", "JPEG image"),
    (b"GIF8", 0, "image/gif", "GIF image"),
    (b"WEBP", 8, "image/webp", "WebP image"),
    (b"%PDF-", 0, "application/pdf", "PDF"),
    (b"PK\x03\x04", 0, "application/zip", "ZIP archive or Office file"),
    (b"PK\x05\x06", 0, "application/zip", "ZIP archive, empty"),
    (b"\x1f\x8b", 0, "application/gzip", "gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", 0, "application/x-7z-compressed", "7-Zip archive"),
    (b"Rar!\x1a\x07", 0, "application/vnd.rar", "RAR archive"),
    (b"\xfd7zXZ\x00", 0, "application/x-xz", "xz archive"),
    (b"\x28\xb5\x2f\xfd", 0, "application/zstd", "Zstandard archive"),
    (b"MZ", 0, "application/vnd.microsoft.portable-executable", "Windows program"),
    (b"\x7fELF", 0, "application/x-executable", "Linux program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "application/x-ole-storage", "Office file or mail of Outlook"),
    (b"\xd4\xc3\xb2\xa1", 0, "application/vnd.tcpdump.pcap", "packet capture"),
    (b"\xa1\xb2\xc3\xd4", 0, "application/vnd.tcpdump.pcap", "packet capture"),
    (b"\x0a\x0d\x0d\x0a", 0, "application/x-pcapng", "packet capture"),
    (b"ElfFile\x00", 0, "application/x-evtx", "Windows event log"),
    (b"SQLite format 3\x00", 0, "application/vnd.sqlite3", "SQLite database"),
)
"""First bytes, at which place, media type, words. Source: the formats' own specifications; names as IANA has them."""
MARKUP = (
    ("<svg", "image/svg+xml", "SVG drawing"),
    ("<html", "text/html", "HTML page"),
    ("<!doctype html", "text/html", "HTML page"),
)
LOOKED_AT = 4_096
"""Bytes at the start of a file."""
UNKNOWN = "application/octet-stream"


def kind_of(start: bytes) -> tuple[str, str]:
    """Media type and words for a file that begins so."""
    for mark, place, media_type, words in KINDS:
        if start[place : place + len(mark)] == mark:
            return media_type, words
    text = _text(start)
    if text is None:
        return UNKNOWN, "File"
    for word, media_type, words in MARKUP:
        if word in text.lower():
            return media_type, words
    return "text/plain", "Text"


def _text(start: bytes) -> str | None:
    """The beginning as text, where it is that; the last character may be cut."""
    if b"\0" in start:
        return None
    for cut in range(4):
        try:
            return start[: len(start) - cut].decode()
        except UnicodeDecodeError:
            continue
    return None


_WORDS = {media_type: words for _, _, media_type, words in reversed(KINDS)} | {kind: words for _, kind, words in MARKUP}


def words_for(media_type: str) -> str:
    """A media type as people say it."""
    return _WORDS.get(media_type, "Text" if media_type.startswith("text/") else "File")


IMAGE_ENDINGS = ("png", "jpg", "jpeg", "jpe", "jfif", "gif", "webp")


def says_image(name: str) -> bool:
    """Whether a file's name says that it is an image of a kind that is shown."""
    return name.rpartition(".")[2].lower() in IMAGE_ENDINGS
