"""The release describes itself: dataset, named graphs and counts, as triples computed from the release (VoID, SPARQL SD)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.manifest import Dataset, Dump
from solnum_ld.namespaces import DCAT, DCTERMS, FOAF, RDF_TYPE, RDFS, SD, VOID, XSD

_INTEGER = ox.NamedNode(XSD + "integer")


def describe_release(
    dataset: Dataset,
    *,
    names: Names,
    graphs: Mapping[str, tuple[int, str]],
    statistics: Mapping[str, int],
    dumps: Sequence[Dump],
) -> list[ox.Triple]:
    """Return the statements that no source can make: how much there is, in which graphs, and where to get it.

    ``graphs`` maps the IRI of each named graph to its number of triples and where it comes from; ``statistics`` has
    the keys triples, entities, properties and classes.
    """
    statements = list(_statements(dataset, names, graphs, statistics, dumps))
    node, origin = ox.NamedNode(f"{names.base}graph/catalogue"), "computed by the build"
    own = [*_graph(node, "catalogue", 0, origin), _link(node, DCTERMS + "isPartOf", dataset.iri)]
    own = [*_graph(node, "catalogue", len(statements) + len(own), origin), own[-1]]
    return sorted([*statements, *own], key=str)


def _statements(
    dataset: Dataset,
    names: Names,
    graphs: Mapping[str, tuple[int, str]],
    statistics: Mapping[str, int],
    dumps: Sequence[Dump],
) -> Iterator[ox.Triple]:
    node = ox.NamedNode(dataset.iri)
    yield _link(node, RDF_TYPE, VOID + "Dataset")
    yield _link(node, RDF_TYPE, DCAT + "Dataset")
    for language, title in dataset.title.items():
        yield _text(node, RDFS + "label", title, language)
        yield _text(node, DCTERMS + "title", title, language)
    yield _link(node, VOID + "sparqlEndpoint", names.public + "sparql")
    yield from _endpoint(names)
    yield _link(node, FOAF + "homepage", names.public)
    if names.space.startswith("http"):
        yield _text(node, VOID + "uriSpace", names.base)
    for name in ("triples", "entities", "properties", "classes"):
        yield _number(node, VOID + name, statistics[name])
    for dump in dumps:
        yield _link(node, VOID + "dataDump", f"{names.public}dumps/{dump.name}")
    for graph, (triples, origin) in graphs.items():
        yield from _graph(ox.NamedNode(graph), graph.removeprefix(f"{names.base}graph/"), triples, origin)
        yield _link(ox.NamedNode(graph), DCTERMS + "isPartOf", dataset.iri)


def _endpoint(names: Names) -> Iterator[ox.Triple]:
    """Describe what answers SPARQL, whose name a source may give as the target of its example queries."""
    node = ox.NamedNode(f"{names.base}service/sparql")
    yield _link(node, RDF_TYPE, SD + "Service")
    yield _text(node, RDFS + "label", "Point d’accès SPARQL", "fr")
    yield _text(node, RDFS + "label", "SPARQL endpoint", "en")
    yield _link(node, SD + "endpoint", f"{names.public}sparql")


def _graph(node: ox.NamedNode, name: str, triples: int, origin: str) -> Iterator[ox.Triple]:
    yield _link(node, RDF_TYPE, SD + "Graph")
    yield _link(node, RDF_TYPE, VOID + "Dataset")
    yield _text(node, RDFS + "label", f"Graphe nommé « {name} »", "fr")
    yield _text(node, RDFS + "label", f"Named graph “{name}”", "en")
    yield _number(node, VOID + "triples", triples)
    if origin:
        yield _text(node, DCTERMS + "source", origin)


def _link(subject: ox.NamedNode, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: ox.NamedNode, predicate: str, value: str, language: str = "") -> ox.Triple:
    literal = ox.Literal(value, language=language) if language else ox.Literal(value)
    return ox.Triple(subject, ox.NamedNode(predicate), literal)


def _number(subject: ox.NamedNode, predicate: str, value: int) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.Literal(str(value), datatype=_INTEGER))
