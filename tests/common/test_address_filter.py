"""The filters of a list are a FilterSet: what knows django-filter finds every key in it."""

from __future__ import annotations

import django_filters
import pytest
from django.http import QueryDict

from accounts.models import User
from alerts.filters.alert_filter import AlertFilter
from alerts.models import Alert
from incidents.filters import IncidentFilter
from incidents.models import Incident


@pytest.mark.parametrize("filterset", [IncidentFilter, AlertFilter])
def test_every_key_is_a_filter_with_its_label(filterset: type[IncidentFilter] | type[AlertFilter]) -> None:
    assert issubclass(filterset, django_filters.FilterSet)
    assert {key: each.label for key, each in filterset.base_filters.items()} == {
        key: field.label for key, field in filterset.FIELDS.items()
    }


def test_its_form_takes_the_words_of_an_address(ana: User) -> None:
    query = QueryDict("severity=high&severity=low&assignee=me&alerts=2..")
    found = IncidentFilter(query, Incident.objects.visible_to(ana), principal=ana)
    assert found.form.is_valid()
    assert found.form.cleaned_data["severity"] == ["high", "low"]
    alerts = AlertFilter(QueryDict("severity=high"), Alert.objects.visible_to(ana), principal=ana)
    assert alerts.form.is_valid() and alerts.form.cleaned_data["severity"] == ["high"]
