"""Values of a description: grouped by property in keyset order, and read from the keys that write them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pyoxigraph as ox

from solnum_ld.store.protocol import PropertyValues, Term


def grouped(
    pairs: Sequence[tuple[tuple[str, str], ox.NamedNode, Term]], limit: int, *, inverse: bool
) -> Iterator[PropertyValues]:
    """Yield the values of each property: ``pairs`` are (property, key), property, value, sorted by the first."""
    for _, group in itertools.groupby(pairs, key=lambda pair: pair[0][0]):
        members = list(group)
        values = tuple(term for _, _, term in members[:limit])
        yield PropertyValues(members[0][1], inverse, values, len(members), len(members) > limit)


def term_of(key: str) -> Term:
    """Return the term that an N-Triples key writes.

    >>> term_of('"a"@fr').value
    'a'
    """
    line = f"<x:s> <x:p> {key} .".encode()
    quad: ox.Quad = next(iter(ox.parse(input=line, format=ox.RdfFormat.N_TRIPLES)))
    return quad.object
