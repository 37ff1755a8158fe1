"""The release's index beside the store: what the engine cannot seek to in constant time. SQLite, read-only once built.

``fragment``  the hash IRIs of each document, so that a document is found to describe them
``hub``       how many statements a resource with very many has, by direction and property
``link``      those statements' other ends, in the order in which they are paged (keyset)
``example``   the first things of each class and with each property, and what they say by it, a value in each language
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from solnum_ld.namespaces import RDF_TYPE

NAME = "index.sqlite"
HUB = 1000
"""A resource with more statements than this, in one direction, is paged from the index."""

EXAMPLES = 3
_TYPE = f"<{RDF_TYPE}>".encode()
_SCHEMA = """
CREATE TABLE fragment (document TEXT, subject TEXT, PRIMARY KEY (document, subject)) WITHOUT ROWID;
CREATE TABLE hub (resource TEXT, inverse INTEGER, property TEXT, n INTEGER, PRIMARY KEY (resource, inverse, property)) WITHOUT ROWID;
CREATE TABLE pair (resource TEXT, inverse INTEGER, property TEXT, other TEXT);
CREATE TABLE link (resource TEXT, inverse INTEGER, property TEXT, other TEXT, PRIMARY KEY (resource, inverse, property, other)) WITHOUT ROWID;
CREATE TABLE example (term TEXT, is_class INTEGER, thing TEXT, value TEXT);
CREATE INDEX example_of ON example (term, is_class);
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
        database.executemany("INSERT INTO example VALUES (?, ?, ?, ?)", _examples(task.triples))
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


def _examples(triples: Path) -> Iterator[tuple[str, int, str, str]]:
    """Yield (term, whether it is a class, thing, value as an N-Triples term, none of a class) in the order of the triples."""
    by_property: defaultdict[bytes, _Things] = defaultdict(dict)
    by_class: defaultdict[bytes, _Things] = defaultdict(dict)
    with triples.open("rb") as lines:
        for line in lines:
            thing, predicate, rest = line.split(b" ", 2)
            if thing[0] != 60:  # <
                continue
            _keep(by_property[predicate], thing, rest[:-3])
            if predicate == _TYPE:
                _keep(by_class[rest[:-3]], thing, b"")
    for is_class, found in enumerate((by_property, by_class)):
        for term, things in found.items():
            for thing, values in things.items():
                for value in values.values():
                    yield term[1:-1].decode(), is_class, thing[1:-1].decode(), value.decode()


_Things = dict[bytes, dict[bytes, bytes]]


def _keep(things: _Things, thing: bytes, value: bytes) -> None:
    """Keep the first things, and of each the first value in each language, or of each datatype."""
    if thing in things or len(things) < EXAMPLES:
        things.setdefault(thing, {}).setdefault(value[value.rfind(b'"') :] if value[:1] == b'"' else b"", value)
