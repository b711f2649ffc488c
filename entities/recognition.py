"""Recognising indicators in text that people paste: a report, a mail, lines of a log.

Every step is one pass over the text with bounded patterns, or a look at one word, so the time grows with the length of
the text whatever it says. Defanged spellings (hxxp, [.], (dot), [at]) are read as what they stand for. What could be
anything (a word with a full stop in it) is recognised as a domain only under a known top-level domain, unless its
defanging says that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from common.markdown import Located
from entities import identity
from entities.choices import EntityKind
from entities.identity import EntityIdentity, IdentityError, Scope
from entities.spelling import HASH_KINDS, domain_name, hash_identifier, ip_address, mail_address, url_address
from entities.word_endings import FILE_ENDINGS, TOP_LEVEL_DOMAINS

LONGEST_TEXT = 50_000
"""Characters of a text that is searched."""
LONGEST_WORD = 320
"""Characters of a word that may be an indicator; a mail address may have as many."""

ADDABLE = (
    *(EntityKind.DEVICE, EntityKind.USER, EntityKind.MAILBOX, EntityKind.IP, EntityKind.DOMAIN, EntityKind.URL),
    *(EntityKind.FILE, EntityKind.REGISTRY_KEY, EntityKind.MALWARE),
)
"""What one line of text can name, once its kind is known."""

DEFANGED_DOT = "\ue000"
"""Stands for a dot that was written so that nobody clicks on it; of no other use in text."""
_DOT = re.compile(r"[\[({](?:\.|dot)[\])}]", re.IGNORECASE)
_AT = re.compile(r"[\[({](?:@|at)[\])}]", re.IGNORECASE)
_COLON = re.compile(r"[\[({](:(?://)?)[\])}]")

_PATH = re.compile(
    r"(?:(?<![A-Za-z])[A-Za-z]:\\|%[A-Za-z_]{1,40}%\\|\\\\[^\s\\\"<>|]{1,255}\\)[^\r\n\t\"<>|*?,;]{1,1000}"
)
_PATH_ENDS = re.compile(r"\.[A-Za-z0-9]{1,8}(?=[\s')\]}:!]|\.(?:\s|$)|$)")
_URL = re.compile(r"(?:https?|hxxps?|ftps?|fxp|wss?)://[^\s\"<>`|^{}\\]{1,2000}", re.IGNORECASE)
_SEPARATORS = str.maketrans(dict.fromkeys("\"'<>|,;()[]{}`*=", " "))
_FILE_NAME = re.compile(r"[\w$#@!~%&+.-]{1,255}")
_UNIX_PATH = re.compile(r"/[\w.$@~+-]{1,255}(?:/[\w.$@~+-]{1,255}){1,40}")


@dataclass(frozen=True, slots=True)
class Recognised:
    """An indicator that a text names."""

    kind: EntityKind
    text: str
    """As it is without defanging."""

    @property
    def word(self) -> str:
        """How a form names it."""
        return f"{self.kind}:{self.text}"

    def identity(self, scope: Scope) -> EntityIdentity:
        """Raises IdentityError where nothing identifies it after all."""
        return named(self.kind, self.text, scope)


def recognise(text: str) -> list[Recognised]:
    """What the text names, each once, in the order of first mention within paths, URLs, and the rest."""
    text = _COLON.sub(r"\1", _AT.sub("@", _DOT.sub(DEFANGED_DOT, text[:LONGEST_TEXT])))
    found: list[Recognised] = []
    text = _PATH.sub(lambda match: _taken(found, _path(match[0]), match[0]), text)
    text = _URL.sub(lambda match: _taken(found, _url(match[0]), match[0]), text)
    found += _words(text)
    return list(dict.fromkeys(found))


def _taken(found: list[Recognised], one: Recognised | None, text: str) -> str:
    """What is left of a piece of text for the steps that follow: nothing of what has been recognised."""
    if one is None:
        return text
    found.append(one)
    rest = text[len(one.text) :] if text.startswith(one.text) else ""
    return f" {rest}"


def _path(text: str) -> Recognised:
    """A Windows path may hold spaces: it ends with the first thing that looks like an ending of a file name, or with
    its first word."""
    end = _PATH_ENDS.search(text)
    path = text[: end.end()] if end else text.split(maxsplit=1)[0]
    return Recognised(EntityKind.FILE, _plain(path).rstrip(".:)'\\ ") or path)


def _url(text: str) -> Recognised | None:
    known = url_address(_without_sentence(_plain(text)))
    try:
        host = urlsplit(known).hostname or ""
    except ValueError:
        return None
    return Recognised(EntityKind.URL, known) if domain_name(host) or ip_address(host) else None


def _without_sentence(address: str) -> str:
    """An address without the punctuation and the brackets of the sentence that it ends."""
    address = address.rstrip(_PUNCTUATION)
    opened, closed = address.count("(") + address.count("["), address.count(")") + address.count("]")
    while opened < closed and address.endswith((")", "]")):
        address, closed = address[:-1].rstrip(_PUNCTUATION), closed - 1
    return address


_PUNCTUATION = ".,;:!?'\""


def locate(text: str) -> list[Located]:
    """Where a text names addresses, domains, URLs and hashes of files, in their order; in time that grows with its
    length. Mail addresses and file names are no danger to who reads them, and are left out."""
    return [found for match in _PIECE.finditer(text[:LONGEST_TEXT]) if (found := _located(match))]


_PIECE = re.compile(rf"{_URL.pattern}|[^\s\"'<>|,;(){{}}`*=]{{3,{LONGEST_WORD}}}", re.IGNORECASE)
_LOCATED = (EntityKind.IP, EntityKind.DOMAIN, EntityKind.URL)


def _located(match: re.Match[str]) -> Located | None:
    piece, start = match[0], match.start()
    if not (any(mark in piece for mark in ".:[") or len(piece) in HASH_KINDS):
        return None
    if piece.startswith("[") and not _DOT.match(piece):
        piece, start = piece[1:], start + 1
    piece = _without_sentence(piece)
    if len(piece) < 3:
        return None
    word = _COLON.sub(r"\1", _AT.sub("@", _DOT.sub(DEFANGED_DOT, piece)))
    one = _url(word) if _URL.fullmatch(_plain(word)) else _word(word)
    is_hash = one is not None and one.kind == EntityKind.FILE and _is_hash(one.text)
    if one is None or not (is_hash or one.kind in _LOCATED):
        return None
    raw = _HARMLESS_SCHEME.sub("http", _plain(word)) if one.kind == EntityKind.URL else one.text
    return Located(start, start + len(piece), one.kind.value, raw)


_HARMLESS_SCHEME = re.compile(r"\Ahxxp", re.IGNORECASE)


def _words(text: str) -> Iterator[Recognised]:
    for word in text.translate(_SEPARATORS).split():
        if 3 <= len(word) <= LONGEST_WORD and (one := _word(word.rstrip(".!?:").lstrip("."))):
            yield one


def _word(text: str) -> Recognised | None:
    """What a single word is."""
    word, is_defanged = _plain(text), DEFANGED_DOT in text
    before, colon, after = word.rpartition(":")
    if _is_hash(word) or (colon and before.lower() in HASH_KINDS.values() and _is_hash(after)):
        return Recognised(EntityKind.FILE, (after or word).lower())
    if "@" in word:
        address = mail_address(word.removeprefix("mailto:"))
        known = address and (is_defanged or _is_under_known_domain(address))
        return Recognised(EntityKind.MAILBOX, address) if known else None
    if address := ip_address(word) or (ip_address(before) if after.isdigit() and "." in before else ""):
        return None if address in ("0.0.0.0", "::") else Recognised(EntityKind.IP, address)  # noqa: S104 - no binding
    if "/" in word:
        return _with_slash(word, is_defanged)
    ending = word.rpartition(".")[2].lower()
    if not is_defanged and "." in word.strip(".") and ending in FILE_ENDINGS and _FILE_NAME.fullmatch(word):
        return Recognised(EntityKind.FILE, word)
    host = before if after.isdigit() else word
    return Recognised(EntityKind.DOMAIN, domain_name(host)) if _is_domain(host, is_defanged) else None


def _with_slash(word: str, is_defanged: bool) -> Recognised | None:
    """A path of Unix, or a URL without its scheme; a network such as 10.0.0.0/8 is neither."""
    if _UNIX_PATH.fullmatch(word):
        return Recognised(EntityKind.FILE, word)
    host, _, rest = word.partition("/")
    bare = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if _is_domain(bare, is_defanged) or (ip_address(bare) and not rest.isdigit()):
        return Recognised(EntityKind.URL, word) if rest else Recognised(EntityKind.DOMAIN, domain_name(bare))
    return None


def _is_domain(word: str, is_defanged: bool) -> bool:
    name = domain_name(word) if "." in word else ""
    top = name.rpartition(".")[2]
    return bool(name) and not top.isdigit() and "_" not in top and (is_defanged or _is_under_known_domain(name))


def _is_under_known_domain(name: str) -> bool:
    top = name.rpartition(".")[2]
    return top in TOP_LEVEL_DOMAINS or top.startswith("xn--")


def _is_hash(word: str) -> bool:
    return len(word) in HASH_KINDS and bool(hash_identifier(word))


def _plain(text: str) -> str:
    return text.replace(DEFANGED_DOT, ".")


def refanged(text: str) -> str:
    """A single indicator as it is, however it was made harmless."""
    text = _plain(_COLON.sub(r"\1", _AT.sub("@", _DOT.sub(DEFANGED_DOT, text.strip()))))
    return url_address(text) if _URL.fullmatch(text) else text


def named(kind: EntityKind, text: str, scope: Scope) -> EntityIdentity:
    """The entity of this kind that the text names. Raises IdentityError with a sentence where it names none."""
    match kind:
        case EntityKind.DEVICE:
            return identity.device(hostname=text)
        case EntityKind.USER:
            return identity.user(upn=text) if "@" in text else identity.user(account=text, scope=scope)
        case EntityKind.MAILBOX:
            return identity.mailbox(address=text)
        case EntityKind.IP:
            return identity.ip(text)
        case EntityKind.DOMAIN:
            return identity.domain(text)
        case EntityKind.URL:
            return identity.url(text)
        case EntityKind.FILE:
            if _is_hash(text):
                return identity.file(hashes=[text])
            return identity.file(path=text, scope=scope)
        case EntityKind.REGISTRY_KEY:
            return identity.registry_key(hive="", key=text, scope=scope)
        case EntityKind.MALWARE:
            return identity.malware(text)
    raise IdentityError(f"A {kind.label.lower()} cannot be named by one line of text.")
