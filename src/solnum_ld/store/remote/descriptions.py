"""Bounded descriptions from any SPARQL engine: one query for a resource with all that its blank nodes lead to, one for names.

Labels of blank nodes mean something within one answer only, so that whatever is joined by them comes in one answer: where
blank nodes go deeper than was asked, the whole is asked again, deeper.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.namespaces import LABELS
from solnum_ld.store.names import Named, named_by
from solnum_ld.store.protocol import Term
from solnum_ld.store.remote.endpoints import Rows

MAX_DEPTH = 16
"""Blank nodes are followed so many steps; a list is one step, however long."""

NAMED_AT_ONCE = 500
_MAX_NESTED = 2000
_REST = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#rest>"


@dataclass(frozen=True, slots=True)
class Around:
    """Which part of what surrounds a resource is asked for; the rest is known from elsewhere."""

    outgoing: bool = True
    incoming: bool = True
    graphs: bool = True


def around_query(node: ox.NamedNode, part: Around, depth: int) -> str:
    """Return the query of what a resource says, what mentions it, which graphs do, and what its blank nodes say.

    >>> print(around_query(ox.NamedNode("http://a"), Around(incoming=False), 0))
    SELECT DISTINCT ?p ?o ?s ?q ?g ?bs ?bp ?bo { { <http://a> ?p ?o } UNION { { SELECT ?g { GRAPH ?g { <http://a> ?a ?b } } LIMIT 5000 } } }
    """
    branches = []
    if part.outgoing:
        branches.append(f"{node} ?p ?o")
    if part.incoming:
        branches.append(f"?s ?q {node}")
    if part.graphs:
        branches.append(f"{{ SELECT ?g {{ GRAPH ?g {{ {node} ?a ?b }} }} LIMIT 5000 }}")
    branches += [_step(node, length) for length in range(1, depth + 1)]
    return f"SELECT DISTINCT ?p ?o ?s ?q ?g ?bs ?bp ?bo {{ {{ {' } UNION { '.join(branches)} }} }}"


def _step(node: ox.NamedNode, length: int) -> str:
    """Return the pattern of what is said ``length`` blank nodes away."""
    chain, here = [], str(node)
    for step in range(1, length + 1):
        start = "?bs" if step == length else f"?l{step}"
        chain.append(f"{here} ?p{step} ?n{step} . FILTER(isBlank(?n{step})) ?n{step} {_REST}* {start} .")
        here = start
    return f"{' '.join(chain)} FILTER(isBlank(?bs)) ?bs ?bp ?bo"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an answer to :func:`around_query` tells, sorted."""

    outgoing: list[tuple[tuple[str, str], ox.NamedNode, Term]]
    incoming: list[tuple[tuple[str, str], ox.NamedNode, Term]]
    graphs: tuple[str, ...]
    nested: tuple[ox.Triple, ...]

    @property
    def open_ends(self) -> bool:
        """Tell whether blank nodes are mentioned of which nothing is told."""
        told = {triple.subject for triple in self.nested}
        ends = itertools.chain((value for _, _, value in self.outgoing), (t.object for t in self.nested))
        return any(isinstance(end, ox.BlankNode) and end not in told for end in ends)


def surroundings_of(rows: Rows) -> Surroundings:
    """Return what the solutions tell."""
    outgoing, incoming, graphs, nested = [], [], set(), set()
    for row in rows:
        if "bs" in row:
            nested.add(ox.Triple(row["bs"], row["bp"], row["bo"]))  # type: ignore[arg-type]  # as the pattern has it
        elif "g" in row:
            graphs.add(str(row["g"].value))  # type: ignore[union-attr]
        elif "s" in row:
            incoming.append(_pair(row["q"], row["s"]))
        elif "p" in row:
            outgoing.append(_pair(row["p"], row["o"]))
    kept = sorted(nested, key=str)[:_MAX_NESTED]
    return Surroundings(sorted(outgoing, key=_key), sorted(incoming, key=_key), tuple(sorted(graphs)), tuple(kept))


def _pair(predicate: Term, value: Term) -> tuple[tuple[str, str], ox.NamedNode, Term]:
    assert isinstance(predicate, ox.NamedNode)
    return (predicate.value, str(value)), predicate, value


def _key(pair: tuple[tuple[str, str], ox.NamedNode, Term]) -> tuple[str, str]:
    return pair[0]


def labels_query(iris: Sequence[ox.NamedNode], parts: Sequence[str]) -> str:
    """Return the query of all names of these resources, worded so that no engine looks at more than them.

    ``parts`` are the properties for parts of names that are looked at as well.
    """
    each = " } UNION { ".join(f"?s <{iri}> ?o BIND(<{iri}> AS ?p)" for iri in (*LABELS, *parts))
    values = " ".join(map(str, iris))
    return f"SELECT DISTINCT ?s ?p ?o {{ VALUES ?s {{ {values} }} {{ {each} }} FILTER(isLiteral(?o)) }}"


def best_labels(rows: Rows) -> dict[str, Named]:
    """Return what each resource is called."""
    found: dict[str, dict[str, list[ox.Triple]]] = {}
    for row in rows:
        triple = ox.Triple(row["s"], row["p"], row["o"])  # type: ignore[arg-type]  # as the pattern has it
        named = found.setdefault(triple.subject.value, {})  # type: ignore[union-attr]
        named.setdefault(triple.predicate.value, []).append(triple)
    return {iri: named_by(statements) for iri, statements in found.items()}
