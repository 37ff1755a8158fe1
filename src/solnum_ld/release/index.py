"""The release's index beside the store: what the engine cannot seek to in constant time. SQLite, read-only once built.

``fragment``  the hash IRIs of each document, so that a document is found to describe them
``hub``       how many statements a resource with very many has, by direction and property
``link``      those statements' other ends, in the order in which they are paged (keyset)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
_ONLY_HUBS = """
DELETE FROM pair WHERE inverse = 1 AND resource NOT IN
  (SELECT resource FROM pair WHERE inverse = 1 GROUP BY resource HAVING COUNT(*) > ?)
"""


@dataclass(frozen=True, slots=True)
class Indexing:
    """An index to build of the merged triples, a file of N-Triples.

    ``fragments`` are (document, hash IRI); ``large`` the IRIs with more than HUB statements of their own; ``mentions`` the
    terms among which all are that more than HUB statements mention.
    """

    path: Path
    triples: Path
    fragments: Sequence[tuple[str, str]]
    large: Sequence[str]
    mentions: frozenset[bytes]


def build_index(task: Indexing) -> None:
    """Write an index."""
    database = sqlite3.connect(task.path)
    try:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE;" + _SCHEMA)
        database.executemany("INSERT OR IGNORE INTO fragment VALUES (?, ?)", task.fragments)
        large = {f"<{iri}>".encode() for iri in task.large}
        if large or task.mentions:
            database.executemany("INSERT INTO pair VALUES (?, ?, ?, ?)", _pairs(task.triples, task.mentions, large))
        database.execute(_ONLY_HUBS, (HUB,))
        database.execute("INSERT OR IGNORE INTO link SELECT * FROM pair ORDER BY 1, 2, 3, 4")
        database.execute("INSERT INTO hub SELECT resource, inverse, property, COUNT(*) FROM link GROUP BY 1, 2, 3")
        database.execute("DROP TABLE pair")
        database.commit()
    finally:
        database.close()


def _pairs(triples: Path, mentions: frozenset[bytes], large: set[bytes]) -> Iterator[tuple[str, int, str, str]]:
    """Yield (resource, inverse, property, other end) for every statement of a mentioned or of a large resource."""
    with triples.open("rb") as lines:
        for line in lines:
            subject, predicate, rest = line.split(b" ", 2)
            term = rest[:-3]
            if term in mentions:
                yield term[1:-1].decode(), 1, predicate[1:-1].decode(), subject.decode()
            if subject in large:
                yield subject[1:-1].decode(), 0, predicate[1:-1].decode(), term.decode()
