"""How a release lies in an engine: one dataset holds one release, and says so in a graph of its own.

The merged triples are the graph ``MERGED``, since what an engine takes for the default graph differs from engine to engine;
each named graph keeps its public IRI. Every query names the graphs that it sees (SPARQL 1.1 Protocol, 2.1.4), so that
neither the marker nor what else an engine holds is ever seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyoxigraph as ox

MERGED = "urn:x-solnum:merged"
"""The graph that holds the merged triples."""

MARKER = "urn:x-solnum:release"
"""The graph that tells which release a dataset holds, and the subject of what it tells."""

NONE = "urn:x-solnum:none"
"""A graph that is nowhere: a query that is to see no graph names it, since naming none means another thing."""

READ_MARKER = "SELECT ?s ?p ?o { ?s ?p ?o }"

_HOLDS = "urn:x-solnum:holds"
_LOADS = "urn:x-solnum:loads"
_LOADED = "urn:x-solnum:portions"
_SIZE = "urn:x-solnum:portionSize"
_TRIPLES = "http://rdfs.org/ns/void#triples"


@dataclass(frozen=True, slots=True)
class Marker:
    """What a dataset says of itself: the release it holds, or the one that is being loaded, and how far: so many portions of
    so many statements.

    ``graphs`` tells how many triples each graph has; while a release is loaded, those that are to be there.
    """

    holds: str = ""
    loads: str = ""
    portions: int = 0
    graphs: Mapping[str, int] = field(default_factory=dict)
    size: int = 0

    def to_ntriples(self) -> bytes:
        """Return the marker as N-Triples, the contents of the graph ``MARKER``."""
        subject = ox.NamedNode(MARKER)
        triples = [
            ox.Triple(subject, ox.NamedNode(name), ox.Literal(value))
            for name, value in (
                (_HOLDS, self.holds),
                (_LOADS, self.loads),
                (_LOADED, self.portions),
                (_SIZE, self.size),
            )
            if value
        ]
        triples += [
            ox.Triple(ox.NamedNode(iri), ox.NamedNode(_TRIPLES), ox.Literal(n)) for iri, n in self.graphs.items()
        ]
        return ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""


def marker_of(rows: Iterable[Mapping[str, object]]) -> Marker:
    """Return the marker that the solutions of ``READ_MARKER`` tell; an empty one when there are none."""
    holds = loads = ""
    portions = size = 0
    graphs: dict[str, int] = {}
    for row in rows:
        subject, predicate, value = (str(getattr(row[name], "value", "")) for name in "spo")
        if predicate == _TRIPLES:
            graphs[subject] = int(value)
        elif predicate == _HOLDS:
            holds = value
        elif predicate == _LOADS:
            loads = value
        elif predicate == _LOADED:
            portions = int(value)
        elif predicate == _SIZE:
            size = int(value)
    return Marker(holds, loads, portions, graphs, size)
