"""How often a parser or planner reads the parts of a query: what it reads twice within what it reads twice, it reads four times.

Oxigraph 0.5 tries REPLACE, SUBSTR, REGEX and GROUP_CONCAT with more arguments first, and then reads the same ones again: 22 within
each other take it ten seconds, 40 a month. It looks at a subquery that aggregates twice from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_READ = 1 << 17
"""Readings of all these together: a tenth of a second; ten within each other are 2,046."""

MAX_CHARACTERS = 100_000_000
"""The same in characters that are read."""

_TWICE = re.compile("(?:REPLACE|SUBSTR|REGEX|GROUP_CONCAT)$")
_SOME = re.compile("REPLACE|SUBSTR|REGEX|GROUP_CONCAT", re.IGNORECASE)
_SELECT = re.compile("SELECT", re.IGNORECASE)
_GROUPS = re.compile("GROUP|HAVING|COUNT|SUM|AVG|MIN|MAX|SAMPLE", re.IGNORECASE)
FEW = 8
"""Of these, and of SELECTs, up to which it does not matter how they stand."""

CALLS = "it has too many REPLACE, SUBSTR, REGEX or GROUP_CONCAT within each other"
SUBQUERIES = "it has too many subqueries with aggregates within each other"


def may_be_read_often(text: str) -> bool:
    """Tell whether a query has so many of these that it matters how they stand."""
    if text.count("(") > FEW and len(_SOME.findall(text)) > FEW:
        return True
    return text.count("{") > FEW and len(_SELECT.findall(text)) > FEW and _GROUPS.search(text) is not None


def read_too_often(found: Iterable[tuple[str, int]]) -> tuple[int, str] | None:
    """Return where what passes the bound stands, and the bound in words; None where none is passed.

    ``found`` are the tokens, words in capitals, and where they stand.

    >>> read_too_often([("REPLACE", 0), ("(", 7)] * 10)
    >>> read_too_often([("REPLACE", 0), ("(", 7)] * 20)
    (7, 'it has too many REPLACE, SUBSTR, REGEX or GROUP_CONCAT within each other')
    """
    levels, begins = [0], [0]
    depths = [0]
    calls = characters = subqueries = 0
    previous = ""
    for written, at in found:
        if written == "(":
            levels.append(levels[-1] + (_TWICE.search(previous) is not None))
            begins.append(at)
            if levels[-1] > levels[-2]:
                calls += 1 << min(levels[-1], 40)
        elif written == ")" and len(levels) > 1:
            level = levels.pop()
            begin = begins.pop()
            if level > levels[-1]:
                characters += (at - begin) << min(level, 40)
        elif written == "{":
            depths.append(depths[-1])
        elif written == "}" and len(depths) > 1:
            depths.pop()
        elif written.endswith("SELECT"):
            depths[-1] += 1
            subqueries += 1 << min(depths[-1], 40)
            if subqueries > MAX_READ:
                return at, SUBQUERIES
        if calls > MAX_READ or characters > MAX_CHARACTERS:
            return at, CALLS
        previous = written
    return None


__all__ = ["FEW", "MAX_CHARACTERS", "MAX_READ", "may_be_read_often", "read_too_often"]
