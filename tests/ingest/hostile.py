"""Hostile values for alert fields: a short selection of the corpus of texts (tests/hostile/corpus.py), and documents,
values of other types and times.

Each says whether it is kept as it came or refused. Kept does not mean harmless: pages, exports and logs must show these
texts as text, so tests of those reuse this corpus.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.hostile.corpus import BY_NAME, HostileText, Promise, that_are

__all__ = ["HostileText"]


class HostileDocument(NamedTuple):
    """A JSON text, as bytes on the wire."""

    name: str
    data: bytes
    kept: bool


SHORT = (
    "one character",
    "255 characters",
    "256 characters",
    "noncharacter U+FFFF",
    "byte order mark inside",
    "right-to-left override",
    "direction isolates",
    "zero-width characters",
    "combining flood",
    "newline and a false log line",
    "terminal escapes",
    "C1 controls",
    "spreadsheet command",
    "spreadsheet plus",
    "spreadsheet minus",
    "spreadsheet at",
    "tab first",
    "full-width equals",
    "Jinja braces",
    "Django tag",
    "shell expansion",
    "ERB tag",
    "hash braces",
    "script",
    "image with handler",
    "image beacon",
    "SVG",
    "MathML",
    "style",
    "base",
    "form",
    "meta refresh",
    "attribute break-out",
    "comment break-out",
    "JavaScript address",
    "JavaScript address with tab",
    "JavaScript address in entities",
    "data address",
    "file address",
    "UNC path",
    "path upwards",
    "Markdown link",
    "Markdown image",
    "SQL quote",
    "percent format",
    "like wildcards",
    "prototype name",
    "the word null",
    "kelvin sign",
    "Turkish dotless i",
    "full-width letters",
    "sharp s",
    "emoji with modifiers",
    "private use",
)
"""Names of the texts that stand for the whole corpus where each of them takes a test of its own."""

KEPT_TEXTS = tuple(BY_NAME[name] for name in SHORT)
REFUSED_TEXTS = that_are(Promise.REFUSED)

TEXTS = KEPT_TEXTS + REFUSED_TEXTS

EMPTY_TEXTS = ("", " ", "\t\r\n", "\u3000")
"""Texts that say nothing: refused where a field is required, taken for left out elsewhere."""

DOCUMENTS = (
    HostileDocument("byte order mark", b'\xef\xbb\xbf{"a": 1}', True),
    HostileDocument("prototype keys", b'{"__proto__": {"admin": true}, "constructor": {"prototype": 1}}', True),
    HostileDocument("escaped surrogate pair", b'{"a": "\\ud83d\\ude00"}', True),
    HostileDocument("64 levels", b"[" * 64 + b"]" * 64, True),
    HostileDocument("largest unsigned number", b"[18446744073709551615]", True),
    HostileDocument("smallest number", b"[-9223372036854775808]", True),
    HostileDocument("tiny number", b"[1e-400]", True),
    HostileDocument("names equal after folding", '{"K": 1, "k": 2, "\u212a": 3}'.encode(), True),
    HostileDocument("brackets inside a text", b'["' + b"[" * 1000 + b'"]', True),
    HostileDocument("empty", b"", False),
    HostileDocument("UTF-16 with mark", '{"a": 1}'.encode("utf-16"), False),
    HostileDocument("UTF-16 little end", '{"a": 1}'.encode("utf-16-le"), False),
    HostileDocument("UTF-16 big end", '{"a": 1}'.encode("utf-16-be"), False),
    HostileDocument("UTF-32", '{"a": 1}'.encode("utf-32"), False),
    HostileDocument("invalid byte", b'{"a": "\xff"}', False),
    HostileDocument("overlong slash", b'{"a": "\xc0\xaf"}', False),
    HostileDocument("encoded surrogate", b'{"a": "\xed\xa0\x80"}', False),
    HostileDocument("truncated sequence", b'{"a": "\xe2\x82"}', False),
    HostileDocument("NUL byte", b'{"a": "\x00"}', False),
    HostileDocument("escaped NUL in a value", b'{"a": "\\u0000"}', False),
    HostileDocument("escaped NUL in a name", b'{"\\u0000": 1}', False),
    HostileDocument("lone surrogate in a value", b'{"a": "\\ud800"}', False),
    HostileDocument("lone surrogate in a name", b'{"\\udfff": 1}', False),
    HostileDocument("repeated name", b'{"a": 1, "a": 2}', False),
    HostileDocument("repeated name deep inside", b'{"a": [{"b": {"c": 1, "c": 1}}]}', False),
    HostileDocument("repeated name by escape", b'{"a": 1, "\\u0061": 2}', False),
    HostileDocument("NaN", b'{"a": NaN}', False),
    HostileDocument("Infinity", b'{"a": -Infinity}', False),
    HostileDocument("1e400", b'{"a": 1e400}', False),
    HostileDocument("65 bits", b"[18446744073709551616]", False),
    HostileDocument("65 bits below", b"[-9223372036854775809]", False),
    HostileDocument("5,000 digits", b"[" + b"9" * 5_000 + b"]", False),
    HostileDocument("million digits", b"[" + b"9" * 1_000_000 + b"]", False),
    HostileDocument("65 levels", b"[" * 65 + b"]" * 65, False),
    HostileDocument("1,000 levels", b"[" * 1_000 + b"]" * 1_000, False),
    HostileDocument("100,000 levels", b"[" * 100_000 + b"]" * 100_000, False),
    HostileDocument("100,000 levels of objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, False),
    HostileDocument("100,000 opening brackets", b"[" * 100_000, False),
    HostileDocument("unclosed text after many brackets", b"[]" * 100 + b'"' + b'\\"' * 500_000, False),
    HostileDocument("three million values", b"[" + b"0," * 3_000_000 + b"0]", False),
    HostileDocument("long text", b'["' + b"x" * 1_000_001 + b'"]', False),
    HostileDocument("trailing comma", b'{"a": 1,}', False),
    HostileDocument("two values", b"{} {}", False),
    HostileDocument("comment", b'{"a": 1} // x', False),
    HostileDocument("single quotes", b"{'a': 1}", False),
)

VALUES = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    2**64 - 1,
    1.5,
    -0.0,
    "",
    "x",
    [],
    [None],
    [[]],
    ["x", 1, None, {}],
    {},
    {"a": None},
    {"$ref": "1"},
    {"__proto__": {"x": 1}},
    {"@odata.type": "#microsoft.graph.security.deviceEvidence"},
    {"Type": "host", "HostName": []},
    ["x"] * 2_000,
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "10000-01-01T00:00:00Z",
    "2026-13-45T99:99:99Z",
    "10" + "0" * 30,
)
"""Values of any type for any field: whatever stands where, a record becomes an alert or is refused."""

TIMES_REFUSED = (
    "",
    "yesterday",
    "2026-03-01",
    "2026-03-01T09:30:00",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59Z",
    "10000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+00:99",
    "\u0662\u0660\u0662\u0666-01-01T00:00:00Z",
)
