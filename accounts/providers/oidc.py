"""OpenID Connect, stricter than `allauth` by itself: the ID token is believed only when its signature, issuer,
audience, times and nonce are right, however it came."""

from __future__ import annotations

import json
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac

from accounts.commands.outside import LONGEST_SUBJECT, Outsider
from accounts.providers.adapter import provider_of

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""With a public key each: what the header of a token says cannot make a key of ours a password (RFC 8725, 3.1)."""
LEEWAY = 60
"""Seconds that clocks may differ by."""
LARGEST = 1_000_000
"""Bytes of an answer."""


def nonce_of(state: str) -> str:
    """The nonce that belongs to a state, which the browser's session keeps and gives out once."""
    return salted_hmac("accounts.providers.oidc", state, algorithm="sha256").hexdigest()


class Adapter(OpenIDConnectOAuth2Adapter):
    """One sign-in through one provider."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0, 4.3: the issuer must be who was asked)."""
        if not hasattr(self, "_openid_config"):
            config = self._answer(self.get_provider().server_url)
            if config.get("issuer") != self._issuer:
                raise OAuth2Error(f"{self._issuer} says that its name is {config.get('issuer')!r}")
            self._openid_config = config
        return self._openid_config

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return str(request.build_absolute_uri(reverse("provider_callback", args=[self.provider_id])))

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        """Raises OAuth2Error for whatever is not right (OpenID Connect Core 1.0, 3.1.3.7 and 5.3.2)."""
        claims = self._verified(str(kwargs["response"].get("id_token", "")), app.client_id)
        if endpoint := self.openid_config.get("userinfo_endpoint"):
            more = self._answer(endpoint, {"Authorization": f"Bearer {token.token}"})
            if more.get("sub") != claims["sub"]:
                raise OAuth2Error("the userinfo is about somebody else")
            claims = more | claims
        return self.get_provider().sociallogin_from_response(request, claims)

    @property
    def _issuer(self) -> str:
        configured = provider_of(self.provider_id)
        return getattr(configured, "issuer", "")

    def _verified(self, token: str, client_id: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(header),
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                audience=client_id,
                leeway=LEEWAY,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
            )
        except jwt.PyJWTError as problem:
            raise OAuth2Error(f"the ID token is not right: {problem}") from None
        if claims.get("azp", client_id) != client_id:
            raise OAuth2Error("the ID token was made for another client")
        if not constant_time_compare(str(claims["nonce"]), nonce_of(self.request.GET.get("state", ""))):
            raise OAuth2Error("the ID token has the nonce of another sign-in")
        return claims

    def _key(self, header: dict[str, Any]) -> Any:
        """The provider's key that the token names; the only one, where it names none."""
        keys = jwt.PyJWKSet.from_dict(self._answer(self.openid_config["jwks_uri"])).keys
        fitting = [key for key in keys if key.key_type in ("RSA", "EC") and key.public_key_use in (None, "sig")]
        named = [key for key in fitting if key.key_id == header.get("kid")] if header.get("kid") else fitting
        if len(named) != 1:
            raise OAuth2Error("the ID token is signed with a key that the provider does not know")
        return named[0].key

    def _answer(self, address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            answer = session.get(address, headers=headers, allow_redirects=False, stream=True)
            answer.raise_for_status()
            said = answer.raw.read(LARGEST + 1, decode_content=True)
        try:
            found = json.loads(said) if len(said) <= LARGEST else None
        except (ValueError, RecursionError):
            found = None
        if answer.status_code != 200 or not isinstance(found, dict):
            raise OAuth2Error(f"{address} did not answer with an object of JSON")
        return found


class Provider(OpenIDConnectProvider):
    oauth2_adapter_class = Adapter
    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing of the address but where to go afterwards: scopes and parameters are for the settings to say."""
        kwargs = super().get_redirect_from_request_kwargs(request)
        return {"process": "login", **({"next_url": kwargs["next_url"]} if "next_url" in kwargs else {})}

    def redirect(self, request: HttpRequest, process: Any, **kwargs: Any) -> HttpResponse:
        state = get_random_string(32)
        kwargs |= {"state_id": state, "auth_params": {"nonce": nonce_of(state)}}
        return super().redirect(request, process, **kwargs)

    def get_scope(self) -> list[str]:
        return list(getattr(provider_of(self.app.provider_id), "scopes", ["openid"]))

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("provider", args=[self.app.provider_id])

    def sociallogin_from_response(self, request: HttpRequest, response: Any) -> SocialLogin:
        if not 0 < len(str(response["sub"])) <= LONGEST_SUBJECT:
            raise OAuth2Error("the subject is too long")
        login = super().sociallogin_from_response(request, response)
        login.outsider = _outsider(response, provider_of(self.app.provider_id))
        return login

    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        return {}


def _outsider(claims: dict[str, Any], provider: Any) -> Outsider:
    groups: Any = claims
    for part in provider.groups.split("."):
        groups = groups.get(part) if isinstance(groups, dict) else None
    groups = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    return Outsider(
        subject=str(claims["sub"]),
        username=str(claims.get("preferred_username") or ""),
        name=str(claims.get("name") or ""),
        email=str(claims.get("email") or ""),
        email_is_verified=claims.get("email_verified") is True,
        groups=[group for group in groups if isinstance(group, str)],
    )
