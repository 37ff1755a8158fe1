"""Resumption tokens: where a list goes on, in the token itself, so that no server need remember it (OAI-PMH 2.0, 3.5).

A token names the state of the history that its list was begun in; in another state it is refused, and the list is begun anew.
"""

from __future__ import annotations

import base64
import json
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """The rest of a list: what was asked, the state it was asked in, the position at which it goes on."""

    verb: str
    prefix: str
    set: str
    start: str
    end: str
    state: str
    position: int


def write_token(token: Token) -> str:
    """Return a token as text, safe in any address."""
    return base64.urlsafe_b64encode(json.dumps(astuple(token), separators=(",", ":")).encode()).decode().rstrip("=")


def read_token(text: str) -> Token | None:
    """Return the token that a text is; None for any other text.

    >>> token = Token("ListRecords", "oai_dc", "", "", "", "3-abc", 100)
    >>> read_token(write_token(token)) == token, read_token("mangled")
    (True, None)
    """
    try:
        parts = json.loads(base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True))
        *texts, position = parts
        plain = len(texts) == 6 and all(isinstance(part, str) and part.isascii() for part in texts)
        if plain and type(position) is int and position >= 0:
            verb, prefix, set_spec, start, end, state = texts
            return Token(verb, prefix, set_spec, start, end, state, position)
    except (ValueError, TypeError, RecursionError):
        return None
    return None
