"""Labels of blank nodes in a document that depend on what is said of them alone, so that every engine gives the same bytes.

Each blank node has a colour, the digest of its statements with the colours of its neighbours; colours are refined until they
tell all nodes apart (after the first steps of RDF Dataset Canonicalization). Nodes that nothing tells apart are told by
the engine's labels: where they may be exchanged for each other, which is usual, that changes no byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b

import pyoxigraph as ox

from solnum_ld.store.protocol import Description, PropertyValues, Term

_ROUNDS = 50
_SPLITS = 50
"""How often colours are refined at a time, and how often nodes of one colour are told apart."""

_Edges = Mapping[ox.BlankNode, list[tuple[bytes, Term]]]


def settled(description: Description) -> Description:
    """Return a description whose blank nodes are ``b0``, ``b1`` and so on, but for those by which long lists are paged."""
    labels = _labels(_statements(description), _paged(description))
    return _relabelled(description, labels) if labels else description


def settled_triples(triples: Iterable[ox.Triple]) -> list[ox.Triple]:
    """Return the triples sorted, each once, with blank nodes that are ``b0``, ``b1`` and so on."""
    found = set(triples)
    labels = _labels((triple.subject, triple.predicate, triple.object) for triple in found)
    if labels:
        found = {_renamed(triple, labels) for triple in found}
    return sorted(found, key=str)


def _labels(
    statements: Iterable[tuple[Term, ox.NamedNode, Term]], kept: Iterable[ox.BlankNode] = ()
) -> dict[ox.BlankNode, ox.BlankNode]:
    """Return the new label of each blank node in the statements, but for those whose own is kept."""
    edges: dict[ox.BlankNode, list[tuple[bytes, Term]]] = {}
    for subject, predicate, value in statements:
        if isinstance(subject, ox.BlankNode):
            edges.setdefault(subject, []).append((b"> %s" % predicate.value.encode(), value))
        if isinstance(value, ox.BlankNode):
            edges.setdefault(value, []).append((b"< %s" % predicate.value.encode(), subject))
    for node in kept:
        edges.pop(node, None)
    colours = _coloured(edges)
    ordered = sorted(edges, key=lambda node: (colours[node], str(node)))
    return {node: ox.BlankNode(f"b{number}") for number, node in enumerate(ordered)}


def _statements(description: Description) -> Iterator[tuple[Term, ox.NamedNode, Term]]:
    node = ox.NamedNode(description.iri)
    for group in description.outgoing:
        yield from ((node, group.predicate, value) for value in group.values)
    for group in description.incoming:
        yield from ((value, group.predicate, node) for value in group.values)
    for triple in description.nested:
        yield triple.subject, triple.predicate, triple.object
    for part in description.parts:
        yield from _statements(part)


def _paged(description: Description) -> Iterator[ox.BlankNode]:
    """Yield the blank nodes of lists that go on: their labels are the keys of the index."""
    for group in (*description.outgoing, *description.incoming):
        if len(group.values) < group.count:
            yield from (value for value in group.values if isinstance(value, ox.BlankNode))
    for part in description.parts:
        yield from _paged(part)


def _coloured(edges: _Edges) -> dict[ox.BlankNode, bytes]:
    colours = _refined(edges, dict.fromkeys(edges, b""))
    for _ in range(_SPLITS):
        classes: dict[bytes, list[ox.BlankNode]] = {}
        for node, colour in colours.items():
            classes.setdefault(colour, []).append(node)
        tied = min((colour for colour, nodes in classes.items() if len(nodes) > 1), default=None)
        if tied is None:
            break
        for number, node in enumerate(sorted(classes[tied], key=str)):
            colours[node] = b"%s %06d" % (tied, number)
        colours = _refined(edges, colours)
    return colours


def _refined(edges: _Edges, colours: dict[ox.BlankNode, bytes]) -> dict[ox.BlankNode, bytes]:
    told = len(set(colours.values()))
    for _ in range(_ROUNDS):
        colours = {node: _digest(colours[node], around, colours) for node, around in edges.items()}
        now = len(set(colours.values()))
        if now == told:
            break
        told = now
    return colours


def _digest(own: bytes, around: list[tuple[bytes, Term]], colours: Mapping[ox.BlankNode, bytes]) -> bytes:
    digest = blake2b(own, digest_size=16)
    said = (b"%s %s" % (step, _colour(term, colours)) for step, term in around)
    for line in sorted(said):
        digest.update(b"\n" + line)
    return digest.hexdigest().encode()


def _colour(term: Term, colours: Mapping[ox.BlankNode, bytes]) -> bytes:
    return colours[term] if isinstance(term, ox.BlankNode) and term in colours else str(term).encode()


def _relabelled(description: Description, labels: Mapping[ox.BlankNode, ox.BlankNode]) -> Description:
    def group_of(group: PropertyValues) -> PropertyValues:
        if not any(isinstance(value, ox.BlankNode) and value in labels for value in group.values):
            return group
        return replace(group, values=tuple(sorted((_named(value, labels) for value in group.values), key=str)))

    nested = (_renamed(triple, labels) for triple in description.nested)
    return replace(
        description,
        outgoing=tuple(map(group_of, description.outgoing)),
        incoming=tuple(map(group_of, description.incoming)),
        nested=tuple(sorted(nested, key=str)),
        parts=tuple(_relabelled(part, labels) for part in description.parts),
    )


def _renamed(triple: ox.Triple, labels: Mapping[ox.BlankNode, ox.BlankNode]) -> ox.Triple:
    return ox.Triple(_named(triple.subject, labels), triple.predicate, _named(triple.object, labels))  # type: ignore[arg-type]  # a subject stays one


def _named(term: Term, labels: Mapping[ox.BlankNode, ox.BlankNode]) -> Term:
    return labels.get(term, term) if isinstance(term, ox.BlankNode) else term
