"""Build the index for people: what has a name, which lists it stands on, where it is. SQLite with FTS5.

``item``     what has a name: names and summaries by language, its class; what stands on a list has the lower numbers
``words``    full text of the items, in the forms of :mod:`solnum_ld.search.text` (no content is kept)
``beginnings``  the words of names as they are, for completion and near words
``listed``   which item stands on which list, in which place
``fact``     the values that columns show and facets filter by; ``facet`` counts them
``spot``     where an item is, by way of which place
``array``    the values of facets once more, by rank (:mod:`solnum_ld.search.arrays`)
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import cast

import pyoxigraph as ox

from solnum_ld.namespaces import (
    DCAT,
    GEO,
    LABELS,
    OWL,
    RDF,
    RDF_TYPE,
    RDFS,
    SCHEMA,
    SCHEMA_HTTP,
    SD,
    SH,
    SKOS,
    SN,
    VOID,
)
from solnum_ld.naming import PARTS_OF_NAMES, end_of, full_names
from solnum_ld.search import arrays
from solnum_ld.search.geometry import Point, representative_point, shape_point
from solnum_ld.search.lists import PROLOGUE, Field, ListPage, read_lists
from solnum_ld.search.text import fold, indexed, plain

NAME = "pages.sqlite"
_DEFAULT = ox.DefaultGraph()
_MACHINERY = (OWL, RDF, RDFS, SH, SD, VOID, SN + "List")
_MAX_TEXT = 5000
_HEAD = 100
"""Characters in which a geometry says what it is."""

_NUMBER = re.compile(r"\d+")
_MAX_HOPS = 8
_OTHER_NAMES = (
    SCHEMA + "alternateName",
    SCHEMA_HTTP + "alternateName",
    SKOS + "altLabel",
    SKOS + "hiddenLabel",
    SCHEMA + "abstract",
    SN + "placeAsWritten",
)
_SUMMARIES = (
    SCHEMA + "description",
    SCHEMA_HTTP + "description",
    "http://purl.org/dc/terms/description",
    SKOS + "definition",
    RDFS + "comment",
)
_WGS = "http://www.w3.org/2003/01/geo/wgs84_pos#"
_COORDINATES = (
    *((s + "latitude", s + "longitude") for s in (SCHEMA, SCHEMA_HTTP)),
    (_WGS + "lat", _WGS + "long"),
)
_GEOMETRIES = (
    GEO + "asWKT",
    GEO + "asGeoJSON",
    "http://www.w3.org/ns/locn#geometry",
    DCAT + "centroid",
    DCAT + "bbox",
)
_SHAPES = tuple((s + name, name != "line") for name in ("polygon", "box", "line") for s in (SCHEMA, SCHEMA_HTTP))
"""Properties of a ``GeoShape``, and which of them are areas."""

_SHAPED = (
    *(GEO + name for name in ("hasDefaultGeometry", "hasGeometry", "hasCentroid")),
    *(s + "geo" for s in (SCHEMA, SCHEMA_HTTP)),
    "http://www.w3.org/ns/locn#geometry",
    _WGS + "location",
)
"""From a thing to the node, often a blank one, that has its coordinates."""

_LOCATED = (
    *(s + n for s in (SCHEMA, SCHEMA_HTTP) for n in ("location", "contentLocation", "spatialCoverage")),
    "http://purl.org/dc/terms/spatial",
    "http://xmlns.com/foaf/0.1/based_near",
)
_CONTAINED = (SCHEMA + "containedInPlace", SCHEMA_HTTP + "containedInPlace")
_POSITION = (SCHEMA + "position", SCHEMA_HTTP + "position")

_SCHEMA_SQL = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE item (id INTEGER PRIMARY KEY, iri TEXT, class TEXT, names TEXT, summaries TEXT, status TEXT, listed INTEGER, sort TEXT);
CREATE VIRTUAL TABLE words USING fts5(name, other, summary, content='', tokenize="unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE beginnings USING fts5(name, content='', tokenize="unicode61 remove_diacritics 0", prefix='2 3', detail=none);
CREATE VIRTUAL TABLE terms USING fts5vocab(beginnings, row);
CREATE TABLE listed (list INTEGER, rank INTEGER, item INTEGER, PRIMARY KEY (list, rank)) WITHOUT ROWID;
CREATE TABLE value (id INTEGER PRIMARY KEY, term TEXT UNIQUE, names TEXT);
CREATE TABLE fact (list INTEGER, field TEXT, value INTEGER, item INTEGER, PRIMARY KEY (list, field, value, item)) WITHOUT ROWID;
CREATE TABLE facet (list INTEGER, field TEXT, value INTEGER, n INTEGER, PRIMARY KEY (list, field, value)) WITHOUT ROWID;
CREATE TABLE spot (item INTEGER, place TEXT, latitude REAL, longitude REAL, PRIMARY KEY (item, place)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE UNIQUE INDEX item_by_iri ON item (iri);
CREATE UNIQUE INDEX listed_item ON listed (list, item);
CREATE INDEX facet_of_value ON facet (value);
CREATE UNIQUE INDEX fact_of_item ON fact (list, item, field, value);
INSERT INTO facet SELECT list, field, value, COUNT(*) FROM fact GROUP BY 1, 2, 3;
INSERT INTO words (words) VALUES ('optimize');
INSERT INTO beginnings (beginnings) VALUES ('optimize');
"""


def build_search(path: Path, store: ox.Store, rebase: Callable[[str], str] = str) -> None:
    """Write the index of what the default graph of a store says; ``rebase`` gives the deployment's name of an IRI.

    Raises :class:`SourceInvalid` when the source declares pages that cannot be served.
    """
    pages = read_lists(store, rebase)
    database = sqlite3.connect(path)
    try:
        database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE;" + _SCHEMA_SQL + arrays.SQL
        )
        _Builder(store, database, pages).run()
        database.executescript(_INDEXES)
        database.commit()
    finally:
        database.close()


class _Builder:
    """Fills the tables of one index."""

    def __init__(self, store: ox.Store, database: sqlite3.Connection, pages: tuple[ListPage, ...]) -> None:
        self._store, self._database, self._pages = store, database, pages
        self._ids: dict[str, int] = {}
        self._values: dict[str, int] = {}
        self._sorts: dict[str, str] = {}
        self._parts = tuple(name for name in PARTS_OF_NAMES if next(self._quads(name), None) is not None)

    def run(self) -> None:
        classes = self._classes()
        points = self._points()
        where = self._where(points)
        listed = [sorted({i for c in page.classes for i in self._instances(c)}) for page in self._pages]
        on_list = {iri for iris in listed for iri in iris}
        self._items(classes, on_list, where)
        positions: dict[str, float] = {}
        for name in _POSITION:
            positions |= self._numbers(name)
        orders: list[list[int]] = []
        for number, (page, iris) in enumerate(zip(self._pages, listed, strict=True), 1):
            orders.append(self._list(number, iris, positions))
            ranks = {item: rank for rank, item in enumerate(orders[-1], 1)}
            facets = {f.name for f in page.facets}
            for field in {f.name: f for f in (*page.columns, *page.facets)}.values():
                self._facts(number, page, field, ranks if field.name in facets else {})
        placed = self._spots(points, where)
        for number, order in enumerate(orders, 1):
            arrays.write_items(self._database, number, order, placed)
        lists = [_as_json(page) for page in self._pages]
        self._database.execute("INSERT INTO meta VALUES ('lists', ?)", [json.dumps(lists, ensure_ascii=False)])

    def _quads(self, predicate: str) -> Iterator[ox.Quad]:
        return self._store.quads_for_pattern(None, ox.NamedNode(predicate), None, _DEFAULT)

    def _instances(self, name: str) -> Iterator[str]:
        found = self._store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(name), _DEFAULT)
        return (q.subject.value for q in found if isinstance(q.subject, ox.NamedNode))

    def _classes(self) -> dict[str, str]:
        """Return one class of each typed thing: that of a list before others, the source's own before well-known ones."""
        preferred = {name for page in self._pages for name in page.classes}
        found: dict[str, str] = {}
        for quad in self._quads(RDF_TYPE):
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                old, new = found.get(quad.subject.value), quad.object.value
                if old is None or _class_rank(new, preferred) < _class_rank(old, preferred):
                    found[quad.subject.value] = new
        return found

    def _items(self, classes: dict[str, str], on_list: set[str], where: Mapping[str, tuple[str, ...]]) -> None:
        names = self._texts(LABELS, first=True)
        self._compose(names)
        others = self._texts(_OTHER_NAMES, first=False)
        summaries = self._texts(_SUMMARIES, first=True)
        statuses = self._statuses()
        for iri in self._nameless(names.keys(), on_list, where.keys()):  # they are shown by the ends of their IRIs
            names[iri] = {"": end_of(iri)}
        kept = (i for i in names if i in on_list or not classes.get(i, "").startswith(_MACHINERY))
        ordered = sorted(kept, key=lambda iri: (iri not in on_list, iri))
        self._ids = {iri: number for number, iri in enumerate(ordered, 1)}
        self._sorts = {iri: _sort_key(_title(names[iri])) for iri in on_list}
        self._database.executemany(
            "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    number,
                    iri,
                    classes.get(iri, ""),
                    _dump(names[iri]),
                    _dump(summaries.get(iri, {})),
                    _dump(statuses.get(iri, {})),
                    int(iri in on_list),
                    self._sorts.get(iri) or _sort_key(_title(names[iri])),
                )
                for iri, number in self._ids.items()
            ),
        )
        self._database.executemany(
            "INSERT INTO words (rowid, name, other, summary) VALUES (?, ?, ?, ?)",
            (
                (number, *(indexed(" ".join(texts.get(iri, {}).values())) for texts in (names, others, summaries)))
                for iri, number in self._ids.items()
            ),
        )
        self._database.executemany(
            "INSERT INTO beginnings (rowid, name) VALUES (?, ?)",
            ((number, plain(" ".join(names[iri].values()))) for iri, number in self._ids.items()),
        )

    def _compose(self, names: dict[str, dict[str, str]]) -> None:
        """Add the names of people of whom only given and family names are said."""
        parts: dict[str, dict[str, list[ox.Literal]]] = {}
        for name in self._parts:
            for quad in self._quads(name):
                subject, said = quad.subject, quad.object
                if isinstance(subject, ox.NamedNode) and isinstance(said, ox.Literal) and subject.value not in names:
                    parts.setdefault(subject.value, {}).setdefault(name, []).append(said)
        for iri, mine in parts.items():
            composed = {(n.language or "").partition("-")[0]: n.value[:_MAX_TEXT] for n in full_names(mine)}
            if composed:
                names[iri] = composed

    def _nameless(self, named: AbstractSet[str], on_list: AbstractSet[str], placed: AbstractSet[str]) -> set[str]:
        """Return what has no name, and yet stands on a list or on the map."""
        found = set(placed - named)
        return set(on_list - named) | (found - self._geometries() if found else found)

    def _statuses(self) -> dict[str, dict[str, str]]:
        """Return how sure the place of a thing is, where it is not certain."""
        return {
            quad.subject.value: self._names(quad.object)
            for quad in self._quads(SN + "placeStatus")
            if isinstance(quad.subject, ox.NamedNode)
            and isinstance(quad.object, ox.NamedNode)
            and quad.object.value != SN + "certain"
        }

    def _texts(self, properties: Iterable[str], *, first: bool) -> dict[str, dict[str, str]]:
        """Return the texts of each thing by language; ``first``: of the best property alone, else of all together."""
        found: dict[str, dict[str, str]] = {}
        for name in properties:
            fresh: dict[str, dict[str, str]] = {}
            for quad in self._quads(name):
                if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal):
                    texts = fresh.setdefault(quad.subject.value, {})
                    key = (quad.object.language or "").partition("-")[0]
                    text = quad.object.value[:_MAX_TEXT]
                    texts[key] = min(texts.get(key, text), text) if first else f"{texts.get(key, '')} {text}"
            for iri, texts in fresh.items():
                if first:
                    found.setdefault(iri, texts)
                else:
                    mine = found.setdefault(iri, {})
                    for key, text in texts.items():
                        mine[key] = f"{mine.get(key, '')} {text}".strip()
        return found

    def _list(self, number: int, iris: Sequence[str], positions: dict[str, float]) -> list[int]:
        """Write a list; return its items in order."""
        ordered = sorted(iris, key=lambda iri: (iri not in positions, positions.get(iri, 0.0), self._sorts[iri], iri))
        items = [self._ids[iri] for iri in ordered]
        rows = ((number, rank, item) for rank, item in enumerate(items, 1))
        self._database.executemany("INSERT INTO listed VALUES (?, ?, ?)", rows)
        return items

    def _facts(self, number: int, page: ListPage, field: Field, ranks: dict[int, int]) -> None:
        """Write the values of a field, also as arrays where the field is a facet and so the ``ranks`` of items are given."""
        layers = arrays.Layers(len(ranks))

        def noted(value: int, item: int) -> tuple[int, str, int, int]:
            if ranks:
                layers.put(ranks[item], value)
            return number, field.name, value, item

        kind = f"?value a <{field.value_class}> ." if field.value_class else ""
        for name in page.classes:
            query = f"{PROLOGUE}SELECT ?item ?value {{ ?item a <{name}> . ?item {field.path} ?value . {kind} }}"
            self._database.executemany(
                "INSERT OR IGNORE INTO fact VALUES (?, ?, ?, ?)",
                (
                    noted(self._value(value), self._ids[item.value])
                    for item, value in cast("ox.QuerySolutions", self._store.query(query))
                    if isinstance(item, ox.NamedNode)
                    and item.value in self._ids
                    and isinstance(value, ox.NamedNode | ox.BlankNode | ox.Literal)
                ),
            )
        arrays.write_facet(self._database, number, field.name, layers)

    def _value(self, term: ox.NamedNode | ox.BlankNode | ox.Literal) -> int:
        key = str(term)
        known = self._values.get(key)
        if known is None:
            known = self._values[key] = len(self._values) + 1
            names = self._names(term) if isinstance(term, ox.NamedNode) else {}
            self._database.execute("INSERT INTO value VALUES (?, ?, ?)", (known, key, _dump(names)))
        return known

    def _names(self, node: ox.NamedNode) -> dict[str, str]:
        for name in LABELS:
            found = self._said(node, name)
            if found:
                break
        else:
            found = full_names({name: self._said(node, name) for name in self._parts})
        return dict(sorted((literal.language or "", literal.value) for literal in found))

    def _said(self, node: ox.NamedNode, name: str) -> tuple[ox.Literal, ...]:
        quads = self._store.quads_for_pattern(node, ox.NamedNode(name), None, _DEFAULT)
        return tuple(quad.object for quad in quads if isinstance(quad.object, ox.Literal))

    # -- where things are ----------------------------------------------------------------------------------------------

    def _where(self, points: Mapping[str, Point]) -> dict[str, tuple[str, ...]]:
        """Return by way of which places things are somewhere: themselves, or the nearest that have coordinates."""
        if not points:
            return {}
        found: dict[str, tuple[str, ...]] = {iri: (iri,) for iri in points if not iri.startswith("_:")}
        above = self._links(_CONTAINED)
        for iri, places in self._links(_LOCATED).items():
            if iri not in points:
                nearest = {place for near in places if (place := _nearest(near, points, above))}
                if nearest:
                    found[iri] = tuple(sorted(nearest))
        return found

    def _spots(self, points: Mapping[str, Point], where: Mapping[str, tuple[str, ...]]) -> set[int]:
        """Write where things are; return those that are somewhere."""
        placed: set[int] = set()
        for iri, places in sorted(where.items()):
            item = self._ids.get(iri)
            if item is not None:
                rows = ((item, place, *points[place]) for place in places)
                self._database.executemany("INSERT INTO spot VALUES (?, ?, ?, ?)", rows)
                placed.add(item)
        return placed

    def _geometries(self) -> set[str]:
        """Return the nodes that are no things of their own: they have the coordinates of others."""
        quads = (quad for name in _SHAPED for quad in self._quads(name))
        return {_key(quad.object) for quad in quads if not isinstance(quad.object, ox.Literal)}

    def _points(self) -> dict[str, Point]:
        """Return latitude and longitude of IRIs and blank nodes: their own, else those of a node they point to.

        A point that is stated goes before one that stands for an area or a line.
        """
        exact: dict[str, Point] = {}
        vague: dict[str, Point] = {}
        for north, east in _COORDINATES:
            latitudes, longitudes = self._numbers(north), self._numbers(east)
            for node, latitude in latitudes.items():
                if node in longitudes and abs(latitude) <= 90 and abs(longitudes[node]) <= 180:
                    exact.setdefault(node, (latitude, longitudes[node]))
        for name in _GEOMETRIES:
            for quad in self._quads(name):
                if isinstance(quad.object, ox.Literal) and (point := representative_point(quad.object.value)):
                    (exact if "POINT" in quad.object.value[:_HEAD].upper() else vague).setdefault(
                        _key(quad.subject), point
                    )
        for name, is_area in _SHAPES:
            for quad in self._quads(name):
                if isinstance(quad.object, ox.Literal) and (point := shape_point(quad.object.value, is_area=is_area)):
                    vague.setdefault(_key(quad.subject), point)
        return {**self._reached(vague), **self._reached(exact)}

    def _reached(self, own: Mapping[str, Point]) -> dict[str, Point]:
        """Return these points, and those of the nodes that point to where they are stated."""
        points = dict(own)
        for name in _SHAPED if own else ():
            for quad in self._quads(name):
                if not isinstance(quad.object, ox.Literal) and _key(quad.object) in own:
                    points.setdefault(_key(quad.subject), own[_key(quad.object)])
        return points

    def _numbers(self, predicate: str) -> dict[str, float]:
        found = {}
        for quad in self._quads(predicate):
            if isinstance(quad.object, ox.Literal):
                try:
                    found[_key(quad.subject)] = float(quad.object.value)
                except ValueError:
                    continue
        return found

    def _links(self, properties: Iterable[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for name in properties:
            for quad in self._quads(name):
                if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
                    found.setdefault(quad.subject.value, set()).add(quad.object.value)
        return found


def _key(node: ox.NamedNode | ox.BlankNode | ox.Triple) -> str:
    """Return an IRI, or the label of a blank node, which no IRI equals."""
    return node.value if isinstance(node, ox.NamedNode) else str(node)


def _nearest(place: str, points: Mapping[str, Point], above: dict[str, set[str]]) -> str | None:
    """Return the place itself, or the nearest that contains it, that has coordinates."""
    level = {place}
    for _ in range(_MAX_HOPS):
        located = sorted(iri for iri in level if iri in points)
        if located:
            return located[0]
        level = {up for iri in level for up in above.get(iri, ())}
    return None


def _class_rank(name: str, preferred: set[str]) -> tuple[bool, bool, str]:
    return (name not in preferred, name.startswith((*_MACHINERY, SCHEMA, SCHEMA_HTTP, SKOS)), name)


def _title(names: dict[str, str]) -> str:
    return names.get("fr") or next(iter(names.values()))


def _sort_key(text: str) -> str:
    """Return a text as lists order it: folded, its digits padded."""
    folded = fold(text[:200]).lstrip("«»“”\"'’( ")
    return _NUMBER.sub(lambda m: m[0].zfill(12), folded)


def _as_json(page: ListPage) -> dict[str, object]:
    fields = {
        kind: [{"name": f.name, "label": f.label} for f in chosen]
        for kind, chosen in (("facets", page.facets), ("columns", page.columns))
    }
    return {
        "path": page.path,
        "iri": page.iri,
        "label": page.label,
        "intro": page.intro,
        "classes": page.classes,
        **fields,
    }


def _dump(texts: dict[str, str]) -> str:
    return json.dumps(texts, ensure_ascii=False) if texts else "{}"
