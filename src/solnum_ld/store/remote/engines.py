"""What engines do each in their own way: where they take data, how they limit and how they fail (SPARQL 1.1 Protocol;
SPARQL 1.1 Graph Store HTTP Protocol). An engine is known by the ``Server`` header of its answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urljoin

from solnum_ld.errors import EngineFault, MalformedQuery, QueryTimeout, SolnumError, StoreBusy, StoreUnavailable
from solnum_ld.sparql.grammar import explain
from solnum_ld.sparql.scan import bounded, rewrite_iris, scan, undeclared_prefix
from solnum_ld.store.faults import error_of, fault_of
from solnum_ld.store.remote.layout import MERGED

RESULTS = "application/sparql-results+json"
TRIPLES = "application/n-triples"

_LATE = "The query took longer than {:g} seconds and was stopped. Add a LIMIT, or ask for less."


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

    def worded(self, query: str, rows: int) -> str:  # noqa: ARG002 - for those that need it
        """Return a SELECT or ASK as it is sent, of which no more than ``rows`` solutions are of use."""
        return query

    def check(self, query: str) -> None:
        """Raise MalformedQuery for what this engine would take and no standard knows."""

    def check_headers(self, headers: Mapping[str, str], seconds: float) -> None:
        """Raise when the headers of an answer tell that it is not whole."""

    def cancelled(self, end: bytes) -> bool:  # noqa: ARG002 - for those that tell
        """Tell whether the end of a body says that the query was stopped half-way."""
        return False

    def reader(self, *, truth: bool = False) -> Reader:  # noqa: ARG002 - for those that need it
        """Return what puts a body, as it comes, into the standard's form; ``truth`` tells that it answers ASK."""
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


class Oxigraph(Engine):
    """The Oxigraph server, 0.5."""

    name = "Oxigraph"
    server = "Oxigraph/"
    graph_store = "store"
    takes_quads = True
    keeps_spelling = True
    relayed: Mapping[str, bytes] = {
        RESULTS: b"]}}",
        "application/sparql-results+xml": b"</sparql>",
        "text/csv": b"\r\n",
        "text/tab-separated-values": b"\n",
        TRIPLES: b".\n",
    }

    def cancelled(self, end: bytes) -> bool:
        """Tell whether the server's time limit ended the answer, which it does in words after half of a result."""
        return end.endswith(b"The SPARQL operation has been cancelled")

    def refusal(self, status: int, message: str, query: str, seconds: float) -> SolnumError:
        """Tell a function that is not known from what the engine could not do."""
        if status == 500 and "custom function" in message:
            return error_of(fault_of(RuntimeError(message), query).to_json())
        return super().refusal(status, message, query, seconds)


class Virtuoso(Engine):
    """Virtuoso 7, open source.

    It answers ASK with a row, and wrongly, writes blank nodes as IRIs and booleans as numbers, ends a query at its time limit with what
    it has found so far, in good order and with status 200 or 500, and takes much that is not SPARQL, functions of its database too.
    """

    name = "Virtuoso"
    server = "Virtuoso/"
    graph_store = "/sparql-graph-crud-auth"
    loader = "/sparql-auth"
    digest = True

    def loading(self, file: Path) -> Iterator[str]:
        """Yield the steps of its bulk loader, as functions in SPARQL; it keeps no log of what it loads, so that it is told to save.

        What it has loaded it never loads again under the same name, until the name is off its list; what a push that was killed
        left there it would load with the next.
        """
        off_the_list = f"bif:exec(\"delete from DB.DBA.LOAD_LIST where ll_file = '{file}'\")"  # noqa: S608 - a name of ours
        for call in (
            off_the_list,
            f'sql:ld_dir("{file.parent}", "{file.name}", "{MERGED}")',
            "sql:rdf_loader_run()",
            off_the_list,
            'bif:exec("checkpoint")',
        ):
            yield f"SELECT ({call} AS ?done) {{}}"

    def parameters(self, seconds: float) -> dict[str, str]:
        """Return the time limit in milliseconds; it is looked at every two seconds."""
        return {"timeout": str(int(seconds * 1000))}

    def worded(self, query: str, rows: int) -> str:
        """Bound the result, all of which it computes before it sends any; its ASK is true of graphs that are not there."""
        seen = scan(query)
        if seen.form == "ASK":
            wanted = "*" if _VARIABLE.search(query, seen.body) else "(1 AS ?x)"
            query = f"{query[: seen.start]}SELECT {wanted} {query[seen.start + 3 :]}"
        return bounded(query, rows)

    def check(self, query: str) -> None:
        """Let nothing through that is not SPARQL 1.1."""
        missing = undeclared_prefix(query)
        mistake = explain(query)
        if mistake is not None:
            raise mistake
        if missing is not None:
            raise error_of(fault_of(SyntaxError(""), query).to_json())
        rewrite_iris(query, _no_builtin)

    def check_headers(self, headers: Mapping[str, str], seconds: float) -> None:
        """Refuse what was cut at the time limit, or at a number of rows that its configuration has."""
        if headers.get("x-sql-state"):
            raise late(seconds)
        if headers.get("x-sparql-maxrows"):
            raise EngineFault("The engine cuts answers at a number of rows; its configuration is to be without.")

    def reader(self, *, truth: bool = False) -> Reader:
        """Return what mends its results line by line."""
        return _VirtuosoReader(truth=truth)

    def refusal(self, status: int, message: str, query: str, seconds: float) -> SolnumError:
        """Tell a function that is not known, and the time limit, from what the engine could not do."""
        if status == 500 and "Undefined procedure DB.DBA." in message:
            name = message.partition("Undefined procedure DB.DBA.")[2].split("\n")[0].rstrip(".")
            return MalformedQuery(f"The function <{name[:300]}> is not known here.")
        if status == 500 and (message.lstrip().startswith('{ "head"') or "S1TAT" in message or "S1T00" in message):
            return late(seconds)
        return super().refusal(status, message, query, seconds)


def _no_builtin(iri: str) -> str:
    if iri.lower().startswith(
        ("bif:", "sql:", "nodeid:", "http://www.openlinksw.com/schemas/bif#", "http://www.openlinksw.com/schemas/sql#")
    ):
        raise MalformedQuery("Functions and names of the engine's own are not known here.")
    return iri


class _VirtuosoReader(Reader):
    """Each solution is a line: blank nodes and booleans are mended, and solutions that stand for a truth value."""

    _BLANK = re.compile(rb'"type": "bnode", "value": "nodeID://([^"]*)"')
    _BOOLEAN = re.compile(rb'"http://www.w3.org/2001/XMLSchema#boolean", "value": "([01])"')

    def __init__(self, *, truth: bool) -> None:
        self._held = b""
        self._asked = truth

    def feed(self, chunk: bytes) -> bytes:
        """Mend the lines that are whole."""
        self._held += chunk
        lines, _, self._held = self._held.rpartition(b"\n") if chunk else (self._held, b"", b"")
        if self._asked:
            self._held = lines + b"\n" + self._held if chunk else b""
            return b"" if chunk else self._truth(lines)
        mended = self._BLANK.sub(rb'"type":"bnode","value":"\1"', lines)
        mended = self._BOOLEAN.sub(lambda m: m[0][:-2] + (b'true"' if m[1] == b"1" else b'false"'), mended)
        return mended + b"\n" if chunk and lines else mended

    @staticmethod
    def _truth(body: bytes) -> bytes:
        if not body.rstrip().endswith(b"] } }"):
            return b""
        return b'{"head":{},"boolean":%s}' % (b"false" if b'"bindings": [ ]' in body else b"true")


_VARIABLE = re.compile(r"[?$]\w")

ENGINES: tuple[type[Engine], ...] = (Oxigraph, Virtuoso, Engine)


def engine_of(server: str) -> Engine:
    """Return the engine that answered, by the ``Server`` header of its answer."""
    return next(kind() for kind in ENGINES if server.startswith(kind.server))


def late(seconds: float) -> QueryTimeout:
    """Return the error of a query that took too long."""
    return QueryTimeout(_LATE.format(seconds))
