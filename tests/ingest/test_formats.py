"""Telling formats apart, and what holds for all of them: a record becomes alerts or is refused, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.choices import (
    DETERMINATIONS,
    AlertStatus,
    Classification,
    Determination,
    EvidenceRole,
    RemediationStatus,
    Severity,
    Verdict,
)
from common.boundary import check_value
from entities.identity import MAXIMUM_NAME
from entities.spelling import MAXIMUM_IDENTIFIER
from ingest import limits
from ingest.formats import FORMAT_NAMES, FORMATS, FormatError, detect, parse_records
from ingest.formats.intake import SOURCE_NAME
from ingest.parsed import ParsedAlert, RefusedRecord
from tests.ingest.examples import (
    ENTITIES,
    EXAMPLES,
    GRAPH_ALERT,
    GRAPH_INCIDENT,
    NATIVE,
    NOW,
    SENTINEL,
    changed,
    parsed,
    refused,
    results,
)
from tests.ingest.hostile import TEXTS, VALUES
from tests.ingest.real_data import parsed_file


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_format_is_recognised(name: str) -> None:
    assert detect(EXAMPLES[name]).name == name
    assert results(EXAMPLES[name]) == results(EXAMPLES[name], name)


def test_an_alert_of_graph_is_recognised_without_its_type() -> None:
    assert detect(changed(GRAPH_ALERT, **{"@odata.type": ...})).name == "graph"


def test_every_example_is_taken_without_a_complaint() -> None:
    for record in EXAMPLES.values():
        for result in results(record):
            assert isinstance(result, ParsedAlert), result
            assert result.notices == ()


@pytest.mark.parametrize("record", [{}, {"a": 1}, {"title": "x"}, {"message": "x", "level": "error"}])
def test_a_record_of_no_format_is_refused_with_the_formats_there_are(record: dict[str, Any]) -> None:
    problem = refused(record).problem
    assert all(name in problem for name in FORMATS)


@pytest.mark.parametrize("value", [None, 1, "x", True, [], [{}], 1.5])
def test_a_record_that_is_no_object_is_refused(value: Any) -> None:
    assert "not an object" in refused(value).problem


def test_an_unknown_format_is_refused_before_anything_is_read() -> None:
    def never() -> Iterator[tuple[int, Any]]:
        raise AssertionError
        yield

    with pytest.raises(FormatError, match="use one of auto, native, graph, eve, sentinel"):
        parse_records(never(), "xml")
    assert FORMAT_NAMES == ("auto", "native", "graph", "eve", "sentinel")


def test_refusals_keep_their_place_among_the_alerts() -> None:
    unread = RefusedRecord(2, "", "This is not JSON.")
    records = [(1, NATIVE), unread, (3, {"title": "\0"}), (4, SENTINEL)]
    first, second, third, fourth = parse_records(records, now=NOW)
    assert isinstance(first, ParsedAlert) and isinstance(fourth, ParsedAlert)
    assert second is unread
    assert isinstance(third, RefusedRecord) and (third.position, third.field) == (3, "title")


def test_a_record_refused_at_the_boundary_still_names_its_id() -> None:
    assert refused(changed(NATIVE, title="\ud800")).external_id == "mg-2026-0001"
    assert refused(changed(NATIVE, external_id="\0")).external_id == ""


@pytest.mark.parametrize("name", ["eve", "graph", "sentinel"])
def test_a_bound_token_gives_its_source_to_foreign_alerts(name: str) -> None:
    for result in results(EXAMPLES[name], bound_source="edge-7"):
        assert isinstance(result, ParsedAlert)
        assert result.source == "edge-7"


def test_times_are_held_against_the_moment_of_taking() -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    [alert] = parse_records([(1, changed(NATIVE, first_activity=soon, last_activity=soon))])
    assert isinstance(alert, ParsedAlert)


# ------------------------------------------------------------------------------------------- whatever is sent, it holds


def check(result: ParsedAlert | RefusedRecord) -> None:
    """What the database and the pages rely on."""
    if isinstance(result, RefusedRecord):
        assert result.position == 1
        assert result.problem.endswith((".", "?"))
        assert len(result.problem) < 1_500
        check_value([result.field, result.problem, result.external_id])
        return
    check_value([getattr(result, name) for name in TEXT_FIELDS])
    for name, maximum in TEXT_FIELDS.items():
        assert len(getattr(result, name)) <= maximum, name
    assert SOURCE_NAME.fullmatch(result.source)
    assert result.external_id.strip() and result.title.strip()
    assert isinstance(result.severity, Severity) and isinstance(result.status, AlertStatus)
    assert isinstance(result.classification, Classification)
    assert result.determination in (Determination.NOT_SET, *DETERMINATIONS[result.classification])
    assert result.first_activity <= result.last_activity <= NOW + timedelta(hours=24)
    assert result.first_activity.tzinfo is not None and result.first_activity.year >= 1970
    assert all(0 < len(word) <= limits.CATEGORY for word in result.categories)
    assert len(result.categories) <= limits.CATEGORIES_PER_ALERT
    assert all(len(word) <= 20 for word in result.techniques)
    assert all(word.strip() and len(word) <= limits.TAG for word in result.tags)
    assert len(result.tags) <= limits.TAGS_PER_ALERT
    assert result.source_url == "" or result.source_url.lower().startswith(("http://", "https://"))
    assert len(result.evidence) <= limits.EVIDENCE_PER_ALERT
    check_evidence(result)
    json.dumps(result.raw)


def check_evidence(alert: ParsedAlert) -> None:
    names: set[tuple[str, str]] = set()
    for evidence in alert.evidence:
        entity = evidence.entity
        check_value(
            [entity.key, entity.name, list(entity.match), list(entity.aliases), entity.attributes, evidence.details]
        )
        assert entity.key in entity.match
        assert 0 < len(entity.name) <= MAXIMUM_NAME
        assert all(len(name.encode()) <= MAXIMUM_IDENTIFIER for name in (*entity.match, *entity.aliases))
        assert set(evidence.roles) <= {role.slug for role in EvidenceRole}
        assert isinstance(evidence.verdict, Verdict) and isinstance(evidence.remediation_status, RemediationStatus)
        own = {(str(entity.kind), name) for name in entity.match}
        assert own.isdisjoint(names), "one entity is there twice"
        names |= own


TEXT_FIELDS = {
    "source": limits.SOURCE,
    "external_id": limits.EXTERNAL_ID,
    "title": limits.TITLE,
    "description": limits.DESCRIPTION,
    "service_source": limits.PRODUCT,
    "detection_source": limits.PRODUCT,
    "product_name": limits.PRODUCT,
    "detector_id": limits.SHORT_TEXT,
    "recommended_actions": limits.RECOMMENDED_ACTIONS,
    "source_url": limits.ADDRESS,
    "source_incident": limits.SHORT_TEXT,
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield (*path, step)
        yield from places(item, (*path, step))


def with_value(record: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy of a record with another value in one place; what lies beside the way there is the record's own."""
    step, *rest = path
    copied: Any = copy.copy(record)
    copied[step] = with_value(record[step], tuple(rest), value) if rest else value
    return copied


def packed(name: str, record: dict[str, Any]) -> dict[str, Any]:
    """The record with the entities of a Sentinel row in their cell again."""
    if name == "sentinel" and not isinstance(record.get("Entities"), str):
        return {**record, "Entities": json.dumps(record.get("Entities"))}
    return record


def small_examples(name: str) -> list[dict[str, Any]]:
    """The full example taken apart: the alert alone, and with each piece of evidence alone; so that trying everything
    in every place takes seconds."""
    match name:
        case "native":
            return [
                changed(NATIVE, evidence=[]),
                *({**SMALL_NATIVE, "evidence": [each]} for each in NATIVE["evidence"]),
            ]
        case "graph":
            pieces = GRAPH_INCIDENT["alerts"][0]["evidence"]
            alert = changed(GRAPH_INCIDENT, alerts=[GRAPH_ALERT])
            return [alert, *({**SMALL_GRAPH, "evidence": [each]} for each in pieces)]
        case "sentinel":
            row = changed(SENTINEL, Entities=[])
            return [row, *({**SMALL_SENTINEL, "Entities": [ENTITIES[1], each]} for each in ENTITIES)]
    return [EXAMPLES[name]]


SMALL_NATIVE = {name: NATIVE[name] for name in ("source", "external_id", "title", "severity", "first_activity")}
SMALL_GRAPH = {name: GRAPH_ALERT[name] for name in ("@odata.type", "id", "title", "createdDateTime")}
SMALL_SENTINEL = {name: SENTINEL[name] for name in ("SystemAlertId", "DisplayName", "TimeGenerated")}

SMALL_EXAMPLES = {name: small_examples(name) for name in EXAMPLES}


def places_to_try(name: str) -> Iterator[tuple[dict[str, Any], tuple[Any, ...]]]:
    """Every place of the alert alone, and of the others the places inside their own piece of evidence."""
    first, *others = SMALL_EXAMPLES[name]
    yield from ((first, path) for path in places(first))
    for record in others:
        own = ("Entities", 1) if name == "sentinel" else ("evidence", 0)
        yield from ((record, path) for path in places(record) if path[:2] == own)


PLACES = {name: list(places_to_try(name)) for name in EXAMPLES}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_kind_of_value_in_every_place_is_an_alert_or_a_refusal(name: str) -> None:
    for record, path in PLACES[name]:
        for value in VALUES:
            for result in results(packed(name, with_value(record, path, value)), name):
                check(result)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_hostile_text_in_every_place_is_an_alert_or_a_refusal(name: str) -> None:
    short = [hostile.text for hostile in TEXTS if len(hostile.text) < 1_000]
    for record, path in PLACES[name]:
        for text in (*short, "x" * 33_000):
            for result in results(packed(name, with_value(record, path, text)), name):
                check(result)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", EXAMPLES)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_arbitrary_values_in_several_places_are_alerts_or_refusals(name: str, data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(SMALL_EXAMPLES[name]))
    for path in data.draw(st.lists(st.sampled_from(list(places(record))), min_size=1, max_size=3)):
        try:
            record = with_value(record, path, data.draw(json_values))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier value took this place away
    for result in results(packed(name, record), name):
        check(result)


@pytest.mark.parametrize("name", EXAMPLES)
@given(record=st.dictionaries(st.text(max_size=12), json_values, max_size=5))
def test_arbitrary_objects_are_alerts_or_refusals(name: str, record: dict[str, Any]) -> None:
    for format_name in ("auto", name):
        for result in results(record, format_name):
            check(result)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_equal_record_gives_an_equal_alert(name: str) -> None:
    again = json.loads(json.dumps(EXAMPLES[name]))
    assert results(again) == results(EXAMPLES[name])


def test_reading_does_not_change_the_record() -> None:
    for record in EXAMPLES.values():
        before = copy.deepcopy(record)
        results(record)
        assert record == before


@pytest.mark.parametrize(
    "name",
    [
        "suricata/wrccdc-2018.json",
        "suricata/first-org-conf-2015.json",
        "graph/incidents_expand_alerts.json",
        "sentinel/alertlist.csv",
    ],
)
def test_real_alerts_hold_what_the_database_relies_on(name: str) -> None:
    for result in parsed_file(name):
        assert isinstance(result, ParsedAlert)
        check(result)


def test_a_table_of_another_kind_is_refused_row_by_row() -> None:
    refusals = parsed_file("guide/guide_8000.csv")
    assert len(refusals) == 8_000
    assert {each.problem for each in refusals if isinstance(each, RefusedRecord)} == {
        "This looks like none of the formats known: native (Watchfloor's own format), graph (Microsoft Graph security "
        "alerts and incidents), eve (Suricata EVE JSON), sentinel (Microsoft Sentinel SecurityAlert rows); name the "
        "format or correct the record."
    }


def test_the_same_host_in_two_formats_is_one_device() -> None:
    native = parsed(changed(NATIVE, evidence=[{"type": "device", "hostname": "WS-1.contoso.example"}]))
    sentinel = parsed(SENTINEL)
    graph = results(EXAMPLES["graph"])[0]
    assert isinstance(graph, ParsedAlert)
    for alert in (native, sentinel, graph):
        assert any("fqdn:ws-1.contoso.example" in each.entity.match for each in alert.evidence)
