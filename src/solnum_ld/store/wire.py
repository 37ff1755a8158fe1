"""What passes between the service and a query worker: frames of one kind and a length, over a socket pair."""

from __future__ import annotations

import struct

HEADER = struct.Struct(">cI")
"""A frame: kind and length of what follows."""

READY = b"R"
"""The worker is ready; the payload is empty, or :data:`UNCONFINED`."""

UNCONFINED = b"network"
"""The kernel does not keep the worker from the network."""

WHOLE = b"O"
"""The whole result."""

BLOCK = b"D"
"""A part of the result; more follow."""

END = b"E"
"""The last part of the result."""

FAULT = b"F"
"""The query failed; the payload is JSON: ``kind``, ``message`` and what belongs to the kind."""

QUERY = b"Q"
"""A query; the payload is JSON, see :func:`solnum_ld.store.worker.serve`."""

TIRED = b"T"
"""Goes before WHOLE or END: the worker has grown and wants to be replaced."""


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    """Return a frame as bytes.

    >>> frame(WHOLE, b"ab")
    b'O\\x00\\x00\\x00\\x02ab'
    """
    return HEADER.pack(kind, len(payload)) + payload
