"""What engines do each in their own way: where they take data, how they limit and how they fail (SPARQL 1.1 Protocol;
SPARQL 1.1 Graph Store HTTP Protocol). This one keeps to the standards; what others do otherwise stands in their modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urljoin

from solnum_ld.errors import EngineFault, QueryTimeout, SolnumError, StoreBusy, StoreUnavailable
from solnum_ld.sparql.grammar import explain
from solnum_ld.store.faults import error_of, fault_of

RESULTS = "application/sparql-results+json"
TRIPLES = "application/n-triples"

_LATE = "The query took longer than {:g} seconds and was stopped. Add a LIMIT, or ask for less."


def shown(url: str) -> str:
    """Return an address as it is told to people and kept in logs: what follows ``?`` may be a key.

    >>> shown("http://a:7878/query?key=x"), shown("http://a:7878/query")
    ('http://a:7878/query?…', 'http://a:7878/query')
    """
    address, mark, _ = url.partition("?")
    return f"{address}?…" if mark else address


class Reader:
    """Puts a body into the standard's form, part by part."""

    def feed(self, chunk: bytes) -> bytes:
        """Return what can be told of the body so far; an empty ``chunk`` is its end."""
        return chunk

    def whole(self, body: bytes) -> bytes:
        """Return a body that is here in one piece."""
        return self.feed(body) + self.feed(b"") if body else body


class Engine:
    """Any engine that keeps to the standards. ``graph_store`` is relative to the address of queries."""

    name = "SPARQL 1.1"
    server = ""
    graph_store = ""
    takes_quads = False
    """Whether the graph store takes N-Quads of many graphs at once, which keeps blank nodes that graphs share."""

    keeps_spelling = False
    """Whether it gives every literal back as it took it, so that what it has can be summed."""

    sorts_in_circles = False
    """Whether its process ends over a sort of values that do not compare with each other."""

    sorts_by_kind = False
    """Whether it is to be told how to sort, which is less where the kind of what is sorted is known."""

    digest = False
    """Whether it asks for HTTP digest authentication (RFC 7616) rather than basic."""

    relayed: Mapping[str, bytes] = {}
    """Media types in which it writes solutions or triples byte by byte as the embedded engine does, and what ends such a body."""

    loader = ""
    """Where it is told, as a query, to load a file that it can read, relative to the address of queries."""

    def loading(self, file: Path) -> Iterator[str]:  # noqa: ARG002 - for those that can
        """Yield what tells it to load a file of N-Quads in gzip, one step after another."""
        return iter(())

    def parameters(self, seconds: float) -> dict[str, str]:  # noqa: ARG002 - for those that can
        """Return the parameters that pass the time limit on."""
        return {}

    def worded(
        self,
        query: str,
        rows: int,  # noqa: ARG002 - for those that need it
        graphs: Sequence[str],  # noqa: ARG002
        base: str,  # noqa: ARG002
        kinds: Mapping[str, str],  # noqa: ARG002
    ) -> str:
        """Return a query as it is sent.

        No more than ``rows`` solutions of it are of use (0: all), GRAPH sees ``graphs``, ``base`` is what relative IRIs are
        resolved against, ``kinds`` are those of variables that it sorts by (see :mod:`~solnum_ld.store.remote.sorting`).
        """
        return query

    def written(self, lines: bytes) -> bytes:
        """Return N-Triples or N-Quads as they are sent to be kept."""
        return lines

    def check(self, query: str) -> None:
        """Raise MalformedQuery for what this engine would take and no standard knows."""

    def check_headers(self, headers: Mapping[str, str], seconds: float) -> None:
        """Raise when the headers of an answer tell that it is not whole."""

    def cancelled(self, end: bytes) -> bool:  # noqa: ARG002 - for those that tell
        """Tell whether the end of a body says that the query was stopped half-way."""
        return False

    def reader(self, query: str) -> Reader:  # noqa: ARG002 - for those that need it
        """Return what puts the answer to a query, as it comes, into the standard's form."""
        return Reader()

    def refusal(self, status: int, message: str, query: str, seconds: float) -> SolnumError:
        """Return the error that a status other than 200 stands for. Nothing of the engine's own words passes on."""
        if status in (408, 504):
            return QueryTimeout(_LATE.format(seconds))
        if status in (429, 503):
            return StoreBusy("The engine is busy. Try again in a moment.")
        if status in (401, 403, 404, 407):
            return StoreUnavailable(f"The engine does not let this service in (status {status}).")
        if status == 400:
            mistake = explain(query)
            return mistake or error_of(fault_of(SyntaxError(message), query).to_json())
        return EngineFault(f"The engine could not evaluate this query (status {status}). Others are not affected.")

    def graph_store_of(self, url: str) -> str:
        """Return the address of the graph store beside that of queries; empty when it is not known."""
        return urljoin(url, self.graph_store) if self.graph_store else ""


def late(seconds: float) -> QueryTimeout:
    """Return the error of a query that took too long."""
    return QueryTimeout(_LATE.format(seconds))
