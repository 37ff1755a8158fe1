"""The service description of the endpoint (SPARQL 1.1 Service Description). Pure: from numbers and names to triples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.mediatypes import (
    CSV,
    JSONLD,
    NQUADS,
    NTRIPLES,
    RDFXML,
    SPARQL_JSON,
    SPARQL_XML,
    TRIG,
    TSV,
    TURTLE,
    Format,
)
from solnum_ld.namespaces import DCTERMS, RDF_TYPE, RDFS, SD, VOID, XSD
from solnum_ld.sparql import OFFERS

_W3C = "http://www.w3.org/ns/formats/"
FORMAT_IRIS: dict[Format, str] = {
    SPARQL_JSON: f"{_W3C}SPARQL_Results_JSON",
    SPARQL_XML: f"{_W3C}SPARQL_Results_XML",
    CSV: f"{_W3C}SPARQL_Results_CSV",
    TSV: f"{_W3C}SPARQL_Results_TSV",
    TURTLE: f"{_W3C}Turtle",
    NTRIPLES: f"{_W3C}N-Triples",
    RDFXML: f"{_W3C}RDF_XML",
    JSONLD: f"{_W3C}JSON-LD",
    TRIG: f"{_W3C}TriG",
    NQUADS: f"{_W3C}N-Quads",
}
"""The W3C's names of formats, one for each that is delivered."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is described. ``graphs`` are the named graphs with their number of triples; ``union`` tells that the default
    graph is the merge of them all."""

    iri: str
    endpoint: str
    title: Mapping[str, str]
    license: str
    union: bool
    triples: int
    graphs: Mapping[str, int]


def describe_service(service: Service) -> list[ox.Triple]:
    """Return the triples that describe the service; its dataset nodes are hash IRIs of the endpoint."""
    return list(_triples(service))


def _triples(service: Service) -> Iterator[ox.Triple]:
    node = ox.NamedNode(service.iri)
    dataset = ox.NamedNode(f"{service.endpoint}#dataset")
    default = ox.NamedNode(f"{service.endpoint}#default-graph")
    yield _link(node, RDF_TYPE, SD + "Service")
    yield _link(node, SD + "endpoint", service.endpoint)
    yield _link(node, SD + "supportedLanguage", SD + "SPARQL11Query")
    if service.union:
        yield _link(node, SD + "feature", SD + "UnionDefaultGraph")
    for form in dict.fromkeys(form for offers in OFFERS.values() for form in offers):
        yield _link(node, SD + "resultFormat", FORMAT_IRIS[form])
    for language, title in service.title.items():
        yield ox.Triple(node, ox.NamedNode(RDFS + "label"), _literal(title, language))
    if service.license:
        yield _link(node, DCTERMS + "license", service.license)
    yield _link(node, SD + "defaultDataset", dataset.value)
    yield _link(dataset, RDF_TYPE, SD + "Dataset")
    yield _link(dataset, SD + "defaultGraph", default.value)
    yield _link(default, RDF_TYPE, SD + "Graph")
    yield _link(default, RDF_TYPE, VOID + "Dataset")
    yield _number(default, VOID + "triples", service.triples)
    for name, triples in service.graphs.items():
        named = ox.NamedNode(f"{service.endpoint}#{_fragment(name)}")
        yield _link(dataset, SD + "namedGraph", named.value)
        yield _link(named, RDF_TYPE, SD + "NamedGraph")
        yield _link(named, SD + "name", name)
        yield _link(named, SD + "graph", name)
        yield _link(ox.NamedNode(name), RDF_TYPE, SD + "Graph")
        yield _link(ox.NamedNode(name), RDF_TYPE, VOID + "Dataset")
        yield _number(ox.NamedNode(name), VOID + "triples", triples)


def _fragment(graph: str) -> str:
    """Return a fragment for a graph's node, unlike that of every other graph."""
    kept = "".join(c if c.isalnum() or c in "-._~/:@" else f"%{ord(c):02X}" if ord(c) < 128 else c for c in graph)
    return f"graph={kept}"


def _link(subject: ox.NamedNode, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.NamedNode(target))


def _number(subject: ox.NamedNode, predicate: str, value: int) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.Literal(str(value), datatype=ox.NamedNode(XSD + "integer")))


def _literal(text: str, language: str) -> ox.Literal:
    return ox.Literal(text, language=language) if language else ox.Literal(text)
