"""How a visitor's query is sorted by an engine whose process ends over values that do not compare: as the visitor words it
where all that it sorts by is of one kind, and with its order spelled out elsewhere, which takes the engine longer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

import pyoxigraph as ox

from solnum_ld.errors import SolnumError
from solnum_ld.namespaces import XSD
from solnum_ld.sparql import SparqlQuery
from solnum_ld.sparql.order import sorted_by, totally_ordered
from solnum_ld.store.remote.endpoints import Rows

_KNOWN = 10_000
"""Properties whose kinds are remembered; a release has fewer, but anybody may ask for others."""

_MOST = 50
_ZONE = "(Z|[-+][0-9][0-9]:[0-9][0-9])$"
_KINDS = f"""SELECT DISTINCT ?kind ?sound ?zone {{
  ?s {{property}} ?o .
  FILTER(isLiteral(?o))
  BIND(IF(LANG(?o) = "", DATATYPE(?o), <{XSD}string>) AS ?kind)
  BIND(COALESCE(IF(isNumeric(?o), ?o = ?o, YEAR(?o) = YEAR(?o)), HOURS(?o) = HOURS(?o), false) AS ?sound)
  BIND(REGEX(STR(?o), "{_ZONE}") AS ?zone)
}} LIMIT {_MOST}"""

_EXACT = frozenset(
    f"{XSD}{name}"
    for name in "integer decimal long int short byte nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger "
    "unsignedLong unsignedInt unsignedShort unsignedByte".split()
)
_FLOATING = frozenset((f"{XSD}double", f"{XSD}float"))
_TRUE = ox.Literal(True)
_DATED = frozenset(f"{XSD}{name}" for name in ("dateTime", "date", "time", "gYear", "gYearMonth"))
_PARTLY_ORDERED = frozenset(
    f"{XSD}{name}"
    for name in ("duration", "dayTimeDuration", "yearMonthDuration", "gMonth", "gMonthDay", "gDay", "dateTimeStamp")
)


class Sorting:
    """What is known of the values that the queries of one release are sorted by. ``ask`` has the engine answer a query of ours."""

    def __init__(self, ask: Callable[[str], Awaitable[Rows]]) -> None:
        self._ask_engine = ask
        self._of_one_kind: dict[str, bool] = {}
        self._wanted: dict[str, None] = {}
        self._asking: asyncio.Task[None] | None = None

    def spelled_out(self, query: SparqlQuery) -> str:
        """Return the text of a query with its order spelled out; empty when it may go as it is.

        Raises MalformedQuery for an order that is too long for that.
        """
        if "order" not in query.text.lower():
            return ""
        properties = sorted_by(query.text)
        if properties is not None and all(self._of_one_kind.get(iri) for iri in properties):
            return ""
        self._ask_for(properties or ())
        return totally_ordered(query.text)

    def _ask_for(self, properties: Iterable[str]) -> None:
        """Ask in the background, one after the other, of which kinds the values of properties are: nobody waits for it."""
        self._wanted.update((iri, None) for iri in properties if iri not in self._of_one_kind)
        if self._wanted and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        while self._wanted:
            iri = next(iter(self._wanted))
            try:
                known = compare(await self._ask_engine(kinds_query(iri)))
            except SolnumError:
                known = False
            if len(self._of_one_kind) >= _KNOWN:
                self._of_one_kind.clear()
            self._of_one_kind[iri] = known
            del self._wanted[iri]

    async def aclose(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking


def kinds_query(iri: str) -> str:
    """Return what asks for the kinds of literals that a property has as values."""
    return _KINDS.replace("{property}", f"<{iri}>")


def compare(rows: Rows) -> bool:
    """Tell whether literals of these kinds all compare with each other, as answered to :func:`kinds_query`."""
    kinds = {str(row["kind"])[1:-1] for row in rows}
    sound = all(row["sound"] == _TRUE for row in rows)
    if len(rows) >= _MOST or kinds & _PARTLY_ORDERED:
        return False
    if kinds <= _EXACT or (len(kinds) == 1 and kinds <= _FLOATING):
        return sound
    if kinds & _DATED:
        return sound and len(kinds) == 1 and len({row["zone"] for row in rows}) == 1
    return len(kinds) == 1
