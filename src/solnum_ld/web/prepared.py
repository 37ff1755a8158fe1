"""Kept answers are sent again and again: their header fields are checked and written once, not for each request.

Under uvicorn's protocol; any other server reads the message as ASGI has it and passes over what it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from starlette.types import Message
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

_LINES = "solnum_ld.lines"
_LENGTH = "solnum_ld.length"
_OF_THE_CONNECTION = frozenset({b"connection", b"transfer-encoding"})


def prepared_start(status: int, headers: Sequence[tuple[bytes, bytes]]) -> Message:
    """Return the start of an answer, with its header fields as lines where nothing in them is of one connection.

    >>> prepared_start(304, [(b"etag", b'"x"')])["solnum_ld.lines"]
    b'etag: "x"\\r\\n'
    >>> "solnum_ld.lines" in prepared_start(200, [(b"location", b"a\\nb")])  # left to uvicorn, which refuses it
    False
    """
    start: Message = {"type": "http.response.start", "status": status, "headers": list(headers)}
    if all(
        not HEADER_RE.search(name) and not HEADER_VALUE_RE.search(value) and name not in _OF_THE_CONNECTION
        for name, value in headers
    ):
        start[_LINES] = b"".join(b"%s: %s\r\n" % field for field in headers)
        start[_LENGTH] = next((int(value) for name, value in headers if name == b"content-length"), 0)
    return start


class PreparedCycle(RequestResponseCycle):
    """An answer over HTTP/1.1 that may begin with lines written beforehand."""

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message; lines that are there already go out as they are."""
        ready = cast("dict[str, Any]", message)
        lines = ready.get(_LINES)
        if lines is None or self.response_started or self.disconnected or self.flow.write_paused or self.access_log:
            await super().send(message)
            return
        self.response_started, self.waiting_for_100_continue = True, False
        self.chunked_encoding, self.expected_content_length = False, ready[_LENGTH]
        head = [STATUS_LINE[ready["status"]]]
        for name, value in self.default_headers:
            head += (name, b": ", value, b"\r\n")
        head += (lines, b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        self.transport.write(b"".join(head))
