"""Settings from the environment: typed, documented, and refused in words when they make no sense."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portal.environment import (
    REPOSITORY,
    Environment,
    InvalidEnvironment,
    kept_secret_key,
    load_environment,
    load_settings,
    settings_table,
)


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def refusal() -> str:
    """What is said about the variables as they are now."""
    with pytest.raises(InvalidEnvironment) as problem:
        load_settings()
    return str(problem.value)


def test_defaults_suit_one_machine() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.demo, settings.debug) == ("127.0.0.1", 8000, True, False)
    assert settings.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert 1 <= settings.web_processes <= 64
    assert settings.database_url is None


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "http", "PORT must be a whole number, not 'http'"),
        ("PORT", "70000", "PORT must be at most 65535"),
        ("DEBUG", "perhaps", "DEBUG must be true or false"),
        ("WEB_PROCESSES", "0", "WEB_PROCESSES must be at least 1"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL"),
        ("DISPLAY_TIME_ZONE", "Mars/Olympus", "DISPLAY_TIME_ZONE must be the name of a time zone"),
        ("HOST", "http://x/", "HOST must be an address or a host name alone"),
        ("PUBLIC_URL", "https://soc.example/portal", "PUBLIC_URL must be an origin without a path"),
        ("PUBLIC_URL", "soc.example", "PUBLIC_URL must be an origin"),
        ("ALLOWED_HOSTS", "https://soc.example", "ALLOWED_HOSTS must be host names"),
        ("WEBHOOK_NETWORKS", "10.0.0.1/8", "WEBHOOK_NETWORKS must be networks such as 10.20.0.0/16"),
        ("REDIS_URL", "http://x", "REDIS_URL must start with redis://"),
        ("REDIS_URL", "unix://", "REDIS_URL names no socket"),
        ("DATABASE_URL", "sqlite:///x", "DATABASE_URL must start with postgresql://"),
        ("DATABASE_URL", "postgresql://host", "DATABASE_URL names no database"),
        ("DATABASE_URL", "postgresql://host:x/db", "DATABASE_URL has a port that is not a number"),
        ("SIGN_IN_PROVIDERS", "x", "SIGN_IN_PROVIDERS is no TOML"),
        ("SMTP_URL", "https://mail.example", "SMTP_URL must start with smtps:// (TLS), smtp:// (STARTTLS) or"),
        ("SMTP_URL", "smtp://:587", "SMTP_URL names no host"),
        ("SMTP_URL", "smtp://mail.example:x", "SMTP_URL has a port that is not a number"),
        ("MAIL_FROM", "Watchfloor", "MAIL_FROM must be a mail address"),
        ("SECRET_KEY", "short", "SECRET_KEY must have at least 32 characters"),
        ("MAX_BODY_MEGABYTES", "1e3", "MAX_BODY_MEGABYTES must be a whole number"),
    ],
)
def test_a_wrong_value_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(name, value)
    assert refusal().startswith(words)
    assert refusal().endswith("unset it for the default.")
    assert "\n" not in refusal()


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("DEMO", "x")
    assert [line.split()[0] for line in refusal().splitlines()] == ["PORT", "DEMO"]


def test_a_password_is_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@host/db")
    assert "hunter2" not in refusal()
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@host/db")
    assert "hunter2" not in repr(load_settings())


def test_an_empty_value_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert load_settings().port == 8000


def test_the_owner_needs_an_application_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@host/db")
    assert "DATABASE_OWNER_URL is set without DATABASE_URL" in refusal()


def test_without_passwords_somebody_still_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD_SIGN_IN", "false")
    assert "BREAK_GLASS_USER" in refusal()


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://app:pass@host/db\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    assert load_settings().database_url == "postgresql://app:pass@host/db"


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", "/nowhere/key")
    assert refusal().startswith("SECRET_KEY_FILE names /nowhere/key, which cannot be read")


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40)
    monkeypatch.setenv("SECRET_KEY", "s" * 40)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert "both set" in refusal()


def test_a_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = kept_secret_key(tmp_path / "data")
    assert kept_secret_key(tmp_path / "data") == first
    assert len(first) >= 50
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    load_environment.cache_clear()
    try:
        first = load_environment()
        monkeypatch.setenv("PORT", "9000")
        assert load_environment() is first
    finally:
        load_environment.cache_clear()


def test_hosts_follow_host_and_public_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "::1")
    monkeypatch.setenv("PUBLIC_URL", "https://soc.example/")
    assert load_settings().allowed_hosts[-1] == "soc.example"
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example")
    assert load_settings().allowed_hosts == ("a.example", "b.example")


def test_the_readme_lists_every_setting() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = readme.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]
    assert block.strip() == settings_table(), "run `python manage.py settings_table` and paste its output"


def test_importing_the_settings_touches_nothing(tmp_path: Path) -> None:
    assert not (tmp_path / "data").exists()
    assert os.environ["DATA_DIR"].startswith(str(tmp_path))
