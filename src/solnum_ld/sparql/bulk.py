"""How much of a kind a query has, where engines compare each with all others."""

from __future__ import annotations

import re

MAX_VARIABLES = 10_000
"""Different variables: twice as many take Oxigraph 0.5 half a second, six times as many several."""

MAX_SELECTED = 200_000
"""Different variables times SELECTs, each of which may have all of them."""

MAX_AGGREGATES = 3_000

MAX_TEMPLATE = 30_000
"""Characters of a CONSTRUCT's template that has lists, of which each element is looked for among all."""

_FEW = 1_000
_VARIABLE = re.compile(r"[?$]\w+")
_AGGREGATE = re.compile(r"(?:COUNT|SUM|AVG|MIN|MAX|SAMPLE|GROUP_CONCAT)\s*\(", re.IGNORECASE)


def too_much(text: str, template: str) -> str | None:
    """Return in words what a query has too much of; None where all is well. ``template`` is that of CONSTRUCT.

    >>> too_much("SELECT " + " ".join(f"?x{n}" for n in range(20_000)) + " {}", "")
    'it has more than 10000 variables'
    """
    if text.count("?") + text.count("$") > _FEW:
        variables = len(set(_VARIABLE.findall(text)))
        if variables > MAX_VARIABLES or (variables > _FEW and variables * text.upper().count("SELECT") > MAX_SELECTED):
            return (
                f"it has more than {MAX_VARIABLES} variables"
                if variables > MAX_VARIABLES
                else ("it has too many variables for so many SELECTs")
            )
    if text.count("(") > MAX_AGGREGATES and len(_AGGREGATE.findall(text)) > MAX_AGGREGATES:
        return f"it has more than {MAX_AGGREGATES} aggregates"
    if len(template) > MAX_TEMPLATE and "(" in template:
        return f"its template has lists and more than {MAX_TEMPLATE} characters"
    return None


__all__ = ["MAX_AGGREGATES", "MAX_TEMPLATE", "MAX_VARIABLES", "too_much"]
