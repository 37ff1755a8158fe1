"""What engines do each in their own way: where they take data, how they limit and how they fail (SPARQL 1.1 Protocol;
SPARQL 1.1 Graph Store HTTP Protocol). An engine is known by the ``Server`` header of its answers.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from urllib.parse import urljoin

import pyoxigraph as ox

from solnum_ld.errors import EngineFault, MalformedQuery, QueryTimeout, SolnumError, StoreBusy, StoreUnavailable
from solnum_ld.namespaces import XSD
from solnum_ld.sparql.grammar import explain
from solnum_ld.sparql.scan import bounded, names, position, replaced, rewrite_iris, scan, undeclared_prefix
from solnum_ld.store.faults import error_of, fault_of, moved
from solnum_ld.store.remote.layout import MERGED, NONE

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

    sorts_in_circles = False
    """Whether its process ends over a sort of values that do not compare with each other."""

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

    def worded(self, query: str, rows: int, graphs: Sequence[str]) -> str:  # noqa: ARG002 - for those that need it
        """Return a query as it is sent: no more than ``rows`` solutions of it are of use (0: all), GRAPH sees ``graphs``."""
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


_NO_ROOM = re.compile(r"\(os error (?:11|12|24)\)")
"""EAGAIN, ENOMEM, EMFILE: it has no thread, memory or file left for one query more."""


class Oxigraph(Engine):
    """The Oxigraph server, 0.5."""

    name = "Oxigraph"
    server = "Oxigraph/"
    graph_store = "store"
    takes_quads = True
    keeps_spelling = True
    sorts_in_circles = True
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
        """Tell a function that is not known, and a lack of threads, memory or files, from what the engine could not do."""
        if status == 500 and "custom function" in message:
            return error_of(fault_of(RuntimeError(message), query).to_json())
        if status == 500 and _NO_ROOM.search(message):
            return super().refusal(503, message, query, seconds)
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

    def worded(self, query: str, rows: int, graphs: Sequence[str]) -> str:
        """Say what it would misread in other words, and bound the result, all of which it computes before it sends any."""
        query = replaced(_renamed(query, frozenset(graphs)), _NO_GROUP, _SOME_GROUP)
        if not rows:
            return query
        seen = scan(query)
        if seen.form == "ASK":  # its own is true of graphs that are not there
            wanted = "*" if _VARIABLE.search(query, seen.body) else "(1 AS ?x)"
            alone = _FILTER_ALONE.match(query, seen.body)
            at = alone.end() if alone else seen.body
            one = "VALUES ?solnum_one { 1 } " if alone else ""
            query = f"{query[: seen.start]}SELECT {wanted} {query[seen.start + 3 : at]}{one}{query[at:]}"
        return bounded(query, rows)

    def written(self, lines: bytes) -> bytes:
        """Keep literals from it that it would read into values and not give back."""
        return _TYPED.sub(rb'"^^<%s\1>\2' % _AS_IT_IS, lines)

    def check(self, query: str) -> None:
        """Let nothing through that is not SPARQL 1.1."""
        missing = undeclared_prefix(query)
        mistake = explain(query)
        if mistake is not None:
            raise mistake
        if missing is not None:
            raise error_of(fault_of(SyntaxError(""), query).to_json())
        rewrite_iris(query, _no_builtin)
        _check_names(query)

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
        if status == 500 and "transitive start not given" in message:
            return EngineFault(
                "The engine follows a path of any length (+ or *) only from a thing that is known. "
                "Name one of its ends, or bind one before."
            )
        if status == 500 and (message.lstrip().startswith('{ "head"') or "S1TAT" in message or "S1T00" in message):
            return late(seconds)
        return super().refusal(status, message, query, seconds)


_AS_IT_IS = b"urn:x-solnum:as-it-is:"
_MISREAD = frozenset(
    (
        "http://www.opengis.net/ont/geosparql#wktLiteral",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral",
        f"{XSD}dayTimeDuration",
        f"{XSD}yearMonthDuration",
    )
)
"""Datatypes whose literals it reads into values of its own: shapes in single precision, seconds, XML that it writes anew."""

_TYPED = re.compile(
    rb'"\^\^<(%s)>((?: <[^<>]*>)? \.)$' % b"|".join(re.escape(d.encode()) for d in _MISREAD), re.MULTILINE
)
_NO_GROUP = re.compile(r"\bGRAPH\s*([?$]\w+)\s*\{\s*\}", re.IGNORECASE)
_SOME_GROUP = r"{ SELECT DISTINCT \1 { GRAPH \1 { ?solnum_s ?solnum_p ?solnum_o } } }"
_FILTER_ALONE = re.compile(r"(?:WHERE\s*)?\{\s*(?=FILTER\b)", re.IGNORECASE)
_EMPTY = f"{{ [] <{NONE}> [] . "


def _renamed(query: str, graphs: frozenset[str]) -> str:
    """Return the query with its own names for datatypes, and a pattern without solutions in place of graphs that are not there."""
    parts: list[str] = []
    end = 0
    for name in names(query):
        if name.graph is not None and name.iri not in graphs:
            parts += (query[end : name.graph[0]], _EMPTY)
            end = name.graph[1]
        elif name.iri in _MISREAD:
            parts += (query[end : name.start], f"<{_AS_IT_IS.decode()}{name.iri}>")
            end = name.end
    return "".join([*parts, query[end:]])


_ANY_BASE = "http://localhost/"
_NOTHING = "FILTER(false) "


def _check_names(query: str) -> None:
    """Raise MalformedQuery for a SELECT, right by its grammar, that groups, counts or names as SPARQL does not allow.

    The embedded engine reads it, with a pattern that it sees to have no solutions, so that it evaluates nothing.
    """
    seen = scan(query)
    if seen.form != "SELECT":
        return
    at = query.index("{", seen.body) + 1
    try:
        ox.Store().query(query[:at] + _NOTHING + query[at:], base_iri=_ANY_BASE)
    except RuntimeError:  # a function that is not known
        return
    except SyntaxError as error:
        line, column = position(query, at)
        told = moved(str(error), line, column, len(_NOTHING))
        raise error_of(fault_of(SyntaxError(told), query).to_json()) from None


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
        mended = _NO_VARIABLE.sub(b"", _NAMED_OTHERWISE.sub(rb"\1", lines))
        mended = self._BLANK.sub(rb'"type":"bnode","value":"\1"', mended)
        mended = self._BOOLEAN.sub(lambda m: m[0][:-2] + (b'true"' if m[1] == b"1" else b'false"'), mended)
        for fraction in _FRACTIONS:
            mended = fraction.sub(_shorter, mended)
        mended = _NUMBER.sub(_number, mended)
        return mended + b"\n" if chunk and lines else mended

    @staticmethod
    def _truth(body: bytes) -> bytes:
        if not body.rstrip().endswith(b"] } }"):
            return b""
        return b'{"head":{},"boolean":%s}' % (b"false" if b'"bindings": [ ]' in body else b"true")


_NAMED_OTHERWISE = re.compile(rb'(": "|<)' + _AS_IT_IS)
_XSD = XSD.encode()
_ZEROS = rb'\.([0-9]*?)0+((?:Z|[-+][0-9:]{5})?"'
_FRACTIONS = (
    re.compile(rb'(#(?:dateTime|time)", "value": "[-0-9T:]+)' + _ZEROS + rb")"),
    re.compile(rb'("[-0-9T:]+)' + _ZEROS + rb"\^\^<%s(?:dateTime|time)> \.)" % _XSD),
)
_NUMBER = re.compile(
    rb'"datatype": "%s(?P<in_json>decimal|double|float)", "value": "(?P<json>[-+.0-9eE]+)"'
    rb'|"(?P<nt>[-+.0-9eE]+)"\^\^<%s(?P<in_nt>decimal|double|float)>(?= \.)' % (_XSD, _XSD)
)
_LARGE = re.compile(rb"-?[0-9]{10,}")


def _shorter(found: re.Match[bytes]) -> bytes:
    """Return a time without the zeros at the end of its fraction."""
    return found[1] + (b"." + found[2] if found[2] else b"") + found[3]


def _number(found: re.Match[bytes]) -> bytes:
    """Return a number as the embedded engine writes it; what is whole and beyond 32 bits was taken for a decimal."""
    kind, written = found["in_json"] or found["in_nt"], found["json"] or found["nt"]
    if kind == b"decimal":
        kind = b"integer" if _LARGE.fullmatch(written) else kind
    else:
        with contextlib.suppress(ArithmeticError):
            plain = format(Decimal(written.decode()), "f")
            written = (plain.rstrip("0").rstrip(".") if "." in plain else plain).encode()
    if found["in_json"]:
        return b'"datatype": "%s%s", "value": "%s"' % (_XSD, kind, written)
    return b'"%s"^^<%s%s>' % (written, _XSD, kind)


_NO_VARIABLE = re.compile(rb'"_star_fake"(?:: \{[^{}]*\})?')
_VARIABLE = re.compile(r"[?$]\w")

ENGINES: tuple[type[Engine], ...] = (Oxigraph, Virtuoso, Engine)


def engine_of(server: str) -> Engine:
    """Return the engine that answered, by the ``Server`` header of its answer."""
    return next(kind() for kind in ENGINES if server.startswith(kind.server))


def late(seconds: float) -> QueryTimeout:
    """Return the error of a query that took too long."""
    return QueryTimeout(_LATE.format(seconds))
