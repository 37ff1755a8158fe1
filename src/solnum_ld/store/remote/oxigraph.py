"""The Oxigraph server as an engine: it writes as the embedded one does, so that its bytes are passed on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from solnum_ld.errors import SolnumError
from solnum_ld.store.faults import error_of, fault_of
from solnum_ld.store.remote.engine import RESULTS, TRIPLES, Engine

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
