"""Signing in through OpenID Connect, against a provider that answers over HTTP and signs with an RSA key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.commands import add_authenticator_app, create_team, create_user, deactivate
from accounts.models import Team, Untold, User
from accounts.providers.configuration import providers_of
from activity.actors import SYSTEM
from activity.models import Entry
from activity.wording import sentence
from tests.accounts.oidc_server import CLIENT, FOREIGN_KEY, SECRET, OpenIDProvider, running
from tests.conftest import PASSWORD, forget_cached

START, CALLBACK = reverse("provider", args=["acme"]), reverse("provider_callback", args=["acme"])
SETTINGS = """
[[provider]]
kind = "oidc"
slug = "acme"
name = "Acme"
issuer = "{issuer}"
client_id = "{client}"
client_secret = "{secret}"
{more}
"""


@pytest.fixture
def acme(settings: Any) -> Iterator[OpenIDProvider]:
    with running() as server:
        configure(settings, server, 'creates_people = true\ndefault_role = "analyst"')
        yield server


def configure(settings: Any, server: OpenIDProvider, more: str) -> None:
    said = SETTINGS.format(issuer=server.issuer, client=CLIENT, secret=SECRET, more=more)
    settings.SIGN_IN_PROVIDERS = providers_of(said)


def through(server: OpenIDProvider, client: Client | None = None, after: str = "") -> tuple[Client, Any]:
    """To the provider and back; the browser, and what it was answered at last."""
    forget_cached()  # tries are counted
    client = client or Client()
    there = client.get(START, {"next": after} if after else {})
    return client, client.get(server.visit(there["Location"]))


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def test_who_comes_for_the_first_time_is_made_and_known_ever_after(acme: OpenIDProvider, db: None) -> None:
    page = Client().get(reverse("account_login"), {"next": "/entities/"}).content.decode()
    assert f'href="{START}?next=%2Fentities%2F"' in page
    client, answer = through(acme, after="/incidents/?severity=high")
    assert answer["Location"] == "/incidents/?severity=high"
    assert is_in(client)
    mia = User.objects.get_queryset().get()
    assert (mia.username, mia.display_name, mia.role.slug) == ("mia.chen", "Mia Chen", "analyst")
    assert not mia.has_usable_password()
    acme.person = {"sub": "4711", "preferred_username": "other", "name": "Renamed"}
    again, _ = through(acme)
    assert is_in(again)
    assert User.objects.get_queryset().get() == mia
    told = [(entry.actor_label, sentence(entry)) for entry in Entry.objects.order_by("pk")]
    assert told[:3] == [
        ("Sign-in through Acme", "created the user Mia Chen"),
        ("Sign-in through Acme", "linked Mia Chen to their account at Acme"),
        ("Mia Chen", "signed in"),
    ]
    assert Entry.objects.filter(verb="session.started").first().facts["by"] == ["acme"]  # type: ignore[union-attr]


def test_names_that_are_taken_get_a_number_and_another_subject_is_another_person(
    acme: OpenIDProvider, ana: User
) -> None:
    for subject, name in (("1", "ana"), ("2", "ANA@corp"), ("3", "Änne Groß"), ("4", "🦉"), ("5", "")):
        acme.person = {"sub": subject, "preferred_username": name, "name": "\x00<b>Zoë</b>\u202e"}
        assert is_in(through(acme)[0])
    names = User.objects.get_queryset().exclude(pk=ana.pk).order_by("pk").values_list("username", "display_name")
    assert [each for each, _ in names] == ["ana-2", "ana-3", "anne-gro", "person", "person-2"]
    assert {shown for _, shown in names} == {"<b>Zoë</b>"}


WRONG: dict[str, dict[str, Any]] = {
    "nonce": {"nonce": "of another sign-in"},
    "no nonce": {"nonce": None},
    "issuer": {"iss": "https://evil.example"},
    "audience": {"aud": "another client"},
    "made for another": {"aud": [CLIENT, "other"], "azp": "other"},
    "expired": {"exp": int(time.time()) - 120},
    "not yet": {"iat": int(time.time()) + 600},
    "no time": {"exp": None},
    "nobody": {"sub": None},
    "empty": {"sub": ""},
    "too long": {"sub": "x" * 192},
}


def refused(server: OpenIDProvider) -> str:
    """What is said to whom the provider sends; they are not in, and nothing of them is kept."""
    before = User.objects.get_queryset().count()
    client, answer = through(server)
    assert answer.status_code in (401, 403)
    assert not is_in(client)
    assert User.objects.get_queryset().count() == before
    text: str = answer.content.decode()
    return text


def test_a_token_with_anything_wrong_in_it_lets_nobody_in(acme: OpenIDProvider, db: None) -> None:
    for acme.spoil in WRONG.values():
        assert "could not be trusted" in refused(acme), acme.spoil
    acme.spoil = {}
    for acme.signed_with, acme.algorithm, acme.kid in (
        (FOREIGN_KEY, "RS256", "one"),
        (FOREIGN_KEY, "RS256", "two"),
        ("x" * 64, "HS256", "one"),
        (None, "none", "one"),
    ):
        assert "could not be trusted" in refused(acme)
    assert Untold.objects.get().times == len(WRONG) + 4
    assert not SocialAccount.objects.exists()


def test_a_provider_that_says_it_is_another_is_not_believed(acme: OpenIDProvider, db: None) -> None:
    acme.config = {"issuer": "https://evil.example"}
    answer = Client().get(START)
    assert answer.status_code == 503
    assert "Acme does not answer" in answer.content.decode()
    acme.config, acme.userinfo = {}, {"sub": "somebody else"}
    assert "could not be trusted" in refused(acme)


def test_what_comes_back_belongs_to_the_browser_that_asked_and_once(acme: OpenIDProvider, db: None) -> None:
    client = Client()
    back = acme.visit(client.get(START)["Location"])
    stranger = Client()
    assert stranger.get(back).status_code == 401
    assert not is_in(stranger)
    for query in ("", "?code=x", "?code=x&state=made-up", "?state=x&error=access_denied", "?code=\x00&state=\x00"):
        assert client.get(CALLBACK + query).status_code == 401
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 401


def test_nothing_in_the_address_changes_what_is_asked(acme: OpenIDProvider, db: None) -> None:
    there = Client().get(f"{START}?scope=admin&auth_params=prompt%3Dnone&process=connect&next=//evil.example/")
    assert "admin" not in there["Location"]
    assert "prompt" not in there["Location"]
    client = Client()
    answer = client.get(acme.visit(client.get(f"{START}?next=//evil.example/")["Location"]))
    assert answer["Location"] == reverse("home")


def test_groups_give_role_and_teams_at_every_sign_in(acme: OpenIDProvider, settings: Any, ana: User) -> None:
    hunters, tier2 = (
        create_team(slug, actor=SYSTEM, name=slug.title(), members=[ana]) for slug in ("hunters", "tier2")
    )
    configure(
        settings,
        acme,
        """creates_people = true
        groups = "realm.groups"
        roles = { "soc-leads" = "lead", "soc" = "analyst" }
        teams = { "hunt" = "hunters" }""",
    )
    acme.person |= {"realm": {"groups": ["soc", "soc-leads", "hunt", 7]}}
    assert is_in(through(acme)[0])
    mia = User.objects.get_queryset().get(username="mia.chen")
    tier2.members.add(mia)
    assert (mia.role.slug, set(hunters.members.all())) == ("lead", {ana, mia})
    acme.person |= {"realm": {"groups": "soc"}}
    assert is_in(through(acme)[0])
    mia.refresh_from_db()
    assert (mia.role.slug, set(hunters.members.all())) == ("analyst", {ana})
    assert set(Team.objects.get(slug="tier2").members.all()) == {ana, mia}  # not the provider's matter
    for groups in ({}, {"groups": ["guests"]}, {"groups": 1}, None):
        acme.person |= {"realm": groups}
        assert "None of your groups at Acme gives you a role here" in refused(acme)
    told = Entry.objects.filter(verb__in=("user.role_changed", "team.members_changed"), actor_kind="system")
    assert [entry.verb for entry in told.order_by("pk")] == [
        "team.members_changed",
        "user.role_changed",
        "team.members_changed",
    ]


def test_who_has_no_account_is_refused_with_words_where_none_are_made(
    acme: OpenIDProvider, settings: Any, ana: User
) -> None:
    configure(settings, acme, "")
    settings.SIGN_IN_HELP = "Call the desk at 4711."
    acme.person |= {"preferred_username": "ana", "email": "ana@example.org", "email_verified": True}
    User.objects.get_queryset().filter(pk=ana.pk).update(email="ana@example.org")
    assert "you have no account here yet. Call the desk at 4711." in refused(acme)
    call_command("link_person", "ana", "acme", "4711")
    client, _ = through(acme)
    assert is_in(client)
    assert client.get(reverse("preferences")).wsgi_request.user == ana


@pytest.mark.parametrize(("verified", "is_ana"), [(True, True), (False, False), ("true", False), (None, False)])
def test_an_address_counts_only_verified_and_only_where_it_is_set_up(
    acme: OpenIDProvider, settings: Any, ana: User, verified: Any, is_ana: bool
) -> None:
    User.objects.get_queryset().filter(pk=ana.pk).update(email="ana@example.org")
    acme.person |= {"email": "Ana@Example.org", "email_verified": verified}
    assert is_in(through(acme)[0])
    made = SocialAccount.objects.get().user
    assert (made != ana, made.email) == (True, "")  # not taken for Ana, and not given her address
    made.delete()
    configure(settings, acme, 'links_by_verified_email = true\ncreates_people = true\ndefault_role = "reader"')
    assert is_in(through(acme)[0])
    assert (SocialAccount.objects.get().user == ana) == is_ana


def test_somebody_shut_out_stays_out(acme: OpenIDProvider, db: None) -> None:
    through(acme)
    deactivate(User.objects.get_queryset().get(), actor=SYSTEM)
    client, answer = through(acme)
    assert answer["Location"] == reverse("account_login")
    assert not is_in(client)


def test_a_provider_that_is_away_is_said_to_be(acme: OpenIDProvider, settings: Any, db: None) -> None:
    settings.SIGN_IN_PROVIDERS = tuple(
        each.model_copy(update={"issuer": "http://127.0.0.1:9"}) for each in settings.SIGN_IN_PROVIDERS
    )
    answer = Client().get(START)
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


def test_without_passwords_only_one_comes_in_by_one(
    acme: OpenIDProvider, settings: Any, ana: User, ada: User, sign_in: Callable[[User], Client]
) -> None:
    settings.BREAK_GLASS_USER = "ada"
    page = Client().get(reverse("account_login")).content.decode()
    assert "Sign in with Acme" in page
    assert "<summary>Sign in with a password</summary>" in page

    def said(login: str, password: str) -> tuple[int, str]:
        forget_cached()
        answer = Client().post(reverse("account_login"), {"login": login, "password": password})
        text = answer.content.decode()
        return answer.status_code, text[text.find("notice-error") : text.find("</form")].replace(login, "")[:300]

    assert said("ana", PASSWORD) == said("ana", "wrong")
    assert said("ada", PASSWORD)[0] == 302
    assert is_in(through(acme)[0])
    confirm = sign_in(ana).get(reverse("security:recovery_codes"))["Location"]
    assert confirm.startswith(reverse("sign_in_again"))


def test_who_has_no_password_confirms_with_the_provider(acme: OpenIDProvider, db: None) -> None:
    client, _ = through(acme)
    codes = reverse("security:recovery_codes")
    assert client.get(codes).status_code == 200  # signed in a moment ago
    session = client.session
    for step in session["account_authentication_methods"]:
        step["at"] -= 301
    session.save()
    there = client.get(codes)["Location"]
    assert there.startswith(reverse("sign_in_again"))
    page = client.get(there).content.decode()
    assert f'href="{START}?next={codes.replace("/", "%2F")}"' in page
    client, answer = through(acme, client, codes)
    assert answer["Location"] == codes
    assert client.get(codes).status_code == 200


def test_a_person_with_a_second_factor_shows_it_here_too(acme: OpenIDProvider, db: None) -> None:
    through(acme)
    add_authenticator_app(User.objects.get_queryset().get(), "JBSWY3DPEHPK3PXP", actor=SYSTEM)
    client, answer = through(acme)
    assert answer["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)


def test_administrators_see_what_to_tell_the_provider(
    acme: OpenIDProvider, ada: User, sign_in: Callable[[User], Client]
) -> None:
    page = sign_in(ada).get(reverse("sign_in_settings:overview")).content.decode()
    assert f"http://testserver{CALLBACK}" in page
    assert SECRET not in page


def test_a_name_alone_makes_nobody_who_is_here_already(acme: OpenIDProvider, db: None) -> None:
    create_user("mia.chen", actor=SYSTEM, display_name="Another", role="reader", password=None)
    through(acme)
    through(acme)
    assert sorted(User.objects.get_queryset().values_list("username", flat=True)) == ["mia.chen", "mia.chen-2"]


BAD = {
    "no TOML": ("provider = [", "is no TOML"),
    "another key": ("x = 1", "holds [[provider]] tables and nothing else"),
    "kind": ('[[provider]]\nslug = "a"', "has a provider “a” that is not right: "),
    "plain http": (SETTINGS.format(issuer="http://login.example", client="x", secret="y", more=""), "begin with https"),
    "no secret": (
        SETTINGS.format(issuer="https://login.example", client="x", secret="", more=""),
        "client_secret_file",
    ),
    "unknown key": (
        SETTINGS.format(issuer="https://login.example", client="x", secret="y", more="colour = 1"),
        "“acme” that is not right: colour: Extra inputs",
    ),
    "no role": (
        SETTINGS.format(issuer="https://login.example", client="x", secret="y", more="creates_people = true"),
        "needs default_role or roles",
    ),
    "twice": (2 * SETTINGS.format(issuer="https://login.example", client="x", secret="y", more=""), "two providers"),
    "no metadata": ('[[provider]]\nkind = "saml"\nslug = "a"\nname = "A"', "metadata_file or metadata_url"),
    "no file": (
        '[[provider]]\nkind = "saml"\nslug = "a"\nname = "A"\nmetadata_file = "/no/where.xml"',
        "which cannot be read (No such file or directory)",
    ),
}


@pytest.mark.parametrize(("said", "words"), BAD.values(), ids=BAD.keys())
def test_providers_that_make_no_sense_are_refused_in_words(said: str, words: str) -> None:
    with pytest.raises(ValueError) as refused:
        providers_of(said)
    assert words in str(refused.value)
    assert "very secret" not in str(refused.value)
