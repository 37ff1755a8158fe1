"""N-Triples as the reference engine and reports hold them: every label and every spelling as it is written."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef


def term(text: str) -> URIRef | BNode | Literal:
    """Return the term that is written so in N-Triples."""
    (quad,) = ox.parse(f"<urn:s> <urn:p> {text} .", format=ox.RdfFormat.N_TRIPLES)
    return _term(quad.object)


def read_graph(data: Path) -> Graph:
    """Return a file of N-Triples as a graph in memory."""
    graph = Graph(bind_namespaces="none")
    for quad in ox.parse(path=str(data), format=ox.RdfFormat.N_TRIPLES):
        graph.add((_term(quad.subject), URIRef(quad.predicate.value), _term(quad.object)))
    return graph


def _term(node: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> URIRef | BNode | Literal:
    if isinstance(node, ox.NamedNode):
        return URIRef(node.value)
    if isinstance(node, ox.BlankNode):
        return BNode(node.value)
    if isinstance(node, ox.Triple):
        raise TypeError("RDF 1.2 is refused before")
    if node.language:
        return Literal(node.value, lang=node.language)
    plain = node.datatype.value == "http://www.w3.org/2001/XMLSchema#string"
    return Literal(node.value, datatype=None if plain else URIRef(node.datatype.value), normalize=False)
