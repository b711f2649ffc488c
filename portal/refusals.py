"""What the edge of the web server refuses (portal/edge.py), told as every other failure is."""

from __future__ import annotations

import logging

from common.failures import Failure, page, problem
from common.problems import API
from common.request_id import named
from portal.edge import Refusal, Refused, Scope
from portal.headers import for_all

TITLES = {
    400: "This request did not make sense",
    408: "The request did not arrive",
    413: "That is too large",
    503: "Watchfloor has too much to do",
}

logger = logging.getLogger("portal.envelope")


def tell(scope: Scope, refused: Refused, name: str) -> Refusal:
    """A page, a sentence or a problem document, and a line in the log."""
    told = {"method": scope["method"], "path": scope["path"], "status": refused.status}
    failure = Failure(refused.status, TITLES[refused.status], refused.reason)
    sent = {key.lower(): value for key, value in scope["headers"]}
    with named(name):
        logger.info("refused", extra={"told": told})
        if scope["path"].startswith(API):
            answer = problem(failure)
            kind, body = answer["Content-Type"], answer.content
        elif sent.get(b"hx-request") == b"true":
            kind, body = "text/plain; charset=utf-8", failure.advice.encode()
        else:
            kind, body = "text/html; charset=utf-8", page(failure).encode()
    return Refusal(for_all() | {"Content-Type": kind}, body)
