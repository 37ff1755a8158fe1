"""Small questions to the graph of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from rdflib import RDF, Graph, URIRef
from rdflib.term import Node

from solnum_ld.doctor.asking import is_address


def typed(graph: Graph, *kinds: URIRef) -> list[Node]:
    """Return the nodes of these types, in order."""
    return sorted({node for kind in kinds for node in graph.subjects(RDF.type, kind)}, key=str)


def shown(node: Node) -> str:
    """Return a node as it stands in a sentence."""
    return f"<{node}>" if isinstance(node, URIRef) else f"_:{node}"


def addresses_of(graph: Graph, predicate: URIRef, nodes: Iterable[Node] | None = None) -> list[str]:
    """Return the http(s) addresses that are values of a property, in order."""
    found = graph.objects(None, predicate) if nodes is None else (v for n in nodes for v in graph.objects(n, predicate))
    return sorted({str(value) for value in found if is_address(str(value))})
