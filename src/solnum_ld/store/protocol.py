"""What the rest of the program asks of a SPARQL engine, whichever it is. Terms are pyoxigraph's immutable values."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import pyoxigraph as ox

from solnum_ld.mediatypes import Format
from solnum_ld.sparql import SparqlQuery

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple

OUTGOING_LIMIT = 1000
"""Values shown of one property of the resource itself; the rest is paged."""

INCOMING_LIMIT = 100
"""Resources shown that mention the resource by one property; the rest is paged."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a description: all of it (the start of each property), or one property from a key on.

    ``after`` is the N-Triples form of the last term of the page before. ``own`` asks for what the resource itself states and
    what its values are called, no more: no mentions of it, no hash IRIs, no names of properties, no graphs.
    """

    property: str | None = None
    inverse: bool = False
    after: str | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class PropertyValues:
    """The values of one property, in keyset order: those of this window, how many there are in all, whether more follow."""

    predicate: ox.NamedNode
    inverse: bool
    values: tuple[Term, ...]
    count: int
    more: bool

    @property
    def last_key(self) -> str:
        """Return the key after which the next page begins."""
        return str(self.values[-1])


@dataclass(frozen=True, slots=True)
class Description:
    """A bounded description of one resource (DESIGN, section 7): what it says, what mentions it, what that is called.

    ``nested`` are the statements of blank nodes that the values reach; ``labels`` name the IRIs that are mentioned;
    ``graphs`` are the named graphs that state something of the resource; ``parts`` are its hash IRIs, described likewise.
    """

    iri: str
    outgoing: tuple[PropertyValues, ...]
    incoming: tuple[PropertyValues, ...]
    nested: tuple[ox.Triple, ...]
    labels: Mapping[str, tuple[ox.Literal, ...]]
    label_triples: tuple[ox.Triple, ...]
    graphs: tuple[str, ...]
    parts: tuple[Description, ...] = field(default=())

    def values_of(self, property_iri: str) -> tuple[Term, ...]:
        """Return the resource's own values of a property."""
        return next((p.values for p in self.outgoing if p.predicate.value == property_iri), ())


class Blocks(Protocol):
    """The blocks of an answer that are still to come."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give one block after another; raises an error of this program when the answer cannot be finished."""

    def close(self) -> None:
        """Stop the query if it still runs: nothing more is wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a visitor's query, serialised by the engine: the first block, and the rest where there is more."""

    first: bytes
    rest: Blocks | None = None

    async def read(self) -> bytes:
        """Return all of it."""
        return self.first + b"".join([block async for block in self.rest]) if self.rest else self.first

    def close(self) -> None:
        """Stop the query if it still runs."""
        if self.rest is not None:
            self.rest.close()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one visitor's query: seconds of wall time, rows (or triples) and bytes of result.

    Time in which the client takes nothing of the answer does not count.
    """

    seconds: float = 30.0
    rows: int = 1_000_000
    bytes: int = 256 * 1024 * 1024


class Store(Protocol):
    """One release's statements. Implementations do not inherit from this, and raise only the errors of this program."""

    async def describe(self, iri: str, window: Window) -> Description | None:
        """Return the description of a resource, or None when nothing is stated of it and nothing mentions it."""

    async def exists(self, iri: str) -> bool:
        """Tell whether anything is stated of ``iri``, or of a hash IRI of that document."""

    async def graph(self, graphs: Sequence[str]) -> list[ox.Triple]:
        """Return all triples of these named graphs, sorted: for vocabularies and shapes, which are small.

        Blank nodes are called by what is said of them (``b0``, ``b1``), so that every engine gives the same.
        """

    async def labels(self, iris: Sequence[str]) -> dict[str, tuple[ox.Literal, ...]]:
        """Return what the data call these IRIs, those that have a name."""

    async def rows(self, query: str, **bindings: Term) -> list[dict[str, Term]]:
        """Return the solutions of one of our own SELECT queries, variables bound beforehand."""

    async def answer(self, query: SparqlQuery, out: Format, limits: Limits) -> Answer:
        """Evaluate a visitor's SELECT, ASK or CONSTRUCT within limits; return as soon as its first block exists.

        Raises MalformedQuery, RequestRefused, NotAcceptable, QueryTimeout, QueryAborted, StoreBusy or StoreUnavailable.
        """

    async def ready(self) -> None:
        """Raise StoreUnavailable where statements cannot be asked now. Waits for no engine while another can answer."""

    async def warm(self) -> None:
        """Make ready what the first query would have to wait for."""

    def load(self) -> dict[str, int]:
        """Return what the store is busy with, as numbers for whoever operates it."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Return what has happened since the start, by name and reason (an empty one where there is but one)."""

    async def aclose(self) -> None:
        """Let go of everything the store holds."""
