"""The SPARQL endpoint: the parts of the protocol that it speaks, in the formats it offers, by workers that may be killed."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from exchange import FIREFOX, client_of, graph_of, sparql

from support import Server, serving

SELECT = "PREFIX s: <https://schema.org/> SELECT ?n { ?b a s:Book ; s:numberOfPages ?n }"
ASK = "ASK { ?s ?p 47 }"
CONSTRUCT = "CONSTRUCT { ?s <http://x.example/n> ?n } WHERE { ?s <https://schema.org/numberOfPages> ?n }"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
JSON = "application/sparql-results+json"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        (SELECT, None, JSON),
        (SELECT, "*/*", JSON),
        (SELECT, JSON, JSON),
        (SELECT, "text/csv", "text/csv; charset=utf-8"),
        (SELECT, f"text/csv;q=0.5, {JSON}", JSON),
        (SELECT, FIREFOX, JSON),
        (ASK, None, JSON),
        (CONSTRUCT, None, "text/turtle; charset=utf-8"),
        (CONSTRUCT, "text/turtle", "text/turtle; charset=utf-8"),
        (CONSTRUCT, "application/n-triples", "application/n-triples"),
    ],
)
def test_a_query_is_answered_in_the_format_that_is_accepted(
    http: httpx.Client, method: str, query: str, accept: str | None, media_type: str
) -> None:
    answer = send(http, method, query, {"accept": accept} if accept else {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert "accept" in answer.headers["vary"].lower()


def send(client: httpx.Client, method: str, query: str, headers: dict[str, str]) -> httpx.Response:
    """Send a query in the way of the protocol that a method stands for."""
    if method == "GET":
        return client.get(sparql(query), headers=headers)
    return client.post("sparql", data={"query": query}, headers=headers)


def test_results_are_right_in_every_format(http: httpx.Client) -> None:
    bindings = http.get(sparql(SELECT)).json()["results"]["bindings"]
    assert bindings == [
        {"n": {"type": "literal", "value": "47", "datatype": "http://www.w3.org/2001/XMLSchema#integer"}}
    ]
    text = http.get(sparql(SELECT), headers={"accept": "text/csv"}).text
    assert list(csv.reader(io.StringIO(text))) == [["n"], ["47"]]
    assert http.get(sparql(ASK)).json()["boolean"] is True
    assert http.get(sparql("ASK { ?s ?p 4747 }")).json()["boolean"] is False
    turtle = graph_of(http.get(sparql(CONSTRUCT)).content, "ttl")
    triples = graph_of(http.get(sparql(CONSTRUCT), headers={"accept": "application/n-triples"}).content, "nt")
    assert set(turtle) == set(triples)
    assert len(turtle) == 1


def test_a_triple_in_a_named_graph_counts_once(http: httpx.Client) -> None:
    (row,) = http.get(sparql("SELECT (COUNT(*) AS ?n) { ?s <https://schema.org/about> ?o }")).json()["results"][
        "bindings"
    ]
    assert row["n"]["value"] == "2500"
    named = sparql(f"ASK {{ GRAPH <{http.base_url}graph/things> {{ ?s ?p 47 }} }}")
    assert http.get(named).json()["boolean"] is True


@pytest.mark.parametrize(
    ("name", "media_type"), [("csv", "text/csv"), ("srj", JSON), ("json", JSON), ("text/csv", "text/csv")]
)
def test_the_parameter_format_goes_before_accept(http: httpx.Client, name: str, media_type: str) -> None:
    answer = http.get(sparql(SELECT, format=name), headers={"accept": FIREFOX})
    assert answer.headers["content-type"].partition(";")[0] == media_type


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("", id="empty"),
        pytest.param("SELECT", id="half"),
        pytest.param("SELECT * WHERE { ?s ?p ?o", id="open"),
        pytest.param("hello", id="no query"),
        pytest.param("DESCRIBE <http://a/>", id="describe"),
        pytest.param("INSERT DATA { <http://a/> <http://b/> 1 }", id="insert"),
        pytest.param("DELETE WHERE { ?s ?p ?o }", id="delete"),
        pytest.param("CLEAR ALL", id="clear"),
        pytest.param("LOAD <file:///etc/passwd>", id="load"),
        pytest.param("PREFIX a: <http://a/> DROP ALL", id="drop after a prefix"),
        pytest.param("ASK { ?s ?p '\0' }", id="NUL"),
        pytest.param("SELECT * { ?s unknown:p ?o }", id="unknown prefix"),
        pytest.param("SELECT * { ?s ?p ?o } ; DROP ALL", id="two operations"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_no_query_is_a_bad_request(http: httpx.Client, method: str, query: str) -> None:
    answer = send(http, method, query, {})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


def test_a_query_must_be_sent_once(http: httpx.Client) -> None:
    assert http.get("sparql?query=ASK%7B%7D&query=ASK%7B%7D").status_code == 400
    twice = http.post("sparql", content=b"query=ASK%7B%7D&query=ASK%7B%7D", headers={"content-type": FORM})
    assert twice.status_code == 400
    assert http.post("sparql", content=b"", headers={"content-type": FORM}).status_code == 400
    assert http.post("sparql", content=b"query=%FF", headers={"content-type": FORM}).status_code == 400


@pytest.mark.parametrize(("query", "accept"), [(SELECT, "text/turtle"), (ASK, "image/png"), (CONSTRUCT, JSON)])
def test_a_format_that_the_query_form_lacks_is_not_acceptable(http: httpx.Client, query: str, accept: str) -> None:
    answer = http.get(sparql(query), headers={"accept": accept})
    assert answer.status_code == 406
    for offer in answer.json()["offers"]:
        assert http.get(offer["href"], headers={"accept": "*/*"}).status_code == 200
        assert http.get(sparql(query), headers={"accept": offer["type"]}).status_code == 200


def test_nobody_is_asked_on_behalf_of_a_visitor(http: httpx.Client) -> None:
    for query in (
        "SELECT * { SERVICE <http://127.0.0.1:9/sparql> { ?s ?p ?o } }",
        "SELECT * { SERVICE SILENT <http://127.0.0.1:9/sparql> { ?s ?p ?o } }",
    ):
        answer = http.get(sparql(query))
        assert answer.status_code in {200, 400, 503}
        if answer.status_code == 200:
            assert answer.json()["results"]["bindings"] in ([], [{}])


@pytest.mark.parametrize("function", ["RAND()", "NOW()", "UUID()", "STRUUID()"])
def test_an_answer_that_would_change_is_not_kept(http: httpx.Client, function: str) -> None:
    query = sparql(f"SELECT ({function} AS ?x) {{}}")
    first, second = http.get(query), http.get(query)
    assert first.headers["cache-control"] == "no-store"
    assert first.content != second.content


def test_a_get_answer_has_a_validator_and_a_post_answer_is_not_kept(http: httpx.Client) -> None:
    first = http.get(sparql(SELECT))
    again = http.get(sparql(SELECT), headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert send(http, "POST", SELECT, {}).headers["cache-control"] == "no-store"


def test_without_a_query_people_get_a_form_that_asks(http: httpx.Client) -> None:
    answer = http.get("sparql", headers={"accept": FIREFOX})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    example = answer.text.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    query = example.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"').replace("&amp;", "&")
    assert http.get(sparql(query, format="srj")).json()["results"]["bindings"]


# -- workers -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hurried(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose visitors' queries may take a second, one at a time."""
    releases = tmp_path_factory.mktemp("hurried")
    with serving(small, releases, "--query-timeout", "1", "--workers", "1") as running:
        yield running


def workers(server: Server) -> set[int]:
    """Return the ids of the query workers that a server has started, as the kernel tells."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    lines = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children.split()}
    return {child for child, line in lines.items() if b"solnum_ld.store.worker" in line}


def test_an_endless_query_ends_at_the_limit_and_the_service_is_well(hurried: Server) -> None:
    with client_of(hurried.base) as client, ThreadPoolExecutor(1) as visitor:
        assert client.get(sparql(ASK)).status_code == 200
        (before,) = workers(hurried)
        endless = visitor.submit(httpx.get, f"{hurried.base}{sparql(ENDLESS)[1:]}", timeout=30, trust_env=False)
        while not endless.done():
            assert client.get("health/live").status_code == 200
            assert client.get("doc/book").status_code == 200
        answer = endless.result()
        assert (answer.status_code, answer.headers["content-type"]) == (504, "application/problem+json")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert client.get(sparql("ASK { ?s ?p 'after' }")).json()["boolean"] is False
        assert before not in workers(hurried)


def test_a_killed_worker_leaves_the_service_well(hurried: Server) -> None:
    with client_of(hurried.base) as client:
        for number in range(3):
            assert client.get(sparql(f"ASK {{ ?s ?p {number} }}")).status_code == 200
            for worker in workers(hurried):
                os.kill(worker, signal.SIGKILL)
            statuses = [client.get(sparql(f"ASK {{ ?s ?p {number}.{n} }}")).status_code for n in range(2)]
            assert statuses[0] in {200, 503}  # the first may meet the worker that has just died
            assert statuses[1] == 200


@pytest.mark.parametrize(
    "opening", ["ASK {" + "{" * 20_000, "ASK { FILTER(" + "(" * 20_000, "SELECT (1" + "+1" * 20_000 + " AS ?x) {}"]
)
def test_a_query_that_breaks_the_parser_breaks_nothing_else(hurried: Server, opening: str) -> None:
    with client_of(hurried.base) as client:
        assert client.post("sparql", data={"query": opening}).status_code in {200, 400, 503, 504}
        assert client.get(sparql(ASK)).json()["boolean"] is True


def test_many_visitors_at_once_are_all_answered(http: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as visitors:
        answers = list(visitors.map(lambda n: http.get(sparql(f"SELECT ({n} AS ?n) {{}}")).json(), range(40)))
    values = [answer["results"]["bindings"][0]["n"]["value"] for answer in answers]
    assert values == [str(n) for n in range(40)]
