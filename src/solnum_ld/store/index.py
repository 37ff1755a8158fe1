"""Reads the release's index: hash IRIs of documents, keyset pages of resources with very many statements, examples of terms."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

NAME = "index.sqlite"


class ReleaseIndex:
    """The index of one release, opened read-only. May be used from several threads."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
            self._local.connection = connection
            self._all.append(connection)
        return connection

    def fragments(self, document: str, limit: int) -> list[str]:
        """Return the first ``limit`` hash IRIs of a document."""
        rows = self._connection().execute(
            "SELECT subject FROM fragment WHERE document = ? ORDER BY subject LIMIT ?", (document, limit)
        )
        return [row[0] for row in rows]

    def counts(self, resource: str, *, inverse: bool) -> dict[str, int]:
        """Return how many statements a hub has by property; empty for what is no hub."""
        rows = self._connection().execute(
            "SELECT property, n FROM hub WHERE resource = ? AND inverse = ? ORDER BY property", (resource, int(inverse))
        )
        return dict(rows.fetchall())

    def page(self, resource: str, property_iri: str, after: str | None, limit: int, *, inverse: bool) -> list[str]:
        """Return the next ``limit`` other ends after a key, as N-Triples terms, in order."""
        rows = self._connection().execute(
            "SELECT other FROM link WHERE resource = ? AND inverse = ? AND property = ? AND other > ? ORDER BY other LIMIT ?",
            (resource, int(inverse), property_iri, after or "", limit),
        )
        return [row[0] for row in rows]

    def examples(self, term: str, *, is_class: bool) -> dict[str, list[str]]:
        """Return some things of a class, or that have a property, each with what it says by it, as N-Triples terms."""
        rows = self._connection().execute(
            "SELECT thing, value FROM example WHERE term = ? AND is_class = ? ORDER BY rowid", (term, int(is_class))
        )
        found: dict[str, list[str]] = {}
        for thing, value in rows:
            found.setdefault(thing, []).extend([value] if value else [])
        return found

    def close(self) -> None:
        """Close every connection."""
        for connection in self._all:
            connection.close()
