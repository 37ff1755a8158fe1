"""Answers that come in parts are compressed as they come, for clients that take it."""

from __future__ import annotations

import zlib
from urllib.parse import urlencode

import httpx
import pytest
from endpoint import FORM
from exchange import sparql

LONG = "SELECT ?a ?b ?c ?d { ?a ?b ?c . ?d ?e ?f } LIMIT 4000"
ASKED = {"accept": "application/sparql-results+json"}


def ask(http: httpx.Client, way: str, query: str, coding: str | None, method: str = "GET") -> httpx.Response:
    """Return an answer whose bytes are as they were sent."""
    headers = {**ASKED, "accept-encoding": coding or "identity"}
    if way == "get":
        request = http.build_request(method, sparql(query), headers=headers)
    else:
        form = urlencode({"query": query}).encode()
        request = http.build_request("POST", "sparql", content=form, headers={**headers, "content-type": FORM})
    answer = http.send(request, stream=True)
    answer.extensions["sent"] = b"".join(answer.iter_raw())
    answer.close()
    return answer


@pytest.mark.parametrize("way", ["get", "form"])
def test_streamed_results_are_compressed_for_who_takes_it(way: str, http: httpx.Client) -> None:
    plain, packed = (ask(http, way, f"{LONG} # {way} {coding}", coding) for coding in ("identity", "gzip"))
    assert [answer.headers.get("transfer-encoding") for answer in (plain, packed)] == ["chunked", "chunked"]
    assert [answer.headers.get("content-encoding") for answer in (plain, packed)] == [None, "gzip"]
    for answer in (plain, packed):
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert "etag" not in answer.headers
    assert len(packed.extensions["sent"]) * 4 < len(plain.extensions["sent"])
    assert zlib.decompress(packed.extensions["sent"], 31) == plain.extensions["sent"]


@pytest.mark.parametrize("coding", ["gzip;q=0", "br", "identity, gzip;q=0.5", "*;q=0"])
def test_who_does_not_take_gzip_gets_none(coding: str, http: httpx.Client) -> None:
    answer = ask(http, "form", f"{LONG} # {coding}", coding)
    assert "content-encoding" not in answer.headers
    assert answer.extensions["sent"].startswith(b'{"head"')


def test_head_of_a_stream_has_its_headers_and_no_body(http: httpx.Client) -> None:
    answer = ask(http, "get", f"{LONG} # head", "gzip", "HEAD")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.extensions["sent"] == b""


def test_first_part_can_be_read_before_the_last_is_there(http: httpx.Client) -> None:
    endless = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } # gzip"
    answer = http.send(http.build_request("GET", sparql(endless), headers={"accept-encoding": "gzip"}), stream=True)
    inflate = zlib.decompressobj(31)
    assert inflate.decompress(next(answer.iter_raw())).startswith(b'{"head"')
    answer.close()


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_whole_answers_to_forms_are_coded_too(coding: str, http: httpx.Client) -> None:
    short, middling = (
        ask(http, "form", f"SELECT * {{ ?s ?p ?o }} LIMIT {rows} # {coding}", coding) for rows in (1, 60)
    )
    assert "content-encoding" not in short.headers
    assert middling.headers.get("content-encoding", "identity") == coding
    for answer in (short, middling):
        assert int(answer.headers["content-length"]) == len(answer.extensions["sent"])
    assert "accept-encoding" in middling.headers["vary"].lower()
