"""Service description: the cases of the W3C test suite (returns RDF, has an endpoint triple, conforms to the schema).

Beyond the suite, what the description says is compared with what the endpoint does (SPARQL 1.1 Service Description).
"""

from __future__ import annotations

import httpx
import pytest
import rdflib
from endpoint import GRAPHS, RESULTS, media_type, number, read_graph, rows, send
from exchange import FIREFOX, client_of
from rdflib.compare import to_isomorphic
from rdflib.namespace import RDF, VOID

from support import Server

SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
FORMATS = rdflib.Namespace("http://www.w3.org/ns/formats/")
DELIVERED = "SPARQL_Results_JSON SPARQL_Results_XML SPARQL_Results_CSV SPARQL_Results_TSV Turtle N-Triples RDF_XML JSON-LD TriG N-Quads"
MEDIA_TYPES = {
    FORMATS[name]: kind
    for name, kind in zip(
        DELIVERED.split(),
        [*dict.fromkeys(RESULTS.values()), *(GRAPHS[s] for s in ("ttl", "nt", "rdf", "jsonld", "trig", "nq"))],
        strict=True,
    )
}


def description(client: httpx.Client, accept: str | None = None) -> rdflib.Graph:
    answer = client.get("sparql", headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    assert "accept" in answer.headers["vary"].lower()
    return read_graph(answer.content, media_type(answer))


def service(graph: rdflib.Graph) -> rdflib.term.Node:
    (found,) = graph.subjects(RDF.type, SD.Service)
    return found


@pytest.mark.parametrize("accept", [None, "*/*", *GRAPHS.values(), "text/turtle;q=0.5, application/rdf+xml"])
def test_returns_rdf(accept: str | None, http: httpx.Client) -> None:
    answer = http.get("sparql", headers={"accept": accept} if accept else {})
    assert answer.status_code == 200
    kind = media_type(answer)
    assert kind in GRAPHS.values()
    if accept in GRAPHS.values():
        assert kind == accept
    assert to_isomorphic(read_graph(answer.content, kind)) == to_isomorphic(description(http, "application/n-triples"))


def test_has_an_endpoint_triple(http: httpx.Client) -> None:
    graph = description(http)
    assert set(graph.subject_objects(SD.endpoint)) == {(service(graph), rdflib.URIRef(f"{http.base_url}sparql"))}


def test_endpoint_is_the_public_one_where_names_lie_elsewhere(apart: Server) -> None:
    with client_of(apart.base) as client:
        graph = description(client)
    assert {str(found) for found in graph.objects(None, SD.endpoint)} == {f"{apart.base}sparql"}
    assert str(service(graph)).startswith("https://w3id.example.org/x/")


def test_conforms_to_the_schema(http: httpx.Client) -> None:
    """Domains and ranges of the vocabulary, as far as what is said touches them (W3C case ``conforms-to-schema``)."""
    graph = description(http)
    nodes = {SD.Service: SD.endpoint, SD.Dataset: SD.defaultGraph, SD.NamedGraph: SD.name}
    for kind, needed in nodes.items():
        for node in graph.subjects(RDF.type, kind):
            assert (node, needed, None) in graph, (kind, node)
    for predicate in (SD.endpoint, SD.resultFormat, SD.supportedLanguage, SD.feature, SD.defaultDataset):
        assert set(graph.subjects(predicate, None)) <= set(graph.subjects(RDF.type, SD.Service))
    for predicate, kind in ((SD.defaultDataset, SD.Dataset), (SD.namedGraph, SD.NamedGraph), (SD.graph, SD.Graph)):
        for value in graph.objects(None, predicate):
            assert (value, RDF.type, kind) in graph, (predicate, value)
    for value in graph.objects(None, SD.defaultGraph):
        assert (value, RDF.type, SD.Graph) in graph


def test_result_formats_are_exactly_those_delivered(http: httpx.Client) -> None:
    stated = set(description(http).objects(None, SD.resultFormat))
    assert {str(iri).removeprefix(str(FORMATS)) for iri in stated} == set(DELIVERED.split())
    for iri in stated:
        kind = MEDIA_TYPES[rdflib.URIRef(iri)]
        query = "ASK {}" if kind in RESULTS.values() else "CONSTRUCT { <x:s> <x:p> 1 } WHERE {}"
        answer = send(http, "get", query, headers={"accept": kind})
        assert (answer.status_code, media_type(answer)) == (200, kind)


def test_languages_and_features_are_those_of_a_read_only_service(http: httpx.Client, strict: httpx.Client) -> None:
    graph = description(http)
    languages = set(graph.objects(None, SD.supportedLanguage))
    assert SD.SPARQL11Query in languages
    assert SD.SPARQL11Update not in languages
    features = set(graph.objects(None, SD.feature))
    assert SD.UnionDefaultGraph in features
    assert not features & {SD.BasicFederatedQuery, SD.DereferencesURIs}
    assert SD.UnionDefaultGraph not in set(description(strict).objects(None, SD.feature))


@pytest.mark.parametrize("name", ["graphs", "strict", "book_http"])
def test_graphs_are_those_that_can_be_asked_with_their_sizes(name: str, request: pytest.FixtureRequest) -> None:
    client: httpx.Client = request.getfixturevalue(name)
    graph = description(client)
    (dataset,) = graph.objects(service(graph), SD.defaultDataset)
    (default,) = graph.objects(dataset, SD.defaultGraph)
    assert int(graph.value(default, VOID.triples)) == number(client, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    stated = {}
    for named in graph.objects(dataset, SD.namedGraph):
        (inner,) = graph.objects(named, SD.graph)
        stated[str(graph.value(named, SD.name))] = int(graph.value(inner, VOID.triples))
    query = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
    assert stated == {row["g"]: int(row["n"]) for row in rows(client, query)}


def test_description_has_a_validator_and_no_body_for_head(http: httpx.Client) -> None:
    answer = http.get("sparql", headers={"accept": "text/turtle"})
    assert answer.headers["etag"]
    assert answer.headers["access-control-allow-origin"] == "*"
    again = http.get("sparql", headers={"accept": "text/turtle", "if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = http.head("sparql", headers={"accept": "text/turtle"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == answer.headers["content-type"]


def test_people_get_the_query_page(http: httpx.Client) -> None:
    answer = http.get("sparql", headers={"accept": FIREFOX})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<textarea" in answer.text


def test_what_is_offered_is_listed_when_nothing_is_acceptable(http: httpx.Client) -> None:
    answer = http.get("sparql", headers={"accept": "image/png"})
    assert answer.status_code == 406
    assert {offer["type"] for offer in answer.json()["offers"]} >= {"text/turtle", "application/ld+json", "text/html"}
