"""A query worker: reads framed queries on stdin, answers on stdout, over one read-only store. Dies with its parent."""

from __future__ import annotations

import ctypes
import json
import re
import signal
import struct
import sys
from typing import IO, BinaryIO, cast

import pyoxigraph as ox

from solnum_ld.namespaces import PREFIXES

_HEADER = struct.Struct(">cI")
_RESULTS = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
_GRAPHS = {"text/turtle": ox.RdfFormat.TURTLE, "application/n-triples": ox.RdfFormat.N_TRIPLES}


_POSITION = re.compile(r"^error at (\d+):(\d+): ")


class _TooLarge(Exception):
    pass


class _Bounded:
    """Collects what the engine writes, and stops it past the bound: raising here ends the evaluation."""

    def __init__(self, bound: int) -> None:
        self.chunks: list[bytes] = []
        self._left = bound

    def write(self, chunk: bytes) -> int:
        self._left -= len(chunk)
        if self._left < 0:
            raise _TooLarge
        self.chunks.append(bytes(chunk))
        return len(chunk)

    def flush(self) -> None:
        """Nothing is held back."""


def _answer(store: ox.Store, request: dict[str, str | int], prefixes: dict[str, str]) -> tuple[bytes, bytes]:
    media_type = str(request["format"])
    sink = _Bounded(int(request["bytes"]))
    try:
        results = store.query(str(request["query"]))
        out = cast("IO[bytes]", sink)
        if isinstance(results, ox.QueryTriples):
            ox.serialize(results, out, format=_GRAPHS.get(media_type, ox.RdfFormat.TURTLE), prefixes=prefixes)
        else:
            results.serialize(out, format=_RESULTS.get(media_type, ox.QueryResultsFormat.JSON))
    except SyntaxError as error:
        return b"M", _POSITION.sub(r"Line \1, column \2: ", str(error.msg)).encode()
    except _TooLarge:
        return b"L", b"The result is larger than is sent here. Add a LIMIT, or take a dump."
    except (OSError, RuntimeError, ValueError) as error:
        return b"E", f"The engine could not evaluate the query: {error}".encode()
    return b"O", b"".join(sink.chunks)


def _send(out: BinaryIO, kind: bytes, body: bytes = b"") -> None:
    out.write(_HEADER.pack(kind, len(body)))
    out.write(body)
    out.flush()


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends, even in the middle of a query (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def main() -> None:
    """Serve queries until stdin closes."""
    _die_with_parent()
    store = ox.Store.read_only(sys.argv[1])
    source, out = sys.stdin.buffer, sys.stdout.buffer
    _send(out, b"R")
    while header := source.read(_HEADER.size):
        _, length = _HEADER.unpack(header)
        kind, body = _answer(store, json.loads(source.read(length)), PREFIXES)
        _send(out, kind, body)


if __name__ == "__main__":
    main()
