"""How a visitor's query is sorted by an engine that has no order of its own for values of many kinds: as the visitor words it, or
nearly so, where all that it sorts by is known to be of one kind, and with its order spelled out elsewhere, which takes the engine longer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Generic, TypeVar

import pyoxigraph as ox

from solnum_ld.errors import SolnumError
from solnum_ld.namespaces import XSD
from solnum_ld.sparql import SparqlQuery
from solnum_ld.sparql.order import TEXT, THING, VALUE, sorted_by, sources, totally_ordered
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

_SORTED = f"""SELECT DISTINCT ?kind ?zone {{
  ?s {{property}} ?o .
  BIND(IF(isLiteral(?o), IF(LANG(?o) = "", STR(DATATYPE(?o)), "{XSD}string"), "{THING}") AS ?kind)
  BIND(IF(isLiteral(?o), REGEX(STR(?o), "{_ZONE}"), false) AS ?zone)
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


T = TypeVar("T")


class _Known(Generic[T]):
    """What the engine says of properties of one release, asked in the background: nobody waits for it.

    ``ask`` has it answer a query of ours, ``query`` words that for a property, ``told`` says what the answer means;
    ``unknown`` is what stands where there is none.
    """

    def __init__(
        self,
        ask: Callable[[str], Awaitable[Rows]],
        query: Callable[[str], str],
        told: Callable[[Rows], T],
        unknown: T,
    ) -> None:
        self._ask_engine, self._query, self._told, self._unknown = ask, query, told, unknown
        self._found: dict[str, T] = {}
        self._wanted: dict[str, None] = {}
        self._asking: asyncio.Task[None] | None = None

    def of(self, properties: Iterable[str]) -> list[T]:
        """Return what is known of properties; the rest is asked for."""
        found = {iri: self._found.get(iri) for iri in properties}
        self._wanted.update((iri, None) for iri, what in found.items() if what is None)
        if self._wanted and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask())
        return [self._unknown if what is None else what for what in found.values()]

    async def _ask(self) -> None:
        while self._wanted:
            iri = next(iter(self._wanted))
            try:
                told = self._told(await self._ask_engine(self._query(iri)))
            except SolnumError:
                told = self._unknown
            if len(self._found) >= _KNOWN:
                self._found.clear()
            self._found[iri] = told
            del self._wanted[iri]

    async def aclose(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._asking


class Sorting:
    """What is known of the values that the queries of one release are sorted by. ``ask`` has the engine answer a query of ours."""

    def __init__(self, ask: Callable[[str], Awaitable[Rows]]) -> None:
        self._comparing = _Known(ask, kinds_query, compare, unknown=False)
        self._kinds = _Known(ask, _sorted_query, kind_of, unknown="")

    def spelled_out(self, query: SparqlQuery) -> str:
        """Return the text of a query with its order spelled out; empty when it may go as it is.

        Raises MalformedQuery for an order that is too long for that.
        """
        if not _is_sorted(query):
            return ""
        properties = sorted_by(query.text)
        if properties is not None and all(self._comparing.of(properties)):
            return ""
        return totally_ordered(query.text)

    def kinds(self, query: SparqlQuery) -> Mapping[str, str]:
        """Return of which kind the values of the variables are that a query sorts by, of those where it is known."""
        if not _is_sorted(query):
            return {}
        found: dict[str, str] = {}
        for name, properties in sources(query.text).items():
            kinds = {THING} if properties == {THING} else set(self._kinds.of(sorted(properties)))
            if len(kinds) == 1:
                found[name] = kinds.pop()
        return {name: kind for name, kind in found.items() if kind}

    async def aclose(self) -> None:
        """Ask no more."""
        await self._comparing.aclose()
        await self._kinds.aclose()


def _is_sorted(query: SparqlQuery) -> bool:
    return "order" in query.text.lower()


def _sorted_query(iri: str) -> str:
    """Return what asks an engine for the kinds of a property's values that it does not compare for that."""
    return _SORTED.replace("{property}", f"<{iri}>")


def kind_of(rows: Rows) -> str:
    """Return the one kind of values of these kinds; empty when there are several, or one that has an order of its own in places."""
    kinds = {str(getattr(row["kind"], "value", "")) for row in rows}
    if kinds == {THING}:
        return THING
    if kinds == {f"{XSD}string"}:
        return TEXT
    zones = {str(row["zone"]) for row in rows}
    dated = len(kinds) == 1 and kinds <= _DATED and len(zones) == 1
    return VALUE if kinds and (kinds <= _EXACT or dated) else ""


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
