"""Every setting Watchfloor reads from the environment: typed, described, and refused loudly when it makes no sense.

Nothing happens on import. `load_environment()` reads the variables once and keeps the answer for the process.
A secret may be given as `<NAME>_FILE` instead: the path of a file that holds it.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable, Sequence
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from accounts.providers.configuration import providers_of
from activity.checkpoints.syslog import LogServer
from portal.servers.addresses import checked_redis_url, django_database
from portal.servers.mail import mail_server

REPOSITORY = Path(__file__).resolve().parent.parent

# These may hold a password: they may come from a file, and their value is never shown.
SECRETS = (
    "database_url",
    "database_owner_url",
    "redis_url",
    "secret_key",
    "checkpoint_key",
    "smtp_url",
    "sign_in_providers",
)


class InvalidEnvironment(Exception):
    """Settings that cannot be used: one plain sentence per variable, for a person to read."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self.sentences = list(sentences)
        super().__init__("\n".join(self.sentences))


def _number_of_cores() -> int:
    """Cores this process may use, at most what WEB_PROCESSES allows."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 64)


def _default_hosts(settings: dict[str, Any]) -> tuple[str, ...]:
    """Names under which a browser on this machine, or at PUBLIC_URL, reaches the portal."""
    names = ["localhost", "127.0.0.1", "[::1]"]
    host = settings["host"]
    names.append(f"[{host}]" if ":" in host else host)
    if settings["public_url"]:
        names.append(urlsplit(settings["public_url"]).hostname or "")
    return tuple(dict.fromkeys(names))


class Environment(BaseSettings):
    """The settings of one installation."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, validate_default=False)

    data_dir: Path = Field(
        default=REPOSITORY / "var",
        description="Folder for everything that is kept: database, queue, attachments, logs, keys.",
        json_schema_extra={"shown_default": "`var` in the repository"},
    )
    host: str = Field(default="127.0.0.1", description="Address the web server listens on; `0.0.0.0` for all of IPv4.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port the web server listens on.")
    demo: bool = Field(default=True, description="Load the demo scenario on the first start.")
    database_url: str | None = Field(
        default=None,
        repr=False,
        description="PostgreSQL 15 or later to use instead of the embedded one, as the role the application runs as.",
    )
    database_owner_url: str | None = Field(
        default=None,
        repr=False,
        description="The same database as the role that owns it; only migrations, first-start steps and tests use it.",
    )
    redis_url: str | None = Field(
        default=None, repr=False, description="Redis or Valkey to use instead of the embedded one."
    )
    secret_key: str = Field(
        default="",
        repr=False,
        min_length=32,
        description="Key that signs sessions and links, 32 characters or more.",
        json_schema_extra={"shown_default": "made once, kept in `DATA_DIR/secret_key`"},
    )
    checkpoint_key: str = Field(
        default="",
        repr=False,
        description="Ed25519 private key, as PEM, that signs the checkpoints of the activity log.",
        json_schema_extra={"shown_default": "made once, kept in `DATA_DIR/checkpoint_key`"},
    )
    checkpoint_syslog: str | None = Field(
        default=None,
        description="Log server that is told of each checkpoint: `udp://host:514`, `tcp://host:601` or "
        "`unix:///dev/log`.",
    )
    debug: bool = Field(default=False, description="Show errors in the browser; for development only.")
    public_url: str | None = Field(
        default=None,
        description="Origin people use, such as `https://soc.example`; https makes cookies secure and sends HSTS.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default_factory=_default_hosts,
        description="Host names the portal answers to, separated by commas.",
        json_schema_extra={"shown_default": "`localhost`, `127.0.0.1`, `[::1]`, `HOST` and the host of `PUBLIC_URL`"},
    )
    web_processes: int = Field(
        default_factory=_number_of_cores,
        ge=1,
        le=64,
        description="Web server processes.",
        json_schema_extra={"shown_default": "number of cores"},
    )
    worker_processes: int = Field(default=2, ge=1, le=64, description="Processes for background work.")
    display_time_zone: str = Field(
        default="UTC", description="Time zone of people who have not chosen one, such as `Europe/Vienna`."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        default="INFO", description="Least severe message that is logged."
    )
    log_format: Literal["json", "plain"] = Field(
        default="json", description="One line of JSON for each event, or `plain` for eyes, in development."
    )
    session_hours: int = Field(default=12, ge=1, le=720, description="Hours after which a person signs in again.")
    sign_in_help: str = Field(
        default="Ask an administrator.",
        max_length=300,
        description="What the sign-in page says to people who cannot sign in: whom to ask, and how to reach them.",
    )
    sign_in_providers: str = Field(
        default="",
        repr=False,
        description="Who else may say who a person is, as TOML: see docs/sign-in.md.",
    )
    password_sign_in: bool = Field(
        default=True,
        description="Whether people sign in with a password of this portal; without, only `BREAK_GLASS_USER` does.",
    )
    break_glass_user: str = Field(
        default="", description="Username of the administrator who signs in by password when no provider answers."
    )
    smtp_url: str | None = Field(
        default=None,
        repr=False,
        description="Mail server for links to new passwords: `smtps://user:password@host` (TLS), `smtp://…` (STARTTLS) "
        "or `smtp+plain://…`. Without it nobody is sent a link.",
    )
    mail_from: str = Field(
        default="Watchfloor <watchfloor@localhost>", max_length=300, description="Sender of that mail."
    )
    break_glass_minutes: int = Field(
        default=60,
        ge=5,
        le=480,
        description="How long a restricted incident that was opened by break-glass stays open to who opened it.",
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=10, description="Reverse proxies in front whose X-Forwarded-For entries are believed."
    )
    statement_timeout_seconds: int = Field(
        default=15, ge=1, le=3600, description="Longest time one database statement of the application may take."
    )
    max_body_megabytes: int = Field(
        default=4, ge=1, le=1024, description="Largest request body that is accepted, one with a file apart."
    )
    api_reads_per_minute: int = Field(
        default=1_200, ge=0, le=1_000_000, description="Requests that read which one token may make a minute; 0: any."
    )
    api_writes_per_minute: int = Field(
        default=300, ge=0, le=1_000_000, description="Requests that change something, but for alerts, likewise; 0: any."
    )
    api_alerts_per_minute: int = Field(
        default=0, ge=0, le=100_000_000, description="Alerts that one token may send a minute; 0: any number."
    )
    attachment_megabytes: int = Field(
        default=20, ge=1, le=1024, description="Largest file that can be attached to an incident."
    )
    attachments_per_incident_megabytes: int = Field(
        default=500, ge=1, le=1_000_000, description="What all attachments of one incident may take together."
    )
    export_cache_minutes: int = Field(
        default=5, ge=0, le=1440, description="How long the same export of an incident is given again at once."
    )
    export_kept_hours: int = Field(default=24, ge=1, le=720, description="How long the file of an export can be had.")
    export_seconds: int = Field(
        default=300, ge=10, le=500, description="Longest time that drawing one report may take."
    )
    export_memory_megabytes: int = Field(
        default=1024, ge=256, le=65536, description="Memory that the processes which draw one report may take together."
    )
    export_megabytes: int = Field(default=200, ge=1, le=10_000, description="Largest file that an export may become.")
    exports_at_once: int = Field(default=1, ge=1, le=64, description="Exports that are made at the same time.")
    webhook_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(),
        description="Networks of the house that webhooks may be sent to beside public addresses, separated by commas, "
        "such as `10.20.0.0/16`.",
        json_schema_extra={"shown_default": ""},
    )
    webhook_http: bool = Field(default=False, description="Let webhooks be sent by http, unencrypted, as well.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then files named by variables; no .env file is read."""
        return (init_settings, env_settings, SecretFiles(settings_cls))

    @field_validator("data_dir", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        path = Path(os.path.realpath(value.expanduser()))
        if path.exists() and not path.is_dir():
            raise ValueError("must be a folder, but a file of that name exists")
        return path

    @field_validator("host")
    @classmethod
    def _bare_host(cls, value: str) -> str:
        value = value.strip().removeprefix("[").removesuffix("]")
        if not value or any(character in value for character in "/ @?#"):
            raise ValueError("must be an address or a host name alone, such as 127.0.0.1")
        return value

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _postgres(cls, value: str | None) -> str | None:
        if value is not None:
            django_database(value)
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        return value if value is None else checked_redis_url(value)

    @field_validator("sign_in_providers")
    @classmethod
    def _known_providers(cls, value: str) -> str:
        providers_of(value)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: str | None) -> str | None:
        if value is not None:
            mail_server(value)
        return value

    @field_validator("mail_from")
    @classmethod
    def _mailbox(cls, value: str) -> str:
        if "@" not in parseaddr(value)[1] or "\n" in value or "\r" in value:
            raise ValueError("must be a mail address, such as Watchfloor <watchfloor@soc.example>")
        return value

    @field_validator("checkpoint_syslog")
    @classmethod
    def _log_server(cls, value: str | None) -> str | None:
        if value is not None:
            LogServer.of(value)
        return value

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _comma_list(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        names = tuple(name.strip() for name in value.split(",") if name.strip())
        if not names or any("/" in name or " " in name for name in names):
            raise ValueError("must be host names without scheme or path, separated by commas")
        return names

    @field_validator("webhook_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(word.strip()) for word in value.split(",") if word.strip())
        except ValueError:
            raise ValueError("must be networks such as 10.20.0.0/16, separated by commas") from None

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("must be an origin such as https://soc.example")
        if parts.path not in ("", "/"):
            raise ValueError("must be an origin without a path, such as https://soc.example")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("display_time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be the name of a time zone such as Europe/Vienna or UTC") from None
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.password_sign_in and not (self.break_glass_user and self.sign_in_providers):
            raise InvalidEnvironment(
                [
                    "PASSWORD_SIGN_IN is off; name providers in SIGN_IN_PROVIDERS, and in BREAK_GLASS_USER the "
                    "administrator who still signs in by password, or nobody comes in when no provider answers."
                ]
            )
        if self.database_owner_url and not self.database_url:
            raise InvalidEnvironment(
                ["DATABASE_OWNER_URL is set without DATABASE_URL; set both, or neither for the embedded PostgreSQL."]
            )
        return self

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value


class SecretFiles(PydanticBaseSettingsSource):
    """Reads a secret from the file named by `<NAME>_FILE`, as container platforms hand secrets over."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of the field's file, or None when no file is named."""
        variable = f"{field_name.upper()}_FILE"
        path = os.environ.get(variable, "")
        if not path:
            return None, field_name, False
        if os.environ.get(field_name.upper()):
            raise InvalidEnvironment([f"{field_name.upper()} and {variable} are both set; keep only one of them."])
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as problem:
            reason = problem.strerror if isinstance(problem, OSError) else "it is not text"
            raise InvalidEnvironment(
                [f"{variable} names {path}, which cannot be read ({reason}); correct the path or its rights."]
            ) from None

    def __call__(self) -> dict[str, Any]:
        """All secrets that are given as files."""
        found = {name: self.get_field_value(self.settings_cls.model_fields[name], name)[0] for name in SECRETS}
        return {name: value for name, value in found.items() if value is not None}


# What to say for the problems pydantic finds by itself; the last word is always the way out.
_PROBLEMS: dict[str, Callable[[dict[str, Any]], str]] = {
    "int_parsing": lambda context: "must be a whole number",
    "int_from_float": lambda context: "must be a whole number",
    "int_parsing_size": lambda context: "is too large",
    "bool_parsing": lambda context: "must be true or false",
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
    "literal_error": lambda context: f"must be {context['expected']}".replace("'", ""),
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
    "string_too_short": lambda context: f"must have at least {context['min_length']} characters",
    "value_error": lambda context: str(context["error"]),
}


def _sentence(problem: ErrorDetails) -> str:
    """One problem as a sentence that names the variable, what is wrong with it, and what to do."""
    name = str(problem["loc"][0])
    describe = _PROBLEMS.get(problem["type"], lambda context: problem["msg"])
    shown = "" if name in SECRETS else f", not {str(problem['input'])!r}"
    text = describe(problem.get("ctx", {}))
    return f"{name.upper()} {text}{shown}; correct it, or unset it for the default."


def load_settings() -> Environment:
    """Reads and checks the variables as they are now, without making a key; InvalidEnvironment if any is wrong."""
    try:
        return Environment()
    except ValidationError as invalid:
        problems = [problem for problem in invalid.errors() if problem["type"] != "default_factory_not_called"]
        raise InvalidEnvironment([_sentence(problem) for problem in problems]) from None


@functools.lru_cache(maxsize=1)
def load_environment() -> Environment:
    """The settings of this process, read once; makes and keeps a secret key where none is given."""
    settings = load_settings()
    if settings.secret_key:
        return settings
    return settings.model_copy(update={"secret_key": kept_secret_key(settings.data_dir)})


def kept_secret_key(data_dir: Path) -> str:
    """The key in `DATA_DIR/secret_key`, made on first use and readable to its owner only."""
    path = data_dir / "secret_key"
    try:
        if not path.exists():
            data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
            fresh = data_dir / f".secret_key.{os.getpid()}.{secrets.token_hex(4)}"
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                # A link, unlike a rename, never replaces the key another process has made meanwhile.
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        key = path.read_text(encoding="ascii").strip()
    except OSError as problem:
        raise InvalidEnvironment(
            [
                f"DATA_DIR {data_dir} cannot keep the secret key ({problem.strerror}); "
                "make the folder writable, choose another DATA_DIR, or set SECRET_KEY."
            ]
        ) from None
    if len(key) < 32:
        raise InvalidEnvironment([f"{path} is damaged; delete it, and people sign in again."])
    return key


def settings_table() -> str:
    """All settings as the Markdown table that stands in the README."""
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in Environment.model_fields.items():
        meaning = field.description or ""
        if name in SECRETS:
            meaning += f" Or `{name.upper()}_FILE`."
        rows.append(f"| `{name.upper()}` | {_shown_default(field)} | {meaning} |")
    return "\n".join(rows)


def _shown_default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "shown_default" in extra:
        return str(extra["shown_default"])
    if field.default in (None, "", PydanticUndefined):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
