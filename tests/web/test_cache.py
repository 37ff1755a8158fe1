"""The response cache: in process around an application of the test's own, and from outside, on the real server."""

from __future__ import annotations

import asyncio
import functools
import gzip
import itertools
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from endpoint import FORM
from exchange import FIREFOX, FORMATS, Answer, parse_answer, request_bytes, sparql
from hypothesis import given
from hypothesis import strategies as st

from solnum_ld.mediatypes import HTML, TURTLE
from solnum_ld.negotiation import negotiate, negotiate_language
from solnum_ld.web.cache import ResponseCache, variant_of
from solnum_ld.web.echoes import SOURCE
from support import Server

OFFERS, LANGUAGES = (TURTLE, HTML), ("fr", "en")


@dataclass
class Release:
    """What the cache asks of a generation."""

    id: str = "r1"
    in_flight: int = 0
    parameters: frozenset[str] = frozenset()

    def acquire(self) -> Release:
        self.in_flight += 1
        return self

    def release(self) -> None:
        self.in_flight -= 1


@dataclass
class Live:
    """What the cache asks of a site."""

    current: Release = field(default_factory=Release)


@dataclass
class Routes:
    """An application that negotiates as ours do and counts what it computes; ``gate`` holds it until it is set."""

    status: int = 200
    size: int = 3000
    headers: tuple[tuple[bytes, bytes], ...] = ((b"cache-control", b"public, max-age=300"),)
    chunks: int = 1
    gate: asyncio.Event | None = None
    fails: int = 0
    stops_short: bool = False
    computed: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.computed += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            self.fails -= 1
            raise RuntimeError("as ordered")
        headers = {name: value.decode() for name, value in scope["headers"]}
        variant = variant_of(scope)
        variant.offers = OFFERS
        form, language = negotiate(headers.get(b"accept"), OFFERS), "-"
        if form is HTML:
            variant.languages = LANGUAGES
            language = negotiate_language(headers.get(b"accept-language"), LANGUAGES)
        query = scope["query_string"].decode()
        text = f"{scope['raw_path'].decode()} {query} {form.suffix} {language} {scope['method']}\n"
        body = text.encode().ljust(self.size, b".")
        kind = (b"content-type", form.content_type.encode())
        start = {
            "type": "http.response.start",
            "status": self.status,
            "headers": [kind, (b"vary", b"Accept"), *self.headers],
        }
        await send(start)
        step = -(-len(body) // self.chunks)
        pieces = [body[at : at + step] for at in range(0, len(body), step)]
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            await send({"type": "http.response.body", "body": piece, "more_body": self.stops_short or not last})


def request_of(path: str, query: str, headers: dict[str, str], method: str = "GET") -> dict[str, Any]:
    """Return a request as the cache sees it."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


async def ask(
    cache: ResponseCache, target: str = "/x", headers: dict[str, str] | None = None, method: str = "GET"
) -> Answer:
    """Send one request to a cache and return the answer."""
    path, _, query = target.partition("?")
    scope = request_of(path, query, headers or {}, method)
    answer, _ = await asked_and_again(cache, scope)
    return answer


async def asked_and_again(cache: ResponseCache, scope: dict[str, Any]) -> tuple[Answer, Any]:
    """Return the answer to a request, and what gives it again, where that is told."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    await cache(scope, receive, send)
    fields = tuple((name.decode(), value.decode()) for name, value in sent[0]["headers"])
    answer = Answer(sent[0]["status"], fields, b"".join(message.get("body", b"") for message in sent[1:]))
    return answer, sent[0].get(SOURCE)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a test's coroutine, bounded so that a waiting request shows as a failure."""
    asyncio.run(asyncio.wait_for(test(), 20))  # type: ignore[arg-type]  # a coroutine


def in_process(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make an asynchronous test one that pytest runs."""

    @functools.wraps(test)
    def wrapper(**arguments: Any) -> None:
        run(lambda: test(**arguments))

    return wrapper


# -- the same again ----------------------------------------------------------------------------------------------------------


@in_process
async def test_an_answer_is_to_be_had_again_as_long_as_the_cache_has_it() -> None:
    site = Live()
    cache = ResponseCache(Routes(), site, budget=400_000)  # type: ignore[arg-type]  # all that is needed of a site
    _, first = await asked_and_again(cache, request_of("/x", "", {}))
    answer, again = await asked_and_again(cache, request_of("/x", "", {}))
    assert first is None  # it was computed
    hits = cache.hits
    start, body = again()
    assert (start["status"], body["body"], cache.hits) == (200, answer.body, hits + 1)
    site.current = Release("r2")
    assert again() is None
    site.current = Release("r1")
    assert again() is not None
    for number in range(100):
        await ask(cache, f"/{number}")
    assert again() is None


@in_process
async def test_what_is_not_modified_or_has_no_body_is_so_again() -> None:
    cache = ResponseCache(Routes(), Live())  # type: ignore[arg-type]  # all that is needed of a site
    answer = await ask(cache)
    tag = answer.header("etag") or ""
    for headers, method, status in (({"if-none-match": tag}, "GET", 304), ({}, "HEAD", 200)):
        told, again = await asked_and_again(cache, request_of("/x", "", headers, method))
        start, body = again()
        assert (told.status, start["status"], told.body, body["body"]) == (status, status, b"", b"")


# -- the key -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("/x", {}), ("/x", {}), id="the same"),
        pytest.param(
            ("/x", {"accept": "*/*"}), ("/x", {"accept": "text/turtle;q=0.3"}), id="headers that choose alike"
        ),
        pytest.param(
            ("/x", {"accept": "text/html", "accept-language": "en-GB"}),
            ("/x", {"accept": FIREFOX, "accept-language": "de, en;q=0.1"}),
            id="languages that choose alike",
        ),
        pytest.param(("/x", {"accept-encoding": "br"}), ("/x", {"accept-encoding": "zstd"}), id="codings we lack"),
        pytest.param(("/x?a=1&utm=2", {}), ("/x?b=3", {}), id="parameters that nothing reads"),
        pytest.param(("/x?lang=en&iri=a", {}), ("/x?iri=a&lang=en", {}), id="another order of parameters"),
        pytest.param(
            ("/x", {"cookie": "a", "user-agent": "b"}), ("/x", {"host": "evil"}), id="headers that choose nothing"
        ),
    ],
)
@in_process
async def test_requests_that_choose_alike_share_an_entry(first: Any, second: Any) -> None:
    routes = Routes()
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]  # all that is needed of a site
    one, two = await ask(cache, *first), await ask(cache, *second)
    assert routes.computed == 1
    assert one == two


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(("/x", {}), ("/x", {"accept": "text/html"}), id="format"),
        pytest.param(
            ("/x", {"accept": "text/html"}), ("/x", {"accept": "text/html", "accept-language": "en"}), id="language"
        ),
        pytest.param(("/x", {}), ("/x", {"accept-encoding": "gzip"}), id="coding"),
        pytest.param(("/x", {}), ("/X", {}), id="case of the path"),
        pytest.param(("/a/b", {}), ("/a%2Fb", {}), id="an encoded slash"),
        pytest.param(("/x", {}), ("/x/", {}), id="a final slash"),
        pytest.param(("/x?lang=en", {}), ("/x?lang=fr", {}), id="a parameter"),
        pytest.param(("/x", {}), ("/x?update=a", {}), id="a parameter that is refused"),
        pytest.param(("/x?lang=en&lang=fr", {}), ("/x?lang=fr&lang=en", {}), id="order of a repeated parameter"),
        pytest.param(("/x?iri=a%26lang=en", {}), ("/x?iri=a&lang=en", {}), id="an encoded ampersand"),
    ],
)
@in_process
async def test_requests_that_choose_otherwise_do_not(first: Any, second: Any) -> None:
    routes = Routes()
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    one, two = await ask(cache, *first), await ask(cache, *second)
    assert routes.computed == 2
    assert one.body != two.body
    assert (await ask(cache, *first), await ask(cache, *second)) == (one, two)
    settled = routes.computed  # the first answer is made anew when the second shows that languages matter here
    assert (await ask(cache, *first), await ask(cache, *second)) == (one, two)
    assert routes.computed == settled <= 3


@in_process
async def test_another_release_is_another_key() -> None:
    routes, site = Routes(), Live()
    cache = ResponseCache(routes, site)  # type: ignore[arg-type]
    await ask(cache)
    site.current = Release("r2")
    await ask(cache)
    assert routes.computed == 2


REQUESTS = st.tuples(
    st.sampled_from(["/a", "/a?lang=en", "/a?lang=fr&lang=en", "/a?lang=en&lang=fr", "/b", "/a%2Fb"]),
    st.fixed_dictionaries(
        {},
        optional={
            "accept": st.sampled_from(["*/*", "text/html", FIREFOX, "text/turtle, text/html", "text/html;q=0, */*"]),
            "accept-language": st.sampled_from(["en", "fr", "de", "fr;q=0.1, en"]),
            "accept-encoding": st.sampled_from(["gzip", "br", "gzip;q=0", "*"]),
        },
    ),
    st.sampled_from(["GET", "HEAD"]),
)


@given(st.lists(REQUESTS, max_size=12))
def test_whatever_was_asked_before_the_answer_is_that_of_the_routes(requests: list[Any]) -> None:
    async def compare() -> None:
        used = ResponseCache(Routes(), Live())  # type: ignore[arg-type]
        for target, headers, method in requests:
            fresh = ResponseCache(Routes(), Live())  # type: ignore[arg-type]
            cached, computed = await ask(used, target, headers, method), await ask(fresh, target, headers, method)
            # of the same path, what differs only in parameters that nothing reads may come from the one or the other
            assert (
                cached.body.replace(b"x=1", b"") == computed.body.replace(b"x=1", b"")
                or "x=1" in target
                or target == "/a"
            )
            assert cached.status == computed.status
            for name in ("content-type", "content-encoding", "vary"):
                assert cached.header(name) == computed.header(name)

    run(compare)


# -- what is kept ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kept"),
    [(s, True) for s in (200, 303, 404, 410)]
    + [(s, False) for s in (201, 301, 307, 400, 405, 406, 413, 500, 503, 504)],
)
@in_process
async def test_only_lasting_answers_are_kept(status: int, kept: bool) -> None:
    routes = Routes(status=status)
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    answers = [await ask(cache), await ask(cache)]
    assert routes.computed == (1 if kept else 2)
    assert answers[0] == answers[1]
    assert answers[0].status == status


@in_process
async def test_no_store_is_not_kept() -> None:
    routes = Routes(headers=((b"cache-control", b"no-store"),))
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    await ask(cache)
    await ask(cache)
    assert routes.computed == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@in_process
async def test_other_methods_pass(method: str) -> None:
    routes = Routes()
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    for _ in range(2):
        answer = await ask(cache, method=method)
        assert answer.body.endswith(b".")
        assert answer.header("access-control-allow-origin") == "*"
    await ask(cache)
    assert routes.computed == 3


@in_process
async def test_a_failure_is_not_kept_and_lets_the_release_go() -> None:
    routes, site = Routes(fails=1), Live()
    cache = ResponseCache(routes, site)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        await ask(cache)
    assert (await ask(cache)).status == 200
    assert (routes.computed, site.current.in_flight) == (2, 0)


@in_process
async def test_an_answer_that_stops_short_is_not_kept_as_a_whole_one() -> None:
    routes = Routes(stops_short=True)
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    for expected in (1, 2):
        try:
            answer = await ask(cache)
        except Exception:  # noqa: BLE001 - an error is as good as an answer that does not look whole
            continue
        finally:
            assert routes.computed == expected
        assert answer.status >= 500 or answer.header("etag") is None


@pytest.mark.parametrize("chunks", [1, 10])
@in_process
async def test_a_large_answer_is_passed_on_whole_and_not_kept(chunks: int) -> None:
    routes = Routes(size=5000, chunks=chunks)
    cache = ResponseCache(routes, Live(), 100_000)  # type: ignore[arg-type]
    for expected in (1, 2):
        answer = await ask(cache)
        assert (answer.status, len(answer.body), routes.computed) == (200, 5000, expected)
    assert (await ask(cache, method="HEAD")).body == b""


@in_process
async def test_an_answer_in_pieces_is_kept_whole() -> None:
    routes = Routes(chunks=7)
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    assert (await ask(cache)).body == (await ask(cache)).body
    assert routes.computed == 1


@in_process
async def test_a_long_target_is_answered_but_not_kept() -> None:
    routes = Routes()
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    for _ in range(2):
        assert (await ask(cache, "/" + "a" * 8000)).status == 200
    assert routes.computed == 2


@in_process
async def test_the_budget_holds_and_what_was_used_last_stays() -> None:
    routes = Routes(size=900)
    cache = ResponseCache(routes, Live(), 100_000)  # type: ignore[arg-type]
    await ask(cache, "/often")
    for number in range(200):
        await ask(cache, f"/{number}")
        await ask(cache, "/often")
    assert routes.computed == 201
    await ask(cache, "/199")
    assert routes.computed == 201
    await ask(cache, "/0")
    assert routes.computed == 202


# -- one computation at a time -----------------------------------------------------------------------------------------


async def together(cache: ResponseCache, gate: asyncio.Event, requests: list[Any]) -> list[Answer]:
    """Send requests at once; let the application answer when all wait."""
    tasks = [asyncio.create_task(ask(cache, *request)) for request in requests]
    for _ in range(5):
        await asyncio.sleep(0)
    gate.set()
    return await asyncio.gather(*tasks)


@in_process
async def test_requests_for_one_key_compute_once() -> None:
    routes, site = Routes(gate=asyncio.Event()), Live()
    cache = ResponseCache(routes, site)  # type: ignore[arg-type]
    answers = await together(cache, routes.gate, [("/x", {}), ("/x", {}), ("/x", {}, "HEAD"), ("/x", {})])  # type: ignore[arg-type]
    assert routes.computed == 1
    assert [len(answer.body) for answer in answers] == [3000, 3000, 0, 3000]
    assert site.current.in_flight == 0


@in_process
async def test_requests_that_wait_for_another_coding_compute_their_own_once() -> None:
    routes = Routes(gate=asyncio.Event())
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    packed = {"accept-encoding": "gzip"}
    answers = await together(cache, routes.gate, [("/x", {}), ("/x", packed), ("/x", packed), ("/x", packed)])  # type: ignore[arg-type]
    assert [answer.header("content-encoding") for answer in answers] == [None, "gzip", "gzip", "gzip"]
    assert routes.computed == 2


@in_process
async def test_requests_for_different_keys_do_not_wait_for_each_other() -> None:
    routes = Routes(gate=asyncio.Event())
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    answers = await together(cache, routes.gate, [("/x", {}), ("/x", {"accept": "text/html"}), ("/y", {})])  # type: ignore[arg-type]
    assert routes.computed == 3
    assert len({answer.body for answer in answers}) == 3


@pytest.mark.parametrize("routes", [{"status": 503}, {"fails": 1}], ids=["not kept", "failed"])
@in_process
async def test_those_who_wait_are_answered_when_there_is_nothing_to_share(routes: dict[str, int]) -> None:
    app, site = Routes(gate=asyncio.Event(), **routes), Live()  # type: ignore[arg-type]
    cache = ResponseCache(app, site)  # type: ignore[arg-type]
    tasks = [asyncio.create_task(ask(cache)) for _ in range(4)]
    for _ in range(5):
        await asyncio.sleep(0)
    app.gate.set()  # type: ignore[union-attr]  # given above
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(answer, RuntimeError) for answer in answers) == routes.get("fails", 0)
    assert all(isinstance(answer, Answer | RuntimeError) for answer in answers)
    assert site.current.in_flight == 0


@in_process
async def test_a_release_that_ends_during_a_request_does_not_answer_for_the_next() -> None:
    routes, site = Routes(gate=asyncio.Event()), Live()
    cache = ResponseCache(routes, site)  # type: ignore[arg-type]
    old = site.current
    first = asyncio.create_task(ask(cache))
    await asyncio.sleep(0)
    site.current = Release("r2")
    second = asyncio.create_task(ask(cache))
    await asyncio.sleep(0)
    assert (old.in_flight, site.current.in_flight) == (1, 1)
    routes.gate.set()  # type: ignore[union-attr]
    await asyncio.gather(first, second)
    assert (routes.computed, old.in_flight, site.current.in_flight) == (2, 0, 0)


# -- validators and codings --------------------------------------------------------------------------------------------


@in_process
async def test_gzip_is_another_entry_with_another_etag_and_the_same_text() -> None:
    cache = ResponseCache(Routes(), Live())  # type: ignore[arg-type]
    plain, packed = await ask(cache), await ask(cache, "/x", {"accept-encoding": "gzip"})
    assert gzip.decompress(packed.body) == plain.body
    assert packed.header("etag") != plain.header("etag")
    for answer in (plain, packed):
        assert answer.header("content-length") == str(len(answer.body))
        assert answer.header("vary") == "Accept, Accept-Encoding"


@in_process
async def test_a_conditional_request_is_answered_from_the_cache() -> None:
    routes = Routes()
    cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
    first = await ask(cache)
    again = await ask(cache, "/x", {"if-none-match": f'"x", W/{first.header("etag")}'})
    assert (again.status, again.body, routes.computed) == (304, b"", 1)
    assert again.header("etag") == first.header("etag")


@in_process
async def test_head_and_get_share_one_entry_in_either_order() -> None:
    for first, second in itertools.permutations(["GET", "HEAD"]):
        routes = Routes()
        cache = ResponseCache(routes, Live())  # type: ignore[arg-type]
        answers = {method: await ask(cache, method=method) for method in (first, second)}
        assert routes.computed == 1
        assert answers["HEAD"].body == b""
        assert answers["GET"].body.endswith(b".")
        assert answers["HEAD"].headers == answers["GET"].headers


# -- from outside ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["doc/chapter/1", "", "doc/graph/hub", "doc/nothing-here", "validation"])
def test_the_server_never_mixes_formats_languages_and_codings(http: httpx.Client, path: str) -> None:
    asked = list(itertools.product([*FORMATS.values(), FIREFOX, "*/*"], ["fr", "en"], ["gzip", "identity"]))
    first: dict[Any, Any] = {}
    for accept, language, coding in [*asked, *reversed(asked), *asked[::3]]:
        headers = {"accept": accept, "accept-language": language, "accept-encoding": coding}
        answer = http.get(path, headers=headers)
        seen = (
            answer.status_code,
            answer.headers["content-type"],
            answer.headers.get("content-language"),
            answer.content,
        )
        assert first.setdefault((accept, language, coding), seen) == seen
        if "content-language" in answer.headers:
            assert answer.headers["content-language"] == language
        if coding == "identity":
            assert "content-encoding" not in answer.headers
        assert first.get((accept, language, "gzip"), seen)[3] == answer.content


def test_a_browser_s_query_does_not_decide_the_format_of_others(http: httpx.Client) -> None:
    query = sparql("ASK { ?s ?p 'a browser was first' }")
    http.get(query, headers={"accept": FIREFOX})
    assert http.get(query, headers={"accept": "text/csv"}).headers["content-type"].startswith("text/csv")
    assert http.get(query, headers={"accept": "image/png"}).status_code == 406


def test_the_form_does_not_hide_that_updates_are_refused(http: httpx.Client) -> None:
    assert http.get("sparql").status_code == 200
    assert http.get("sparql?update=x").status_code == 400


def segments_received(connection: socket.socket) -> int:
    """Return how many pieces with data in them a connection has received (tcpi_data_segs_in of struct tcp_info)."""
    return int(struct.unpack_from("I", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160), 152)[0])


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="only Linux counts segments")
@pytest.mark.parametrize("way", ["GET /doc/book", "POST /sparql"])
def test_a_short_answer_comes_in_one_piece(way: str, server: Server) -> None:
    """Head and body apart are two system calls here, and two of the client."""
    method, _, path = way.partition(" ")
    body = b"query=ASK%20%7B%7D" if method == "POST" else b""
    fields = (f"Content-Type: {FORM}", f"Content-Length: {len(body)}") if body else ()
    request = request_bytes(path, "Accept: */*", *fields, method=method).replace(b"Connection: close\r\n", b"") + body
    with socket.create_connection(server.address, timeout=20) as connection:
        for number in (1, 2):
            connection.sendall(request)
            received = connection.recv(1 << 20)
            while len(parse_answer(received).body) < int(parse_answer(received).header("content-length") or 0):
                received += connection.recv(1 << 20)
            assert parse_answer(received).status == 200
            assert segments_received(connection) == number


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/doc/book", 200), ("HEAD", "/doc/book", 200), ("GET", "/id/book", 303), ("GET", "/doc/none", 404)],
)
def test_what_is_written_beforehand_is_what_the_server_writes(
    server: Server, method: str, path: str, status: int
) -> None:
    """HTTP/1.0 has its heads written by uvicorn, one by one."""
    request = request_bytes(path, "Accept: text/turtle", method=method)
    by_uvicorn = parse_answer(server.raw(request.replace(b"HTTP/1.1", b"HTTP/1.0")))
    again, kept = server.raw(request), request.replace(b"Connection: close\r\n", b"")
    answer = parse_answer(again)
    undated = [{*each.headers} - {("date", each.header("date"))} for each in (by_uvicorn, answer)]
    assert (answer.status, undated[0], answer.body) == (status, undated[1], by_uvicorn.body)
    both = server.raw(kept + request)  # two answers over one connection, the second of which ends it
    assert (both.count(b"HTTP/1.1 "), both.count(b"connection: close")) == (2, 1)
    if etag := answer.header("etag"):
        unchanged = parse_answer(server.raw(request_bytes(path, "Accept: text/turtle", f"If-None-Match: {etag}")))
        assert (unchanged.status, unchanged.header("etag"), unchanged.header("content-length")) == (304, etag, None)
