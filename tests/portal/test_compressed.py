"""Pages go out compressed where the browser takes it, and their size does not say what stands in them."""

from __future__ import annotations

import gzip

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from portal.middleware import Compressed

PAGE = b"<p>An incident</p>" * 100


def sent(response: HttpResponse | StreamingHttpResponse, accepted: str = "gzip, br") -> HttpResponse:
    request = HttpRequest()
    request.META["HTTP_ACCEPT_ENCODING"] = accepted
    return Compressed(lambda _: response)(request)


def test_a_page_is_the_same_after_the_way() -> None:
    answer = sent(HttpResponse(PAGE, headers={"ETag": '"1"'}))
    assert gzip.decompress(answer.content) == PAGE
    assert (answer["Content-Encoding"], answer["Vary"], answer["ETag"]) == ("gzip", "Accept-Encoding", 'W/"1"')
    assert int(answer["Content-Length"]) == len(answer.content) < len(PAGE) / 2


def test_the_same_page_is_not_always_of_the_same_size() -> None:
    assert len({len(sent(HttpResponse(PAGE)).content) for _ in range(20)}) > 1


def test_what_is_short_or_not_understood_goes_out_as_it_is() -> None:
    assert sent(HttpResponse(b"{}")).content == b"{}"
    answer = sent(HttpResponse(PAGE), accepted="br")
    assert answer.content == PAGE and answer["Vary"] == "Accept-Encoding" and "Content-Encoding" not in answer


def test_a_table_that_is_streamed_is_compressed_as_it_goes() -> None:
    answer = sent(StreamingHttpResponse([PAGE, PAGE]))
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.getvalue()) == PAGE * 2
