"""Ask a release's index for people: search, completion, list pages with facets, spots on the map. Read-only, bounded."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from heapq import nsmallest
from pathlib import Path
from typing import Any

from solnum_ld.search.arrays import ListArrays, read_arrays
from solnum_ld.search.text import STOP, fold, forms, words

PAGE_SIZE = 50
MAX_FACET_VALUES = 60
MAX_SPOTS = 2000
_MAX_WORDS = 12
_AT_ONCE = 500
_MANY = 16
"""A value that one thing in so many has is sooner found by looking through all than by its things."""

_ITEM = "i.id, i.iri, i.class, i.names, i.summaries, i.status"
_NAMED = _ITEM.replace("i.summaries", "'{}'")
"""For many things of which no more than the name is shown."""

_RANK = "bm25(words, 10.0, 4.0, 1.0)"
_MAX_RANKED = 2000
"""Things, of those that a text finds, among which the best are chosen: what stands on a list comes first."""


Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of a list page as it is shown."""

    name: str
    label: Texts


@dataclass(frozen=True, slots=True)
class ListInfo:
    """A list page as it is shown. ``number`` names it in the index."""

    number: int
    path: str
    iri: str
    label: Texts
    intro: Texts
    classes: tuple[str, ...]
    facets: tuple[FieldInfo, ...]
    columns: tuple[FieldInfo, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that has a name; ``status`` says how sure its place is, where that is not certain."""

    id: int
    iri: str
    kind: str
    names: Texts
    summaries: Texts
    status: Texts


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a field: an N-Triples term, its names, and how many things of the selection have it."""

    term: str
    names: Texts
    count: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a list: the things of one page, how many there are in all, the values of their fields, the facets."""

    items: tuple[Item, ...]
    total: int
    cells: Mapping[tuple[int, str], tuple[FacetValue, ...]]
    facets: Mapping[str, tuple[FacetValue, ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found; ``every`` tells whether all words are in each, ``hint`` is a word that may be meant."""

    items: tuple[Item, ...]
    total: int
    kinds: tuple[tuple[str, int], ...]
    asked: frozenset[str]
    every: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a thing is: its place, with names, and coordinates in degrees (WGS 84). The item is without its summary."""

    item: Item
    place: str
    names: Texts
    latitude: float
    longitude: float


class PagesIndex:
    """The index of one release, opened read-only. May be used from several threads."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._kinds: list[str] = []
        self._lists_arrays: dict[int, ListArrays] = {}
        self.lists = self._read_lists()
        self.parameters = frozenset(f.name for page in self.lists for f in page.facets)
        self.counts = dict(self._rows("SELECT list, COUNT(*) FROM listed GROUP BY list"))
        self.has_spots = bool(self._rows("SELECT 1 FROM spot LIMIT 1"))
        self.mapped = frozenset(
            page.number
            for page in self.lists
            if self._rows(
                "SELECT 1 FROM listed l JOIN spot s ON s.item = l.item WHERE l.list = ? LIMIT 1", [page.number]
            )
        )

    def warm(self) -> None:
        """Read what the first search would have to wait for: the class of every item."""
        self._kind_of()

    def close(self) -> None:
        """Close every connection."""
        for connection in self._all:
            connection.close()

    def list_of(self, path: str) -> ListInfo | None:
        """Return the list page of a path."""
        return next((page for page in self.lists if page.path == path), None)

    def list_for(self, classes: Iterable[str]) -> ListInfo | None:
        """Return the list page on which things of these classes stand."""
        wanted = set(classes)
        return next((page for page in self.lists if wanted.intersection(page.classes)), None)

    # -- lists ---------------------------------------------------------------------------------------------------------

    def listing(
        self, page: ListInfo, chosen: Mapping[str, str], text: str, number: int, size: int = PAGE_SIZE
    ) -> Listing:
        """Return page ``number`` (from 1) of a list under filters: a term for each chosen field, and words of the name."""
        filters = self._filters(page, chosen, text)
        selected = self._meeting(page, filters)
        ordered = self._page_of(selected, number, size)
        items = self._items_at(page, ordered)
        total = len(selected)
        facets = self._facets(page, filters) if size > 0 else {}
        return Listing(items, total, self._cells(page, items), facets)

    def facets(self, page: ListInfo, chosen: Mapping[str, str], text: str) -> dict[str, tuple[FacetValue, ...]]:
        """Return the values of the facets of a list under filters, with their counts."""
        return self._facets(page, self._filters(page, chosen, text))

    def _facets(self, page: ListInfo, filters: Mapping[str, set[int]]) -> dict[str, tuple[FacetValue, ...]]:
        """Count the values of each facet under the other filters, so that one may change one's mind."""
        everything = self._meeting(page, filters)
        found = {}
        for facet in page.facets:
            others = {name: ranks for name, ranks in filters.items() if name != facet.name}
            if not others:
                found[facet.name] = self._all_values(page, facet.name)
                continue
            selected = everything if len(others) == len(filters) else self._meeting(page, others)
            counts = self._arrays(page).count(facet.name, selected)
            best = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_FACET_VALUES]
            known = self._by_number([value for value, _ in best])
            found[facet.name] = tuple(FacetValue(*known[value], n) for value, n in best)
        return found

    def all_items(self, page: ListInfo, chosen: Mapping[str, str], text: str) -> Listing:
        """Return a whole list under filters, without facets: for downloads."""
        return self.listing(page, chosen, text, 1, size=-1)

    def _filters(self, page: ListInfo, chosen: Mapping[str, str], text: str) -> dict[str, set[int]]:
        """Return the ranks of what each filter lets through: one for each chosen field, and "" for the words of a text."""
        filters = {name: self._with_value(page, name, term) for name, term in chosen.items()}
        expression = _expression(text)[0]
        if expression:
            ranks = self._arrays(page).ranks
            found = self._numbers("SELECT rowid AS n FROM words WHERE words MATCH ?", [expression])
            filters[""] = {ranks[item] for item in found if item < len(ranks)} - {0}
        return filters

    def _meeting(self, page: ListInfo, filters: Mapping[str, set[int]]) -> range | set[int]:
        """Return the ranks of what all filters let through, in no order."""
        if not filters:
            return range(1, len(self._arrays(page).items))
        return set.intersection(*sorted(filters.values(), key=len))

    def _with_value(self, page: ListInfo, name: str, term: str) -> set[int]:
        """Return the ranks of what has a value in a facet: by looking through the arrays where many have it."""
        rows = self._rows(
            "SELECT v.id, f.n FROM value v JOIN facet f ON f.list = ? AND f.field = ? AND f.value = v.id WHERE v.term = ?",
            [page.number, name, term],
        )
        if not rows:
            return set()
        ((value, count),) = rows
        arrays = self._arrays(page)
        if count * _MANY > len(arrays.items):
            return arrays.having(name, value)
        found = self._numbers(
            "SELECT item AS n FROM fact WHERE list = ? AND field = ? AND value = ?", [page.number, name, value]
        )
        return {arrays.ranks[item] for item in found}

    @staticmethod
    def _page_of(selected: range | set[int], number: int, size: int) -> Sequence[int]:
        """Return the ranks of page ``number``, in order; all of them where ``size`` is below 0."""
        if isinstance(selected, range):
            return selected if size < 0 else selected[(number - 1) * size : number * size]
        if size < 0:
            return sorted(selected)
        return nsmallest(number * size, selected)[(number - 1) * size :]

    def _items_at(self, page: ListInfo, ranks: Sequence[int]) -> tuple[Item, ...]:
        """Return the items at these ranks of a list, in their order."""
        at = self._arrays(page).items
        found: dict[int, Item] = {}
        for start in range(0, len(ranks), _AT_ONCE):
            part = [at[rank] for rank in ranks[start : start + _AT_ONCE]]
            marks = ",".join("?" * len(part))
            found |= {
                row[0]: _item(row) for row in self._rows(f"SELECT {_ITEM} FROM item i WHERE i.id IN ({marks})", part)
            }
        return tuple(found[at[rank]] for rank in ranks)

    def _all_values(self, page: ListInfo, name: str) -> tuple[FacetValue, ...]:
        """Return the values of a facet, counted in the whole list."""
        rows = self._rows(
            "SELECT v.term, v.names, f.n FROM facet f JOIN value v ON v.id = f.value"
            " WHERE f.list = ? AND f.field = ? ORDER BY f.n DESC, f.value LIMIT ?",
            [page.number, name, MAX_FACET_VALUES],
        )
        return tuple(FacetValue(row[0], _texts(row[1]), row[2]) for row in rows)

    def _by_number(self, values: Sequence[int]) -> dict[int, tuple[str, Texts]]:
        """Return term and names of values by their numbers."""
        marks = ",".join("?" * len(values))
        rows = self._rows(f"SELECT id, term, names FROM value WHERE id IN ({marks})", values)
        return {row[0]: (row[1], _texts(row[2])) for row in rows}

    def _arrays(self, page: ListInfo) -> ListArrays:
        """Return the arrays of a list; read once."""
        if page.number not in self._lists_arrays:
            rows = self._rows(
                "SELECT field, layer, data FROM array WHERE list = ? ORDER BY field, layer", [page.number]
            )
            self._lists_arrays[page.number] = read_arrays(rows)
        return self._lists_arrays[page.number]

    def _numbers(self, sql: str, values: Sequence[object]) -> list[int]:
        """Return one column of numbers; as one value, since a row each takes twice as long."""
        numbers: list[int] = json.loads(self._rows(f"SELECT json_group_array(n) FROM ({sql})", values)[0][0])
        return numbers

    def _cells(self, page: ListInfo, items: Sequence[Item]) -> dict[tuple[int, str], tuple[FacetValue, ...]]:
        cells: dict[tuple[int, str], tuple[FacetValue, ...]] = {}
        shown = {f.name for f in page.columns}
        for start in range(0, len(items), 500):
            part = items[start : start + 500]
            marks = ",".join("?" * len(part))
            rows = self._rows(
                "SELECT f.item, f.field, v.term, v.names FROM fact f JOIN value v ON v.id = f.value "
                f"WHERE f.list = ? AND f.item IN ({marks}) ORDER BY v.term",
                [page.number, *(item.id for item in part)],
            )
            for item, field, term, names in rows:
                if field in shown:
                    cells[item, field] = (*cells.get((item, field), ()), FacetValue(term, _texts(names)))
        return cells

    def value_of(self, page: ListInfo, name: str, terms: Sequence[str]) -> str | None:
        """Return the first of these terms that is a value of a facet of a list."""
        sql = "SELECT 1 FROM value v JOIN facet f ON f.list = ? AND f.field = ? AND f.value = v.id WHERE v.term = ?"
        return next((term for term in terms if self._rows(sql, [page.number, name, term])), None)

    # -- search --------------------------------------------------------------------------------------------------------

    def search(self, text: str, kind: str, number: int, size: int = 20) -> Found:
        """Return page ``number`` of what a text finds, the thing itself first; ``kind`` is a class, or empty."""
        expression, asked = _expression(text)
        if not expression:
            return Found((), 0, (), frozenset())
        every = True
        matching = self._matching(expression)
        if not matching and " AND " in expression:
            every = False
            expression = expression.replace(" AND ", " OR ")
            matching = self._matching(expression)
        if not matching:
            return Found((), 0, (), asked, hint=self._hint(text))
        kinds = Counter(map(self._kind_of().__getitem__, matching))
        if kind:
            matching = [item for item in matching if self._kind_of()[item] == kind]
        exact, whole = fold(text).strip(), " ".join(fold(w) for _, _, w in words(text))
        rows = self._rows(
            f"SELECT {_ITEM} FROM words JOIN item i ON i.id = words.rowid "
            "WHERE words MATCH ? AND words.rowid <= ? AND (? = '' OR i.class = ?) "
            f"ORDER BY i.sort = ? DESC, i.sort = ? DESC, {_RANK} - 2.0 * i.listed, i.sort, i.iri LIMIT ? OFFSET ?",
            [
                expression,
                matching[:_MAX_RANKED][-1] if matching else 0,
                kind,
                kind,
                exact,
                whole,
                size,
                (number - 1) * size,
            ],
        )
        ranked = sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))
        return Found(tuple(_item(row) for row in rows), len(matching), tuple(ranked), asked, every)

    def _matching(self, expression: str) -> list[int]:
        """Return the numbers of what an expression finds, in order."""
        return self._numbers("SELECT rowid AS n FROM words WHERE words MATCH ? ORDER BY rowid", [expression])

    def _kind_of(self) -> list[str]:
        """Return the class of each item by its number; read once."""
        if not self._kinds:
            self._kinds = ["", *(sys.intern(row[0]) for row in self._rows("SELECT class FROM item ORDER BY id"))]
        return self._kinds

    def _hint(self, text: str) -> str:
        """Return the text with unknown words replaced by near known ones; empty when there are none near."""
        changed, result = False, []
        for _, _, word in words(text):
            plain = fold(word)
            known = self._rows("SELECT 1 FROM terms WHERE term = ? LIMIT 1", [plain])
            if known or len(plain) < 3:
                result.append(word)
                continue
            near = self._rows(
                "SELECT term FROM terms WHERE term >= ? AND term < ? AND LENGTH(term) BETWEEN ? AND ? LIMIT 5000",
                [plain[0], plain[0] + "\U0010ffff", len(plain) - 2, len(plain) + 2],
            )
            best = get_close_matches(plain, [row[0] for row in near], n=1, cutoff=0.7)
            changed |= bool(best)
            result.append(best[0] if best else word)
        return " ".join(result) if changed else ""

    def complete(self, text: str, size: int = 8) -> list[Item]:
        """Return things whose names have words that begin like those of a text."""
        plain = [fold(word) for _, _, word in words(text)][:_MAX_WORDS]
        if not plain:
            return []
        expression = " AND ".join(f'"{word}" *' for word in plain)
        try:
            rows = self._rows(
                f"WITH found AS MATERIALIZED (SELECT rowid FROM beginnings WHERE beginnings MATCH ? LIMIT 500) SELECT {_ITEM}"
                " FROM found f JOIN item i ON i.id = f.rowid ORDER BY i.listed DESC, LENGTH(i.names), i.sort LIMIT ?",
                [expression, size],
            )
        except sqlite3.OperationalError as error:
            if "phrase" not in str(error):
                raise
            return []  # a character that is no part of a word in the index divides this one: no name holds it
        return [_item(row) for row in rows]

    # -- map -----------------------------------------------------------------------------------------------------------

    def spots(self, page: ListInfo | None, chosen: Mapping[str, str], text: str) -> tuple[list[Spot], list[Item]]:
        """Return where the things of a list are (None: all things), and those of the list that are nowhere."""
        columns = f"{_NAMED}, s.place, p.names, s.latitude, s.longitude"
        if page is None:
            rows = self._rows(
                f"SELECT {columns} FROM spot s JOIN item i ON i.id = s.item LEFT JOIN item p ON p.iri = s.place"
                " ORDER BY s.item LIMIT ?",
                [MAX_SPOTS],
            )
            return [_spot(row) for row in rows], []
        arrays = self._arrays(page)
        selected = self._page_of(self._meeting(page, self._filters(page, chosen, text)), 1, -1)
        nowhere = self._items_at(page, arrays.nowhere(selected, MAX_SPOTS))
        spots: list[Spot] = []
        somewhere = [arrays.items[rank] for rank in arrays.somewhere(selected)[:MAX_SPOTS]]
        for start in range(0, len(somewhere), _AT_ONCE):
            part = somewhere[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            rows = self._rows(
                f"SELECT {columns} FROM spot s JOIN item i ON i.id = s.item LEFT JOIN item p ON p.iri = s.place"
                f" WHERE s.item IN ({marks})",
                part,
            )
            order = {item: at for at, item in enumerate(part)}
            spots += (_spot(row) for row in sorted(rows, key=lambda row: (order[row[0]], row[6])))
        return spots[:MAX_SPOTS], list(nowhere)

    def spots_of(self, iri: str) -> list[Spot]:
        """Return where one thing is."""
        rows = self._rows(
            f"SELECT {_ITEM}, s.place, p.names, s.latitude, s.longitude FROM item i JOIN spot s ON s.item = i.id"
            " LEFT JOIN item p ON p.iri = s.place WHERE i.iri = ? LIMIT 50",
            [iri],
        )
        return [_spot(row) for row in rows]

    def under(self, iri: str, size: int = 12) -> list[tuple[ListInfo, str, int, list[Item]]]:
        """Return, for each list, the field of which this resource is a value for most things, how many, and the first."""
        found: list[tuple[ListInfo, str, int, list[Item]]] = []
        rows = self._rows(
            "SELECT f.list, f.field, f.n, f.value FROM value v JOIN facet f ON f.value = v.id WHERE v.term = ?"
            " ORDER BY f.list, f.n DESC, f.field",
            [f"<{iri}>"],
        )
        seen: set[int] = set()
        for number, field, count, value in rows:
            if number in seen:
                continue
            seen.add(number)
            items = self._rows(
                f"SELECT {_ITEM} FROM fact f JOIN listed l ON l.list = f.list AND l.item = f.item JOIN item i ON i.id = f.item"
                " WHERE f.list = ? AND f.field = ? AND f.value = ? ORDER BY l.rank LIMIT ?",
                [number, field, value, size],
            )
            found.append((self.lists[number - 1], field, count, [_item(row) for row in items]))
        return found

    def similar(self, page: ListInfo, iri: str, size: int = 6) -> list[Item]:
        """Return the things of a list that share the most, and the rarest, values of its facets with one of them."""
        rows = self._rows(
            "WITH own AS MATERIALIZED (SELECT c.field, c.value, c.n FROM item i"
            " JOIN fact f ON f.list = ?1 AND f.item = i.id"
            " JOIN facet c ON c.list = ?1 AND c.field = f.field AND c.value = f.value"
            " WHERE i.iri = ?2 AND c.n BETWEEN 2 AND 200), near AS MATERIALIZED (SELECT f.item, SUM(1.0 / o.n) AS shared"
            " FROM own o CROSS JOIN fact f ON f.list = ?1 AND f.field = o.field AND f.value = o.value"
            " GROUP BY f.item HAVING shared >= 0.125)"
            f" SELECT {_ITEM} FROM near n CROSS JOIN item i ON i.id = n.item WHERE i.iri <> ?2"
            " ORDER BY n.shared DESC, i.sort LIMIT ?3",
            [page.number, iri, size],
        )
        return [_item(row) for row in rows]

    # -- reading -------------------------------------------------------------------------------------------------------

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Return the rows of one statement; SQLite's values have no static type."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
            self._local.connection = connection
            self._all.append(connection)
        return connection.execute(sql, values).fetchall()

    def _read_lists(self) -> tuple[ListInfo, ...]:
        rows = self._rows("SELECT value FROM meta WHERE key = 'lists'")
        return tuple(
            ListInfo(
                number,
                page["path"],
                page["iri"],
                page["label"],
                page["intro"],
                tuple(page["classes"]),
                tuple(FieldInfo(f["name"], f["label"]) for f in page["facets"]),
                tuple(FieldInfo(f["name"], f["label"]) for f in page["columns"]),
            )
            for number, page in enumerate(json.loads(rows[0][0]), 1)
        )


def _spot(row: Sequence[Any]) -> Spot:
    return Spot(_item(row), row[6], _texts(row[7] or "{}"), row[8], row[9])


def _item(row: Sequence[Any]) -> Item:
    return Item(row[0], row[1], row[2], json.loads(row[3]), json.loads(row[4]), _texts(row[5]))


@lru_cache(maxsize=4096)
def _texts(written: str) -> Texts:
    """Read texts that many rows repeat: names of values and places, how sure a place is."""
    texts: Texts = json.loads(written)
    return texts


def _expression(text: str) -> tuple[str, frozenset[str]]:
    """Return the FTS5 expression for a text, and every form that is asked for. Words are quoted: no operator passes."""
    every = [word for _, _, word in words(text[:1000])][:_MAX_WORDS]
    wanted = [word for word in every if fold(word) not in STOP and word.casefold() not in STOP] or every
    parts = ["(" + " OR ".join(f'"{form}"' for form in forms(word)) + ")" for word in wanted]
    return " AND ".join(parts), frozenset(form for word in wanted for form in forms(word))
