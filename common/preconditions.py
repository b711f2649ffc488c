"""If-Match: a write names the version that it is based on. Sources: RFC 9110 sections 8.8.3 and 13.1.1, RFC 6585
section 3."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from common.errors import Conflict

ENTITY_TAG = re.compile(r'\s*(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|\Z)')
MOST_TAGS = 20


class PreconditionRequired(exceptions.APIException):
    """A write that does not say what it is based on (RFC 6585 section 3)."""

    status_code = 428
    default_detail = "Say what this is based on"

    def __init__(self) -> None:
        super().__init__(
            'Send If-Match with the ETag of what you read, such as If-Match: "7"; or If-Match: * for whatever it is.'
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """The versions that a writer has in mind; None for whatever is there."""

    versions: frozenset[int] | None

    def allows(self, version: int) -> bool:
        """Whether what is there by now is what the writer had seen."""
        return self.versions is None or version in self.versions


def seen_of(request: Request) -> Seen:
    """What If-Match says. Weak tags count like strong ones: compressing an answer weakens its tag, and both name one
    version. Raises PreconditionRequired without the header, ValidationError for one that means nothing."""
    header = request.headers.get("If-Match")
    if header is None:
        raise PreconditionRequired
    if header.strip() == "*":
        return Seen(None)
    tags: list[str] = []
    at = 0
    while at < len(header) and len(tags) < MOST_TAGS and (found := ENTITY_TAG.match(header, at)):
        tags.append(found[1])
        at = found.end()
    if not tags or at < len(header):
        raise exceptions.ValidationError({"If-Match": ['Write the ETag as it was given, in quotation marks: "7".']})
    # a tag that no version of ours has is of something else, and matches nothing
    return Seen(frozenset(int(tag) for tag in tags if tag.isascii() and tag.isdigit() and len(tag) < 20))


def with_tag(answer: Response, version: int) -> Response:
    """The answer with the version of what it tells, as the tag that If-Match takes."""
    answer["ETag"] = f'"{version}"'
    return answer


def based_on(seen: Seen, version: int, *, of_parts: bool = False) -> int:
    """The version that a write is based on, for the command to compare with, once `version` is what is there by now.

    Raises Conflict where the writer had seen another one. `of_parts` are written under the version of a whole that
    grows with every change of any part: then an older version will do, and the command itself says whether somebody
    has changed the same part since.
    """
    if seen.allows(version):
        return version
    older = [each for each in seen.versions or () if each < version]
    if not (of_parts and older):
        raise Conflict(version, [])
    return max(older)
