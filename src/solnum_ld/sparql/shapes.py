"""A query is looked at once for all that differ from it in IRIs alone, as those of an application do.

What a scan finds does not depend on what stands in an IRI of the web but for its length, so that every place is where it was.
"""

from __future__ import annotations

import re
from functools import lru_cache

from solnum_ld.sparql.calls import FEW
from solnum_ld.sparql.scan import Scan, scan

_SHORT = 2000
_SHAPES = 512
_IRI = re.compile(r"(?<!\\)<https?://[A-Za-z0-9._~/%#:@=+-]*+>")
"""IRIs without anything that an expression, a variable or a string could begin or end with; behind a backslash goes a name on."""


def look(text: str) -> Scan:
    """Return what :func:`solnum_ld.sparql.scan.scan` does; raise what it raises.

    >>> look("ASK { <http://a/b> ?p 1 }") is look("ASK { <http://a/c> ?p 1 }")
    True
    """
    letters = text.upper()  # a SERVICE is found by its letters, and aggregates beside many a SELECT, wherever they are
    if len(text) > _SHORT or "SERVICE" in letters or letters.count("SELECT") > FEW:
        return scan(text)
    seen = _scanned(_IRI.sub(_blank, text))
    return scan(text) if seen.targets or seen.default_graphs or seen.named_graphs else seen


_scanned = lru_cache(maxsize=_SHAPES)(scan)


def _blank(iri: re.Match[str]) -> str:
    return f"<http://{'x' * (iri.end() - iri.start() - 9)}>"


__all__ = ["look"]
