"""The cases of the W3C test suite for SPARQL 1.1 Protocol, as our own rows: requests as sent, and what may come back.

https://www.w3.org/2009/sparql/docs/tests/data-sparql11/protocol/ names the cases and describes them in words; the
graphs of the suite have hand-made counterparts here (``write_graphs``). This service is read-only: cases that update are
requests that it must understand and refuse (403), and those that break the rules of an update may be refused for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import httpx
import pytest
from endpoint import (
    CSV,
    DIRECT,
    FORM,
    GRAPHS,
    JSON,
    ONE,
    RESULTS,
    THREE,
    TWO,
    UPDATE,
    XML,
    assert_problem,
    media_type,
    read_boolean,
    read_graph,
    read_rows,
)

DOCUMENT = "http://xmlns.com/foaf/0.1/Document"
BOTH = f"ASK {{ <{ONE}> a <{DOCUMENT}> . <{TWO}> a <{DOCUMENT}> }}"
NAMED = f"ASK {{ GRAPH ?a {{ <{ONE}> a <{DOCUMENT}> }} GRAPH ?b {{ <{TWO}> a <{DOCUMENT}> }} }}"
FULL = (
    f"ASK {{ <{THREE}> a <{DOCUMENT}> . GRAPH ?a {{ <{ONE}> a <{DOCUMENT}> }} GRAPH ?b {{ <{TWO}> a <{DOCUMENT}> }} }}"
)
CONFLICT = f"""ASK FROM <{THREE}> {{ GRAPH ?a {{ <{ONE}> a <{DOCUMENT}> }} GRAPH ?b {{ <{TWO}> a <{DOCUMENT}> }}
  FILTER NOT EXISTS {{ <{THREE}> a <{DOCUMENT}> }} }}"""
DEFAULTS = [("default-graph-uri", ONE), ("default-graph-uri", TWO)]
NAMEDS = [("named-graph-uri", ONE), ("named-graph-uri", TWO)]


@dataclass(frozen=True)
class Case:
    """One request of the suite."""

    name: str
    method: str
    target: str = ""
    content_type: str | None = None
    body: bytes | None = None
    accept: str | None = None


def get(name: str, query: str, *more: tuple[str, str], accept: str | None = None) -> Case:
    return Case(name, "GET", f"?{urlencode([('query', query), *more])}", accept=accept)


def form(name: str, *fields: tuple[str, str]) -> Case:
    return Case(name, "POST", "", FORM, urlencode(fields).encode())


def direct(name: str, query: str, *more: tuple[str, str]) -> Case:
    return Case(name, "POST", f"?{urlencode(more)}" if more else "", DIRECT, query.encode())


def sent(client: httpx.Client, case: Case) -> httpx.Response:
    headers = {
        name: value
        for name, value in (("content-type", case.content_type), ("accept", case.accept))
        if value is not None
    }
    return client.request(case.method, f"sparql{case.target}", content=case.body, headers=headers)


TRUE = [
    get("query_get", "ASK {}"),
    form("query_post_form", ("query", "ASK {}")),
    direct("query_post_direct", "ASK {}"),
    get("query_dataset_default_graphs_get", BOTH, *DEFAULTS),
    direct("query_dataset_default_graphs_post", BOTH, *DEFAULTS),
    form("query_dataset_default_graphs_post (form)", ("query", BOTH), *DEFAULTS),
    get("query_dataset_named_graphs_get", NAMED, *NAMEDS),
    direct("query_dataset_named_graphs_post", NAMED, *NAMEDS),
    form("query_dataset_named_graphs_post (form)", ("query", NAMED), *NAMEDS),
    get("query_dataset_full (get)", FULL, ("default-graph-uri", THREE), *NAMEDS),
    direct("query_dataset_full", FULL, ("default-graph-uri", THREE), *NAMEDS),
    form("query_dataset_full (form)", ("query", FULL), ("default-graph-uri", THREE), *NAMEDS),
    get("query_multiple_dataset (get)", CONFLICT, ("default-graph-uri", TWO), *NAMEDS),
    direct("query_multiple_dataset", CONFLICT, ("default-graph-uri", TWO), *NAMEDS),
]


@pytest.mark.parametrize("case", TRUE, ids=lambda case: case.name)
def test_query_is_answered_with_true(case: Case, graphs: httpx.Client) -> None:
    answer = sent(graphs, case)
    assert answer.status_code == 200, answer.text
    assert media_type(answer) == JSON
    assert read_boolean(answer.content, JSON) is True


@pytest.mark.parametrize(
    ("case", "kinds"),
    [
        (get("query_content_type_select", "SELECT (1 AS ?value) {}"), set(RESULTS.values())),
        (get("query_content_type_ask", "ASK {}"), {JSON, XML}),
        (get("query_content_type_describe", f"DESCRIBE <{ONE}>"), set(GRAPHS.values())),
        (get("query_content_type_construct", "CONSTRUCT { <x:s> <x:p> 1 } WHERE {}"), set(GRAPHS.values())),
    ],
    ids=lambda case: getattr(case, "name", ""),
)
def test_answer_has_a_media_type_of_the_query_form(case: Case, kinds: set[str], graphs: httpx.Client) -> None:
    answer = sent(graphs, case)
    assert answer.status_code == 200, answer.text
    kind = media_type(answer)
    assert kind in kinds
    if kind in GRAPHS.values():
        assert len(read_graph(answer.content, kind)) > 0
    elif case.name == "query_content_type_ask":
        assert read_boolean(answer.content, kind)
    else:
        assert read_rows(answer.content, kind) == [{"value": "1"}]


BAD_QUERIES = [
    (Case("bad_query_method", "PUT", "?query=ASK%20%7B%7D"), {405}),
    (get("bad_multiple_queries", "ASK {}", ("query", "SELECT * {}")), {400}),
    (Case("bad_query_wrong_media_type", "POST", "", "text/plain", b"ASK {}"), {415}),
    (Case("bad_query_missing_form_type", "POST", "", None, b"query=ASK%20%7B%7D"), {415}),
    (Case("bad_query_missing_direct_type", "POST", "", None, b"ASK {}"), {415}),
    (Case("bad_query_non_utf8", "POST", "", f"{DIRECT}; charset=UTF-16", "ASK {}".encode("utf-16")), {400, 415}),
    (get("bad_query_syntax", "ASK {"), {400}),
]


@pytest.mark.parametrize(("case", "statuses"), BAD_QUERIES, ids=lambda case: getattr(case, "name", ""))
def test_bad_query_is_refused(case: Case, statuses: set[int], graphs: httpx.Client) -> None:
    assert_problem(sent(graphs, case), *statuses)


INSERT = "INSERT DATA { <x:s> <x:p> <x:o> }"
USING = [("using-graph-uri", ONE), ("using-named-graph-uri", TWO)]
UPDATES = [
    form("update_post_form", ("update", "CLEAR ALL")),
    Case("update_post_direct", "POST", "", UPDATE, b"CLEAR ALL"),
    form("update_dataset_default_graph", ("update", INSERT), ("using-graph-uri", ONE)),
    form("update_dataset_default_graphs", ("update", INSERT), ("using-graph-uri", ONE), ("using-graph-uri", TWO)),
    form("update_dataset_named_graphs", ("update", INSERT), *[("using-named-graph-uri", ONE)]),
    form("update_dataset_full", ("update", INSERT), *USING),
    Case("update_dataset_full (direct)", "POST", f"?{urlencode(USING)}", UPDATE, INSERT.encode()),
    form("update_base_uri", ("update", "CLEAR GRAPH <#>; INSERT DATA { GRAPH <#> { <x:s> <x:p> <x:o> } }")),
]
BAD_UPDATES = [
    (Case("bad_update_get", "GET", "?update=CLEAR%20ALL"), {400, 403, 405}),
    (form("bad_multiple_updates", ("update", "CLEAR NAMED"), ("update", "CLEAR DEFAULT")), {400, 403}),
    (Case("bad_update_wrong_media_type", "POST", "", "text/plain", b"CLEAR NAMED"), {415}),
    (Case("bad_update_missing_form_type", "POST", "", None, b"update=CLEAR%20NAMED"), {415}),
    (
        Case("bad_update_non_utf8", "POST", "", f"{UPDATE}; charset=UTF-16", "CLEAR ALL".encode("utf-16")),
        {400, 403, 415},
    ),
    (Case("bad_update_syntax", "POST", "", UPDATE, b"CLEAR XYZ"), {400, 403}),
    (
        form("bad_update_dataset_conflict", ("update", f"WITH <{ONE}> DELETE {{ ?s ?p ?o }} WHERE {{}}"), *USING),
        {400, 403},
    ),
]


@pytest.mark.parametrize("case", UPDATES, ids=lambda case: case.name)
def test_update_is_understood_and_forbidden(case: Case, graphs: httpx.Client) -> None:
    before = sent(graphs, get("", "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", accept=CSV)).content
    problem = assert_problem(sent(graphs, case), 403)
    assert "read-only" in problem["detail"]
    again = get("", "SELECT (COUNT(*) AS ?n) { ?s ?p ?o # again\n }", accept=CSV)
    assert sent(graphs, again).content == before


@pytest.mark.parametrize(("case", "statuses"), BAD_UPDATES, ids=lambda case: getattr(case, "name", ""))
def test_bad_update_is_refused(case: Case, statuses: set[int], graphs: httpx.Client) -> None:
    assert_problem(sent(graphs, case), *statuses)
