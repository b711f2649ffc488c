"""What an address means where it does not say."""

from __future__ import annotations

from django.http import QueryDict

from common.address_filter import filled
from incidents.query_text.names import words_by_key

DEFAULTS: dict[str, list[str]] = {
    "status": ["active", "in_progress"],
    "severity": ["low", "medium", "high"],
    "snoozed": ["no"],
}
"""What the queue shows when an address does not say: open incidents of any age, above informational, awake."""

LIST_KEYS = ("sort", "columns", "group", "after", "before", "open", "view")
"""Keys of the list itself beside the filters."""


def with_defaults(query: QueryDict) -> QueryDict:
    """The address with the defaults that it leaves unsaid written out, so that a copied link always means the same.

    A key that the search text mentions, wherever in it, is not left unsaid: its default would contradict the text.
    """
    return filled(query, DEFAULTS, words_by_key(query.getlist("q")))
