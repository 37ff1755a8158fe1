"""Corners where an endpoint goes wrong in silence: characters, rare forms of queries, rows that are hard to count, old HTTP."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from endpoint import ENDLESS, JSON, XML, assert_problem, media_type, read_rows, send
from exchange import client_of, parse_answer, sparql

from support import Server, serving

ROWS = 100


@pytest.fixture(scope="module")
def narrow(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that gives few rows and little time."""
    options = ["--max-rows", str(ROWS), "--query-timeout", "2", "--workers", "1"]
    with serving(small, tmp_path_factory.mktemp("narrow"), *options) as running:
        yield running


@pytest.fixture(scope="module")
def client(narrow: Server) -> Iterator[httpx.Client]:
    with client_of(narrow.base) as one:
        yield one


# -- characters -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", [XML, "application/xml", "text/xml"])
@pytest.mark.parametrize("character", ["\\u0001", "\\uFFFE", "\\uFFFF"])
def test_what_xml_cannot_write_is_refused_at_once_or_written_otherwise(
    character: str, accept: str, client: httpx.Client
) -> None:
    query = f'SELECT ("{character}" AS ?x) {{}}'
    assert_problem(send(client, "form", query, headers={"accept": accept}), 406)
    assert media_type(send(client, "form", query, headers={"accept": f"{accept}, text/csv;q=0.1"})) == "text/csv"


def test_xml_gives_back_the_very_characters(client: httpx.Client) -> None:
    body = send(client, "form", r'SELECT ("a\rb\r\nc\td" AS ?x) {}', headers={"accept": XML}).content
    assert read_rows(body, XML) == [{"x": "a\rb\r\nc\td"}]
    ET.fromstring(body)


@pytest.mark.parametrize(
    "query",
    [
        r'SELECT * { ?s ?p "\u0061", "\U0001F600" }',
        r"SELECT * { ?s <http://x.example/\u0061> ?o }",
        r'DESCRIBE ?x { ?x ?p "\u0062n" }',
        "SELECT * { ?a\u00b7b ?p 47 }",
    ],
)
def test_escapes_of_codepoints_are_no_mistake(query: str, client: httpx.Client) -> None:
    assert send(client, "form", query).status_code == 200
    assert_problem(send(client, "form", query, headers={"accept": "image/png"}), 406)


def test_a_mistake_after_an_escape_has_its_own_place(client: httpx.Client) -> None:
    problem = assert_problem(send(client, "form", r'SELECT * { ?s ?p "\u00e9" . oops }'), 400)
    assert problem["column"] == 29


def test_bad_utf8_is_refused_whatever_the_cache_holds(client: httpx.Client) -> None:
    bad, good = (f"sparql?query={quote('ASK { ?s ?p ')}%22{code}%22%20%7D" for code in ("%FF", "%EF%BF%BD"))
    assert [client.get(address).status_code for address in (bad, good, bad)] == [400, 200, 400]


def test_a_function_that_looks_like_an_iri_still_changes(client: httpx.Client) -> None:
    query = "SELECT (0.5<RAND()&&2>1 AS ?x) {}"
    assert send(client, "get", query).headers["cache-control"] == "no-store"


# -- rare forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "DESCRIBE ?x VALUES ?x { <http://x.example/a> }",
        "DESCRIBE <http://x.example/a> VALUES ?x { 1 }",
        "DESCRIBE ?x ?x { ?x ?p 47 }",
        "DESCRIBE <http://x.example/a> LIMIT 1",
        "DESCRIBE * { ?x ?p 47 } ORDER BY ?x LIMIT 1",
    ],
)
def test_describe_takes_every_form_of_the_grammar(query: str, client: httpx.Client) -> None:
    assert send(client, "form", query).status_code == 200


def test_describe_is_bounded_in_triples(client: httpx.Client) -> None:
    assert_problem(send(client, "form", "DESCRIBE ?s { ?s ?p ?o }"), 403)


def test_describe_over_named_graphs_finds_their_triples(graphs: httpx.Client) -> None:
    base = str(graphs.base_url)
    (graph, *_) = read_rows(send(graphs, "form", "SELECT ?g { GRAPH ?g { ?s ?p 1 } }").content, JSON)
    query = f"DESCRIBE ?s FROM NAMED <{graph['g']}> {{ GRAPH ?g {{ ?s ?p 1 }} }}"
    answer = send(graphs, "form", query, headers={"accept": "application/n-triples"})
    assert answer.status_code == 200
    assert answer.text.strip(), base


@pytest.mark.parametrize(
    "query",
    [
        "ASK FROM {}",
        "ASK FROM FROM <http://x.example/g> {}",
        "SELECT ?s { ?s ?p ?o } FROM <http://x.example/g>",
        "SELECT ?s { ?s ?p ?o } LIMIT 1 FROM <http://x.example/g>",
        "SELECT ?s FROM <http://x.example/g> ?p FROM <http://x.example/h> { ?s ?p ?o }",
    ],
)
def test_dataset_clauses_stand_where_the_grammar_has_them(query: str, client: httpx.Client) -> None:
    assert_problem(send(client, "form", query), 400)


def test_an_undeclared_prefix_of_a_graph_has_its_place(client: httpx.Client) -> None:
    problem = assert_problem(send(client, "form", "SELECT * FROM ex:g {}"), 400)
    assert (problem["line"], problem["column"]) == (1, 15)


# -- rows -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [JSON, XML, "text/csv", "text/tab-separated-values"])
@pytest.mark.parametrize("name", ["?s", "?nothing"])
def test_rows_are_counted_with_and_without_bindings(name: str, kind: str, client: httpx.Client) -> None:
    query = f"SELECT {name} {{ ?s ?p ?o . ?a ?b ?c }} LIMIT "
    assert send(client, "form", f"{query}{ROWS}", headers={"accept": kind}).status_code == 200
    assert_problem(send(client, "form", f"{query}{ROWS + 1}", headers={"accept": kind}), 403)


def test_line_ends_within_a_value_are_no_rows(client: httpx.Client) -> None:
    query = r'SELECT ("a\r\n\"b\r\nc" AS ?x) { ?s ?p ?o } LIMIT '
    assert send(client, "form", f"{query}{ROWS}", headers={"accept": "text/csv"}).status_code == 200
    assert_problem(send(client, "form", f"{query}{ROWS + 1}", headers={"accept": "text/csv"}), 403)


# -- time -----------------------------------------------------------------------------------------------------------------


def test_the_same_endless_question_of_many_ends_for_all_at_the_limit(client: httpx.Client) -> None:
    with ThreadPoolExecutor(3) as visitors:
        answers = list(visitors.map(lambda _: send(client, "get", ENDLESS), range(3)))
    assert {answer.status_code for answer in answers} <= {503, 504}
    assert max(answer.elapsed.total_seconds() for answer in answers) < 2 * 2


# -- old HTTP -------------------------------------------------------------------------------------------------------------


def test_http_1_0_gets_no_chunks(server: Server) -> None:
    query = sparql("SELECT * { ?s ?p ?o }")
    old = parse_answer(server.raw(f"GET /{query.lstrip('/')} HTTP/1.0\r\nHost: x\r\n\r\n".encode()))
    assert old.status == 200
    assert old.header("transfer-encoding") is None
    assert len(read_rows(old.body, JSON)) > 2_000


def test_an_error_is_not_sent_for_the_request_before(server: Server) -> None:
    """Two requests in one packet: the second is no HTTP; its refusal must not look like the answer to the first."""
    slow = sparql("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f }").lstrip("/")
    first = f"GET /{slow} HTTP/1.1\r\nHost: x\r\n\r\n"
    second = "POST /sparql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
    try:
        answer = server.raw((first + second).encode())
    except ConnectionResetError:
        return
    assert not answer or parse_answer(answer).status == 200


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("ASK { FILTER(?a<?b#>) }", "Mettez une espace après"),
        ("ASK { " + "?s ?p ?o . " * 200 + "}", "joint plus de 100 motifs"),
        ("ASK { ?s nowhere:p ?o }", "nowhere: n’est pas déclaré"),
    ],
    ids=["unclear", "long", "prefix"],
)
def test_the_page_says_why_a_query_is_refused(query: str, why: str, client: httpx.Client) -> None:
    page = client.get("sparql", params={"query": query}, headers={"accept": "text/html", "accept-language": "fr"})
    assert page.status_code == 400
    told = html.unescape(page.text.partition('id="mistake"')[2].partition("</div>")[0])
    assert why in told.replace("\u00a0", " ")
    assert ("n’est plus du SPARQL" in told) is (why.startswith("nowhere"))
