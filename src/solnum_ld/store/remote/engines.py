"""What engines do each in their own way: where they take data, how they limit and how they fail (SPARQL 1.1 Protocol;
SPARQL 1.1 Graph Store HTTP Protocol). An engine is known by the ``Server`` header of its answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

import httpx

from solnum_ld.errors import EngineFault, QueryTimeout, SolnumError, StoreBusy, StoreUnavailable
from solnum_ld.sparql.grammar import explain
from solnum_ld.store.faults import error_of, fault_of

RESULTS = "application/sparql-results+json"
TRIPLES = "application/n-triples"

_LATE = "The query took longer than {:g} seconds and was stopped. Add a LIMIT, or ask for less."


class Engine:
    """Any engine that keeps to the standards. ``graph_store`` is relative to the address of queries."""

    name = "SPARQL 1.1"
    server = ""
    graph_store = ""
    takes_quads = False
    """Whether the graph store takes N-Quads of many graphs at once, which keeps blank nodes that graphs share."""

    digest = False
    """Whether it asks for HTTP digest authentication (RFC 7616) rather than basic."""

    def parameters(self, seconds: float) -> dict[str, str]:  # noqa: ARG002 - for those that can
        """Return the parameters that pass the time limit on."""
        return {}

    def check(self, query: str) -> None:
        """Raise MalformedQuery for what this engine would take and no standard knows."""

    def check_headers(self, headers: Mapping[str, str], seconds: float) -> None:
        """Raise when the headers of an answer tell that it is not whole."""

    def cancelled(self, end: bytes) -> bool:  # noqa: ARG002 - for those that tell
        """Tell whether the end of a body says that the query was stopped half-way."""
        return False

    def plain(self, body: bytes) -> bytes:
        """Return a part of a body in the standard's form."""
        return body

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


class Oxigraph(Engine):
    """The Oxigraph server, 0.5."""

    name = "Oxigraph"
    server = "Oxigraph/"
    graph_store = "store"
    takes_quads = True

    def cancelled(self, end: bytes) -> bool:
        """Tell whether the server's time limit ended the answer, which it does in words after half of a result."""
        return end.endswith(b"The SPARQL operation has been cancelled")

    def refusal(self, status: int, message: str, query: str, seconds: float) -> SolnumError:
        """Tell a function that is not known from what the engine could not do."""
        if status == 500 and "custom function" in message:
            return error_of(fault_of(RuntimeError(message), query).to_json())
        return super().refusal(status, message, query, seconds)


class Virtuoso(Engine):
    """Virtuoso 7, open source."""

    name = "Virtuoso"
    server = "Virtuoso/"
    graph_store = "/sparql-graph-crud-auth"
    digest = True


ENGINES: tuple[type[Engine], ...] = (Oxigraph, Virtuoso, Engine)


def engine_of(response: httpx.Response) -> Engine:
    """Return the engine that answered."""
    server = response.headers.get("server", "")
    return next(kind() for kind in ENGINES if server.startswith(kind.server))


def late(seconds: float) -> QueryTimeout:
    """Return the error of a query that took too long."""
    return QueryTimeout(_LATE.format(seconds))
