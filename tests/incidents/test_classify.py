"""What the analysts found an incident to be."""

from __future__ import annotations

from itertools import product

import pytest

from accounts.models import User
from activity.models import Entry
from alerts.choices import DETERMINATIONS, Classification, Determination
from common.errors import Refused
from incidents.commands import classify, resolve
from incidents.models import Incident


def test_both_fields_stand_in_one_entry(incident: Incident, ana: User) -> None:
    classify(incident, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=ana.as_actor())
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.classified")
    assert entry.changes == [
        {"field": "classification", "old": "not_set", "new": "true_positive"},
        {"field": "determination", "old": "not_set", "new": "phishing"},
    ]


def test_only_the_field_that_changed_is_recorded(incident: Incident, ana: User) -> None:
    classify(incident, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=ana.as_actor())
    classify(incident, Classification.TRUE_POSITIVE, Determination.MALWARE, actor=ana.as_actor())
    entry = Entry.objects.of_incident(incident.pk).filter(verb="incident.classified").latest("sequence")
    assert [change["field"] for change in entry.changes] == ["determination"]


@pytest.mark.parametrize("classification", Classification)
def test_every_pair_is_kept_or_refused_as_the_table_says(
    incident: Incident, ana: User, classification: Classification
) -> None:
    for determination in Determination:
        fits = determination == Determination.NOT_SET or determination in DETERMINATIONS[classification]
        if fits:
            saved = classify(incident, classification, determination, actor=ana.as_actor())
            assert (saved.classification, saved.determination) == (classification, determination)
        else:
            with pytest.raises(Refused) as refused:
                classify(incident, classification, determination, actor=ana.as_actor())
            assert refused.value.field == "determination"


def test_the_table_offers_every_determination_somewhere() -> None:
    offered = {each for group in DETERMINATIONS.values() for each in group}
    assert offered == set(Determination) - {Determination.NOT_SET}


def test_it_can_be_taken_back(incident: Incident, ana: User) -> None:
    classify(incident, Classification.FALSE_POSITIVE, Determination.NOT_MALICIOUS, actor=ana.as_actor())
    saved = classify(incident, Classification.NOT_SET, actor=ana.as_actor())
    assert (saved.classification, saved.determination) == ("not_set", "not_set")


def test_it_may_be_set_after_resolving(incident: Incident, ana: User) -> None:
    resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    saved = classify(incident, Classification.FALSE_POSITIVE, actor=ana.as_actor())
    assert saved.classification == Classification.FALSE_POSITIVE
    assert saved.resolution_note == "Reimaged."


def test_the_refusal_names_what_fits(incident: Incident, ana: User) -> None:
    pairs = product([Classification.FALSE_POSITIVE], [Determination.MALWARE])
    for classification, determination in pairs:
        with pytest.raises(Refused, match="Not malicious, Not enough data to validate, Other"):
            classify(incident, classification, determination, actor=ana.as_actor())
