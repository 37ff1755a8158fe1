"""The release's index beside the store: what the engine cannot seek to in constant time. SQLite, read-only once built.

``fragment``  the hash IRIs of each document, so that a document is found to describe them
``hub``       how many statements a resource with very many has, by direction and property
``link``      those statements' other ends, in the order in which they are paged (keyset)
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

NAME = "index.sqlite"
HUB = 1000
"""A resource with more statements than this, in one direction, is paged from the index."""

_SCHEMA = """
CREATE TABLE fragment (document TEXT, subject TEXT, PRIMARY KEY (document, subject)) WITHOUT ROWID;
CREATE TABLE hub (resource TEXT, inverse INTEGER, property TEXT, n INTEGER, PRIMARY KEY (resource, inverse, property)) WITHOUT ROWID;
CREATE TABLE pair (resource TEXT, inverse INTEGER, property TEXT, other TEXT);
CREATE TABLE link (resource TEXT, inverse INTEGER, property TEXT, other TEXT, PRIMARY KEY (resource, inverse, property, other)) WITHOUT ROWID;
"""


def build_index(path: Path, triples: Path, fragments: Iterable[tuple[str, str]], large_subjects: Iterable[str]) -> None:
    """Write the index of the merged triples, a file of N-Triples.

    ``fragments`` are (document, hash IRI); ``large_subjects`` the IRIs with more than HUB statements of their own.
    """
    database = sqlite3.connect(path)
    try:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE;" + _SCHEMA)
        database.executemany("INSERT OR IGNORE INTO fragment VALUES (?, ?)", fragments)
        large = {f"<{iri}>".encode() for iri in large_subjects}
        database.executemany("INSERT INTO pair VALUES (?, ?, ?, ?)", _pairs(triples, _hubs(triples), large))
        database.execute("INSERT OR IGNORE INTO link SELECT * FROM pair ORDER BY 1, 2, 3, 4")
        database.execute("INSERT INTO hub SELECT resource, inverse, property, COUNT(*) FROM link GROUP BY 1, 2, 3")
        database.execute("DROP TABLE pair")
        database.commit()
    finally:
        database.close()


def _objects(triples: Path) -> Iterator[bytes]:
    with triples.open("rb") as lines:
        for line in lines:
            rest = line.split(b" ", 2)[2]
            if rest[0] == 60:  # <
                yield rest[:-3]


def _hubs(triples: Path) -> set[bytes]:
    """Return the IRIs that more than HUB statements mention."""
    return {term for term, count in Counter(_objects(triples)).items() if count > HUB}


def _pairs(triples: Path, hubs: set[bytes], large: set[bytes]) -> Iterator[tuple[str, int, str, str]]:
    """Yield (resource, inverse, property, other end) for every statement of a hub or of a large subject."""
    with triples.open("rb") as lines:
        for line in lines:
            subject, predicate, rest = line.split(b" ", 2)
            term = rest[:-3]
            if term in hubs:
                yield term[1:-1].decode(), 1, predicate[1:-1].decode(), subject.decode()
            if subject in large:
                yield subject[1:-1].decode(), 0, predicate[1:-1].decode(), term.decode()
