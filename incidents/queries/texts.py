"""Comments, notes and descriptions as somebody reads them: what they name is a link where that person may see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from django.utils.safestring import SafeString

from accounts.models import Principal
from common.markdown import Document, Known, Look, read
from common.markdown.marks import ON_A_PAGE
from entities.recognition import locate
from incidents.models import Incident
from incidents.queries.attachments import images_of
from incidents.queries.people import addresses_of

MOST_LINKED = 500
"""Incidents that the texts of one page may link, and images they may show."""


def renderer(principal: Principal) -> Callable[[Sequence[str]], list[SafeString]]:
    """A function that renders the texts of a page for this person."""
    return partial(rendered, principal=principal)


def rendered(texts: Sequence[str], principal: Principal, look: Look = ON_A_PAGE) -> list[SafeString]:
    """Texts as HTML. People, teams, incidents and images that they name are looked up together, each in one statement;
    an incident that the person may not see stays the number that was typed."""
    documents = [read(text) for text in texts]
    known = _known(documents, principal)
    return [document.html(known, look) for document in documents]


def _known(documents: Sequence[Document], principal: Principal) -> Known:
    names = list(dict.fromkeys(name for document in documents for name in document.mentions))
    numbers = list(dict.fromkeys(number for document in documents for number in document.numbers))
    files = list(dict.fromkeys(number for document in documents for number in document.files))
    incidents = Incident.objects.visible_to(principal).filter(pk__in=numbers[:MOST_LINKED])
    return Known(
        pages=addresses_of(names) if names else {},
        incidents=dict(incidents.values_list("pk", "name")) if numbers else {},
        images=images_of(files[:MOST_LINKED], principal) if files else {},
        locate=locate,
    )
