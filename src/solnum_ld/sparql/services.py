"""Where a parser may see SERVICE, whatever the grammar makes of the place: in a word or in a name.

Parsers without a lexer try one reading after another; an engine that finds a SERVICE sends a request. So what could be one is found
by its letters alone; where strings and comments are is told by who asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SERVICE = re.compile("SERVICE", re.IGNORECASE)
_SPACE = r"(?:[ \t\r\n]++|\#[^\r\n]*+)*+"
_NAME = r"[\w\-\u00b7-\U000effff]"
_TARGET = rf"""
    <[^<>"{{}}|^`\x00-\x20]*+ (?:>|\Z)
  | [?$]{_NAME}++
  | (?:{_NAME}|\.){{0,200}}+ :(?:{_NAME}|[:.%]|\\.){{0,200}}+
"""
_LONG = rf"(?:{_NAME}|\.){{201}} | (?:{_NAME}|\.){{0,200}}+ :(?:{_NAME}|[:.%]|\\.){{201}}"
_PATTERN = re.compile(
    rf"{_SPACE} (?:SILENT {_SPACE})? (?: \Z | (?P<long>{_LONG}) | (?:{_TARGET}) {_SPACE} (?:\{{|\Z) )",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_FAR = 2048


def services(text: str) -> Iterator[int]:
    """Yield where something begins that a parser may read as ``SERVICE SILENT? VarOrIri {`` (SPARQL 1.1 Query, 19.8, [59]).

    What goes on for more than 2,048 characters, or 200 of a name, counts as such.

    >>> list(services("ASK { SERVICE:x {} ?s a e:Service OPTIONAL {} }"))
    [6]
    """
    for found in _SERVICE.finditer(text) if "SERVICE" in text.upper() else ():
        end = min(found.end() + _FAR, len(text))
        match = _PATTERN.match(text, found.end(), end)
        if match is not None and (text[match.end() - 1] == "{" or match["long"] or end < len(text)):
            yield found.start()


__all__ = ["services"]
