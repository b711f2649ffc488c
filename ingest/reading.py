"""Reading records one by one out of files and request bodies, however they are packed.

Understood: a JSON array; a single JSON object; an object that wraps a list in `value`, as Microsoft Graph answers; JSON
lines; JSON objects one after another; CSV with a header. Any of these may be compressed with gzip.

A broken record is told with its position and the others are still read, as long as it can be known where the next one
begins. Nothing else is checked here; `ingest.formats.parse_records` does.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import mmap
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from common.boundary import (
    DECODER,
    MAXIMUM_DEPTH,
    BoundaryError,
    decode_text,
    describe_syntax_error,
    foreign_encoding,
    show_name,
)
from common.file_store import chunks_of
from ingest import limits
from ingest.parsed import RefusedRecord

ReadRecord = tuple[int, Any] | RefusedRecord
"""A record's position, counted from 1, and its value; or why there is no value."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
GZIP_START = b"\x1f\x8b"
CHUNK = 1024 * 1024


class _Stop(Exception):
    """The input is broken so that the next record cannot be found; the message is a sentence."""


def read_records(source: Path | str | BinaryIO | bytes, format_name: str = "auto") -> Iterator[ReadRecord]:
    """The records of a file (by path), a stream, or a request's body, in order. An empty input has none.

    `format_name` matters only for telling CSV from JSON. JSON lines and CSV are read line by line, and a JSON document
    on disk is mapped rather than loaded, so that memory stays small whatever the size.
    """
    position = 0
    with ExitStack() as stack:
        if isinstance(source, (str, Path)):
            stream: BinaryIO = stack.enter_context(Path(source).open("rb"))
        else:
            stream = io.BytesIO(source) if isinstance(source, bytes) else source
        try:
            for record in _read(_buffered(stream), format_name):
                position = record.position if isinstance(record, RefusedRecord) else record[0]
                yield record
        except _Stop as stop:
            yield RefusedRecord(position + 1, "", f"{stop} Nothing after this was read.")
        except (EOFError, zlib.error, gzip.BadGzipFile):
            problem = "The compressed data is broken or ends early; compress it anew. Nothing after this was read."
            yield RefusedRecord(position + 1, "", problem)


def _read(reader: io.BufferedReader, format_name: str) -> Iterator[ReadRecord]:
    if encoding := foreign_encoding(reader.peek(4)[:4]):
        raise _Stop(f"This is {encoding}; send it encoded as UTF-8.")
    if reader.peek(3)[:3] == BYTE_ORDER_MARK:
        reader.read(len(BYTE_ORDER_MARK))
    first = _next_line(reader)
    mark = first.lstrip()[:1]
    if mark == b"{" and _is_whole(first):
        yield from _json_lines(first, reader)
    elif mark in (b"{", b"["):
        yield from _Document(*_rest_of(first, reader)).records()
    elif format_name in ("auto", "sentinel") and re.search(rb"[,;\t]", first):
        yield from _table(first, reader)
    elif mark:
        raise _Stop("This is neither JSON nor a CSV table with a header; send one of the two.")


# ------------------------------------------------------------------------------------------------------------ streams


def _buffered(stream: BinaryIO) -> io.BufferedReader:
    """The stream with a view ahead, unpacked if it is compressed."""
    reader = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Raw(stream), CHUNK)
    if reader.peek(2)[:2] == GZIP_START:
        return io.BufferedReader(_Raw(gzip.GzipFile(fileobj=reader)), CHUNK)
    return reader


class _Raw(io.RawIOBase):
    """Anything that can be read from, as the raw stream under a buffer."""

    def __init__(self, stream: Any) -> None:
        # One step at a time where that can be had: of compressed data that breaks off, what came before is not lost.
        self._read = getattr(stream, "read1", stream.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _next_line(reader: io.BufferedReader) -> bytes:
    """The next line that is not blank, or as much of it as a record may have; empty at the end."""
    while line := reader.readline(limits.RECORD_BYTES):
        if line.strip():
            return line
    return b""


def _rest_of(first: bytes, reader: io.BufferedReader) -> tuple[bytes | mmap.mmap, int]:
    """The input from its first line on, and where in it that line starts: mapped from disk, or read where it cannot."""
    try:
        start = reader.tell() - len(first)
        return mmap.mmap(reader.fileno(), 0, access=mmap.ACCESS_READ), start
    except (OSError, ValueError):  # a pipe, a request's body, a compressed file
        parts, size = [first], len(first)
    for part in chunks_of(reader):
        parts.append(part)
        size += len(part)
        if size > limits.FILE_BYTES:
            raise _Stop(f"This is larger than {limits.FILE_BYTES:,} bytes; send it as JSON lines.")
    return b"".join(parts), 0


# --------------------------------------------------------------------------------------------------------- JSON lines


def _json_lines(line: bytes, reader: io.BufferedReader) -> Iterator[ReadRecord]:
    """One object a line; a line that is broken costs only itself. A single object is the shortest case."""
    position = 0
    while line:
        document = _Document(line, 0, position)
        try:
            if len(line) >= limits.RECORD_BYTES and not line.endswith(b"\n"):
                _skip_line(reader)
                raise _Stop(_record_too_large())
            yield from document.records()
            position = document.position
        except _Stop as stop:
            position = document.position + 1
            yield RefusedRecord(position, "", str(stop))
        line = _next_line(reader)


def _skip_line(reader: io.BufferedReader) -> None:
    while (part := reader.readline(CHUNK)) and not part.endswith(b"\n"):
        pass


def _is_whole(line: bytes) -> bool:
    """Whether a line is JSON from its first brace to its last, with nothing behind."""
    end, _ = _end_of_value(line, len(line) - len(line.lstrip()))
    return end is not None and not line[end:].strip()


# ------------------------------------------------------------------------------------------------------ JSON documents

_BLANK = re.compile(rb"[ \t\r\n]*")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_STRING_OR_BRACKET = re.compile(_STRING + rb"|[\[{]|[\]}]", re.DOTALL)
_UP_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|' + _STRING + rb")*+[\[\]{}]", re.DOTALL)
_SCALAR = re.compile(_STRING + rb'|[^\s,\[\]{}"]+', re.DOTALL)
_OPENING = b"[{"


def _end_of_value(data: bytes | mmap.mmap, start: int) -> tuple[int | None, int]:
    """Where the object or list that opens at `start` ends, and how deeply it is nested; None if it does not end."""
    depth = deepest = 0
    at = start
    # Matched from where the last one ended, never searched for: what is inside a string is none.
    while token := _UP_TO_BRACKET.match(data, at):
        at = token.end()
        if data[at - 1] in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
            if depth <= 0:
                return at, deepest
    return None, deepest


class _Document:
    """JSON of many records, walked from record to record without parsing more than one at a time."""

    def __init__(self, data: bytes | mmap.mmap, at: int, position: int = 0) -> None:
        self.data = data
        self.at = at
        self.position = position
        """How many records have been met."""

    def records(self) -> Iterator[ReadRecord]:
        """The records of all values of the document, usually one array or one object."""
        while mark := self._next_mark():
            if mark == b"[":
                self.at += 1
                yield from self._list()
            elif mark == b"{" and (inner := self._wrapped_list()) is not None:
                end = self.at
                self.at = inner
                yield from self._list()
                self._leave_object(end)
            elif mark == b"{":
                yield self._item()
            else:
                raise _Stop(f"This is not JSON: an object or a list is expected at byte {self.at + 1:,}.")

    def _next_mark(self) -> bytes:
        """The next byte that is not blank; empty at the end."""
        blank = _BLANK.match(self.data, self.at)
        self.at = blank.end() if blank else self.at
        return self.data[self.at : self.at + 1]

    def _list(self) -> Iterator[ReadRecord]:
        """The items of a list, from behind its opening bracket to behind its closing one."""
        if self._next_mark() == b"]":
            self.at += 1
            return
        while True:
            yield self._item()
            mark = self._next_mark()
            self.at += 1
            if mark == b"]":
                return
            if mark != b",":
                what = f"a comma or “]” is expected at byte {self.at:,}" if mark else "the list is not closed"
                raise _Stop(f"This is not JSON: after this record {what}.")

    def _item(self) -> ReadRecord:
        """The value that starts here."""
        mark = self._next_mark()
        start, depth = self.at, 0
        if mark and mark in _OPENING:
            end, depth = _end_of_value(self.data, start)
        else:
            scalar = _SCALAR.match(self.data, start)
            end = scalar.end() if scalar else None
        if end is None:
            what = "this record is not closed" if mark and mark in _OPENING else "a record is missing"
            raise _Stop(f"This is not JSON: {what} at byte {start + 1:,}.")
        self.at = end
        self.position += 1
        if depth > MAXIMUM_DEPTH:
            return RefusedRecord(self.position, "", f"It is nested deeper than {MAXIMUM_DEPTH} levels; flatten it.")
        if end - start > limits.RECORD_BYTES:
            return RefusedRecord(self.position, "", _record_too_large())
        return _record(self.data[start:end], self.position)

    def _wrapped_list(self) -> int | None:
        """Behind the opening bracket of the list in the field `value` of the object that starts here, if it has one."""
        depth = 0
        for token in _STRING_OR_BRACKET.finditer(self.data, self.at, self.at + limits.RECORD_BYTES):
            mark = self.data[token.start()]
            if mark in _OPENING:
                depth += 1
            elif mark != 0x22:
                depth -= 1
                if depth <= 0:
                    return None
            elif depth == 1 and token[0] == b'"value"':
                opening = re.compile(rb"\s*:\s*\[").match(self.data, token.end())
                if opening:
                    return opening.end()
        return None

    def _leave_object(self, start: int) -> None:
        """Moves behind the object that starts at `start`, from within."""
        depth = 1
        for token in _STRING_OR_BRACKET.finditer(self.data, self.at):
            mark = self.data[token.start()]
            if mark in _OPENING:
                depth += 1
            elif mark != 0x22:
                depth -= 1
                if depth == 0:
                    self.at = token.end()
                    return
        raise _Stop(f"This is not JSON: the object at byte {start + 1:,} is not closed.")


def _record(data: bytes, position: int) -> ReadRecord:
    """One record parsed, flaws inside left for the boundary check."""
    try:
        return position, DECODER.decode(decode_text(data))
    except BoundaryError as error:
        return RefusedRecord(position, error.path, error.problem)
    except json.JSONDecodeError as error:
        return RefusedRecord(position, "", describe_syntax_error(error))


def _record_too_large() -> str:
    return f"The record has more than {limits.RECORD_BYTES:,} bytes; send less evidence in one alert."


# ---------------------------------------------------------------------------------------------------------------- CSV

_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""What bytes that are not UTF-8 become under Python's `surrogateescape`."""

DELIMITERS = ",;\t"


def _table(first: bytes, reader: io.BufferedReader) -> Iterator[ReadRecord]:
    """The rows of a table as objects, their fields named by the header. A row that does not fit costs only itself."""
    csv.field_size_limit(limits.TABLE_CELL)
    header_line = _as_text(first)
    delimiter = max(DELIMITERS, key=header_line.count)
    rows = csv.reader(_text_lines(first, reader), delimiter=delimiter)
    position = 0
    try:
        header = next(rows)
        _check_header(header)
        for row in rows:
            if row:
                position += 1
                yield _row(header, row, position)
    except csv.Error:
        problem = f"A cell has more than {limits.TABLE_CELL:,} characters; is a quotation mark not closed?"
        raise _Stop(problem) from None


def _text_lines(first: bytes, reader: io.BufferedReader) -> Iterator[str]:
    line = first
    while line:
        if len(line) >= limits.TABLE_CELL and not line.endswith(b"\n"):
            raise _Stop(f"A line has more than {limits.TABLE_CELL:,} bytes; is this a CSV table?")
        yield _as_text(line)
        line = reader.readline(limits.TABLE_CELL)


def _as_text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def _check_header(header: list[str]) -> None:
    if repeated := next((name for name in header if header.count(name) > 1), None):
        raise _Stop(f"The header names the column {show_name(repeated)} twice; name it once.")
    if any(_NOT_UTF_8.search(name) for name in header):
        raise _Stop("The header is not UTF-8; save the table encoded as UTF-8.")


def _row(header: list[str], row: list[str], position: int) -> ReadRecord:
    if len(row) != len(header):
        way_out = "put cells that hold a separator or a line break in quotation marks."
        problem = f"The row has {len(row):,} cells where the header names {len(header):,}; {way_out}"
        return RefusedRecord(position, "", problem)
    for name, cell in zip(header, row, strict=True):
        if not cell.isascii() and _NOT_UTF_8.search(cell):
            return RefusedRecord(position, name, "The cell is not UTF-8; save the table encoded as UTF-8.")
    return position, dict(zip(header, row, strict=True))
