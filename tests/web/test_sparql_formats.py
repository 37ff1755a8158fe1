"""Query forms × formats × ways to ask: each answer has its Content-Type and is read by a parser that is not the engine's."""

from __future__ import annotations

import json
import string

import httpx
import pytest
import rdflib
from endpoint import (
    ASK,
    CONSTRUCT,
    CSV,
    DESCRIBE,
    FORM,
    FORMS,
    GRAPHS,
    JSON,
    RESULTS,
    SELECT,
    TSV,
    WAYS,
    XML,
    media_type,
    read_boolean,
    read_graph,
    read_rows,
    read_terms,
    rows,
    send,
)
from exchange import FIREFOX, sparql
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib.compare import to_isomorphic
from rdflib.namespace import RDF, RDFS

from solnum_ld.mediatypes import RESULT_ALIASES

OFFERS = {
    "SELECT": dict.fromkeys(RESULTS.values()),
    "ASK": dict.fromkeys(RESULTS.values()),
    "CONSTRUCT": dict.fromkeys(GRAPHS.values()),
    "DESCRIBE": dict.fromkeys(GRAPHS.values()),
}
MATRIX = [(form, kind) for form, kinds in OFFERS.items() for kind in kinds]
SHORT = [(form, name) for form in OFFERS for name in (RESULTS if form in ("SELECT", "ASK") else GRAPHS)]
CHARSET = {"text/csv", "text/tab-separated-values", "text/turtle"}


def assert_right(form: str, answer: httpx.Response, kind: str) -> None:
    """Check the type, and that the body says what the small source says."""
    assert answer.status_code == 200, answer.text
    assert media_type(answer) == kind
    assert ("charset=utf-8" in answer.headers["content-type"].lower()) == (kind in CHARSET)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if form == "SELECT":
        assert read_rows(answer.content, kind) == [{"n": "47"}]
    elif form == "ASK":
        assert read_boolean(answer.content, kind) is True
    else:
        graph = read_graph(answer.content, kind)
        values = {float(value) for value in graph.objects() if isinstance(value, rdflib.Literal) and str(value) == "47"}
        assert values == {47.0}
        assert (len(graph) == 1) == (form == "CONSTRUCT")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("form", "kind"), MATRIX)
def test_every_form_is_answered_in_every_format_of_its_own(form: str, kind: str, way: str, http: httpx.Client) -> None:
    answer = send(http, way, FORMS[form], headers={"accept": kind})
    assert_right(form, answer, kind)
    assert "accept" in answer.headers["vary"].lower()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("form", "name"), SHORT)
def test_format_parameter_goes_before_accept(form: str, name: str, way: str, http: httpx.Client) -> None:
    kind = {**RESULTS, **GRAPHS}[name]
    for value in (name, kind):
        for accept in (FIREFOX, "image/png"):
            assert_right(form, send(http, way, FORMS[form], [("format", value)], {"accept": accept}), kind)


def test_format_of_a_direct_post_is_in_the_address(http: httpx.Client) -> None:
    answer = http.post(
        "sparql?format=csv", content=SELECT.encode(), headers={"content-type": "application/sparql-query"}
    )
    assert_right("SELECT", answer, CSV)
    answer = http.post("sparql?format=xml", content=b"query=ASK+%7B%7D", headers={"content-type": FORM})
    assert media_type(answer) in {JSON, XML}


ACCEPTS = [
    (SELECT, None, JSON),
    (SELECT, "", JSON),
    (SELECT, "*/*", JSON),
    (SELECT, "application/*", JSON),
    (SELECT, "text/*", CSV),
    (SELECT, FIREFOX, None),
    (SELECT, f"{CSV};q=0.5, {JSON};q=0.4, {XML};q=0.6", XML),
    (SELECT, f"{CSV};q=0, */*", JSON),
    (SELECT, f"{JSON};q=0, */*;q=0.1", None),
    (SELECT, f"{JSON};q=0.1, image/png;q=1, {TSV};q=0.2", TSV),
    (SELECT, f"text/turtle, {CSV}", CSV),
    (SELECT, f"{CSV}; header=present", CSV),
    (SELECT, "APPLICATION/SPARQL-RESULTS+XML", XML),
    (SELECT, f"{XML};q=0.001", XML),
    (ASK, f"text/boolean, {XML}, {JSON};q=0.5", XML),
    (CONSTRUCT, None, "text/turtle"),
    (CONSTRUCT, "*/*", "text/turtle"),
    (CONSTRUCT, FIREFOX, None),
    (CONSTRUCT, f"{JSON}, application/n-triples;q=0.1", "application/n-triples"),
    (CONSTRUCT, "application/rdf+xml, text/turtle;q=0.9", "application/rdf+xml"),
    (DESCRIBE, "application/ld+json", "application/ld+json"),
]


@pytest.mark.parametrize(("query", "accept", "kind"), ACCEPTS)
@pytest.mark.parametrize("way", WAYS)
def test_preferences_are_weighed(
    query: str, accept: str | None, kind: str | None, way: str, http: httpx.Client
) -> None:
    answer = send(http, way, query, headers={} if accept is None else {"accept": accept})
    assert answer.status_code == 200
    if kind is not None:
        assert media_type(answer) == kind


@pytest.mark.parametrize("kind", ["application/json", "application/xml"])
def test_a_generic_type_gets_its_kind_of_results(kind: str, http: httpx.Client) -> None:
    """What many clients send; the answer is of the same syntax, under either name."""
    answer = send(http, "form", SELECT, headers={"accept": kind})
    specific = JSON if kind == "application/json" else XML
    assert media_type(answer) in {kind, specific}
    assert read_rows(answer.content, specific) == [{"n": "47"}]


def test_all_lines_of_accept_count(http: httpx.Client) -> None:
    answer = http.get(sparql(SELECT), headers=[("accept", f"{JSON};q=0.2"), ("accept", f"{XML};q=0.3")])
    assert media_type(answer) == XML


# -- the same solutions in every format ----------------------------------------------------------------------------------

TERMS = """
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT ?name ?term { VALUES (?name ?term) {
  ("iri" <http://x.example/é>) ("plain" "a,b\\"c\\nd\\te\\\\f & <g> ' ") ("french" "été"@fr) ("region" "x"@en-GB) ("integer" 5)
  ("decimal" 1.5) ("boolean" true) ("date" "2011-01-01"^^xsd:date) ("other" "x"^^<http://x.example/t>) ("empty" "") ("astral" "😀")
  ("unbound" UNDEF) } }"""


def test_every_term_survives_every_format(http: httpx.Client) -> None:
    exact = {row["name"][1]: row.get("term") for row in read_terms(send(http, "form", TERMS).content)}
    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert exact == {
        "iri": ("uri", "http://x.example/é", None),
        "plain": ("literal", "a,b\"c\nd\te\\f & <g> ' ", None),
        "french": ("literal", "été", "fr"),
        "region": ("literal", "x", exact["region"][2]),
        "integer": ("literal", "5", f"{xsd}integer"),
        "decimal": ("literal", "1.5", f"{xsd}decimal"),
        "boolean": ("literal", "true", f"{xsd}boolean"),
        "date": ("literal", "2011-01-01", f"{xsd}date"),
        "other": ("literal", "x", "http://x.example/t"),
        "empty": ("literal", "", None),
        "astral": ("literal", "😀", None),
        "unbound": None,
    }
    assert exact["region"][2].lower() == "en-gb"
    expected = {name: term[1] for name, term in exact.items() if term and term[1]}
    for kind in dict.fromkeys(RESULTS.values()):
        found = {
            row["name"]: row.get("term")
            for row in read_rows(send(http, "form", TERMS, headers={"accept": kind}).content, kind)
        }
        assert {name: value for name, value in found.items() if value} == expected, kind


def test_heads_name_the_variables_even_of_no_row(http: httpx.Client) -> None:
    query = "SELECT ?b ?a { ?a <http://nowhere.example/p> ?b }"
    assert send(http, "form", query).json() == {"head": {"vars": ["b", "a"]}, "results": {"bindings": []}}
    assert send(http, "form", query, headers={"accept": CSV}).text.split() == ["b,a"]
    assert send(http, "form", query, headers={"accept": TSV}).text.split() == ["?b", "?a"]
    root = send(http, "form", query, headers={"accept": XML}).text
    assert root.index('name="b"') < root.index('name="a"')


@pytest.mark.parametrize("kind", dict.fromkeys(RESULTS.values()))
def test_large_results_arrive_whole(kind: str, http: httpx.Client) -> None:
    query = "SELECT ?a ?b { ?a <https://schema.org/about> ?x . ?b <https://schema.org/isPartOf> ?y }"
    found = read_rows(send(http, "form", query, headers={"accept": kind}).content, kind)
    assert len(found) == 2_500 * 4
    assert len({(row["a"], row["b"]) for row in found}) == 2_500 * 4


@pytest.mark.parametrize("kind", GRAPHS.values())
def test_graphs_are_the_same_in_every_format(kind: str, http: httpx.Client) -> None:
    query = """CONSTRUCT { ?s ?p ?o . [] <http://x.example/of> ?s ; <http://x.example/label> "<é> & \\"q\\""@fr }
        WHERE { ?s a <https://schema.org/Chapter> ; ?p ?o }"""
    graphs = [
        to_isomorphic(read_graph(send(http, "form", query, headers={"accept": one}).content, one))
        for one in (kind, "application/n-triples")
    ]
    assert len(graphs[0]) > 10
    assert graphs[0] == graphs[1]


def test_rdf_xml_is_not_given_where_it_cannot_be_written(http: httpx.Client) -> None:
    query = "CONSTRUCT WHERE { ?s <http://vocab.example.net/1> ?o }"
    answer = send(http, "form", query, headers={"accept": "application/rdf+xml"})
    assert answer.status_code == 406
    assert "application/rdf+xml" not in {offer["type"] for offer in answer.json()["offers"]}
    answer = send(http, "form", query, headers={"accept": "application/rdf+xml, text/turtle;q=0.5"})
    assert (answer.status_code, len(read_graph(answer.content, media_type(answer)))) == (200, 1)


def test_json_ld_needs_no_remote_context(http: httpx.Client) -> None:
    document = send(http, "form", DESCRIBE, headers={"accept": "application/ld+json"}).json()
    contexts = document.get("@context", {}) if isinstance(document, dict) else {}
    assert not isinstance(contexts, str)
    assert not any(isinstance(part, str) for part in (contexts if isinstance(contexts, list) else [contexts]))


# -- DESCRIBE ------------------------------------------------------------------------------------------------------------


def described(client: httpx.Client, query: str) -> rdflib.Graph:
    answer = send(client, "form", query, headers={"accept": "application/n-triples"})
    assert answer.status_code == 200, answer.text
    return read_graph(answer.content, "application/n-triples")


def test_description_is_concise_and_bounded(http: httpx.Client) -> None:
    base = str(http.base_url)
    chapter = rdflib.URIRef(f"{base}id/chapter/2")
    graph = described(http, f"DESCRIBE <{chapter}>")
    (address,) = graph.objects(chapter, rdflib.URIRef("https://schema.org/address"))
    assert isinstance(address, rdflib.BNode)
    assert graph.value(address, rdflib.URIRef("https://schema.org/streetAddress"))
    book = rdflib.URIRef(f"{base}id/book")
    assert set(graph.objects(book, RDFS.label)), "the labels of what it mentions"
    topic = rdflib.URIRef(f"{base}id/topic")
    hub = described(http, f"DESCRIBE <{topic}>")
    assert (topic, RDFS.label, rdflib.Literal("Topic")) in hub
    assert len(hub) < 1_500, "2,500 things mention it"


def test_description_of_several_and_of_nothing(http: httpx.Client) -> None:
    chapters = described(http, "DESCRIBE ?c WHERE { ?c a <https://schema.org/Chapter> }")
    kind = rdflib.URIRef("https://schema.org/Chapter")
    assert len(set(chapters.subjects(RDF.type, kind))) == 2
    assert len(described(http, "DESCRIBE <http://nowhere.example/x>")) == 0
    assert len(described(http, "DESCRIBE ?c WHERE { ?c a <http://nowhere.example/x> }")) == 0
    both = described(http, "DESCRIBE * WHERE { ?c a <https://schema.org/Chapter> ; <https://schema.org/isPartOf> ?b }")
    assert len(both) > len(chapters)
    two = described(http, f"DESCRIBE <{http.base_url}id/chapter/1> <{http.base_url}id/chapter/2>")
    assert set(two) == set(chapters) or to_isomorphic(two) == to_isomorphic(chapters)


# -- any header ----------------------------------------------------------------------------------------------------------

RANGES = [*RESULTS.values(), *GRAPHS.values(), "*/*", "application/*", "text/*", "image/png", "text/html"]
WEIGHTS = st.sampled_from(["", ";q=0", ";q=0.0", ";q=1", ";q=0.5", ";q=0.25", "; q=0.999", ";q=0.001"])
HEADERS = st.lists(st.tuples(st.sampled_from(RANGES), WEIGHTS), min_size=1, max_size=6)
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def quality(kind: str, ranges: list[tuple[str, str]]) -> float:
    """Return how much a header wants a media type: its most specific range decides (RFC 9110, 12.5.1)."""
    best = (-1, 0.0)
    for name, weight in ranges:
        precise = 2 if name == kind else 1 if name == f"{kind.partition('/')[0]}/*" else 0 if name == "*/*" else None
        if precise is not None:
            q = float(weight.partition("q=")[2] or 1)
            best = max(best, (precise, q))
    return best[1]


@QUICK
@given(ranges=HEADERS, form=st.sampled_from(sorted(FORMS)), way=st.sampled_from(WAYS))
def test_any_accept_gets_the_most_wanted_or_406(
    ranges: list[tuple[str, str]], form: str, way: str, http: httpx.Client
) -> None:
    header = ", ".join(f"{name}{weight}" for name, weight in ranges)
    answer = send(http, way, FORMS[form], headers={"accept": header})
    aliases = [kind.media_type for kind in RESULT_ALIASES] if form in ("SELECT", "ASK") else []
    offered = [*OFFERS[form], *aliases, *(["text/html"] if way == "get" else [])]
    wanted = {kind: quality(kind, ranges) for kind in offered}
    if max(wanted.values()) > 0:
        assert answer.status_code == 200, header
        assert wanted[media_type(answer)] == max(wanted.values()), header
    else:
        assert answer.status_code == 406, header


TOKENS = 'text application sparql-results+json / ; , q = 0 1 0.5 * */* csv " \\ é \t : charset=utf-8'.split(" ")


@QUICK
@given(parts=st.lists(st.sampled_from([*TOKENS, " "]), max_size=12))
def test_no_accept_header_is_an_internal_error(parts: list[str], http: httpx.Client) -> None:
    header = "".join(parts).strip().encode()
    assert http.get(sparql(ASK), headers=[(b"accept", header)]).status_code in {200, 400, 406}


NAMES = st.sampled_from(
    ["query", "update", "format", "default-graph-uri", "named-graph-uri", "using-graph-uri", "x", "", "é"]
)
VALUES = st.one_of(
    st.sampled_from(
        ["ASK {}", "SELECT * {}", "CONSTRUCT WHERE {}", "DESCRIBE <x:y>", "CLEAR ALL", "json", "ttl", "http://x/", "x"]
    ),
    st.text(string.printable + "é\0\u2028😀", max_size=12),
)
KINDS = st.sampled_from(
    [None, FORM, "application/sparql-query", "application/sparql-update", "text/plain", f"{FORM};charset=x", "é"]
)
RAW = st.one_of(st.binary(max_size=40), st.just(b"query=ASK+%7B%7D"), st.just(b"ASK {}"))


@QUICK
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
    parameters=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    kind=KINDS,
    body=RAW,
)
def test_no_request_is_an_internal_error(
    method: str, parameters: list[tuple[str, str]], kind: str | None, body: bytes, http: httpx.Client
) -> None:
    headers = {"content-type": kind.encode()} if kind else {}
    answer = http.request(
        method, "sparql", params=parameters, headers=headers, content=body if method != "GET" else None
    )
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.json()["status"] == answer.status_code


PIECES = [
    "SELECT", "ASK", "CONSTRUCT", "DESCRIBE", "*", "?s", "?p", "?o", "WHERE", "{", "}", "(", ")", "[", "]", ".", ";", ",", "a", "1",
    "-1", "1e9", '"x"', "'y'@fr", '"5"^^<x:t>', "<http://x/>", "p:q", "PREFIX p: <http://x/>", "BASE <http://x/>", "FILTER", "BIND",
    "AS", "OPTIONAL", "UNION", "MINUS", "GRAPH", "VALUES", "UNDEF", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "OFFSET", "DISTINCT",
    "COUNT", "SAMPLE", "NOT EXISTS", "EXISTS", "IN", "+", "/", "|", "^", "!", "=", "<", "&&", "IF", "COALESCE", "REGEX", "STR", "\n",
    "# c\n", "\\", "\\u0041", "_:b", "[]", "()", "<<", ">>", "true", "INSERT", "SERVICE", "FROM", "LATERAL", "é", "\0", "@", "^^",
]  # fmt: skip


@QUICK
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=25), whole=st.booleans())
def test_no_text_of_a_query_is_an_internal_error(pieces: list[str], whole: bool, http: httpx.Client) -> None:
    text = " ".join(pieces)
    query = f"SELECT * {{ {text} }} LIMIT 5" if whole else text
    answer = send(http, "direct", query)
    assert answer.status_code in {200, 400, 403}, (query, answer.text)
    if answer.status_code == 200 and media_type(answer) == JSON:
        json.loads(answer.content)


def test_results_in_json_are_what_the_source_says(http: httpx.Client) -> None:
    (row,) = rows(http, "SELECT (COUNT(*) AS ?n) { ?s <https://schema.org/about> ?o }")
    assert row["n"] == "2500"
