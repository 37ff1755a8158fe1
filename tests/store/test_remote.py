"""Engines on other machines: the contract of every store on each of them, and what becomes of questions when they fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import select
import shutil
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs

import httpx
import pyoxigraph as ox
import pytest

from release.building import LABEL
from solnum_ld.errors import EngineFault, MalformedQuery, QueryTimeout, RequestRefused, StoreBusy, StoreUnavailable
from solnum_ld.manifest import read_manifest
from solnum_ld.mediatypes import CSV, NTRIPLES, SPARQL_JSON, SPARQL_XML, TSV, TURTLE, Format
from solnum_ld.sparql import parse_query
from solnum_ld.store import Store, open_store
from solnum_ld.store.protocol import Description, Limits, Window
from solnum_ld.store.remote import answers, client
from solnum_ld.store.remote.client import Client
from solnum_ld.store.remote.endpoints import Endpoint, Question, Replicas
from solnum_ld.store.remote.layout import MARKER, MERGED
from solnum_ld.store.remote.sorting import compare, kinds_query
from solnum_ld.store.remote.store import RemoteStore
from solnum_ld.store.remote.virtuoso import Virtuoso

from .contract import SPACE, StoreContract, X, answer, build_release, until
from .engines import DBA, load, oxigraph, virtuoso

T = TypeVar("T")
MANY = "SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f } LIMIT 30000"
MANY_TRIPLES = f"CONSTRUCT {{ ?a <{X}of> ?d }} {{ ?a ?b ?c . ?d ?e ?f }} LIMIT 90000"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_release(tmp_path_factory.mktemp("remote"))


@pytest.fixture(scope="module")
def engine(release: Path) -> Iterator[str]:
    """An Oxigraph server that holds the release."""
    with oxigraph() as url:
        assert load(release, url)
        yield url


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp(2) is Linux's")
@pytest.mark.parametrize("silent", ["", "SILENT"])
def test_an_engine_started_by_its_unit_reaches_no_network(engine: str, silent: str) -> None:
    """As where a SERVICE was hidden from the look at a query that comes before its parser."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        query = f"SELECT * {{ SERVICE {silent} <{address}> {{ ?s ?p ?o }} }}"
        said = httpx.post(engine, content=query, headers={"Content-Type": "application/sparql-query"})
        assert silent or b"Permission denied" in said.content
        assert select.select([listener], [], [], 0)[0] == []


def with_store(release: Path, urls: list[str], talk: Callable[[Store], Awaitable[T]], **options: int) -> T:
    """Return what ``talk`` returns, with a store over these engines that is closed afterwards."""

    async def conversation() -> T:
        store = open_store(release, urls=urls, **options)
        try:
            return await talk(store)
        finally:
            await store.aclose()

    return asyncio.run(conversation())


class TestOxigraphServer(StoreContract):
    @pytest.fixture
    def open_store(self, release: Path, engine: str) -> Callable[[], Store]:
        return lambda: open_store(release, urls=[engine])


@pytest.fixture(scope="module")
def virtuoso_engine(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Virtuoso with the release."""
    if shutil.which("virtuoso-t") is None:
        pytest.skip("Virtuoso is not installed: apt-get install virtuoso-opensource-7-bin")
    with virtuoso(tmp_path_factory.mktemp("virtuoso")) as url:
        assert load(release, url, DBA)
        yield url


class TestVirtuoso(StoreContract):
    @pytest.fixture
    def open_store(self, release: Path, virtuoso_engine: str) -> Callable[[], Store]:
        return lambda: open_store(release, urls=[virtuoso_engine])


# -- the same as the embedded engine ---------------------------------------------------------------------------------------

GEO = "http://www.opengis.net/ont/geosparql#"
SAME = [
    f"SELECT * {{ GRAPH ?g {{ <{SPACE}id/a> <{X}in> ?o }} }} ORDER BY ?g ?o",
    f"PREFIX g: <{SPACE}graph/> SELECT ?o FROM g:two {{ ?s <{X}in> ?o }} ORDER BY ?o",
    f"SELECT ?o FROM <{SPACE}graph/one> FROM NAMED <{SPACE}graph/two> {{ ?s ?p ?x GRAPH ?g {{ ?s ?p ?o }} }} ORDER BY ?o",
    f"SELECT (COUNT(*) AS ?n) FROM NAMED <{SPACE}graph/two> {{ ?s ?p ?o }}",
    "SELECT (COUNT(DISTINCT ?g) AS ?n) { GRAPH ?g { ?s ?p ?o } }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(isBlank(?s)) }",
    "SELECT (<relative> AS ?x) {}",
    f"SELECT ?v {{ <{SPACE}id/many> <{X}value> ?v }} ORDER BY ?v LIMIT 2100",
    "SELECT ?x { VALUES ?x { 1.50 'a\\tb' 'é'@fr UNDEF <http://a/> true } }",
    f"ASK FROM <{SPACE}graph/one> {{ ?s <{X}in> 'two' }}",
    "SELECT DISTINCT ?g { graph ?g {} } ORDER BY ?g",
    "SELECT * {}",
    f"ASK {{ FILTER NOT EXISTS {{ ?s <{X}in> 'two' }} }}",
    f"ASK {{ FILTER EXISTS {{ ?s <{X}in> 'nowhere' }} }}",
    f"ASK {{ ?s ?p ?o FILTER EXISTS {{ GRAPH <{MARKER}> {{ ?a ?b ?c }} }} }}",
    f"PREFIX g: <{SPACE}graph/> ASK {{ ?s <{X}in> 'two' FILTER EXISTS {{ GRAPH g:no {{ ?a ?b ?c }} }} }}",
    f"PREFIX g: <{SPACE}graph/> ASK {{ ?s <{X}in> 'two' FILTER EXISTS {{ GRAPH g:one {{ ?s ?b ?c }} }} }}",
    f"PREFIX g: <{SPACE}graph/> SELECT ?o {{ ?s <{X}in> ?o OPTIONAL {{ GRAPH g:no {{ ?s ?b ?c }} }} }} ORDER BY ?o",
    f"PREFIX geo: <{GEO}> SELECT ?v {{ ?s <{X}value> ?v FILTER(DATATYPE(?v) = geo:wktLiteral) }}",
    f"SELECT ?s {{ ?s <{X}value> 'POINT(2.35 48.85)'^^<{GEO}wktLiteral> }}",
    f"SELECT (DATATYPE(?v) AS ?d) {{ ?s <{X}value> ?v FILTER(STRSTARTS(STR(?v), 'POINT')) }}",
]


@pytest.mark.parametrize("query", SAME)
def test_the_answer_is_that_of_the_embedded_engine(
    query: str, release: Path, engine: str, virtuoso_engine: str
) -> None:
    async def talk(store: Store) -> bytes:
        return await answer(store, query, SPARQL_JSON, Limits())

    expected = with_store(release, [], talk)
    assert with_store(release, [engine], talk) == expected
    assert with_store(release, [virtuoso_engine], talk) == expected


MANY_KINDS = "SELECT * { VALUES (?x ?y) { (1.50 'a\\tb') ('é'@fr UNDEF) (<http://a/> true) ('a \"b\", c\\n' '') (UNDEF UNDEF) ('1e3' 1e3) } }"


@pytest.mark.parametrize("out", [SPARQL_JSON, SPARQL_XML, CSV, TSV], ids=lambda out: out.suffix)
@pytest.mark.parametrize("query", [MANY_KINDS, "SELECT ?x { ?x <http://nowhere/> ?y }", "SELECT * {}"])
def test_results_have_the_same_bytes_in_every_format(
    query: str, out: Format, release: Path, engine: str, virtuoso_engine: str
) -> None:
    async def talk(store: Store) -> bytes:
        return await answer(store, query, out, Limits())

    expected = with_store(release, [], talk)
    assert with_store(release, [engine], talk) == expected
    if "nowhere" in query:  # Virtuoso spells numbers anew, and has a variable of its own where there is none
        assert with_store(release, [virtuoso_engine], talk) == expected


HIDDEN = [
    f"ASK {{ <{MARKER}> ?p ?o }}",
    f"ASK {{ GRAPH <{MARKER}> {{ ?s ?p ?o }} }}",
    f"ASK {{ GRAPH <{MERGED}> {{ ?s ?p ?o }} }}",
    "ASK { GRAPH ?g { ?s ?p ?o } FILTER(STRSTARTS(STR(?g), 'urn:')) }",
    f"ASK {{ GRAPH ?g {{ <{MARKER}> ?p ?o }} }}",
    f"ASK FROM NAMED <{SPACE}graph/two> {{ GRAPH <{MERGED}> {{ ?s ?p ?o }} }}",
    f"ASK FROM NAMED <{SPACE}graph/two> {{ GRAPH <{SPACE}graph/one> {{ ?s ?p ?o }} }}",
    "PREFIX u: <urn:x-solnum:> ASK { GRAPH#\n u:release { ?s ?p ?o } }",
    f"ASK {{ VALUES ?g {{ <{MARKER}> <{MERGED}> }} GRAPH ?g {{ ?s ?p ?o }} }}",
    f"ASK {{ BIND(<{MARKER}> AS ?g) GRAPH ?g {{ ?s ?p ?o }} }}",
    f"ASK {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(?g = <{MARKER}>) }}",
    f"ASK {{ {{ SELECT ?s {{ GRAPH ?g {{ ?s ?p ?o }} }} }} FILTER(?s = <{MARKER}>) }}",
    "ASK { GRAPH <http://www.openlinksw.com/schemas/virtrdf#> { ?s ?p ?o } }",
]


def test_graphs_hold_the_same_literals(release: Path, engine: str, virtuoso_engine: str) -> None:
    construct = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o FILTER(?s = <{SPACE}id/typed>) }}"
    select = f"SELECT ?o {{ <{SPACE}id/typed> ?p ?o }}"

    def lines(urls: list[str]) -> list[bytes]:
        async def talk(store: Store) -> bytes:
            rows = await answer(store, select, CSV, Limits()) + await answer(store, select, TSV, Limits())
            return rows + await answer(store, construct, NTRIPLES, Limits())

        return sorted(with_store(release, urls, talk).splitlines())

    expected = lines([])
    assert lines([engine]) == expected
    assert lines([virtuoso_engine]) == expected


DESCRIBED = [f"{SPACE}id/{name}" for name in ("a", "b", "lister", "round", "typed", "person", "twins", "topic")]


@pytest.mark.parametrize("iri", [*DESCRIBED, f"{SPACE}page", "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil"])
def test_a_description_is_the_same_to_the_order_of_its_names_and_the_labels_of_its_blank_nodes(
    iri: str, release: Path, engine: str, virtuoso_engine: str
) -> None:
    def described(urls: list[str]) -> Description | None:
        return with_store(release, urls, lambda store: store.describe(iri, Window()))

    expected = described([])
    assert expected is not None
    assert described([engine]) == expected
    assert described([virtuoso_engine]) == expected


WRONG = [
    "SELECT ?s { ?s ?p ?o } GROUP BY ?p",
    "SELECT ?s\n(COUNT(*) AS ?n) { ?s ?p ?o }",
    "PREFIX x: <http://x/>\nSELECT (1 AS ?x) (2 AS ?x) {}",
    "SELECT (1 AS ?s) { ?s ?p ?o }",
    "SELECT * { ?s ?p ?o } GROUP BY ?p",
    f"SELECT ?s FROM <{SPACE}graph/one> WHERE\n{{ ?s ?p ?o }} GROUP BY ?p # of what",
]


@pytest.mark.parametrize("query", WRONG)
def test_what_the_grammar_allows_and_sparql_does_not_is_told_alike(
    query: str, release: Path, engine: str, virtuoso_engine: str
) -> None:
    def told(urls: list[str]) -> tuple[str, int | None, int | None]:
        with pytest.raises(MalformedQuery) as caught:
            with_store(release, urls, lambda store: answer(store, query, SPARQL_JSON, Limits()))
        return str(caught.value), caught.value.line, caught.value.column

    expected = told([])
    assert told([engine]) == expected
    assert told([virtuoso_engine]) == expected


@pytest.mark.parametrize("end", ["", "ORDER BY DESC(?a * ?b)", "VALUES ?a { 1 2 }"])
def test_nothing_is_evaluated_where_names_are_checked(end: str) -> None:
    values = " ".join(map(str, range(300)))
    body = " ".join(f"VALUES ?{name} {{ {values} }}" for name in "abcdef")
    for columns in ("*", "(COUNT(*) AS ?n)", "DISTINCT (?a * ?b AS ?n)"):  # would take longer than there is time
        Virtuoso().check(
            f"SELECT {columns} {{ {{ SELECT * {{ {body} }} }} {body} }} {end if '(C' not in columns else ''}"
        )


def test_a_path_without_a_known_end_is_not_followed_by_virtuoso(release: Path, virtuoso_engine: str) -> None:
    query = f"SELECT * {{ ?s <{X}next>+ ?end }}"
    with pytest.raises(EngineFault, match="from a thing that is known"):
        with_store(release, [virtuoso_engine], lambda store: answer(store, query, SPARQL_JSON, Limits()))


@pytest.mark.parametrize("where", ["engine", "virtuoso_engine"])
def test_neither_marker_nor_merged_graph_is_seen(where: str, release: Path, request: pytest.FixtureRequest) -> None:
    async def talk(store: Store) -> None:
        for query in HIDDEN:
            assert b"false" in await answer(store, query, SPARQL_JSON, Limits()), query
        for graph in (MARKER, MERGED):
            with pytest.raises(RequestRefused):
                await answer(store, f"ASK FROM <{graph}> {{ ?s ?p ?o }}", SPARQL_JSON, Limits())

    with_store(release, [request.getfixturevalue(where)], talk)


@pytest.mark.parametrize(
    "query",
    [
        "define input:same-as 'yes' SELECT * { ?s ?p ?o }",
        "SELECT (bif:pi() AS ?x) {}",
        "SELECT (<bif:pi>() AS ?x) {}",
        "PREFIX b: <bif:> SELECT (b:pi() AS ?x) {}",
        "SELECT (sql:version() AS ?x) {}",
        "SELECT * { ?s ?p ?o . ?o bif:contains 'A' }",
        "SELECT * { ?s ?p ?o OPTION (score ?x) }",
        "SELECT * { <nodeID://b10000> ?p ?o }",
        "SELECT * { \\u0047RAPH ?g { ?s ?p ?o } }",
        "SELECT * FROM <x> { ?s ?p ?o } LIMIT (SELECT 1)",
    ],
)
def test_what_only_virtuoso_takes_for_sparql_does_not_reach_it(query: str, release: Path, virtuoso_engine: str) -> None:
    with pytest.raises((MalformedQuery, RequestRefused)):
        with_store(release, [virtuoso_engine], lambda store: answer(store, query, SPARQL_JSON, Limits()))


def test_what_virtuoso_had_found_at_the_limit_is_no_answer(release: Path, virtuoso_engine: str) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c != ?i) }"
    with faulty(release, status=500, body=b'\n{ "head": { "link": [] ', server="Virtuoso/07") as url:
        with pytest.raises(QueryTimeout):
            with_store(release, [url], lambda store: answer(store, query, SPARQL_JSON, Limits()))
    with pytest.raises(QueryTimeout):
        with_store(release, [virtuoso_engine], lambda store: answer(store, query, SPARQL_JSON, Limits(seconds=1)))
    partial = {"X-SQL-State": "S1TAT"}
    with faulty(release, body=ONE, server="Virtuoso/07", headers=partial) as url, pytest.raises(QueryTimeout):
        with_store(release, [url], lambda store: answer(store, query, SPARQL_JSON, Limits()))


def test_several_default_graphs_are_refused_by_name(release: Path, engine: str) -> None:
    query = f"SELECT * FROM <{SPACE}graph/one> FROM <{SPACE}graph/two> {{ ?s ?p ?o }}"
    with pytest.raises(RequestRefused, match="not merged"):
        with_store(release, [engine], lambda store: answer(store, query, CSV, Limits()))


def test_an_unknown_function_is_the_querys_fault(release: Path, engine: str) -> None:
    with pytest.raises(MalformedQuery, match="http://a/f"):
        with_store(release, [engine], lambda s: answer(s, "SELECT (<http://a/f>(1) AS ?x) {}", SPARQL_JSON, Limits()))


@pytest.mark.parametrize(("query", "out"), [(MANY, CSV), (MANY_TRIPLES, TURTLE)], ids=["passed on", "written anew"])
def test_a_long_answer_comes_in_blocks_and_the_connection_is_let_go_when_it_is_left(
    query: str, out: Format, release: Path, engine: str
) -> None:
    async def talk(store: Store) -> tuple[int, int, int]:
        for _ in range(12):  # there are eight slots: one that is not given back would keep the last ones waiting
            left = await store.answer(parse_query(query), out, Limits())
            left.close()
            await until(lambda: store.load()["running"] == 0)
        found = await store.answer(parse_query(query), out, Limits())
        assert found.rest is not None
        rest = [block async for block in found.rest]
        return len(rest), found.first.count(b"\n"), sum(block.count(b"\n") for block in rest)

    blocks, first, others = with_store(release, [engine], talk, workers=1, queue=0)
    assert blocks > 5 and first < 2000 and first + others > 30_000


def test_more_queries_than_may_wait_are_refused_as_busy(release: Path) -> None:
    async def talk(store: Store) -> list[object]:
        asked = (answer(store, "ASK {}", SPARQL_JSON, Limits(seconds=0.5)) for _ in range(12))
        return list(await asyncio.gather(*asked, return_exceptions=True))

    with faulty(release, silent=True) as url:
        outcomes = with_store(release, [url], talk, workers=1, queue=2)
    assert {type(outcome) for outcome in outcomes} == {QueryTimeout, StoreBusy}
    assert sum(isinstance(outcome, StoreBusy) for outcome in outcomes) >= 2


# -- replicas --------------------------------------------------------------------------------------------------------------


def test_no_question_fails_when_a_replica_does(release: Path, engine: str) -> None:
    async def talk(store: Store) -> list[bool]:
        with contextlib.ExitStack() as stack:
            other = stack.enter_context(oxigraph())
            await asyncio.to_thread(load, release, other)
            pair = open_store(release, urls=[other, engine])
            try:
                found = []
                for number in range(60):
                    if number == 20:
                        stack.close()  # killed
                    found.append(await pair.exists(f"{SPACE}id/a"))
                    found.append(b"true" in await answer(pair, "ASK {}", SPARQL_JSON, Limits()))
                assert pair.load()["endpoints_ready"] == 1 and pair.counts()["failovers"][""] >= 1
                return found
            finally:
                await pair.aclose()

    assert with_store(release, [engine], talk) == [True] * 120


def test_an_engine_with_another_release_is_not_asked(release: Path, engine: str) -> None:
    with faulty(release, marker="another") as other:

        async def talk(store: Store) -> dict[str, int]:
            for _ in range(6):
                assert b"true" in await answer(store, "ASK {}", SPARQL_JSON, Limits())
            return store.load()

        assert with_store(release, [other, engine], talk)["endpoints_ready"] == 1
        with pytest.raises(StoreUnavailable, match="No engine holds"):
            with_store(release, [other], lambda store: store.warm())


def test_where_no_engine_answers_is_said_without_its_address(release: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        with_store(release, ["http://127.0.0.1:9/query"], lambda store: store.exists(f"{SPACE}id/a"))
    assert "127.0.0.1" not in str(caught.value)


# -- engines that fail -----------------------------------------------------------------------------------------------------

HEAD = b'{"head":{"vars":["x"]},"results":{"bindings":['
ROW = b'{"x":{"type":"literal","value":"%06d"}}'


@contextlib.contextmanager
def faulty(release: Path, status: int = 200, body: bytes = b"", marker: str = "", **how: object) -> Iterator[str]:
    """Run an engine that says it holds the release, and answers whatever else is asked of it as told."""
    held = marker or read_manifest(release).release
    binding = {
        name: {"type": "uri" if value.startswith("urn") else "literal", "value": value}
        for name, value in zip("spo", (MARKER, "urn:x-solnum:holds", held), strict=True)
    }
    told = json.dumps({"head": {"vars": list("spo")}, "results": {"bindings": [binding]}}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = str(how.get("server", "Oxigraph/0.5")), ""

        answered = 0

        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answered += 1
            if how.get("stale") and self.answered > 1:
                self.close_connection = True
            elif asked.get("default-graph-uri") == [MARKER]:
                self.reply(200, told)
            elif "killed" in how:
                how["killed"].append(asked["query"])  # type: ignore[attr-defined]
                self.close_connection = True
            elif how.get("silent"):
                self.server.silence.wait(20)  # type: ignore[attr-defined]
                self.close_connection = True
            else:
                self.reply(status, body, cut=bool(how.get("cut")), framed=bool(how.get("framed", True)))

        def reply(self, status: int, body: bytes, *, cut: bool = False, framed: bool = True) -> None:
            self.send_response(status)
            self.send_header("Content-Type", str(how.get("media_type", "application/sparql-results+json")))
            if framed:
                self.send_header("Content-Length", str(len(body) + (1 if cut else 0)))
            for name, value in how.get("headers", {}).items():  # type: ignore[attr-defined]
                self.send_header(name, value)
            self.close_connection = cut or not framed
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.silence = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/query"
    finally:
        server.silence.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
        server.server_close()


ONE = HEAD + ROW % 1 + b"]}}"
LONG = HEAD + b",".join(ROW % n for n in range(20000))


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"body": HEAD + ROW % 1}, EngineFault),
        ({"body": HEAD + ROW % 1 + b"]}} and more"}, EngineFault),
        ({"body": ONE, "cut": True}, EngineFault),
        ({"body": ONE, "framed": False}, EngineFault),
        ({"body": b"<html>", "media_type": "text/html"}, EngineFault),
        ({"body": b""}, EngineFault),
        ({"body": HEAD + b"The SPARQL operation has been cancelled"}, QueryTimeout),
        ({"body": LONG}, EngineFault),
        ({"body": LONG + b"]}}", "cut": True}, EngineFault),
        ({"body": LONG + b",The SPARQL operation has been cancelled"}, QueryTimeout),
        ({"status": 500, "body": b"Segmentation fault at /opt/engine"}, EngineFault),
        ({"status": 502}, EngineFault),
        ({"status": 503}, StoreBusy),
        ({"status": 504}, QueryTimeout),
        ({"status": 401}, StoreUnavailable),
        ({"status": 301}, EngineFault),
    ],
)
@pytest.mark.parametrize("out", [CSV, SPARQL_JSON], ids=["written anew", "passed on"])
def test_what_an_engine_does_not_finish_is_no_answer(
    out: Format, how: dict[str, object], error: type[Exception], release: Path
) -> None:
    with faulty(release, **how) as url, pytest.raises(error) as caught:  # type: ignore[arg-type]
        with_store(release, [url], lambda store: answer(store, "SELECT ?x {}", out, Limits()))
    assert type(caught.value) is error and "/opt" not in str(caught.value)


def test_a_graph_that_is_cut_in_a_line_is_no_answer(release: Path) -> None:
    body = b'<http://a/s> <http://a/p> "1" .\n<http://a/s> <http://a/p> "2'
    with faulty(release, body=body, media_type="application/n-triples") as url, pytest.raises(EngineFault):
        with_store(release, [url], lambda s: answer(s, "CONSTRUCT WHERE { ?s ?p ?o }", NTRIPLES, Limits()))


@pytest.mark.parametrize("where", ["engine", "virtuoso_engine"])
@pytest.mark.parametrize("out", [SPARQL_JSON, SPARQL_XML, CSV, TSV], ids=lambda out: out.suffix)
def test_rows_and_bytes_are_counted_whoever_writes_them(
    out: Format, where: str, release: Path, request: pytest.FixtureRequest
) -> None:
    async def talk(store: Store) -> int:
        query = "SELECT * { VALUES ?x { 1 2 3 4 5 } }"
        await answer(store, query, out, Limits(rows=5))
        with pytest.raises(RequestRefused, match="more than 4 rows"):
            await answer(store, query, out, Limits(rows=4))
        with pytest.raises(RequestRefused, match=r"more than 2,\d\d\d rows|more than 40,000 bytes"):
            await answer(store, MANY, out, Limits(bytes=40_000))
        return store.load()["running"]

    assert with_store(release, [request.getfixturevalue(where)], talk) == 0


def test_triples_are_counted_and_may_be_none(release: Path, engine: str) -> None:
    async def talk(store: Store) -> bytes:
        with pytest.raises(RequestRefused, match="more than 3 triples"):
            await answer(store, "CONSTRUCT WHERE { ?s ?p ?o }", NTRIPLES, Limits(rows=3))
        return await answer(
            store, "CONSTRUCT { ?s ?p ?o } WHERE { ?s <http://nowhere/> ?o . ?o ?p ?s }", NTRIPLES, Limits()
        )

    assert with_store(release, [engine], talk) == b""


def test_an_answer_that_nobody_takes_is_let_go(release: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "STALL", 0.05)

    async def talk(store: Store) -> None:
        left = await store.answer(parse_query(MANY), SPARQL_JSON, Limits())
        await until(lambda: store.load()["running"] == 0)
        assert left.rest is not None
        with pytest.raises(StoreUnavailable, match="took nothing"):
            await anext(aiter(left.rest))

    with_store(release, [engine], talk)


def test_an_engine_that_does_not_answer_is_left_at_the_limit(release: Path) -> None:
    with faulty(release, silent=True) as url, pytest.raises(QueryTimeout, match=r"0\.3 seconds"):
        with_store(release, [url], lambda store: answer(store, "ASK {}", SPARQL_JSON, Limits(seconds=0.3)))


def test_a_connection_that_the_engine_closed_while_it_was_idle_is_no_failure(release: Path) -> None:
    with faulty(release, body=ONE, stale=True) as url:

        async def talk(store: Store) -> dict[str, dict[str, int]]:
            for _ in range(5):
                assert await store.exists(f"{SPACE}id/a")
                assert b"000001" in await answer(store, "SELECT ?x {}", CSV, Limits())
                assert store.load()["endpoints_ready"] == 1
            return store.counts()

        assert with_store(release, [url], talk)["failovers"] == {"": 0}


def test_the_watch_forgives_a_connection_that_was_closed(release: Path) -> None:
    async def watch(url: str) -> list[str]:
        asking, endpoint = Client(8), Endpoint(url)
        troubles = []
        for _ in range(4):
            await endpoint.check(asking)
            troubles.append(endpoint.trouble)
        await asking.aclose()
        return troubles

    with faulty(release, stale=True) as url:
        assert asyncio.run(watch(url)) == [""] * 4


@pytest.mark.parametrize(("within", "times"), [(60.0, 2), (-1.0, 1)], ids=["at once", "later"])
def test_a_query_that_kills_engines_does_not_kill_them_all(
    within: float, times: int, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_AT_ONCE", within)
    killed: list[list[str]] = [[], [], []]
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(faulty(release, killed=one)) for one in killed]
        with pytest.raises(StoreUnavailable):
            with_store(release, urls, lambda store: answer(store, "ASK {}", SPARQL_JSON, Limits()))
    assert sorted(map(len, killed)) == [0, times, times]


LONG = {
    "unions": "ASK { {} " + "UNION { ?s ?p 1 } " * 1900 + "}",
    "sums": "ASK { FILTER(1" + " + 1" * 3900 + ") }",
    "ors": "ASK { FILTER(?x" + " || ?x" * 1400 + ") }",
    "bindings": "ASK { " + "".join(f"BIND(1 AS ?x{number}) " for number in range(990)) + "}",
    "groups": "SELECT (COUNT(*) AS ?n) { } GROUP BY " + "(1) " * 1900,
    "blank nodes": "ASK { ?s ?p " + "[ <a:p> " * 90 + "1" + " ]" * 90 + " }",
}


@pytest.mark.parametrize("name", LONG)
def test_the_longest_query_that_is_let_through_leaves_an_engine_well(name: str, release: Path, engine: str) -> None:
    """With the stack that Rust gives a thread, an Oxigraph server ends over each of these."""

    async def talk(store: Store) -> bytes:
        with contextlib.suppress(QueryTimeout, EngineFault):
            await answer(store, LONG[name], SPARQL_JSON, Limits(seconds=5))
        return await answer(store, "ASK {}", SPARQL_JSON, Limits())

    assert b"true" in with_store(release, [engine], talk)


def test_an_engine_that_is_heard_of_late_is_asked_when_the_first_fails(release: Path, engine: str) -> None:
    async def talk(broken: str) -> bool:
        replicas = Replicas([broken, engine], read_manifest(release).release, 8)
        late, heard = replicas.endpoints[1], asyncio.Event()

        async def check(client: Client) -> None:
            await heard.wait()
            await Endpoint.check(late, client)

        late.check = check  # type: ignore[method-assign]
        await replicas.begin()
        assert replicas.load["endpoints_ready"] == 1
        asked = asyncio.create_task(replicas.ask(Question(f"SELECT ?p {{ <{SPACE}id/a> ?p ?o }} LIMIT 1")))
        await until(lambda: replicas.failovers == 1)
        heard.set()
        found = await asked
        await replicas.aclose()
        return bool(found)

    with faulty(release, status=500) as url:
        assert asyncio.run(talk(url))


def test_our_own_question_goes_to_another_engine_when_its_answer_breaks_off(release: Path, engine: str) -> None:
    async def talk(store: Store) -> list[bool]:
        return [await store.exists(f"{SPACE}id/a") for _ in range(4)]

    with faulty(release, body=ONE, cut=True) as url:
        assert with_store(release, [url, engine], talk) == [True] * 4


@pytest.mark.parametrize("out", [CSV, SPARQL_JSON], ids=["written anew", "passed on"])
@pytest.mark.parametrize(
    "how",
    [
        {"body": ONE, "cut": True},
        {"body": ONE, "framed": False},
        {"body": b"<html>", "media_type": "text/html"},
        {"body": HEAD + ROW % 1},
        {"status": 500},
        {"status": 502},
        {"status": 404},
    ],
    ids=str,
)
def test_a_visitors_query_goes_to_another_engine_when_the_first_gives_no_good_answer(
    how: dict[str, object], out: Format, release: Path, engine: str
) -> None:
    query = "SELECT ?x { VALUES ?x { 'a' } }"

    async def talk(store: Store) -> tuple[set[bytes], int, dict[str, int]]:
        await store.warm()
        await until(lambda: store.load()["endpoints_ready"] == 2)
        found = {await answer(store, query, out, Limits()) for _ in range(4)}
        return found, store.counts()["failovers"][""], store.load()

    with faulty(release, **how) as url:  # type: ignore[arg-type]
        found, failovers, load_after = with_store(release, [url, engine], talk)
    assert found == {with_store(release, [], lambda store: answer(store, query, out, Limits()))}
    assert failovers >= 1 and load_after["running"] == 0


@pytest.mark.parametrize("number", [11, 12, 24])
def test_an_engine_without_room_for_a_query_is_busy(number: int, release: Path, engine: str) -> None:
    body = b"Internal server error: Resource temporarily unavailable (os error %d)" % number
    with faulty(release, status=500, body=body) as url:
        with pytest.raises(StoreBusy):
            with_store(release, [url], lambda store: answer(store, "ASK {}", SPARQL_JSON, Limits()))
        with pytest.raises(EngineFault):
            with faulty(release, status=500, body=body, server="Another/1") as other:
                with_store(release, [other], lambda store: answer(store, "ASK {}", SPARQL_JSON, Limits()))


# -- engines that say nothing ---------------------------------------------------------------------------------------------


def test_a_service_is_ready_while_one_of_its_engines_says_nothing(release: Path) -> None:
    with faulty(release, silent=True) as url:
        with_store(release, [url], lambda store: store.ready())
    with pytest.raises(StoreUnavailable):
        with_store(release, ["http://127.0.0.1:9/query"], lambda store: store.ready())


def test_engines_are_told_of_in_the_log_once_they_serve_a_release(
    release: Path, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "solnum_ld")

    async def begin(wanted: str) -> list[str]:
        caplog.clear()
        replicas = Replicas([engine], wanted, 8)
        with contextlib.suppress(StoreUnavailable):
            await replicas.begin()
        await replicas.aclose()
        return caplog.messages

    held = read_manifest(release).release
    assert asyncio.run(begin("awaited")) == []  # it is asked for twice a second until it is there
    assert asyncio.run(begin(held)) == [f"{engine}: it holds release {held}"]


def test_questions_go_where_the_fewest_wait(release: Path, engine: str) -> None:
    async def talk(silent: str) -> int:
        replicas = Replicas([silent, engine], read_manifest(release).release, 8)
        asked = Question(f"SELECT ?p {{ <{SPACE}id/a> ?p ?o }} LIMIT 1")
        await replicas.begin()
        await until(lambda: replicas.load["endpoints_ready"] == 2)
        tasks = [asyncio.create_task(replicas.ask(asked)) for _ in range(2)]
        await until(lambda: replicas.endpoints[0].waiting == 1)
        answered = [await replicas.ask(asked) for _ in range(20)]  # each second one would wait
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await replicas.aclose()
        return len(answered)

    with faulty(release, silent=True) as url:
        assert asyncio.run(talk(url)) == 20


def test_an_engine_that_takes_all_that_may_be_asked_of_it_leaves_others_theirs(release: Path, engine: str) -> None:
    async def talk(silent: str) -> None:
        asking, still, other = Client(1), Endpoint(silent), Endpoint(engine)
        stuck = asyncio.create_task(still.send(asking, Question("ASK {}")))
        await until(lambda: still.waiting == 1)
        await asyncio.sleep(0)
        reply = await other.send(asking, Question("SELECT * {}"))
        assert await reply.whole()
        await still.check(asking)  # nor does the watch wait for it
        assert not still.trouble
        stuck.cancel()
        await asyncio.gather(stuck, return_exceptions=True)
        await asking.aclose()

    with faulty(release, silent=True) as url:
        asyncio.run(talk(url))


def test_an_engine_that_says_nothing_is_not_waited_for_when_another_holds_the_release(
    release: Path, engine: str
) -> None:
    async def talk(mute: str) -> str:
        replicas = Replicas([mute, engine], read_manifest(release).release, 8)
        await replicas.begin()
        told = replicas.endpoints[0].trouble
        await replicas.aclose()
        return told

    with socket.create_server(("127.0.0.1", 0)) as server:
        assert asyncio.run(talk(f"http://127.0.0.1:{server.getsockname()[1]}/query")) == Endpoint("").trouble


# -- what a query is sorted by ----------------------------------------------------------------------------------------------

XSD = "http://www.w3.org/2001/XMLSchema#"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("<http://a/> <http://b/>", True),
        ("'a' 'b'@fr '1'@en", True),
        ("1 2.5 '3'^^<http://www.w3.org/2001/XMLSchema#long>", True),
        ("1e0 2e0", True),
        ("true false", True),
        ("'a'^^<http://a/own> 'b'^^<http://a/own>", True),
        (f"'2020-01-01'^^<{XSD}date> '2020-01-02'^^<{XSD}date>", True),
        (f"'2020'^^<{XSD}gYear>", True),
        ("1 'a'", False),
        ("1 1e0", False),
        (f"1 'x'^^<{XSD}integer>", False),
        (f"1e0 'NaN'^^<{XSD}double>", False),
        (f"'2020-01-01'^^<{XSD}date> '2020-01-02Z'^^<{XSD}date>", False),
        (f"'2020-01-01'^^<{XSD}date> 'x'^^<{XSD}date>", False),
        (f"'P1M'^^<{XSD}duration> 'P30D'^^<{XSD}duration>", False),
        ("true 'a'", False),
    ],
)
def test_values_of_one_kind_are_told_from_others(values: str, expected: bool) -> None:
    store = ox.Store()
    store.update(f"INSERT {{ ?s <{X}p> ?o }} WHERE {{ VALUES ?o {{ {values} }} BIND(UUID() AS ?s) }}")
    solutions = store.query(kinds_query(f"{X}p"))
    assert isinstance(solutions, ox.QuerySolutions)
    assert compare([{"kind": s["kind"], "sound": s["sound"], "zone": s["zone"]} for s in solutions]) is expected


def test_a_query_goes_as_it_is_worded_once_its_values_are_known_to_compare(release: Path, engine: str) -> None:
    by_name = parse_query(f"SELECT ?s {{ ?s <{LABEL}> ?label }} ORDER BY ?label")
    by_mixed = parse_query(f"SELECT ?s {{ ?s <{X}mixed> ?o }} ORDER BY ?o")

    async def talk(store: Store) -> None:
        assert isinstance(store, RemoteStore)
        sorting = store._sorting
        assert "isNumeric" in sorting.spelled_out(by_name)
        assert "isNumeric" in sorting.spelled_out(by_mixed)
        await until(lambda: not sorting.spelled_out(by_name))
        await until(lambda: f"{X}mixed" not in sorting._comparing._wanted)
        assert "isNumeric" in sorting.spelled_out(by_mixed)
        assert not sorting.spelled_out(parse_query("SELECT ?s { ?s ?p ?o }"))

    with_store(release, [engine], talk)
