"""How answers are written under uvicorn's protocol: header fields checked and written once where they are sent again and again,
a whole answer in one piece, since each piece costs a system call here and another of whoever reads it.

Any other server reads the message as ASGI has it and passes over what it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from starlette.types import Message
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

from solnum_ld.web.echoes import SOURCE, Echoes, Source

_LINES = "solnum_ld.lines"
_LENGTH = "solnum_ld.length"
_OF_THE_CONNECTION = frozenset({b"connection", b"transfer-encoding"})
_IN_ONE_PIECE = 128 * 1024
"""Bytes of a body up to which it is copied behind its head, which costs less than to write twice."""


def prepared_start(status: int, headers: Sequence[tuple[bytes, bytes]]) -> Message:
    """Return the start of an answer, with its header fields as lines where nothing in them is of one connection.

    >>> prepared_start(304, [(b"etag", b'"x"')])["solnum_ld.lines"]
    b'etag: "x"\\r\\n'
    >>> "solnum_ld.lines" in prepared_start(200, [(b"location", b"a\\nb")])  # left to uvicorn, which refuses it
    False
    """
    start: Message = {"type": "http.response.start", "status": status, "headers": list(headers)}
    lines = _lines(tuple(headers))
    if lines is not None:
        start[_LINES] = lines
        start[_LENGTH] = next((int(value) for name, value in headers if name == b"content-length"), 0)
    return start


def quick_start(status: int, fields: tuple[tuple[bytes, bytes], ...], length: int) -> Message:
    """Return the start of an answer whose header fields, all but its length, are those of many others.

    >>> quick_start(200, ((b"vary", b"Accept"),), 5)["solnum_ld.lines"]
    b'vary: Accept\\r\\ncontent-length: 5\\r\\n'
    """
    told = str(length).encode()
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [*fields, (b"content-length", told)],
    }
    lines = _common_lines(fields)
    if lines is not None:
        start[_LINES] = lines + b"content-length: " + told + b"\r\n"
        start[_LENGTH] = length
    return start


def _lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
    """Return header fields as lines; None where uvicorn is to look at them, to refuse one or to end the connection."""
    for name, value in headers:
        if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value) or name in _OF_THE_CONNECTION:
            return None
    return b"".join(b"%s: %s\r\n" % field for field in headers)


_common_lines = lru_cache(maxsize=256)(_lines)


def whole(start: Message, body: Message, default_headers: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """Return an answer that keeps its connection, as it is written; None where it is not prepared, or long."""
    lines = start.get(_LINES)
    if lines is None or len(body["body"]) > _IN_ONE_PIECE:
        return None
    return b"".join((_head(start, default_headers), b"\r\n", body["body"]))


def _head(start: Message, default_headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return status line and header fields of an answer that is prepared, but for what tells of the connection."""
    fields = [b"%s: %s\r\n" % field for field in default_headers]
    return b"".join((STATUS_LINE[start["status"]], *fields, start[_LINES]))


class PreparedCycle(RequestResponseCycle):
    """An answer over HTTP/1.1 that may begin with lines written beforehand; these wait for the body, to go out with it.

    ``request`` is what was asked, where that is a whole request without a body; ``echoes`` notes what it is answered by.
    """

    request = b""
    echoes: Echoes
    _head = b""
    _source: Source | None = None

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message; lines that are there already go out as they are."""
        if self._head:
            await self._send_body(message)
            return
        ready = cast("dict[str, Any]", message)
        lines = ready.get(_LINES)
        if lines is None or self.response_started or self.disconnected or self.access_log:
            await super().send(message)
            return
        self.response_started, self.waiting_for_100_continue = True, False
        self.chunked_encoding, self.expected_content_length = False, ready[_LENGTH]
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        self._head, self._source = _head(ready, self.default_headers) + end, ready.get(SOURCE)

    async def _send_body(self, message: ASGISendEvent) -> None:
        head, self._head = self._head, b""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        body = message.get("body", b"") if message["type"] == "http.response.body" else b""
        is_whole = not message.get("more_body", False) and len(body) == self.expected_content_length
        if not is_whole or len(body) > _IN_ONE_PIECE:
            self.transport.write(head)
            await super().send(message)
            return
        self.transport.write(head + body)
        self.expected_content_length = 0
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        elif self.request and self._source is not None:
            self.echoes.keep(self.request, self._source)
        self.on_response()
