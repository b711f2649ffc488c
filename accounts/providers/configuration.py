"""Who else may say who a person is: `SIGN_IN_PROVIDERS`, as TOML, read once at the start and refused loudly."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _address(value: str) -> str:
    """An https address; plain http only to this machine."""
    parts = urlsplit(value)
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise ValueError("must be an address such as https://login.example.org")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must begin with https://")
    return value


class Provider(BaseModel):
    """What both kinds have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Stands in addresses that the provider is told of, and with each person who comes through it."""
    name: str = Field(min_length=1, max_length=60)
    creates_people: bool = False
    """Whether somebody who comes for the first time is given an account."""
    default_role: str = ""
    """Of people whose groups give none; without it they are refused, where `roles` is given."""
    groups: str = "groups"
    """The claim or attribute that lists a person's groups; with dots for a claim within another."""
    roles: dict[str, str] = {}
    """Group → role; the first that fits, from the top."""
    teams: dict[str, str] = {}
    """Group → team. Teams that are not named here are nobody else's matter."""

    def role_of(self, groups: Iterable[str]) -> str:
        """The role that somebody in these groups has; "" for none."""
        known = set(groups)
        return next((role for group, role in self.roles.items() if group in known), self.default_role)

    @model_validator(mode="after")
    def _who_comes_has_a_role(self) -> Self:
        if self.creates_people and not (self.default_role or self.roles):
            raise ValueError("creates people, so it needs default_role or roles")
        return self


class OpenIDConnect(Provider):
    """OpenID Connect Core 1.0, by the authorization code with PKCE."""

    kind: Literal["oidc"]
    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: str = Field(default="", repr=False)
    client_secret_file: str = ""
    scopes: list[str] = ["openid", "profile", "email"]
    links_by_verified_email: bool = False
    """Whether somebody who comes for the first time is taken for the person here who has the address that the
    provider says is verified."""

    _is_address = field_validator("issuer")(_address)

    @model_validator(mode="after")
    def _has_secret(self) -> Self:
        if bool(self.client_secret) == bool(self.client_secret_file):
            raise ValueError("needs either client_secret or client_secret_file")
        if self.client_secret_file:
            read_text(self.client_secret_file, "client_secret_file")
        if "openid" not in self.scopes:
            raise ValueError("scopes must contain openid")
        return self

    @property
    def secret(self) -> str:
        return self.client_secret or read_text(self.client_secret_file, "client_secret_file").strip()


class SAML(Provider):
    """SAML 2.0, the web browser profile with a redirect there and a POST back."""

    kind: Literal["saml"]
    metadata_file: str = ""
    metadata_url: str = ""
    entity_id: str = ""
    """Of this portal; the address of its own metadata where it is not given."""
    subject: str = ""
    """The attribute that names a person for ever; the NameID where it is not given, if that is persistent."""
    username: str = "uid"
    display_name: str = "displayName"
    email: str = "mail"

    @model_validator(mode="after")
    def _has_metadata(self) -> Self:
        if bool(self.metadata_file) == bool(self.metadata_url):
            raise ValueError("needs either metadata_file or metadata_url")
        if self.metadata_file:
            read_text(self.metadata_file, "metadata_file")
        else:
            _address(self.metadata_url)
        return self


AnyProvider = OpenIDConnect | SAML
_LIST: TypeAdapter[list[AnyProvider]] = TypeAdapter(
    list[Annotated[OpenIDConnect | SAML, Field(discriminator="kind")]],
)


def read_text(path: str, key: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not text"
        raise ValueError(f"{key} names {path}, which cannot be read ({reason})") from None


def providers_of(text: str) -> tuple[AnyProvider, ...]:
    """The providers that a TOML text names. Raises ValueError with one sentence that names provider and key."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"is no TOML: {problem}") from None
    if said.keys() - {"provider"} or not isinstance(said.get("provider", []), list):
        raise ValueError("holds [[provider]] tables and nothing else")
    entries: list[Any] = said.get("provider", [])
    try:
        found = tuple(_LIST.validate_python(entries))
    except ValidationError as invalid:
        raise ValueError(_sentence(invalid, entries)) from None
    slugs = [each.slug for each in found]
    if twice := next((slug for slug in slugs if slugs.count(slug) > 1), ""):
        raise ValueError(f"names two providers “{twice}”; give each its own slug")
    return found


def _sentence(invalid: ValidationError, entries: list[Any]) -> str:
    problem = invalid.errors(include_input=False, include_url=False)[0]
    place, *keys = problem["loc"]
    entry = entries[int(place)] if isinstance(place, int) and place < len(entries) else {}
    name = entry.get("slug", f"number {place}") if isinstance(entry, dict) else f"number {place}"
    key = ".".join(str(each) for each in keys if each not in ("oidc", "saml"))
    words = problem["msg"].removeprefix("Value error, ")
    return f"has a provider “{name}” that is not right: {f'{key}: ' if key else ''}{words}"
