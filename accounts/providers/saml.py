"""SAML 2.0 by python3-saml, which checks signatures and times; what it leaves to its caller is checked here.

The library is heavy, so it is brought in only where somebody signs in this way.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.commands.outside import LONGEST_SUBJECT, Outsider
from accounts.providers import configuration
from accounts.providers.adapter import provider_of

if TYPE_CHECKING:
    from onelogin.saml2.auth import OneLogin_Saml2_Auth

LARGEST = 300_000
"""Characters of an answer."""
METADATA_KEPT = 3_600
"""Seconds that a provider's metadata from the network is not asked for again."""
FLEETING = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
MAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
"""Formats of names that do not last, or that another person may have one day."""


class NotBelieved(Exception):
    """An answer that nobody is let in by, and why; for the server's own log."""


class Provider(SAMLProvider):
    def redirect(self, request: HttpRequest, process: Any, **kwargs: Any) -> HttpResponse:
        auth = _auth(request, self.app.provider_id)
        address = auth.login(return_to="")
        self.stash_redirect_state(request, "login", kwargs.get("next_url"), state_id=auth.get_last_request_id())
        return redirect(address)

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        kwargs = super().get_redirect_from_request_kwargs(request)
        return {"process": "login", **({"next_url": kwargs["next_url"]} if "next_url" in kwargs else {})}

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("provider", args=[self.app.provider_id])

    def extract_uid(self, data: Outsider) -> str:
        return data.subject

    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        return {}

    def extract_common_fields(self, data: Any) -> dict[str, Any]:
        return {}

    def sociallogin_from_response(self, request: HttpRequest, response: Outsider) -> SocialLogin:
        login = super().sociallogin_from_response(request, response)
        login.outsider = response
        return login


def login_of(request: HttpRequest, provider: Provider, answer: str) -> SocialLogin:
    """Whom an answer brings. Raises NotBelieved for one that is not signed, not for us, not asked for by this browser,
    too old, or used already (SAML 2.0 Profiles, 4.1.4.3 and 4.1.4.5)."""
    from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
    from onelogin.saml2.response import OneLogin_Saml2_Response

    slug = provider.app.provider_id
    try:
        auth = _auth(request, slug, answer)
        auth.process_response()
        if auth.get_errors() or not auth.is_authenticated():
            raise NotBelieved(auth.get_last_error_reason() or "it says that nobody signed in")
        audiences = OneLogin_Saml2_Response(auth.get_settings(), answer).get_audiences()
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError, ValueError, SyntaxError) as problem:
        raise NotBelieved(str(problem)) from None
    if auth.get_settings().get_sp_data()["entityId"] not in audiences:
        raise NotBelieved("it is not made out to this portal")
    asked = auth.get_last_response_in_response_to()
    state = _state(request, provider, asked)
    ends = float(auth.get_last_assertion_not_on_or_after() or 0)
    remaining = max(int(ends - datetime.now(UTC).timestamp()), 0) + 600
    if not cache.add(f"saml:{slug}:{auth.get_last_assertion_id()}", True, timeout=remaining):
        raise NotBelieved("it was used already")
    login = provider.sociallogin_from_response(request, _outsider(auth, slug))
    login.state = state
    return login


def metadata_of(request: HttpRequest, slug: str) -> bytes:
    """What the provider is told of this portal, as XML."""
    text: str | bytes = _auth(request, slug).get_settings().get_sp_metadata()
    return text.encode() if isinstance(text, str) else text


def _state(request: HttpRequest, provider: Provider, asked: str | None) -> dict[str, Any]:
    from allauth.socialaccount.internal import statekit

    state = asked and statekit.unstash_state(request, state_id=asked, provider_id=provider.sub_id)
    if not state:
        raise NotBelieved("this browser has not asked for it")
    found: dict[str, Any] = state
    return found


def _auth(request: HttpRequest, slug: str, answer: str = "") -> OneLogin_Saml2_Auth:
    """Raises ValueError where the provider's metadata cannot be used or had."""
    from onelogin.saml2.auth import OneLogin_Saml2_Auth
    from onelogin.saml2.errors import OneLogin_Saml2_Error

    address = urlsplit(request.build_absolute_uri(reverse("saml_acs", args=[slug])))
    asked = {
        "https": "on" if address.scheme == "https" else "off",
        "http_host": address.netloc,
        "script_name": address.path,
        "path_info": "",
        "get_data": {},
        "post_data": {"SAMLResponse": answer},
    }
    try:
        return OneLogin_Saml2_Auth(asked, _settings(request, slug))
    except (OneLogin_Saml2_Error, KeyError, SyntaxError, OSError) as problem:
        raise ValueError(f"the metadata of {slug} cannot be used: {problem}") from None


def _settings(request: HttpRequest, slug: str) -> dict[str, Any]:
    provider = provider_of(slug)
    assert isinstance(provider, configuration.SAML)
    acs = request.build_absolute_uri(reverse("saml_acs", args=[slug]))
    own = provider.entity_id or request.build_absolute_uri(reverse("saml_metadata", args=[slug]))
    return {
        "strict": True,
        "security": {
            "wantAssertionsSigned": True,
            "wantNameId": not provider.subject,
            "wantAttributeStatement": False,
            "allowRepeatAttributeName": True,
            "rejectDeprecatedAlgorithm": True,
            "requestedAuthnContext": False,
            "allowSingleLabelDomains": True,  # portals of a house often have names without dots
        },
        "sp": {
            "entityId": own,
            "assertionConsumerService": {
                "url": acs,
                "binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
            },
            "NameIDFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        },
        "idp": _idp(provider),
    }


def _idp(provider: configuration.SAML) -> dict[str, Any]:
    """The provider's own side: who it is, where it is, by which certificates it signs. Raises ValueError where its
    address does not say."""
    from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

    if provider.metadata_file:
        text = configuration.read_text(provider.metadata_file, "metadata_file")
        found: dict[str, Any] = OneLogin_Saml2_IdPMetadataParser.parse(text)["idp"]
        return found
    key = f"saml-metadata:{provider.slug}:{provider.metadata_url}"
    kept: dict[str, Any] | None = cache.get(key)
    if kept is None:
        try:
            kept = OneLogin_Saml2_IdPMetadataParser.parse_remote(provider.metadata_url, timeout=10)["idp"]
        except Exception as problem:  # the library raises Exception itself for what is no metadata
            raise ValueError(f"no metadata came from {provider.metadata_url}: {problem}") from None
        cache.set(key, kept, METADATA_KEPT)
    return kept


def _outsider(auth: OneLogin_Saml2_Auth, slug: str) -> Outsider:
    provider = provider_of(slug)
    assert isinstance(provider, configuration.SAML)
    said: dict[str, list[Any]] = auth.get_attributes()

    def first(name: str) -> str:
        return str(next(iter(said.get(name, ())), "") or "")

    subject = first(provider.subject) if provider.subject else _lasting_name(auth)
    if not 0 < len(subject) <= LONGEST_SUBJECT:
        raise NotBelieved("it does not say who this is")
    return Outsider(
        subject=subject,
        username=first(provider.username),
        name=first(provider.display_name),
        email=first(provider.email),
        groups=[str(group) for group in said.get(provider.groups, ()) if group],
    )


def _lasting_name(auth: OneLogin_Saml2_Auth) -> str:
    if auth.get_nameid_format() in (FLEETING, MAIL):
        raise NotBelieved("its NameID is none that lasts; name an attribute as “subject”")
    return str(auth.get_nameid() or "")


def is_readable(answer: str) -> bool:
    """Whether this may be an answer at all: base 64, and not larger than they are."""
    try:
        return 0 < len(answer) <= LARGEST and base64.b64decode(answer, validate=False)[:1] != b""
    except (binascii.Error, ValueError):
        return False
