"""A query worker: reads framed queries from a socket and answers them over one read-only store, until the socket closes.

It runs in a process of its own, which the service kills when a query takes too long; memory is bounded by the kernel.
"""

from __future__ import annotations

import ctypes
import json
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias, TypeVar, cast

import pyoxigraph as ox

from solnum_ld.memory import give_back
from solnum_ld.namespaces import PREFIXES
from solnum_ld.store.confinement import without_network
from solnum_ld.store.datasets import Datasets, Evaluation
from solnum_ld.store.faults import Fault, fault_of
from solnum_ld.store.wire import BLOCK, END, FAULT, HEADER, READY, TIRED, UNCONFINED, WHOLE, frame

_RESULTS = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "application/xml": ox.QueryResultsFormat.XML,
    "text/xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
_GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/n-quads": ox.RdfFormat.N_QUADS,
    "application/trig": ox.RdfFormat.TRIG,
}
_BY_LINE = frozenset({ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS})
"""Formats that write a triple as a line, and need no prefixes."""

_ROW_ENDS = {
    ox.QueryResultsFormat.JSON: (b'}},{"', b"{},"),
    ox.QueryResultsFormat.XML: (b"</result>",),
    ox.QueryResultsFormat.TSV: (b"\n",),
}
_FIRST = 16 * 1024
_BLOCK = 64 * 1024
_ROOM = 64 * 1024
"""Bytes of a request that are read at once, into the same place every time: as much anew each time is much work for the kernel."""

_SLOW_SECONDS = 0.02
_SOME, _MUCH = 4 * 1024 * 1024, 96 * 1024 * 1024
"""Bytes that a process may keep more than it kept last before it gives back what is free; more than it began with before it
is replaced."""

_NOT_XML = bytes(c for c in range(32) if c not in (9, 10, 13))
_NEVER_XML = (b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"<oxprefix: ")
_LONGEST = max(map(len, _NEVER_XML)) - 1
_PAGE = resource.getpagesize()

T = TypeVar("T")


Results: TypeAlias = ox.QuerySolutions | ox.QueryBoolean | Iterable[ox.Triple]
"""What a query gives; triples may come from elsewhere than the engine."""


class Outlet(Protocol):
    """Where frames go."""

    def sendall(self, data: bytes, /) -> object:
        """Take a whole frame; wait while it cannot be taken."""


_LESS = "Add a LIMIT, or take a dump."


def _counter(shape: ox.QueryResultsFormat) -> Callable[[bytes], int]:
    """Return what tells how many rows end in a block, from one block to the next."""
    return _CsvRows().count if shape is ox.QueryResultsFormat.CSV else _Rows(_ROW_ENDS[shape]).count


class _Rows:
    """Counts what ends rows, across the edges of blocks."""

    def __init__(self, ends: Sequence[bytes]) -> None:
        self._ends, self._tails = ends, [b""] * len(ends)

    def count(self, block: bytes) -> int:
        found = 0
        for index, end in enumerate(self._ends):
            seen = self._tails[index] + block
            found += seen.count(end)
            self._tails[index] = seen[len(seen) - len(end) + 1 :]  # too short to hold an end that was counted
        return found


class _CsvRows:
    """Counts line ends outside of quotation marks (RFC 4180)."""

    def __init__(self) -> None:
        self._quoted = False

    def count(self, block: bytes) -> int:
        if b'"' not in block:
            return 0 if self._quoted else block.count(b"\n")
        parts = block.split(b'"')
        found = sum(part.count(b"\n") for part in parts[self._quoted :: 2])
        self._quoted ^= len(parts) % 2 == 0
        return found


class Sink:
    """Takes what the engine writes and sends it on in blocks. Raising in ``write`` ends the evaluation.

    ``rows`` and ``size`` bound the result; ``count`` tells how many rows (or ``triples``) end in a block, of which ``apart``
    are none.
    """

    def __init__(
        self,
        connection: Outlet,
        rows: int,
        size: int,
        count: Callable[[bytes], int] | None,
        *,
        apart: int = 0,
        triples: bool = False,
        xml: bool,
    ) -> None:
        self._connection = connection
        self._most, self._rows = rows, rows + apart
        self._size = self._left = size
        self._count, self._triples, self._xml = count, triples, xml
        self._xml_tail = b""
        self._chunks: list[bytes] = []
        self._held = 0
        self._threshold = _FIRST
        self.begun = False

    def write(self, chunk: bytes) -> int:
        """Take a chunk (the engine's buffer is 8 kB)."""
        self._chunks.append(bytes(chunk))
        self._held += len(chunk)
        if self._held >= self._threshold:
            self._connection.sendall(frame(BLOCK, self._taken()))
            self.begun, self._threshold = True, _BLOCK
        return len(chunk)

    def flush(self) -> None:
        """Nothing to do: blocks are sent when they are full."""

    def finish(self, *, tired: bool) -> None:
        """Send what is left."""
        last = frame(END if self.begun else WHOLE, self._taken())
        self._connection.sendall(frame(TIRED) + last if tired else last)

    def _taken(self) -> bytes:
        block = b"".join(self._chunks)
        self._chunks.clear()
        self._held = 0
        self._left -= len(block)
        if self._left < 0:
            raise Fault(
                "large", f"The result has more than {self._size:,} bytes, which is as many as are sent here. {_LESS}"
            )
        if self._count is not None:
            self._rows -= self._count(block)
            if self._rows < 0 and self._triples:
                raise _too_many_triples(self._most)
            if self._rows < 0:
                raise Fault(
                    "large", f"The result has more than {self._most:,} rows, which is as many as are sent here. {_LESS}"
                )
        return self._as_xml(block) if self._xml else block

    def _as_xml(self, block: bytes) -> bytes:
        """Return a block as XML 1.0 reads it back (2.2, 2.11); raise Fault for what it cannot write."""
        seen = self._xml_tail + block
        self._xml_tail = seen[-_LONGEST:]
        if len(block.translate(None, _NOT_XML)) != len(block) or any(part in seen for part in _NEVER_XML):
            raise Fault(
                "inexpressible",
                "The result holds a character or a property name that XML cannot write. Ask for another format.",
            )
        return block.replace(b"\r", b"&#13;")


def serve(connection: socket.socket, datasets: Datasets, memory: int) -> None:
    """Answer queries until the connection closes.

    A query is a JSON object: ``text``, ``out`` (media type), ``base``, ``rows``, ``bytes`` and, for explicit datasets,
    ``prologue``, ``default`` and ``named``. ``memory`` bounds, in bytes, what a query may take beyond what the process
    has now; the kernel then refuses, and the allocator ends the process.
    """
    die_with_parent()
    confined = without_network()
    _bound_memory(memory)
    growth = _Growth()
    connection.sendall(frame(READY, b"" if confined else UNCONFINED))
    buffer, room = bytearray(), memoryview(bytearray(_ROOM))
    while True:
        while len(buffer) < HEADER.size or len(buffer) < HEADER.size + HEADER.unpack_from(buffer)[1]:
            received = connection.recv_into(room)
            if not received:
                return
            buffer += room[:received]
        _, length = HEADER.unpack_from(buffer)
        request = json.loads(bytes(buffer[HEADER.size : HEADER.size + length]))
        del buffer[: HEADER.size + length]
        started = time.perf_counter()
        try:
            sink = _answer(connection, request, datasets)
            sink.finish(tired=time.perf_counter() - started > _SLOW_SECONDS and growth.is_much())
        except Fault as fault:
            connection.sendall(frame(FAULT, fault.to_json()))
            growth.is_much()
        except BrokenPipeError:
            return


def _answer(connection: socket.socket, request: dict[str, Any], datasets: Datasets) -> Sink:
    text = request["text"]
    try:
        evaluation: Evaluation = datasets.evaluation(request)
        return write_results(evaluation.query(text), connection, request["out"], request["rows"], request["bytes"])
    except (SyntaxError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise fault_of(error, text) from error


def write_results(results: Results, outlet: Outlet, media_type: str, rows: int, size: int) -> Sink:
    """Write results to ``outlet`` as frames, all but the last; return the sink, which is to be finished.

    Raises Fault for more than ``rows`` rows or triples or ``size`` bytes, and for what the format cannot hold.
    """
    if isinstance(results, ox.QueryBoolean):
        shape = _RESULTS[media_type]
        sink = Sink(outlet, rows, size, None, xml=shape is ox.QueryResultsFormat.XML)
        results.serialize(cast("IO[bytes]", sink), format=shape)
        return sink
    if isinstance(results, ox.QuerySolutions):
        sink = sink_of(outlet, media_type, rows, size)
        results.serialize(cast("IO[bytes]", sink), format=_RESULTS[media_type])
        return sink
    form = _GRAPHS[media_type]
    if isinstance(results, ox.QueryTriples) and form in _BY_LINE:  # none of its triples becomes an object of Python's
        sink = sink_of(outlet, media_type, rows, size)
        results.serialize(cast("IO[bytes]", sink), format=form)
        return sink
    sink = Sink(outlet, 0, size, None, xml=form is ox.RdfFormat.RDF_XML)
    try:
        ox.serialize(_counted(results, rows), cast("IO[bytes]", sink), format=form, prefixes=_prefixes(form))
    except OSError as error:
        if "RDF 1.2" not in str(error):
            raise
        raise Fault("inexpressible", "The result holds what this format cannot write: RDF 1.2.") from error
    return sink


def sink_of(outlet: Outlet, media_type: str, rows: int, size: int) -> Sink:
    """Return what takes solutions, or triples as lines, as the engine writes them in this format."""
    shape = _RESULTS.get(media_type)
    if shape is None:
        return Sink(outlet, rows, size, _Rows((b"\n",)).count, triples=True, xml=False)
    headers = 1 if shape in (ox.QueryResultsFormat.CSV, ox.QueryResultsFormat.TSV) else 0
    first = 1 if shape is ox.QueryResultsFormat.JSON else 0  # separators are one less than rows
    is_xml = shape is ox.QueryResultsFormat.XML
    return Sink(outlet, rows, size, _counter(shape), apart=headers - first, xml=is_xml)


def _prefixes(form: ox.RdfFormat) -> dict[str, str] | None:
    return PREFIXES if form in (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG, ox.RdfFormat.RDF_XML) else None


def _counted(triples: Iterable[T], bound: int) -> Iterator[T]:
    for count, triple in enumerate(triples):
        if count >= bound:
            raise _too_many_triples(bound)
        yield triple


def _too_many_triples(bound: int) -> Fault:
    return Fault("large", f"The result has more than {bound:,} triples, which is as many as are sent here. {_LESS}")


def _bound_memory(memory: int) -> None:
    """Bound what the process may allocate from now on (setrlimit(2), RLIMIT_DATA; Linux 4.7)."""
    if not memory or sys.platform != "linux":
        return
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            limit = int(line.split()[1]) * 1024 + memory
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
            return


class _Growth:
    """What the process keeps of memory, beside what it began with."""

    def __init__(self) -> None:
        self._begun = self._kept = _resident()

    def is_much(self) -> bool:
        """Give back what is free when there is more than there was, and tell whether much is kept all the same."""
        if _resident() - self._kept >= _SOME:
            give_back()
            self._kept = _resident()
        return self._kept - self._begun >= _MUCH


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE if sys.platform == "linux" else 0


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends, even in the middle of a query (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
