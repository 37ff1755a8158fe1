"""All representations of a resource say the same, with absolute IRIs only; and a description is bounded."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
import rdflib
from exchange import (
    PARSERS,
    RDF_SUFFIXES,
    assert_isomorphic,
    client_of,
    describe,
    graph_of,
    linked,
    links,
    resources_of,
)
from pyld import jsonld
from rdflib.namespace import FOAF, RDF, RDFS

from support import Server

SCHEMA = rdflib.Namespace("https://schema.org/")
HYDRA = rdflib.Namespace("http://www.w3.org/ns/hydra/core#")
SMALL = [
    "doc/book",
    "doc/chapter/1",
    "doc/chapter/2",
    "doc/caf%C3%A9/%C3%A0%2Fb",
    "doc/v1.ttl",
    "doc/other/path",
    "doc/page",
    "doc/odd",
    "doc/script",
    "doc/gone",
    "doc/topic",
    "doc/item/00000",
    "doc/dataset/small",
    "doc/graph/things",
    "",
    describe("http://elsewhere.example.net/x"),
]
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def representations(client: httpx.Client, path: str) -> dict[str, rdflib.Graph]:
    """Return the graph of each RDF representation on offer, by suffix."""
    graphs = {}
    for suffix in RDF_SUFFIXES:
        answer = client.get(path, headers={"accept": {v: k for k, v in MEDIA.items()}[suffix]})
        if answer.status_code == 406:
            assert suffix == "rdf"
            continue
        assert answer.status_code in {200, 410}, (path, suffix)
        assert_absolute(answer.text, suffix)
        graphs[suffix] = graph_of(answer.content, suffix)
    return graphs


MEDIA = {
    "text/turtle": "ttl",
    "application/ld+json": "jsonld",
    "application/rdf+xml": "rdf",
    "application/n-triples": "nt",
}


def assert_absolute(body: str, suffix: str) -> None:
    """Fail on a base or a relative reference in a document."""
    assert not re.search(r"(?i)@base|^\s*BASE\b|xml:base|\"@base\"", body)
    if suffix in {"ttl", "nt"}:
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', body)
        assert all(ABSOLUTE.match(iri) for iri in re.findall(r"<([^<>\s]*)>", outside))
    if suffix == "rdf":
        assert all(ABSOLUTE.match(iri) for iri in re.findall(r'rdf:(?:about|resource|datatype)="([^"]*)"', body))


@pytest.mark.parametrize("path", SMALL)
def test_all_serialisations_are_isomorphic_and_absolute(http: httpx.Client, path: str) -> None:
    graphs = representations(http, path)
    assert set(graphs) >= {"ttl", "jsonld", "nt"}
    assert ("rdf" in graphs) == (path != "doc/odd")
    assert all(len(graph) for graph in graphs.values())
    assert_isomorphic(graphs)
    for graph in graphs.values():
        assert not [node for node in graph.all_nodes() if str(node).startswith("relative:")]


def test_each_resource_of_the_book_is_the_same_in_all_serialisations(book: Server) -> None:
    with client_of(book.base) as client:
        for path in resources_of(client):
            graphs = representations(client, path)
            assert "jsonld" in graphs
            assert_isomorphic(graphs)


def test_a_resource_that_is_paged_is_the_same_on_each_page(http: httpx.Client) -> None:
    (after,) = linked(http.get("doc/topic"), "next")
    assert_isomorphic(representations(http, after))


# -- what a description holds ------------------------------------------------------------------------------------------


def test_a_description_has_its_own_triples_labels_and_inverse_links(http: httpx.Client) -> None:
    graph = graph_of(http.get("doc/book").content, "ttl")
    name = rdflib.Namespace(f"{http.base_url}id/")
    assert set(graph.objects(name.book, SCHEMA.hasPart)) == {name["chapter/1"], name["chapter/2"]}
    assert (name.book, SCHEMA.numberOfPages, rdflib.Literal(47)) in graph
    assert (name["chapter/1"], RDFS.label, rdflib.Literal("Chapitre \u00ab un \u00bb", lang="fr")) in graph
    assert (rdflib.URIRef("http://elsewhere.example.net/x"), SCHEMA.isPartOf, name.book) in graph
    assert len(set(graph.subjects(SCHEMA.isPartOf, name.book))) == 4
    document = rdflib.URIRef(f"{http.base_url}doc/book")
    assert (document, RDF.type, FOAF.Document) in graph
    assert (document, FOAF.primaryTopic, name.book) in graph


def test_a_description_holds_the_statements_of_its_blank_nodes(http: httpx.Client) -> None:
    graph = graph_of(http.get("doc/chapter/2").content, "ttl")
    streets = list(graph.objects(None, SCHEMA.streetAddress))
    assert streets == [rdflib.Literal('1, rue "A" & <B>')]


def test_inverse_links_are_counted_and_paged_to_the_last(http: httpx.Client) -> None:
    name = rdflib.URIRef(f"{http.base_url}id/topic")
    address, found, sizes = f"{http.base_url}doc/topic", set(), []
    while address:
        answer = http.get(address)
        graph = graph_of(answer.content, "ttl")
        subjects = set(graph.subjects(SCHEMA.about, name))
        assert not subjects & found
        found |= subjects
        sizes.append(len(subjects))
        following = linked(answer, "next")
        if following:
            totals = [int(total) for total in graph.objects(rdflib.URIRef(following[0]), HYDRA.totalItems)]
            assert totals == [2500]
        address = following[0] if following else ""
    assert len(found) == 2500
    assert max(sizes) <= 100


@pytest.mark.parametrize(
    "query",
    [
        "after=zzz&inverse=1&property=https%3A%2F%2Fschema.org%2Fabout",
        "after=%00&inverse=1&property=https%3A%2F%2Fschema.org%2Fabout",
        "after=%3Chttp%3A%2F%2F~~~%3E&inverse=1&property=https%3A%2F%2Fschema.org%2Fabout",
        "inverse=1&property=https%3A%2F%2Fschema.org%2Fnothing",
        "after=x",
        "property=https%3A%2F%2Fschema.org%2Fabout",
        "inverse=2",
    ],
)
def test_any_key_gives_a_bounded_answer(http: httpx.Client, query: str) -> None:
    answer = http.get(f"doc/topic?{query}")
    assert answer.status_code in {200, 400, 404}
    assert len(answer.content) < 100_000


# -- JSON-LD -----------------------------------------------------------------------------------------------------------


def offline(url: str, _: object) -> dict[str, Any]:
    raise AssertionError(f"a processor would have to fetch {url}")


@pytest.mark.parametrize("path", ["doc/book.jsonld", "doc/topic.jsonld", "doc/odd.jsonld", "doc/graph/things.jsonld"])
def test_json_ld_is_processed_offline(http: httpx.Client, path: str) -> None:
    document = http.get(path).json()
    nquads = jsonld.to_rdf(document, {"format": "application/n-quads", "documentLoader": offline})
    turtle = graph_of(http.get(path.replace(".jsonld", ".ttl")).content, "ttl")
    assert_isomorphic({"ttl": turtle, "pyld": graph_of(nquads.encode(), "nt")})


def test_json_ld_of_the_book_is_compact_and_its_context_local(book_http: httpx.Client) -> None:
    path = next(path for path in resources_of(book_http) if "/book/" in path)
    document = book_http.get(f"{path}.jsonld").json()
    expanded = jsonld.expand(document, {"documentLoader": offline})
    assert expanded
    keys = {key for node in document["@graph"] for key in node}
    assert not [key for key in keys if key.startswith(("http://", "https://"))]
    assert isinstance(document["@context"], dict)


def test_json_ld_is_ascii_and_readable(http: httpx.Client) -> None:
    body = http.get("doc/caf%C3%A9/%C3%A0%2Fb.jsonld").content
    assert body.isascii()
    assert body.count(b"\n") > 10
    assert "caf\u00e9" in json.dumps(json.loads(body), ensure_ascii=False)


def test_the_context_is_served_where_the_vocabulary_is(book_http: httpx.Client) -> None:
    answer = book_http.get("def/context.jsonld")
    if answer.status_code == 404:
        return  # the source has no context of its own: JSON-LD uses the prefixes
    assert answer.headers["content-type"] == "application/ld+json"
    assert isinstance(answer.json()["@context"], dict)


# -- the same bytes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["doc/book", "doc/topic", "doc/gone"])
def test_content_type_and_parser_agree(http: httpx.Client, path: str) -> None:
    for target, parameters in links(http.get(path)):
        suffix = MEDIA.get(parameters.get("type", ""))
        if parameters["rel"] == "alternate" and suffix:
            assert len(graph_of(http.get(target).content, suffix)), PARSERS[suffix]
