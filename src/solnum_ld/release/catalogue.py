"""The release describes itself: dataset, named graphs and counts, as triples computed from the release (VoID, SPARQL SD)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyoxigraph as ox

from solnum_ld.manifest import Dataset, Dump
from solnum_ld.namespaces import DCAT, DCTERMS, FOAF, RDF_TYPE, RDFS, SD, VOID, XSD

_INTEGER = ox.NamedNode(XSD + "integer")


def describe_release(
    dataset: Dataset,
    *,
    iri: str,
    base: str,
    public: str,
    space: str,
    graphs: Mapping[str, tuple[int, str]],
    statistics: Mapping[str, int],
    dumps: Sequence[Dump],
) -> list[ox.Triple]:
    """Return the statements that no source can make: how much there is, in which graphs, and where to get it.

    ``graphs`` maps the IRI of each named graph to its number of triples and where it comes from; ``statistics`` has
    the keys triples, entities, properties and classes.
    """
    return sorted(_statements(dataset, iri, base, public, space, graphs, statistics, dumps), key=str)


def _statements(
    dataset: Dataset,
    iri: str,
    base: str,
    public: str,
    space: str,
    graphs: Mapping[str, tuple[int, str]],
    statistics: Mapping[str, int],
    dumps: Sequence[Dump],
) -> Iterator[ox.Triple]:
    node = ox.NamedNode(iri)

    def link(subject: ox.NamedNode, predicate: str, target: str) -> ox.Triple:
        return ox.Triple(subject, ox.NamedNode(predicate), ox.NamedNode(target))

    def text(subject: ox.NamedNode, predicate: str, value: str, language: str = "") -> ox.Triple:
        literal = ox.Literal(value, language=language) if language else ox.Literal(value)
        return ox.Triple(subject, ox.NamedNode(predicate), literal)

    def number(subject: ox.NamedNode, predicate: str, value: int) -> ox.Triple:
        return ox.Triple(subject, ox.NamedNode(predicate), ox.Literal(str(value), datatype=_INTEGER))

    yield link(node, RDF_TYPE, VOID + "Dataset")
    yield link(node, RDF_TYPE, DCAT + "Dataset")
    for language, title in dataset.title.items():
        yield text(node, RDFS + "label", title, language)
        yield text(node, DCTERMS + "title", title, language)
    yield link(node, VOID + "sparqlEndpoint", public + "sparql")
    yield link(node, FOAF + "homepage", public)
    if space.startswith("http"):
        yield text(node, VOID + "uriSpace", base)
    for name, predicate in (
        ("triples", "triples"),
        ("entities", "entities"),
        ("properties", "properties"),
        ("classes", "classes"),
    ):
        yield number(node, VOID + predicate, statistics[name])
    for dump in dumps:
        yield link(node, VOID + "dataDump", f"{public}dumps/{dump.name}")
    for graph, (triples, origin) in graphs.items():
        yield from _graph(ox.NamedNode(graph), graph.removeprefix(base + "graph/"), triples, origin, link, text, number)
        yield link(ox.NamedNode(graph), DCTERMS + "isPartOf", iri)


def _graph(node: ox.NamedNode, name: str, triples: int, origin: str, link, text, number) -> Iterator[ox.Triple]:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the three writers above
    yield link(node, RDF_TYPE, SD + "Graph")
    yield link(node, RDF_TYPE, VOID + "Dataset")
    yield text(node, RDFS + "label", f"Graphe nommé « {name} »", "fr")
    yield text(node, RDFS + "label", f"Named graph “{name}”", "en")
    yield number(node, VOID + "triples", triples)
    if origin:
        yield text(node, DCTERMS + "source", origin)
