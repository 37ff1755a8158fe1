"""The statements of a release as they are sent to an engine: lines of N-Quads, in the order of the release's store.

The engine writes the lines (RDF 1.1 N-Quads, 2); none of their terms becomes an object of Python's.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby, islice

import pyoxigraph as ox

from solnum_ld.errors import StoreUnavailable
from solnum_ld.store.remote.layout import MERGED

_BLANK = re.compile(rb"^_:| _:[^ ]+ \.$")
_TOLD = 100_000
"""Statements after which a reader is told again how far it is."""


@dataclass(frozen=True, slots=True)
class Census:
    """How many triples each graph has, what they sum up to (see :func:`sum_of`), and the statements that have blank nodes."""

    sizes: dict[str, int]
    sums: dict[str, int]
    blank: list[bytes]


def census(store: ox.Store, told: Callable[[int], None], *, sums: bool) -> Census:
    """Read a release's store once; ``told`` hears how many statements were read, ``sums`` are computed if they are wanted."""
    found = Census({}, {}, [])
    read = 0
    for graph in _graphs(store):
        size, total = 0, 0
        for line in _lines(store, graph):
            size += 1
            if _BLANK.search(line):
                found.blank.append(_in_graph(line, graph))
            elif sums:
                total += _digest(line)
            if (read + size) % _TOLD == 0:
                told(read + size)
        read += size
        found.sizes[graph], found.sums[graph] = size, total % (1 << 64)
    return found


def portions(store: ox.Store, counted: Census, size: int) -> Iterator[list[bytes]]:
    """Yield all statements: first those with blank nodes, which mean something within one request only, then the others."""
    if counted.blank:
        yield counted.blank
    rest = (
        _in_graph(line, graph) for graph in counted.sizes for line in _lines(store, graph) if not _BLANK.search(line)
    )
    while portion := list(islice(rest, size)):
        yield portion


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one property of a thing in one graph, some of which have a datatype, as the engine of the release writes them."""

    of: bytes
    """Subject and predicate."""

    objects: tuple[bytes, ...]


def several_values(store: ox.Store, graph: str) -> Iterator[Values]:
    """Yield where a property has several values in a graph and one of them a datatype: what an engine may take for equal."""
    triples = (line.split(b" ", 2) for line in _lines(store, graph) if not _BLANK.search(line))
    for of, group in groupby(triples, lambda parts: (parts[0], parts[1])):
        objects = tuple(parts[2].removesuffix(b" .") for parts in group)
        if len(objects) > 1 and any(b'"^^<' in value for value in objects):
            yield Values(b" ".join(of), objects)


def by_graph(portion: Iterable[bytes]) -> dict[str, bytes]:
    """Return the statements of each graph as N-Triples.

    >>> by_graph([b'<a:a> <b:b> "1 <x>" <g:1> .\\n', b"<a:a> <b:b> <c:c> <g:2> .\\n"])
    {'g:1': b'<a:a> <b:b> "1 <x>" .\\n', 'g:2': b'<a:a> <b:b> <c:c> .\\n'}
    """
    graphs: dict[str, list[bytes]] = {}
    for statement in portion:
        triple, _, graph = statement.rpartition(b" <")
        graphs.setdefault(graph.removesuffix(b"> .\n").decode(), []).append(triple + b" .\n")
    return {graph: b"".join(lines) for graph, lines in graphs.items()}


def sum_of(lines: Iterable[bytes]) -> int:
    """Return a sum over lines of N-Triples that does not depend on their order; blank nodes are left out.

    >>> sum_of([b"<a:a> <b:b> 1 .", b"<c:c> <d:d> 2 ."]) == sum_of([b"<c:c> <d:d> 2 .", b"_:x <d:d> 2 .", b"<a:a> <b:b> 1 ."])
    True
    """
    return sum(_digest(line) for line in lines if line and not _BLANK.search(line)) % (1 << 64)


def _digest(line: bytes) -> int:
    return int.from_bytes(blake2b(line, digest_size=8).digest())


def _graphs(store: ox.Store) -> list[str]:
    """Return the graphs in the order in which they are sent; the merged one is the store's default graph."""
    named = (graph.value for graph in store.named_graphs() if isinstance(graph, ox.NamedNode))
    return sorted([MERGED, *named])


def _in_graph(line: bytes, graph: str) -> bytes:
    return b"%s<%s> .\n" % (line[:-1], graph.encode())


def _lines(store: ox.Store, graph: str) -> Iterator[bytes]:
    """Yield a graph as lines of N-Triples without their ends, which the engine writes into a pipe meanwhile.

    Raises StoreUnavailable where the engine ends before the graph does: what it wrote would pass for the whole.
    """
    reading, writing = os.pipe()
    here = ox.DefaultGraph() if graph == MERGED else ox.NamedNode(graph)
    failed: list[Exception] = []

    def write() -> None:
        try:
            with os.fdopen(writing, "wb") as out:
                store.dump(out, ox.RdfFormat.N_TRIPLES, from_graph=here)
        except (OSError, RuntimeError) as error:  # also when nobody reads to the end
            failed.append(error)

    thread = threading.Thread(target=write, name="statements")
    thread.start()
    try:
        with os.fdopen(reading, "rb", buffering=1 << 20) as lines:
            for line in lines:
                yield line[:-1]
    finally:
        thread.join()
    if failed:
        raise StoreUnavailable(f"The store of the release cannot be read to its end: {failed[0]}") from failed[0]
