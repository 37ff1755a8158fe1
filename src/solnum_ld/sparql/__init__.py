"""A SPARQL query as a value: its text and its form, parsed once (SPARQL 1.1 Query, 16)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from solnum_ld.errors import MalformedQuery
from solnum_ld.mediatypes import GRAPH_FORMATS, RESULT_FORMATS, Format

_PROLOGUE = re.compile(
    r"""(?:\s+|\#[^\n\r]*(?:[\n\r]|$)|BASE\s*<[^<>]*>|PREFIX\s+[^\s:]*:\s*<[^<>]*>)*""",
    re.IGNORECASE,
)
_FORM = re.compile(r"[A-Za-z]+")


class QueryForm(StrEnum):
    """What a query asks for; it decides which formats are offered."""

    SELECT = "SELECT"
    ASK = "ASK"
    CONSTRUCT = "CONSTRUCT"
    DESCRIBE = "DESCRIBE"


OFFERS: dict[QueryForm, tuple[Format, ...]] = {
    QueryForm.SELECT: RESULT_FORMATS,
    QueryForm.ASK: RESULT_FORMATS,
    QueryForm.CONSTRUCT: GRAPH_FORMATS,
}


@dataclass(frozen=True, slots=True)
class SparqlQuery:
    """A query that has a form. Its syntax is checked where it is evaluated."""

    text: str
    form: QueryForm

    @property
    def offers(self) -> tuple[Format, ...]:
        """Return the formats in which the answer can be had."""
        return OFFERS[self.form]


def parse_query(text: str) -> SparqlQuery:
    """Return the query with its form, read after the prologue.

    >>> parse_query("PREFIX a: <http://a/> # SELECT\\nask {}").form
    <QueryForm.ASK: 'ASK'>
    """
    if "\0" in text:
        raise MalformedQuery("The query holds a NUL character.")
    start = _PROLOGUE.match(text)
    word = _FORM.match(text, start.end() if start else 0)
    try:
        form = QueryForm(word[0].upper() if word else "")
    except ValueError:
        found = f"{word[0]!r}" if word else "nothing that begins a query"
        raise MalformedQuery(
            f"A query begins with SELECT, ASK or CONSTRUCT after its prefixes; here stands {found}."
        ) from None
    if form is QueryForm.DESCRIBE:
        raise MalformedQuery("DESCRIBE is not answered here; ask for the resource's own address, or write a CONSTRUCT.")
    return SparqlQuery(text, form)
