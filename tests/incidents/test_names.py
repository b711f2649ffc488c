"""What the system calls an incident."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from alerts.choices import Tactic
from alerts.rules import in_order_of_attack
from incidents.commands import rename, use_automatic_name
from incidents.models import Incident
from incidents.rules import NameFacts, automatic_name
from tests.conftest import alert, device, opened, user_entity

NAMES = [
    # titles, categories, assets, sources → name
    (["Beacon"], [], {}, 1, "Beacon"),
    (["Beacon"], ["execution"], {"device": 1}, 1, "Beacon on one endpoint"),
    (["Beacon"], [], {"device": 3}, 1, "Beacon on 3 endpoints"),
    (["Beacon"], [], {"device": 2, "user": 1}, 1, "Beacon on 2 endpoints and one user"),
    (["Beacon"], [], {"user": 2}, 1, "Beacon involving 2 users"),
    (["Beacon"], [], {"mailbox": 2}, 1, "Beacon involving 2 mailboxes"),
    (["Beacon"], [], {"application": 1}, 1, "Beacon involving one app"),
    (["Beacon"], [], {"cloud_resource": 4}, 1, "Beacon involving 4 cloud resources"),
    (["Beacon"], [], {"ip": 9}, 1, "Beacon"),
    (["Beacon"], [], {"device": 1}, 2, "Beacon on one endpoint reported by multiple sources"),
    (
        ["Beacon", "Phish"],
        ["execution", "initial_access"],
        {"device": 3, "user": 2},
        2,
        "Multi-stage incident involving Initial access & Execution on 3 endpoints and 2 users"
        " reported by multiple sources",
    ),
    (
        ["Beacon", "Phish"],
        ["impact", "execution", "discovery"],
        {"device": 1},
        1,
        "Multi-stage incident involving Execution & Impact on one endpoint",
    ),
    (
        ["Beacon", "Phish"],
        ["initial_access", "execution"],
        {"user": 1},
        1,
        "Multi-stage incident involving Initial access & Execution with one user",
    ),
    (["Beacon", "Phish"], ["execution"], {"device": 2}, 1, "Execution incident on 2 endpoints"),
    (["Beacon", "Phish"], ["execution"], {"user": 2}, 1, "Execution incident involving 2 users"),
    (["Beacon", "Phish"], ["odd_thing"], {}, 1, "Odd thing incident"),
    (["Beacon", "Phish"], [], {"device": 1234}, 1, "Beacon and other alerts on 1,234 endpoints"),
]


@pytest.mark.parametrize(("titles", "categories", "assets", "sources", "name"), NAMES)
def test_the_table_of_names(
    titles: list[str], categories: list[str], assets: dict[str, int], sources: int, name: str
) -> None:
    assert automatic_name(NameFacts(titles, categories, assets, sources)) == name


@given(
    titles=st.lists(st.text(min_size=1, max_size=500), min_size=1, max_size=2, unique=True),
    categories=st.lists(st.sampled_from(Tactic.slugs()), unique=True),
    assets=st.dictionaries(st.sampled_from(["device", "user", "mailbox", "ip"]), st.integers(0, 10**6)),
    sources=st.integers(1, 5),
)
def test_a_name_fits_its_column_whatever_it_is_made_of(
    titles: list[str], categories: list[str], assets: dict[str, int], sources: int
) -> None:
    assert 0 < len(automatic_name(NameFacts(titles, categories, assets, sources))) <= 500


@given(st.lists(st.sampled_from(Tactic.slugs()), unique=True))
def test_categories_stand_in_the_order_of_an_attack(categories: list[str]) -> None:
    labels = [str(tactic.label) for tactic in Tactic]
    shown = in_order_of_attack(categories)
    assert shown == sorted(shown, key=labels.index)
    assert len(shown) == len(categories)


def test_it_grows_with_its_alerts(db: None) -> None:
    one = alert("1", categories=("execution",), entities=(device("fin-ws-17"),))
    two = alert("2", title="Mail", categories=("initial_access",), entities=(device("fin-ws-17"), user_entity("a@b.c")))
    names = [opened(one).name, opened(two).name]
    assert names == [
        "Encoded command on one endpoint",
        "Multi-stage incident involving Initial access & Execution on one endpoint and one user",
    ]


def test_it_follows_what_a_source_says_anew(db: None) -> None:
    assert opened(alert("1")).name == "Encoded command"
    assert (
        opened(alert("1", title="Encoded download", entities=(device("a"),))).name == "Encoded download on one endpoint"
    )


def test_given_back_it_follows_again(incident: Incident, ana: User) -> None:
    rename(incident, "By hand", actor=ana.as_actor())
    use_automatic_name(incident, actor=ana.as_actor())
    grown = opened(alert("3", title="Mail", categories=("initial_access",), entities=(device("fin-ws-17"),)))
    assert (grown.pk, grown.name) == (
        incident.pk,
        "Multi-stage incident involving Initial access & Impact on one endpoint",
    )


def test_several_sources_are_several_products(db: None) -> None:
    opened(alert("1", service_source="Endpoint sensor", entities=(device("a"),)))
    grown = opened(alert("2", service_source="Mail gateway", entities=(device("a"),)))
    assert grown.name == "Encoded command on one endpoint reported by multiple sources"
