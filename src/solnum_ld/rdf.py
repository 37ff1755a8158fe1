"""Writing RDF to bytes: the engine's serialiser with types that say what it returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyoxigraph as ox


def to_bytes(
    statements: Iterable[ox.Triple] | Iterable[ox.Quad], form: ox.RdfFormat, prefixes: Mapping[str, str] | None = None
) -> bytes:
    """Return statements in a format, with absolute IRIs."""
    written = ox.serialize(statements, format=form, prefixes=dict(prefixes or {}))
    assert written is not None  # no output was named
    return written
