"""From a sender's record to our words: Watchfloor's own format, Microsoft Graph, Suricata EVE, Microsoft Sentinel."""

from ingest.formats.registry import AUTO, FORMAT_NAMES, FORMATS, FormatError, detect, format_named, parse_records

__all__ = ["AUTO", "FORMATS", "FORMAT_NAMES", "FormatError", "detect", "format_named", "parse_records"]
