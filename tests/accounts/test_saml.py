"""Signing in through SAML, by answers that are made and signed here as a provider makes and signs them."""

from __future__ import annotations

import base64
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.test import Client
from django.urls import reverse
from lxml import etree

from accounts.models import User
from accounts.providers.configuration import providers_of
from activity.models import Entry
from tests.conftest import forget_cached

ISSUER = "https://idp.example/metadata"
START, ACS = reverse("provider", args=["corp"]), reverse("saml_acs", args=["corp"])
FINISH, METADATA = reverse("saml_finish", args=["corp"]), reverse("saml_metadata", args=["corp"])
HERE = "http://testserver"
NAMES = {"samlp": "urn:oasis:names:tc:SAML:2.0:protocol", "saml": "urn:oasis:names:tc:SAML:2.0:assertion"}
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


class Signer:
    """A key and its certificate."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        plain = serialization.NoEncryption()
        self.key = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.certificate = "".join(pem.decode().splitlines()[1:-1])

    def sign(self, assertion: Any) -> None:
        """An enveloped signature of the assertion (XML Signature, exclusive canonicalisation, RSA with SHA-256)."""
        template = xmlsec.template
        signature = template.create(assertion, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256)
        assertion.insert(1, signature)
        reference = template.add_reference(signature, xmlsec.Transform.SHA256, uri=f"#{assertion.get('ID')}")
        template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.tree.add_ids(assertion, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(self.key, xmlsec.KeyFormat.PEM)
        context.sign(signature)


IDP, STRANGER = Signer(), Signer()


SAID_OF_ITSELF = (
    f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ISSUER}">'
    '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
    f"<X509Certificate>{IDP.certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
    ' Location="https://idp.example/sso"/></IDPSSODescriptor></EntityDescriptor>'
)
"""The provider's metadata."""


@pytest.fixture
def corp(settings: Any, tmp_path: Path, db: None) -> None:
    """The provider, by its metadata."""
    file = tmp_path / "idp.xml"
    file.write_text(SAID_OF_ITSELF)
    configure(settings, f'metadata_file = "{file}"')


def configure(settings: Any, metadata: str, more: str = "") -> None:
    settings.SIGN_IN_PROVIDERS = providers_of(f"""
        [[provider]]
        kind = "saml"
        slug = "corp"
        name = "Corp"
        {metadata}
        creates_people = true
        groups = "memberOf"
        roles = {{ "soc" = "analyst" }}
        {more}
    """)


def asked(client: Client, after: str = "") -> str:
    """The number of the question that the browser is sent to the provider with."""
    forget_cached()  # tries are counted; so are answers that were used
    there = client.get(START, {"next": after} if after else {})["Location"]
    assert there.startswith("https://idp.example/sso?")
    request = parse_qs(urlsplit(there).query)["SAMLRequest"][0]
    number: str = etree.fromstring(zlib.decompress(base64.b64decode(request), -15)).get("ID")
    return number


def answer(number: str, signer: Signer | None = IDP, spoil: Callable[[Any], None] | None = None, **said: Any) -> str:
    """What the provider has the browser send: an assertion, signed unless nobody signs it, then spoilt."""
    now = datetime.now(UTC)
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    until = (now + said.get("lasts", timedelta(minutes=5))).strftime(stamp)
    since = (now - timedelta(minutes=30)).strftime(stamp)
    values = {"uid": ["mia"], "displayName": ["Mia Chen"], "memberOf": ["staff", "soc"], **said.get("attributes", {})}
    attributes = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(f"<saml:AttributeValue>{value}</saml:AttributeValue>" for value in each)
        + "</saml:Attribute>"
        for name, each in values.items()
    )
    audience = said.get("audience", HERE + METADATA)
    restriction = f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
    in_response = f' InResponseTo="{number}"' if number else ""
    recipient = said.get("recipient", HERE + ACS)
    identity = said.get("assertion", f"_a{number or 'none'}")
    document = etree.fromstring(
        f'<samlp:Response xmlns:samlp="{NAMES["samlp"]}" xmlns:saml="{NAMES["saml"]}" ID="_r1" Version="2.0"'
        f' IssueInstant="{since}" Destination="{recipient}"{in_response}><saml:Issuer>{ISSUER}</saml:Issuer>'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f'<saml:Assertion ID="{identity}" Version="2.0" IssueInstant="{since}">'
        f"<saml:Issuer>{said.get('issuer', ISSUER)}</saml:Issuer><saml:Subject>"
        f'<saml:NameID Format="{said.get("format", PERSISTENT)}">{said.get("name", "p-4711")}</saml:NameID>'
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData'
        f' NotOnOrAfter="{until}" Recipient="{recipient}"{in_response}/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{since}" NotOnOrAfter="{until}">{restriction if audience else ""}'
        f'</saml:Conditions><saml:AuthnStatement AuthnInstant="{since}"><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>"
        f"</saml:AuthnStatement><saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
        "</samlp:Response>"
    )
    if signer:
        signer.sign(document.find("saml:Assertion", NAMES))
    if spoil:
        spoil(document)
    return base64.b64encode(etree.tostring(document)).decode()


def sent(client: Client, said: str) -> Any:
    """The provider's form, with which a browser sends none of our cookies; then where that leads, with all of them."""
    form = Client().post(ACS, {"SAMLResponse": said, "RelayState": "https://evil.example/"})
    if form.status_code != 302:
        return form
    assert form["Location"] == FINISH
    client.cookies["saml_answer"] = form.cookies["saml_answer"].value
    return client.get(FINISH)


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def test_a_signed_answer_lets_a_person_in(corp: None) -> None:
    client = Client()
    assert sent(client, answer(asked(client, "/entities/")))["Location"] == "/entities/"
    assert is_in(client)
    mia = User.objects.get_queryset().get()
    assert (mia.username, mia.display_name, mia.role.slug, mia.email) == ("mia", "Mia Chen", "analyst", "")
    again = Client()
    sent(again, answer(asked(again), attributes={"uid": ["renamed"]}))
    assert User.objects.get_queryset().get() == mia
    assert Entry.objects.filter(verb="session.started").count() == 2


def test_somebody_without_a_group_is_refused_with_words(corp: None) -> None:
    client = Client()
    said = sent(client, answer(asked(client), attributes={"memberOf": ["staff"]}))
    assert said.status_code == 403
    assert "None of your groups at Corp gives you a role here" in said.content.decode()
    assert not User.objects.get_queryset().exists()


def another_name(document: Any) -> None:
    document.find(".//saml:NameID", NAMES).text = "p-1"


def wrapped(document: Any) -> None:
    """The signed assertion moved aside, one of somebody else put first (signature wrapping)."""
    signed = document.find("saml:Assertion", NAMES)
    forged = etree.fromstring(etree.tostring(signed))
    forged.set("ID", "_forged")
    forged.remove(forged.find("{http://www.w3.org/2000/09/xmldsig#}Signature"))
    forged.find(".//saml:NameID", NAMES).text = "p-1"
    document.insert(document.index(signed), forged)


WRONG: dict[str, dict[str, Any]] = {
    "not signed": {"signer": None},
    "signed by a stranger": {"signer": STRANGER},
    "changed after it was signed": {"spoil": another_name},
    "another one put before it": {"spoil": wrapped},
    "for another portal": {"audience": "https://other.example/metadata"},
    "for nobody in particular": {"audience": ""},
    "sent to another address": {"recipient": "https://other.example/acs"},
    "from another provider": {"issuer": "https://evil.example"},
    "expired": {"lasts": timedelta(minutes=-10)},
    "a fleeting name": {"format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
    "a mail address as name": {
        "format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        "name": "ana@example.org",
    },
    "no name": {"name": ""},
    "too long a name": {"name": "x" * 192},
}


@pytest.mark.parametrize("said", WRONG.values(), ids=WRONG.keys())
def test_an_answer_with_anything_wrong_lets_nobody_in(corp: None, said: dict[str, Any]) -> None:
    client = Client()
    told = sent(client, answer(asked(client), **said))
    assert told.status_code == 401
    assert "could not be trusted" in told.content.decode()
    assert not is_in(client)
    assert not User.objects.get_queryset().exists()


def test_an_answer_works_once_and_only_for_who_asked(corp: None) -> None:
    victim, thief = Client(), Client()
    said = answer(asked(victim))
    assert sent(thief, said).status_code == 401
    assert sent(victim, said).status_code == 302
    assert sent(victim, said).status_code == 401
    number = asked(thief)
    assert sent(thief, answer("")).status_code == 401  # nobody has asked
    assert sent(thief, answer(number, spoil=lambda document: document.set("InResponseTo", "_other"))).status_code == 401
    first = asked(thief)
    sent(thief, answer(first, assertion="_same"))
    thief.post(reverse("account_logout"))
    second = thief.get(START)["Location"]
    request = parse_qs(urlsplit(second).query)["SAMLRequest"][0]
    number = etree.fromstring(zlib.decompress(base64.b64decode(request), -15)).get("ID")
    assert sent(thief, answer(number, assertion="_same")).status_code == 401
    assert not is_in(thief)


def test_what_is_no_answer_is_refused(corp: None) -> None:
    client = Client()
    asked(client)
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    outside = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    deep = "<a>" * 5_000 + "</a>" * 5_000
    for text in (b"", b"x", b"<a/>", b"\x00", bomb.encode(), outside.encode(), deep.encode(), b"<a" * 1_000):
        forget_cached()
        told = sent(client, base64.b64encode(text).decode())
        assert told.status_code in (400, 401), text[:40]
        assert "root:" not in told.content.decode()
    for raw in ("", "!", "é", "A" * 400_000, "====", "AAA"):
        forget_cached()
        assert sent(client, raw).status_code in (400, 401), raw[:40]
    assert Client().get(FINISH).status_code == 400
    assert not is_in(client)


def test_an_attribute_may_name_the_person(corp: None, settings: Any) -> None:
    known = f'metadata_file = "{settings.SIGN_IN_PROVIDERS[0].metadata_file}"'
    configure(settings, known, 'subject = "employeeNumber"')
    fleeting = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
    for name in ("t-1", "t-2"):
        client = Client()
        sent(client, answer(asked(client), format=fleeting, name=name, attributes={"employeeNumber": ["17"]}))
        assert is_in(client)
    assert User.objects.get_queryset().count() == 1
    client = Client()
    assert sent(client, answer(asked(client))).status_code == 401


def test_the_provider_can_read_what_this_portal_is(corp: None) -> None:
    said = Client().get(METADATA)
    document = etree.fromstring(said.content)
    assert document.get("entityID") == HERE + METADATA
    service = document.find(".//{urn:oasis:names:tc:SAML:2.0:metadata}AssertionConsumerService")
    assert service is not None
    assert service.get("Location") == HERE + ACS


class Metadata(BaseHTTPRequestHandler):
    """Serves what the provider says of itself, or something else."""

    said: ClassVar[list[str]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.said[-1].encode())

    def log_message(self, *_: Any) -> None:
        pass


def test_metadata_may_come_from_an_address_and_is_asked_for_once(settings: Any, db: None) -> None:
    Metadata.said, Metadata.asked = [SAID_OF_ITSELF], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configure(settings, f'metadata_url = "http://127.0.0.1:{server.server_address[1]}/idp"')
        forget_cached()
        client = Client()
        started = [client.get(START).status_code for _ in range(2)]
        sent(client, answer(asked(client)))
        server.shutdown()
    assert started == [302, 302]
    assert is_in(client)
    assert Metadata.asked == ["/idp", "/idp"]  # `asked` has forgotten what was kept


@pytest.mark.parametrize("said", ["<html>Down for maintenance</html>", "", "<a>" * 10_000, SAID_OF_ITSELF[:200]])
def test_an_address_that_gives_no_metadata_is_told_as_it_is(settings: Any, db: None, said: str) -> None:
    Metadata.said = [said]
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configure(settings, f'metadata_url = "http://127.0.0.1:{server.server_address[1]}/idp"')
        forget_cached()
        answered = Client().get(START)
        server.shutdown()
    assert answered.status_code == 503
    assert b"Corp does not answer" in answered.content


def test_an_address_that_nobody_is_at_is_told_as_it_is(settings: Any, db: None) -> None:
    configure(settings, 'metadata_url = "http://127.0.0.1:9/idp"')
    forget_cached()
    assert Client().get(START).status_code == 503
    assert Client().get(METADATA).status_code == 503
