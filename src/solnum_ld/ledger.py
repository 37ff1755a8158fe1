"""The ledger: which records a folder of releases has published, since when, and which are gone. One SQLite file.

It is made from the folder's history and its live release, replaced in one step whenever another release goes live, and
only read by servers. Records lie in lists, numbered in order of datestamp: a page of a list, and how long the list is
between two times, costs the same whatever the number of records (OAI-PMH 2.0, 3.5, 4).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solnum_ld.errors import LedgerUnreadable

NAME = "ledger.sqlite"
FORMAT = "2"
DATASETS = "datasets/"
"""Before the name of a list: only the datasets of it. No set has a slash in its name."""

_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE set_of (spec TEXT PRIMARY KEY, name TEXT, description TEXT) WITHOUT ROWID;
CREATE TABLE record (n INTEGER PRIMARY KEY, identifier TEXT UNIQUE, iri TEXT, stamp TEXT, deleted INTEGER, dataset INTEGER, sets TEXT);
CREATE TABLE departed (iri TEXT PRIMARY KEY, stamp TEXT) WITHOUT ROWID;
CREATE TABLE member (list TEXT, position INTEGER, stamp TEXT, n INTEGER, PRIMARY KEY (list, position)) WITHOUT ROWID;
"""
_INDEX = "CREATE INDEX member_by_stamp ON member (list, stamp, position);"
_FIELDS = "identifier, iri, record.stamp, deleted, dataset, sets"


@dataclass(frozen=True, slots=True)
class Entry:
    """A record: its last change (UTC, to the second), whether it is gone, whether it is a dataset, the sets it is in."""

    identifier: str
    iri: str
    stamp: str
    deleted: bool
    dataset: bool
    sets: tuple[str, ...]

    def lists(self) -> Iterator[str]:
        """Yield the lists that the record is in: that of all records, one for each set, and for datasets theirs."""
        for name in ("", *self.sets):
            yield name
            if self.dataset:
                yield DATASETS + name


@dataclass(frozen=True, slots=True)
class RecordSet:
    """A set of records: its name for machines, its name for people, what it holds in a sentence (or nothing)."""

    spec: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a list: the positions of its first and its last record."""

    list: str
    first: int
    last: int

    @property
    def size(self) -> int:
        """Return the number of records."""
        return self.last - self.first + 1


class Ledger:
    """A ledger on disk, opened to be read, by several threads; one that takes its place meanwhile is not noticed."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            about: dict[str, str] = dict(self._database.execute("SELECT key, value FROM about"))
        except sqlite3.Error as error:
            self.close()
            raise LedgerUnreadable(f"{path} cannot be read: {error}") from error
        if about.get("format") != FORMAT:
            self.close()
            raise LedgerUnreadable(f"{path} was written by another version of this program.")
        self.release, self.state, self.earliest = about["release"], about["state"], about["earliest"]

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(AttributeError):  # it may never have been opened
            self._database.close()

    def sets(self) -> list[RecordSet]:
        """Return every set, in order."""
        return [RecordSet(*row) for row in self._all("SELECT spec, name, description FROM set_of ORDER BY spec")]

    def departed(self, iri: str) -> str | None:
        """Return since when a resource that was published is described no longer; None for any other IRI.

        The document of resources that its fragments named is gone with the last of them.
        """
        rows = self._all("SELECT stamp FROM departed WHERE iri = ?", iri)
        if not rows:
            of_it = "SELECT stamp FROM departed WHERE iri > ? AND iri < ? ORDER BY stamp DESC LIMIT 1"
            rows = self._all(of_it, f"{iri}#", f"{iri}$")  # $ is what follows #
        return str(rows[0][0]) if rows else None

    def find(self, identifier: str) -> Entry | None:
        """Return the record of an identifier, gone or not."""
        rows = self._all(f"SELECT {_FIELDS} FROM record WHERE identifier = ?", identifier)  # noqa: S608
        return _entry(rows[0]) if rows else None

    def span(self, name: str, start: str | None, end: str | None) -> Span | None:
        """Return the stretch of a list between two times, both included; None when no record lies there."""
        first = self._edge("stamp >= ?", "ASC", name, start or "")
        last = self._edge("stamp <= ?", "DESC", name, end or "~")
        return Span(name, first, last) if first is not None and last is not None and first <= last else None

    def _edge(self, bound: str, order: str, name: str, stamp: str) -> int | None:
        rows = self._all(
            f"SELECT position FROM member WHERE list = ? AND {bound} ORDER BY stamp {order}, position {order} LIMIT 1",  # noqa: S608
            name,
            stamp,
        )
        return int(rows[0][0]) if rows else None

    def page(self, span: Span, start: int, limit: int) -> list[Entry]:
        """Return the records of a stretch from position ``start`` on, ``limit`` at most."""
        rows = self._all(
            f"SELECT {_FIELDS} FROM member JOIN record USING (n) WHERE list = ? AND position BETWEEN ? AND ? ORDER BY position",  # noqa: S608
            span.list,
            start,
            min(span.last, start + limit - 1),
        )
        return [_entry(row) for row in rows]

    def _all(self, query: str, *values: str | int) -> list[Any]:
        with self._lock:
            return self._database.execute(query, values).fetchall()


def _entry(row: tuple[str, str, str, int, int, str]) -> Entry:
    identifier, iri, stamp, deleted, dataset, sets = row
    return Entry(identifier, iri, stamp, bool(deleted), bool(dataset), tuple(sets.split()))


def write_ledger(
    path: Path,
    entries: Iterable[Entry],
    sets: Iterable[RecordSet],
    departed: Iterable[tuple[str, str]],
    *,
    release: str,
    state: str,
    earliest: str,
) -> None:
    """Write a ledger and put it in its place in one step.

    ``departed`` are (IRI, time) of every resource that is gone, be it a record or not; ``state`` names this state of the
    history and no other.
    """
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.unlink(missing_ok=True)
    ordered = sorted(entries, key=lambda entry: (entry.stamp, entry.iri))
    database = sqlite3.connect(draft)
    try:
        database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCHEMA)
        about = {"format": FORMAT, "release": release, "state": state, "earliest": earliest}
        database.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        database.executemany("INSERT INTO set_of VALUES (?, ?, ?)", ((s.spec, s.name, s.description) for s in sets))
        database.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (n, entry.identifier, entry.iri, entry.stamp, entry.deleted, entry.dataset, " ".join(entry.sets))
                for n, entry in enumerate(ordered)
            ),
        )
        database.executemany("INSERT INTO departed VALUES (?, ?)", departed)
        database.executemany("INSERT INTO member VALUES (?, ?, ?, ?)", _members(ordered))
        database.executescript(_INDEX)
        database.commit()
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        database.close()
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(path)


def _members(ordered: Iterable[Entry]) -> Iterator[tuple[str, int, str, int]]:
    lengths: dict[str, int] = {}
    for n, entry in enumerate(ordered):
        for name in entry.lists():
            position = lengths[name] = lengths.get(name, -1) + 1
            yield name, position, entry.stamp, n
