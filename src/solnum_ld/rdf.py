"""Writing RDF to bytes: the engine's serialiser with types that say what it returns."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.namespaces import PREFIXES


def to_bytes(
    statements: Iterable[ox.Triple] | Iterable[ox.Quad], form: ox.RdfFormat, prefixes: Mapping[str, str] | None = None
) -> bytes:
    """Return statements in a format, with absolute IRIs."""
    written = ox.serialize(statements, format=form, prefixes=dict(prefixes or {}))
    assert written is not None  # no output was named
    return written


def used_prefixes(triples: Iterable[ox.Triple], names: Names) -> dict[str, str]:
    """Return the prefixes that these triples use, so that a small document stays small."""
    used = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    used |= {triple.object.datatype.value for triple in triples if isinstance(triple.object, ox.Literal)}
    table = {**PREFIXES, **({"sn": f"{names.space}def#"} if names.space else {})}
    ordered = [*sorted(used), ""]  # what begins with a namespace comes right after it
    return {
        prefix: namespace
        for prefix, namespace in table.items()
        if ordered[bisect_left(ordered, namespace, hi=len(used))].startswith(namespace)
    }
