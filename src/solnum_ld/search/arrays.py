"""The values of a list's facets as arrays by rank, so that a selection of many things is counted without a look-up for each.

A list of N things has ranks 1 to N. For each facet there are *layers*: in the first stands one value of each thing (a number of
the table ``value``, 0 for none), in the next a second one, and so on; what has still more stands in *more*, as pairs of rank and
value. Arrays are unsigned numbers of four bytes, little-endian.
"""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

LAYERS = 4
ITEMS, PLACED, MORE = "item", "placed", "more"
SQL = "CREATE TABLE array (list INTEGER, field TEXT, layer TEXT, data BLOB, PRIMARY KEY (list, field, layer));"


class Layers:
    """Collects the values of one facet."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.layers: list[array[int]] = []
        self.more: array[int] = array("I")
        self._more: set[tuple[int, int]] = set()

    def put(self, rank: int, value: int) -> None:
        """Note a value of a thing; one that is noted already changes nothing."""
        for layer in self.layers:
            if layer[rank] == value:
                return
            if not layer[rank]:
                layer[rank] = value
                return
        if len(self.layers) < LAYERS:
            self.layers.append(array("I", bytes(4 * (self._count + 1))))
            self.layers[-1][rank] = value
        elif (rank, value) not in self._more:
            self._more.add((rank, value))
            self.more.extend((rank, value))


def write_facet(database: sqlite3.Connection, number: int, field: str, layers: Layers) -> None:
    """Write the values of one facet of the list ``number``."""
    for at, layer in enumerate(layers.layers):
        _write(database, number, field, str(at), layer)
    if layers.more:
        _write(database, number, field, MORE, layers.more)


def write_items(database: sqlite3.Connection, number: int, items: Sequence[int], placed: Collection[int]) -> None:
    """Write which item stands at which rank, and which of them are somewhere."""
    _write(database, number, "", ITEMS, array("I", [0, *items]))
    flags = bytes([0, *(item in placed for item in items)])
    database.execute("INSERT INTO array VALUES (?, ?, ?, ?)", (number, "", PLACED, flags))


def _write(database: sqlite3.Connection, number: int, field: str, layer: str, values: array[int]) -> None:
    if sys.byteorder == "big":
        values = array("I", values)
        values.byteswap()
    database.execute("INSERT INTO array VALUES (?, ?, ?, ?)", (number, field, layer, values.tobytes()))


@dataclass(frozen=True, slots=True)
class ListArrays:
    """The arrays of one list, as they are read: the item at each rank, and the rank of each item, 0 for those of other lists."""

    items: Sequence[int]
    ranks: Sequence[int]
    placed: bytes
    facets: Mapping[str, tuple[tuple[Sequence[int], ...], Sequence[int]]]

    def count(self, field: str, selected: Collection[int]) -> Counter[int]:
        """Return how many of the selected ranks have each value of a facet."""
        layers, more = self.facets.get(field, ((), ()))
        counts: Counter[int] = Counter()
        for layer in layers:
            counts.update(map(layer.__getitem__, selected))
        if more:
            among = selected if isinstance(selected, set | frozenset) else set(selected)
            counts.update(value for rank, value in zip(more[::2], more[1::2], strict=True) if rank in among)
        counts.pop(0, None)
        return counts

    def having(self, field: str, value: int) -> set[int]:
        """Return the ranks of what has a value."""
        layers, more = self.facets.get(field, ((), ()))
        found = {rank for layer in layers for rank, each in enumerate(layer) if each == value}
        return found.union(rank for rank, each in zip(more[::2], more[1::2], strict=True) if each == value)

    def nowhere(self, selected: Iterable[int], most: int) -> list[int]:
        """Return the first of these ranks, in order, whose things are nowhere."""
        found: list[int] = []
        for rank in selected:
            if not self.placed[rank]:
                found.append(rank)
                if len(found) == most:
                    break
        return found

    def somewhere(self, selected: Sequence[int]) -> list[int]:
        """Return those of these ranks whose things are somewhere."""
        return list(compress(selected, map(self.placed.__getitem__, selected)))


def read_arrays(rows: Iterable[tuple[str, str, bytes]]) -> ListArrays:
    """Return the arrays of a list; ``rows`` are (field, layer, data) of the table, in the order of its key."""
    facets: dict[str, tuple[tuple[Sequence[int], ...], Sequence[int]]] = {}
    items, placed = array("I", [0]), b"\0"
    for field, layer, data in rows:
        if layer == PLACED:
            placed = data
            continue
        values = array("I", data)
        if sys.byteorder == "big":
            values.byteswap()
        layers, more = facets.get(field, ((), ()))
        if layer == ITEMS:
            items = values
        elif layer == MORE:
            facets[field] = layers, values
        else:
            facets[field] = (*layers, values), more
    ranks = array("I", bytes(4 * (max(items) + 1)))
    for rank, item in enumerate(items):
        ranks[item] = rank
    return ListArrays(items, ranks, placed, facets)
