"""The embedded engine's errors in our words: nothing of its own messages passes on."""

from __future__ import annotations

import json
import re

from solnum_ld.errors import (
    MalformedQuery,
    NotAcceptable,
    QueryAborted,
    RequestRefused,
    ResultTooLarge,
    SolnumError,
)
from solnum_ld.sparql.grammar import explain, undeclared

_POSITION = re.compile(r"error at (\d+):(\d+): ")
_FUNCTION = re.compile(r"custom (?:aggregate )?function <([^>]*)> is not supported")
_WORDS = {
    "The SELECT contains a variable that is unbound": "SELECT names a variable that is neither grouped by nor aggregated.",
    "Duplicated variable name in SELECT": "SELECT names one variable twice.",
    "SELECT * is not authorized with GROUP BY": "SELECT * does not go with GROUP BY: name the variables.",
    "The SELECT overrides an existing variable": "SELECT gives a value (AS) to a variable that the pattern already binds.",
    "IRI parsing failed": "An IRI is not well formed.",
}
_ENGINE_FAULT = "The engine could not evaluate this query. Others are not affected."


class Fault(Exception):
    """Why a query has no answer, as it passes from a worker to the service."""

    def __init__(self, kind: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.kind, self.more = kind, more

    def to_json(self) -> bytes:
        """Return the fault as JSON."""
        return json.dumps({"kind": self.kind, "message": str(self), **self.more}).encode()


def fault_of(error: Exception, query: str) -> Fault:
    """Return what an exception of the engine means for the one who asked."""
    text = str(error)
    if isinstance(error, SyntaxError):
        return _syntax(text, query)
    unknown = _FUNCTION.search(text)
    if unknown:
        return Fault("malformed", f"The function <{unknown[1]}> is not known here.")
    return Fault("engine", _ENGINE_FAULT)


def moved(message: str, line: int, column: int, length: int) -> str:
    """Return an engine's message about a text into which ``length`` characters were put at a place, as if they were not there.

    >>> moved("error at 1:35: expected", 1, 1, 30), moved("error at 2:35: expected", 1, 1, 30)
    ('error at 1:5: expected', 'error at 2:35: expected')
    """
    found = _POSITION.search(message)
    if found is None or int(found[1]) != line or int(found[2]) < column:
        return message
    return f"{message[: found.start(2)]}{max(int(found[2]) - length, column)}{message[found.end(2) :]}"


def _syntax(message: str, query: str) -> Fault:
    mistake = undeclared(query) or explain(query)
    if mistake is not None:
        return Fault(
            "malformed", str(mistake), line=mistake.line, column=mistake.column, expected=list(mistake.expected)
        )
    said = next((ours for theirs, ours in _WORDS.items() if theirs in message), "The query cannot be read here.")
    found = _POSITION.search(message)
    if found is None:
        return Fault("malformed", said)
    line, column = int(found[1]), int(found[2])
    return Fault(
        "malformed",
        f"Line {line}, column {column}: {said if said[1:2].isupper() else said[:1].lower() + said[1:]}",
        line=line,
        column=column,
    )


def error_of(payload: bytes) -> SolnumError:
    """Return the error that a worker's fault stands for."""
    data = json.loads(payload)
    kind, message = data["kind"], data["message"]
    if kind == "malformed":
        return MalformedQuery(
            message, line=data.get("line"), column=data.get("column"), expected=data.get("expected") or ()
        )
    if kind == "large":
        return ResultTooLarge(message)
    if kind == "refused":
        return RequestRefused(message)
    if kind == "inexpressible":
        return NotAcceptable((), message)
    return QueryAborted(message)
