"""What leaves the house goes nowhere it should not: not by a name, a redirect, a proxy, an odd spelling or a name
server that says something else a moment later."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from common.outgoing import exchange
from common.outgoing.addresses import Policy, address_problem
from common.outgoing.exchange import Outcome, post
from tests.webhooks.receivers import Receiver, dripping, flooding, receiver, redirecting, silent

HERE = Policy(allows_http=True, networks=(ip_network("127.0.0.0/8"),))
"""This machine is reached, as a receiver in the house would be."""
OUTSIDE = Policy(allows_http=True)


@pytest.fixture
def canary() -> Iterator[Receiver]:
    """A server on this machine that nobody may reach."""
    with receiver() as found:
        yield found


def says(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Have the name server give these answers, one after the other, the last ever after; the names it was asked for."""
    asked: list[str] = []
    real, left = socket.getaddrinfo, list(answers)

    def look_up(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        try:
            ip_address(host)
            return real(host, port, *more, **named)
        except ValueError:
            asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [info for each in found for info in real(each, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


REFUSED = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.0.9", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"),
    *(
        "64:ff9b::a00:1",
        "64:ff9b:1::7f00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
    ),
    *("fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "4000::1"),
)
ALLOWED = ("8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("policy", [Policy(), Policy(networks=(ip_network("10.9.0.0/16"),))])
def test_every_form_of_an_address_that_is_not_public_is_refused(policy: Policy) -> None:
    assert [each for each in REFUSED if not policy.refusal(ip_address(each))] == []
    assert [each for each in ALLOWED if policy.refusal(ip_address(each))] == []


def test_networks_of_the_house_are_allowed_by_name_alone() -> None:
    policy = Policy(networks=(ip_network("10.9.0.0/16"), ip_network("fd00:9::/32")))
    assert not policy.refusal(ip_address("10.9.1.2"))
    assert not policy.refusal(ip_address("::ffff:10.9.1.2"))
    assert not policy.refusal(ip_address("fd00:9::1"))
    assert policy.refusal(ip_address("10.10.0.1")) == "a private network (RFC 1918)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hooks.example", "no address of the web"),
        ("ftp://hooks.example/", "no address of the web"),
        ("file:///etc/passwd", "no address of the web"),
        ("http://hooks.example/", "use https"),
        ("https://", "no address"),
        ("https://ana:secret@hooks.example/", "name and password"),
        ("https://hooks.example/#part", "follows #"),
        ("https://hooks.example:0/", "port"),
        ("https://hooks.example:99999/", "port"),
        ("https://hööks.example/", "as browsers send it"),
        ("https://hooks.example/a b", "as browsers send it"),
        ("https://hooks.example/\n", "as browsers send it"),
        ("https://hooks.example/" + "a" * 2_000, "at most 2,000"),
        ("https://10.0.0.5/hook", "10.0.0.5, which is a private network"),
        ("https://[::1]/hook", "loopback"),
        ("https://[::ffff:7f00:1]/hook", "loopback"),
    ],
)
def test_an_address_that_cannot_be_is_refused_in_words(text: str, words: str) -> None:
    assert words in address_problem(text, Policy())


def test_an_address_by_https_is_fine() -> None:
    assert address_problem("https://hooks.example:8443/soc?key=1", Policy()) == ""


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
def test_no_spelling_of_this_machine_reaches_it(host: str, canary: Receiver) -> None:
    outcome = post(f"http://{host}:{canary.port}/", {}, b"{}", OUTSIDE)
    assert not outcome.was_taken and outcome.status is None
    assert canary.heard == []


def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch, canary: Receiver) -> None:
    says(monkeypatch, ["93.184.216.34", "127.0.0.1"])
    outcome = post(f"http://hooks.example:{canary.port}/", {}, b"{}", OUTSIDE)
    assert "hooks.example leads to 127.0.0.1, which is loopback" in outcome.problem
    assert canary.heard == []


def test_a_name_server_that_changes_its_mind_changes_nothing(monkeypatch: pytest.MonkeyPatch, canary: Receiver) -> None:
    """Public when it is looked at, this machine when it is connected to: the name is looked up once."""
    monkeypatch.setattr(exchange, "CONNECT_SECONDS", 0.3)
    asked = says(monkeypatch, ["240.0.0.1"], ["127.0.0.1"])
    policy = Policy(allows_http=True, networks=(ip_network("240.0.0.0/4"),))
    outcome = post(f"http://rebind.example:{canary.port}/", {}, b"{}", policy)
    assert not outcome.was_taken
    assert asked == ["rebind.example"]
    assert canary.heard == []


def test_each_request_looks_anew(monkeypatch: pytest.MonkeyPatch, canary: Receiver) -> None:
    says(monkeypatch, ["127.0.0.1"], ["127.0.0.2", "10.0.0.1"])
    where = f"http://hooks.example:{canary.port}/"
    assert post(where, {}, b"{}", HERE).was_taken
    assert "10.0.0.1" in post(where, {}, b"{}", HERE).problem
    assert len(canary.heard) == 1


def test_it_connects_to_the_address_and_names_the_host(monkeypatch: pytest.MonkeyPatch, canary: Receiver) -> None:
    says(monkeypatch, ["127.0.0.1"])
    outcome = post(f"http://hooks.example:{canary.port}/soc?a=1", {"x-mark": "1"}, b'{"a":1}', HERE)
    assert outcome.was_taken and (outcome.status, outcome.reached, outcome.answer) == (200, "127.0.0.1", "said 200")
    (heard,) = canary.heard
    assert (heard.path, heard.body, heard.headers["x-mark"]) == ("/soc?a=1", b'{"a":1}', "1")
    assert heard.headers["host"] == f"hooks.example:{canary.port}"
    assert heard.headers["user-agent"] == "Watchfloor"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, canary: Receiver) -> None:
    with receiver(redirecting(canary.url), status) as first:
        assert "redirects are not followed" in post(first.url, {}, b"{}", HERE).problem
        outcome = post(first.url, {}, b"{}", HERE)
        assert outcome.status == status and not outcome.was_taken
    assert canary.heard == []


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, canary: Receiver) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, canary.url)
        monkeypatch.setenv(name.lower(), canary.url)
    with receiver() as real:
        assert post(real.url, {}, b"{}", HERE).was_taken
        assert len(real.heard) == 1
    assert canary.heard == []


def timed(act: Callable[[], Outcome]) -> tuple[Outcome, float]:
    began = time.monotonic()
    return act(), time.monotonic() - began


def test_the_whole_exchange_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is drawn out: silence, a byte now and then, a body that never ends."""
    monkeypatch.setattr(exchange, "WHOLE_SECONDS", 0.4)
    over = threading.Event()
    with receiver(silent(over), dripping(3)) as slow:
        for _ in range(2):
            outcome, took = timed(lambda: post(slow.url, {}, b"{}", HERE))
            assert outcome.problem == "There was no answer within 0.4 seconds."
            assert took < 1.0
        over.set()
    with receiver(flooding) as flood:
        outcome, took = timed(lambda: post(flood.url, {}, b"{}", HERE))
    assert outcome.was_taken and took < 1.0
    assert len(outcome.answer) == 1_000 and "\x00" not in outcome.answer


def test_a_receiver_that_takes_nothing_in_does_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full window: what is sent is not read."""
    monkeypatch.setattr(exchange, "WHOLE_SECONDS", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
        where = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        outcome, took = timed(lambda: post(where, {}, b"x" * 30_000_000, HERE))
    assert outcome.problem == "There was no answer within 0.4 seconds."
    assert took < 1.0


def test_a_name_server_that_does_not_answer_does_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "CONNECT_SECONDS", 0.2)
    over = threading.Event()

    def never(*_: Any, **__: Any) -> list[Any]:
        over.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    outcome, took = timed(lambda: post("https://hooks.example/", {}, b"{}", OUTSIDE))
    over.set()
    assert "was not found in time" in outcome.problem
    assert took < 1.0


def test_what_goes_wrong_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    assert post(closed, {}, b"{}", HERE).problem == "There was no connection: Connection refused."
    assert "not known to the name server" in post("https://nowhere.invalid/", {}, b"{}", OUTSIDE).problem
    with receiver(lambda handler: handler.wfile.write(b"SSH-2.0\r\n\r\n") and None, 500) as odd:
        assert "is no HTTP" in post(odd.url, {}, b"{}", HERE).problem
        failed = post(odd.url, {}, b"{}", HERE)
        assert (failed.problem, failed.answer) == ("It answered 500.", "said 500")
        assert "There was no connection" in post(odd.url.replace("http:", "https:"), {}, b"{}", HERE).problem


def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate for these names that signs itself, and its key."""
    key = generate_private_key(SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


def test_by_https_the_host_proves_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The connection goes to an address, and the certificate is held to the name; an authority of the house is trusted
    where this machine trusts it."""
    cert, key = certificate(tmp_path, "hooks.example")
    says(monkeypatch, ["127.0.0.1"])
    names: list[str | None] = []
    with socket.create_server(("127.0.0.1", 0)) as front:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.sni_callback = lambda _link, name, _context: names.append(name)

        def forward() -> None:
            while True:
                try:
                    link, _ = front.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(link, server_side=True) as read:
                        asked = b""
                        while not asked.endswith(b"{}"):
                            asked += read.recv(10_000)
                        read.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                except OSError:
                    pass

        threading.Thread(target=forward, daemon=True).start()
        port = front.getsockname()[1]
        untrusted = post(f"https://hooks.example:{port}/", {}, b"{}", HERE)
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        exchange._trust.cache_clear()
        try:
            trusted = post(f"https://hooks.example:{port}/", {}, b"{}", HERE)
            misnamed = post(f"https://other.example:{port}/", {}, b"{}", HERE)
        finally:
            exchange._trust.cache_clear()
    assert "certificate" in untrusted.problem
    assert trusted.was_taken and trusted.answer == "ok"
    assert "Hostname mismatch" in misnamed.problem
    assert names == ["hooks.example", "hooks.example", "other.example"]
