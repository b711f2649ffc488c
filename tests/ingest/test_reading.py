"""Reading records out of whatever they come packed in."""

from __future__ import annotations

import gzip
import io
import json
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import limits
from ingest.formats import parse_records
from ingest.parsed import RefusedRecord
from ingest.reading import read_records

A, B = {"a": 1}, {"b": 'x]}"{['}


def read(data: bytes, format_name: str = "auto") -> list[Any]:
    """Values of the records, and the refusals between them; positions are checked to count from 1."""
    records = list(read_records(data, format_name))
    positions = [each.position if isinstance(each, RefusedRecord) else each[0] for each in records]
    assert positions == list(range(1, len(records) + 1))
    return [each if isinstance(each, RefusedRecord) else each[1] for each in records]


def lines(*values: Any) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


PACKED = {
    "array": json.dumps([A, B]).encode(),
    "array over lines": json.dumps([A, B], indent=2).encode(),
    "array with mark": b"\xef\xbb\xbf" + json.dumps([A, B]).encode(),
    "array after blank lines": b"\r\n \n\n" + json.dumps([A, B]).encode(),
    "wrapped": json.dumps({"@odata.context": "value", "value": [A, B], "@odata.nextLink": "x"}).encode(),
    "wrapped over lines": json.dumps({"@odata.count": 2, "value": [A, B]}, indent=1).encode(),
    "lines": lines(A, B),
    "lines without an end": lines(A, B)[:-1],
    "lines of Windows": lines(A, B).replace(b"\n", b"\r\n"),
    "lines with blank ones": lines(A) + b"\n  \n" + lines(B),
    "lines of pages": lines({"value": [A]}, {"value": [B]}),
    "objects one after another": (json.dumps(A, indent=2) + "\n" + json.dumps(B, indent=2)).encode(),
    "two pages": (json.dumps({"value": [A]}, indent=1) + json.dumps({"value": [B]}, indent=1)).encode(),
    "table": b'a,b\r\n1,"x\r\ny"\r\n',
}


@pytest.mark.parametrize("name", [name for name in PACKED if name != "table"])
def test_records_come_out_however_they_are_packed(name: str) -> None:
    assert read(PACKED[name]) == [A, B]


def test_rows_of_a_table_are_objects_named_by_its_header() -> None:
    assert read(PACKED["table"]) == [{"a": "1", "b": "x\r\ny"}]
    assert read(b"a;b\n1;2,5\n") == [{"a": "1", "b": "2,5"}]
    assert read(b"a\tb\n1\t2\n\n3\t4") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert read(b"\xef\xbb\xbf,b\n0,\xc3\xa9\n", "sentinel") == [{"": "0", "b": "é"}]


class Dripping(io.RawIOBase):
    """A pipe that gives a few bytes at a time and can neither seek nor be mapped."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        taken, self.data = self.data[:3], self.data[3:]
        buffer[: len(taken)] = taken
        return len(taken)


@pytest.mark.parametrize("name", PACKED)
def test_files_streams_pipes_and_compressed_data_read_the_same(name: str, tmp_path: Path) -> None:
    data = PACKED[name]
    expected = list(read_records(data))
    path = tmp_path / "alerts"
    path.write_bytes(data)
    compressed = tmp_path / "alerts.gz"
    compressed.write_bytes(gzip.compress(data))
    assert list(read_records(path)) == list(read_records(str(compressed))) == expected
    assert list(read_records(io.BytesIO(data))) == list(read_records(gzip.compress(data))) == expected
    assert list(read_records(io.BufferedReader(Dripping(data)))) == expected
    read_end, write_end = os.pipe()
    os.write(write_end, data)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        assert list(read_records(pipe)) == expected
    with path.open("rb") as file:
        assert list(read_records(file)) == expected


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b" ", b"[]", b" [ ] ", b'{"value": []}', b"a,b\n", gzip.compress(b"", mtime=0)]
)
def test_an_empty_input_has_no_records(data: bytes) -> None:
    assert read(data) == []


def test_a_single_object_is_one_record() -> None:
    assert read(b'{"a": {"value": [1, 2]}}') == [{"a": {"value": [1, 2]}}]
    assert read(b'{"value": "x"}') == [{"value": "x"}]
    assert read(b'{"key": "value", "b": [1]}') == [{"key": "value", "b": [1]}]


def test_records_that_are_no_objects_are_passed_on_to_be_refused() -> None:
    assert read(b'[1, "x", null, [2], true, -1.5e3]') == [1, "x", None, [2], True, -1500.0]


# ------------------------------------------------------------------------------------------------------ broken records


@pytest.mark.parametrize(
    "broken",
    [
        b'{"a": }',
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": tru}',
        b'{"a": "\n"}',
        b"undefined",
        b"[" * 100 + b"]" * 100,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a": "' + b"x" * limits.RECORD_BYTES + b'"}',
    ],
    ids=lambda broken: repr(broken[:12]),
)
def test_a_broken_record_of_an_array_costs_only_itself(broken: bytes) -> None:
    first, second, third = read(b'[{"a": 1}, ' + broken + b', {"b": 2}]')
    assert (first, third) == ({"a": 1}, {"b": 2})
    assert isinstance(second, RefusedRecord)
    assert second.problem.endswith(".")


@pytest.mark.parametrize(
    "broken",
    [
        b'{"a": }',
        b'{"a": 1',
        b'{"a": "1',
        b"]",
        b"{} {",
        b"not json",
        b"\x00",
        b"\xff\xff",
        b"[" * 100_000,
        b'{"a": "' + b"x" * limits.RECORD_BYTES + b'"}',
    ],
    ids=lambda broken: repr(broken[:12]),
)
def test_a_broken_line_costs_only_itself(broken: bytes) -> None:
    records = read(b'{"a": 1}\n' + broken + b'\n{"b": 2}\n')
    assert records[0] == {"a": 1}
    assert records[-1] == {"b": 2}
    assert isinstance(records[-2], RefusedRecord)
    assert len(records) <= 4


@pytest.mark.parametrize(
    "data",
    [
        b'[{"a": 1}, {"b": 2',
        b'[{"a": 1}',
        b'[{"a": 1},',
        b'[{"a": 1} {"b": 2}]',
        b'[{"a": 1}, , {"b": 2}]',
        b'[{"a": 1}, {"b": "2}]',
        b'{"value": [{"a": 1}',
        b'{"value": [{"a": 1}]',
        b'[{"a": 1}] x',
        b'{"a": 1} x',
        b'{"a": 1}\n\n  x',
    ],
)
def test_where_the_next_record_cannot_be_found_it_stops_and_says_so(data: bytes) -> None:
    records = read(data)
    assert records[0] == {"a": 1}
    assert isinstance(records[-1], RefusedRecord)
    assert "This is not JSON" in records[-1].problem
    assert len(records) == 2


def test_a_row_with_too_many_or_too_few_cells_costs_only_itself() -> None:
    first, second, third, fourth = read(b"a,b\n1,2\n1\n1,2,3\n3,4\n")
    assert (first, fourth) == ({"a": "1", "b": "2"}, {"a": "3", "b": "4"})
    assert "1 cells where the header names 2" in second.problem
    assert "3 cells" in third.problem


def test_a_row_that_is_not_utf_8_costs_only_itself() -> None:
    first, second = read(b"a,b\nx,\xe9\n1,2\n")
    assert (first.field, first.problem) == ("b", "The cell is not UTF-8; save the table encoded as UTF-8.")
    assert second == {"a": "1", "b": "2"}


def test_a_quotation_mark_that_is_not_closed_stops_at_the_cap() -> None:
    [refusal] = read(b'a,b\n"1,2\n' + b"3,4\n" * (limits.TABLE_CELL // 4 + 1))
    assert "is a quotation mark not closed?" in refusal.problem


def test_a_header_that_names_a_column_twice_is_refused() -> None:
    [refusal] = read(b"a,b,a\n1,2,3\n")
    assert 'the column "a" twice' in refusal.problem


def test_a_header_that_is_not_utf_8_is_refused() -> None:
    [refusal] = read(b"a,\xe9\n1,2\n")
    assert "The header is not UTF-8" in refusal.problem


def test_a_line_without_end_stops_a_table() -> None:
    [refusal] = read(b"a,b\n" + b"1," * (limits.TABLE_CELL // 2 + 1))
    assert "is this a CSV table?" in refusal.problem


def test_a_line_far_longer_than_a_record_is_skipped_whole() -> None:
    first, second, third = read(b'{"a": 1}\n{"a": "' + b"x" * (limits.RECORD_BYTES + 3_000_000) + b'"}\n{"b": 2}\n')
    assert (first, third) == ({"a": 1}, {"b": 2})
    assert "more than 8,388,608 bytes" in second.problem


def test_a_document_from_a_stream_has_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE_BYTES", 1_000)
    [refusal] = read(b"[\n" + b" " * 2_000 + b"]")
    assert "send it as JSON lines" in refusal.problem


def test_what_follows_a_wrapped_list_is_passed_over() -> None:
    assert read(b'{"value": [1], "more": {"a": [{"value": [2]}], "b": "]}"}}') == [1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("[]".encode("utf-16"), "UTF-16"),
        ("a,b\n".encode("utf-16"), "UTF-16"),
        ("[]".encode("utf-32"), "UTF-32"),
        (b"hello", "neither JSON nor a CSV table"),
        (b'"text"', "neither JSON nor a CSV table"),
        (b"%PDF-1.7", "neither JSON nor a CSV table"),
        (b"\x1f\x8b\x08\x00broken", "compressed data is broken"),
        (gzip.compress(b"x" * 10_000, mtime=0)[:-12], "compressed data is broken"),
    ],
)
def test_what_is_no_list_of_records_is_refused_in_words(data: bytes, words: str) -> None:
    [refusal] = read(data)
    assert words in refusal.problem


def test_a_table_is_not_taken_for_another_format() -> None:
    [refusal] = read(b"a,b\n1,2\n", "eve")
    assert "neither JSON" in refusal.problem


def test_what_came_before_a_break_in_the_compression_is_kept() -> None:
    whole = gzip.compress(lines(*({"n": number} for number in range(50_000))))
    records = read(whole[: len(whole) // 2])
    assert records[0] == {"n": 0}
    assert "compressed data" in records[-1].problem


# -------------------------------------------------------------------------------------------------------- time, memory


@pytest.mark.parametrize(
    "data",
    [
        b"[" + b'"' + b'\\"' * 300_000,
        b"[" * 300_000,
        b"{" * 300_000,
        b'{"value"' * 100_000,
        b"[" + b"[]," * 100_000,
        b'[{"a":"' * 100_000,
        b"[" + b" " * 1_000_000,
        b"{}\n" * 100_000,
        b",\n" * 100_000,
    ],
    ids=lambda data: repr(data[:10]),
)
def test_its_time_grows_with_the_length_alone(data: bytes) -> None:
    started = time.process_time()
    for _ in read_records(data):
        pass
    assert time.process_time() - started < 10  # seconds that only a search begun anew at every byte would take


def test_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    record = json.dumps({"title": "x" * 7_000, "evidence": [{"n": n} for n in range(20)]}).encode()
    with path.open("wb") as file:
        file.write(b"[\n" + b",\n".join([record] * 3_000) + b"]")
    assert path.stat().st_size > 20_000_000
    tracemalloc.start()
    count = sum(1 for _ in read_records(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3_000
    assert peak < 5_000_000


@given(st.binary(max_size=300) | st.text(st.sampled_from('[]{},:"\\ntru 1\nva'), max_size=60).map(str.encode))
def test_arbitrary_input_is_records_or_refusals(data: bytes) -> None:
    for result in parse_records(read_records(data)):
        assert isinstance(result, RefusedRecord)
        assert result.position > 0
        assert result.problem.endswith(".")


def test_it_closes_the_file_it_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "alerts.json"
    path.write_bytes(lines(A, B))
    opened: list[BinaryIO] = []
    original = Path.open

    def recording(self: Path, *args: Any, **kwargs: Any) -> Any:
        opened.append(original(self, *args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(Path, "open", recording)
    list(read_records(path))
    assert opened and all(file.closed for file in opened)
