"""How often a parser reads the calls of a query: some functions are tried with more arguments first, and read again with fewer.

Oxigraph 0.5 reads the arguments of REPLACE, SUBSTR, REGEX and GROUP_CONCAT twice, those of a call within them four times: 22 within
each other take it ten seconds, 40 a month.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_READ = 1 << 17
"""Readings of all these calls together: a tenth of a second; ten within each other are 2,046."""

_TWICE = re.compile("(?:REPLACE|SUBSTR|REGEX|GROUP_CONCAT)$")
_SOME = re.compile("REPLACE|SUBSTR|REGEX|GROUP_CONCAT", re.IGNORECASE)
_FEW = 16


def may_be_read_often(text: str) -> bool:
    """Tell whether a query has so many of these calls that it matters how they stand."""
    return text.count("(") > _FEW and len(_SOME.findall(text)) > _FEW


def read_too_often(found: Iterable[str]) -> int | None:
    """Return the token with which the bound is passed; None where it is not. ``found`` are tokens, words in capitals.

    >>> read_too_often(["REPLACE", "("] * 10)
    >>> read_too_often(["REPLACE", "("] * 20)
    33
    """
    levels = [0]
    readings = 0
    previous = ""
    for index, written in enumerate(found):
        if written == "(":
            twice = _TWICE.search(previous) is not None
            levels.append(levels[-1] + twice)
            if twice:
                readings += 1 << min(levels[-1], 40)
                if readings > MAX_READ:
                    return index
        elif written == ")" and len(levels) > 1:
            levels.pop()
        previous = written
    return None


__all__ = ["MAX_READ", "may_be_read_often", "read_too_often"]
