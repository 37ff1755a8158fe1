"""The release's index beside the store: what the engine cannot seek to in constant time. SQLite, read-only once built.

``fragment``  the hash IRIs of each document, so that a document is found to describe them
``hub``       how many statements a resource with very many has, by direction and property
``link``      those statements' other ends, in the order in which they are paged (keyset)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyoxigraph as ox

NAME = "index.sqlite"
HUB = 1000
"""A resource with more statements than this, in one direction, is paged from the index."""

_SCHEMA = """
CREATE TABLE fragment (document TEXT, subject TEXT, PRIMARY KEY (document, subject)) WITHOUT ROWID;
CREATE TABLE hub (resource TEXT, inverse INTEGER, property TEXT, n INTEGER, PRIMARY KEY (resource, inverse, property)) WITHOUT ROWID;
CREATE TABLE link (resource TEXT, inverse INTEGER, property TEXT, other TEXT, PRIMARY KEY (resource, inverse, property, other)) WITHOUT ROWID;
"""
_HUB_OBJECTS = "SELECT ?x (COUNT(*) AS ?n) WHERE { ?s ?p ?x FILTER(isIRI(?x)) } GROUP BY ?x HAVING (COUNT(*) > %d)"


def build_index(
    path: Path, store: ox.Store, fragments: Iterable[tuple[str, str]], large_subjects: Iterable[str]
) -> None:
    """Write the index of a store's default graph.

    ``fragments`` are (document, hash IRI); ``large_subjects`` the IRIs with more than HUB statements of their own.
    """
    database = sqlite3.connect(path)
    try:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCHEMA)
        database.executemany("INSERT OR IGNORE INTO fragment VALUES (?, ?)", fragments)
        database.executemany("INSERT OR IGNORE INTO link VALUES (?, 1, ?, ?)", _incoming(store))
        for iri in large_subjects:
            database.executemany("INSERT OR IGNORE INTO link VALUES (?, 0, ?, ?)", _outgoing(store, iri))
        database.execute("INSERT INTO hub SELECT resource, inverse, property, COUNT(*) FROM link GROUP BY 1, 2, 3")
        database.commit()
        database.execute("ANALYZE")
        database.commit()
    finally:
        database.close()


def _incoming(store: ox.Store) -> Iterator[tuple[str, str, str]]:
    default = ox.DefaultGraph()
    hubs = [row["x"] for row in store.query(_HUB_OBJECTS % HUB)]  # type: ignore[union-attr]  # SELECT gives solutions
    for hub in sorted(hubs, key=str):
        rows = [(quad.predicate.value, str(quad.subject)) for quad in store.quads_for_pattern(None, None, hub, default)]
        rows.sort()
        for predicate, subject in rows:
            yield hub.value, predicate, subject


def _outgoing(store: ox.Store, iri: str) -> Iterator[tuple[str, str, str]]:
    default = ox.DefaultGraph()
    rows = sorted(
        (quad.predicate.value, str(quad.object))
        for quad in store.quads_for_pattern(ox.NamedNode(iri), None, None, default)
    )
    for predicate, other in rows:
        yield iri, predicate, other
