"""Indicators in pasted text: what is recognised as what, what is not, and that no text takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entities.choices import EntityKind
from entities.identity import IdentityError
from entities.recognition import LONGEST_TEXT, recognise, refanged

MD5, SHA1, SHA256 = "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "ab" * 32

RECOGNISED = [
    ("198.51.100.7", "ip", "198.51.100.7"),
    ("198.51.100[.]7", "ip", "198.51.100.7"),
    ("198[.]51[.]100[.]7:8443,", "ip", "198.51.100.7"),
    ("[2001:db8::17]:443", "ip", "2001:db8::17"),
    ("2001:DB8:0:0::17", "ip", "2001:db8::17"),
    ("evil.example", "domain", "evil.example"),
    ("login.evil-site.com.", "domain", "login.evil-site.com"),
    ("evil[.]badtld", "domain", "evil.badtld"),
    ("evil(dot)zip", "domain", "evil.zip"),
    ("evil.com:8080", "domain", "evil.com"),
    ("https://evil.example/a?b=c#d", "url", "https://evil.example/a?b=c"),
    ("hxxps://evil[.]example/a(b).", "url", "https://evil.example/a(b)"),
    ("hXXp[:]//evil[.]example:8080/x)", "url", "http://evil.example:8080/x"),
    ("(see https://evil.example/a)", "url", "https://evil.example/a"),
    ("http://203.0.113.9/drop.exe", "url", "http://203.0.113.9/drop.exe"),
    ("evil.example/drop.php", "url", "evil.example/drop.php"),
    ("jo[at]contoso[.]example", "mailbox", "jo@contoso.example"),
    ("<Jo.Smith@Contoso.example>", "mailbox", "jo.smith@contoso.example"),
    (MD5, "file", MD5),
    (SHA1.upper(), "file", SHA1),
    (f"SHA256:{SHA256}", "file", SHA256),
    ("invoice.pdf.exe", "file", "invoice.pdf.exe"),
    (r"C:\Program Files\Foo\run me.exe /c whoami", "file", r"C:\Program Files\Foo\run me.exe"),
    (r'"C:\Users\jo\AppData\x.dll"', "file", r"C:\Users\jo\AppData\x.dll"),
    (r"\\fs-01\share\tool.ps1 was run", "file", r"\\fs-01\share\tool.ps1"),
    (r"%TEMP%\a.vbs", "file", r"%TEMP%\a.vbs"),
    ("/tmp/.x/run", "file", "/tmp/.x/run"),
]


@pytest.mark.parametrize(("text", "kind", "value"), RECOGNISED)
def test_an_indicator_is_recognised_however_it_is_written(text: str, kind: str, value: str) -> None:
    assert [(str(one.kind), one.text) for one in recognise(f"We saw {text} twice")] == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        *("CVE-2024-3400", "e.g. this", "i.e.", "10.0.19045.3570", "10.0.0.0/8", "12:34:56", "00:11:22:33:44:55"),
        *("std::vector", "Done.The end", "3.14", "v1.2.3", "and/or", "deadbeef", "0" * 64, "0.0.0.0", "jo@home", "..."),
        *("http://", "https://-/", "a@b@c", "T1059.001", "2024-01-01T10:00:00Z", "50%", "@@@", "..\\.."),
    ],
)
def test_what_is_none_is_not(text: str) -> None:
    assert recognise(f"Seen: {text} there") == []


def test_a_report_gives_each_once() -> None:
    text = f"""The mail from hr@contoso.example held hxxp://drop[.]example/a.iso (MD5 {MD5}).
    It wrote C:\\Windows\\Temp\\a b.dll, then spoke to drop[.]example and 203[.]0[.]113[.]9; drop.example again."""
    found = {(str(one.kind), one.text) for one in recognise(text)}
    assert found == {
        ("mailbox", "hr@contoso.example"),
        ("url", "http://drop.example/a.iso"),
        ("file", MD5),
        ("file", "C:\\Windows\\Temp\\a b.dll"),
        ("domain", "drop.example"),
        ("ip", "203.0.113.9"),
    }


@given(st.text(alphabet="a.:/\\@[]()%-0f \n\"'hxtp\x00\ue000é", max_size=120))
@settings(max_examples=60, deadline=None)
def test_whatever_is_recognised_can_be_named(text: str) -> None:
    for one in recognise(text):
        try:
            assert one.identity("incident:1").kind == one.kind
        except IdentityError as error:
            assert error.problem


HOSTILE = [
    "a",
    ".",
    "[.]",
    "C:\\",
    "\\\\a",
    "\\",
    "%A",
    "http://",
    "://",
    "a@",
    "a.",
    ":",
    "1.",
    "((",
    "/a",
    "xn--",
    "é",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_no_text_takes_long(unit: str) -> None:
    text = unit * (LONGEST_TEXT // len(unit))
    started = time.process_time()
    recognise(text)
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (" evil[.]example ", "evil.example"),
        ("hxxp://a[.]example/x", "http://a.example/x"),
        ("a[at]b.example", "a@b.example"),
    ],
)
def test_a_single_one_loses_its_defanging(text: str, plain: str) -> None:
    assert refanged(text) == plain


def test_an_address_of_mail_is_a_mailbox() -> None:
    assert recognise("a@b.example")[0].identity(None).kind == EntityKind.MAILBOX
