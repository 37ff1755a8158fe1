"""What a connection may do before there is a request: bounds of time, size and number, under uvicorn's HTTP protocol.

A slow, endless or malformed request costs its own connection alone. Refusals are read by the client even while it is still
sending: the answer is written, what comes in is thrown away for a moment, then the connection ends (RFC 9112, 9.6).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from uvicorn._types import ASGI3Application, ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from solnum_ld.web.clients import Clients
from solnum_ld.web.echoes import LONGEST, Echoes
from solnum_ld.web.prepared import PreparedCycle, whole

_UNKNOWN = 1 << 62
_LINGER = 2.0
"""Seconds in which a refused client may read why."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one connection, in seconds and bytes; and how many connections there may be, of one client and in all."""

    head_seconds: float = 20.0
    body_seconds: float = 30.0
    write_seconds: float = 30.0
    target_bytes: int = 64 * 1024
    head_bytes: int = 64 * 1024
    fields: int = 200
    of_client: int = 256
    in_all: int = 4096


class Crowd:
    """The connections of a server, by client. Where there are too many, the one that has idled longest gives way."""

    def __init__(self, clients: Clients, bounds: Bounds) -> None:
        self._clients, self._bounds = clients, bounds
        self._by_client: dict[str, set[_Guarded]] = {}
        self._all: set[_Guarded] = set()

    def enter(self, one: _Guarded) -> None:
        """Count a connection; close another of its client, or it, when there are too many."""
        peer = one.client[0] if one.client else ""
        one.peer = self._clients.peer(peer)
        mine = self._by_client.setdefault(one.peer, set())
        if len(mine) >= self._bounds.of_client and not self._clients.trusted(peer):
            self._evict(mine, one)
        elif len(self._all) >= self._bounds.in_all:
            self._evict(self._all, one)
        mine.add(one)
        self._all.add(one)

    def leave(self, one: _Guarded) -> None:
        """Forget a connection."""
        self._all.discard(one)
        mine = self._by_client.get(one.peer)
        if mine is not None:
            mine.discard(one)
            if not mine:
                del self._by_client[one.peer]

    @staticmethod
    def _evict(crowd: set[_Guarded], newcomer: _Guarded) -> None:
        idle = [one for one in crowd if not one.busy]
        victim = min(idle, key=lambda one: one.since) if idle else newcomer
        victim.transport.abort()


class _Guarded(HttpToolsProtocol):
    """A connection within bounds; see :func:`guarded`."""

    bounds: Bounds
    crowd: Crowd
    echoes: Echoes

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.peer = ""
        self.since = 0.0
        self._clock: asyncio.TimerHandle | None = None
        self._write_clock: asyncio.TimerHandle | None = None
        self._in_head = self._in_body = self._refused = False
        self._unread = self._size = self._begun = 0
        self._refusal: tuple[int, str] | None = None

    @property
    def busy(self) -> bool:
        """Tell whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    # -- the connection ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Let the time of the first request begin."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self._clock = self.loop.call_later(self.bounds.head_seconds, self._late)
        self.crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self.crowd.leave(self)
        self._stop_clock()
        if self._write_clock is not None:
            self._write_clock.cancel()
        super().connection_lost(exc)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _late(self) -> None:
        self._clock = None
        if self.flow.read_paused:  # it is not the client who keeps us waiting
            self._clock = self.loop.call_later(self.bounds.body_seconds, self._late)
        elif self._in_head or self._in_body:
            self.refuse(408, "The request took too long to arrive.")
        else:
            self.transport.abort()

    # -- what comes in -----------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse what came, and look whether it is still within bounds."""
        if self._refused:
            return
        self.since = self.loop.time()
        between = not (self._in_head or self._in_body or self.busy)
        if between and self._echo(data):
            return
        self._begun = 0
        super().data_received(data)
        if between and self._begun == 1 and len(data) <= LONGEST and isinstance(self.cycle, PreparedCycle):
            self.cycle.request = b"" if self._in_head or self._in_body or self.cycle.body else data
        if self._in_head:
            self._unread += len(data)
            if self._unread > self.bounds.head_bytes + self.bounds.target_bytes:
                self.refuse(431, "The head of the request is too long.")
                return
        if not (self._in_head or self._in_body):
            self._stop_clock()
        elif self._clock is None:
            self._clock = self.loop.call_later(self.bounds.head_seconds, self._late)

    def _echo(self, data: bytes) -> bool:
        """Answer a request that was answered before, in the same bytes; tell whether it was."""
        told = self.echoes.recall(data)
        if told is None or self.flow.write_paused or self.transport.is_closing():
            return False
        written = whole(*told, self.server_state.default_headers)
        if written is None:
            return False
        self._stop_clock()
        self.transport.write(written)
        self.on_response_complete()
        return True

    def on_message_begin(self) -> None:
        """Begin to count a request."""
        super().on_message_begin()
        self._begun += 1
        self._in_head, self._unread, self._size = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the request's target."""
        super().on_url(url)
        if len(self.url) > self.bounds.target_bytes:
            self._refusal = (414, f"The address is longer than {self.bounds.target_bytes:,} bytes. Send it by POST.")
            raise ValueError(self._refusal[1])

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field."""
        self._size += len(name) + len(value) + 4
        if self._size > self.bounds.head_bytes or len(self.headers) >= self.bounds.fields:
            text = (
                f"The header fields are more than {self.bounds.fields} or longer than {self.bounds.head_bytes:,} bytes."
            )
            self._refusal = (431, text)
            raise ValueError(text)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Let the request begin; the body has a time of its own."""
        super().on_headers_complete()
        self._in_head, self._in_body = False, True
        self._stop_clock()
        if self.cycle is None:
            return
        self.cycle.__class__ = _UntilTheEnd if self.scope["http_version"] == "1.0" else PreparedCycle
        cast("PreparedCycle", self.cycle).echoes = self.echoes
        self.cycle.transport = cast("asyncio.Transport", _Lingering(self))

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._in_body = False
        if self.cycle is not None:
            self.cycle.transport = self.transport
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as uvicorn calls it
        """Refuse what is no HTTP, or what is beyond the bounds."""
        status, text = self._refusal or (400, "This is not a request that HTTP/1.1 knows (RFC 9112).")
        self.refuse(status, text)

    def refuse(self, status: int, text: str) -> None:
        """Answer in the middle of a request, and end the connection."""
        if self._refused or self.transport.is_closing():
            return
        if self.pipeline or (self.busy and (self.cycle.response_started or self.cycle.more_body is False)):
            self.transport.abort()  # an answer is under way: nothing may be mixed into it
            return
        body = f"{status} {HTTPStatus(status).phrase}\n{text}\n".encode()
        lines = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\naccess-control-allow-origin: *\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(lines.encode() + body)
        if self.busy:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.linger()

    def linger(self) -> None:
        """End what we send; throw away what still comes in, for a moment."""
        self._refused = True
        self._stop_clock()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._clock = self.loop.call_later(_LINGER, self.transport.abort)
        self.flow.resume_reading()

    # -- what goes out -----------------------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """Let the time begin in which the client has to take something."""
        super().pause_writing()
        self._await_reader(self.transport.get_write_buffer_size())

    def _await_reader(self, waiting: int) -> None:
        def look() -> None:
            left = self.transport.get_write_buffer_size()
            if left >= waiting:
                self.transport.abort()
            else:
                self._await_reader(left)

        self._write_clock = self.loop.call_later(self.bounds.write_seconds, look)

    def resume_writing(self) -> None:
        """Stop that time."""
        if self._write_clock is not None:
            self._write_clock.cancel()
            self._write_clock = None
        super().resume_writing()


class _UntilTheEnd(RequestResponseCycle):
    """An answer to HTTP/1.0: what has no length ends with its connection, for there are no chunks (RFC 9112, 6.1 and 6.3).

    One that stops short ends the connection by a reset, since an ordinary end would look whole.
    """

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message; a body of unknown length goes out as it is."""
        if message["type"] == "http.response.start":
            if not any(name.lower() == b"content-length" for name, _ in message.get("headers", [])):
                self.chunked_encoding, self.expected_content_length = False, _UNKNOWN
        elif (
            message["type"] == "http.response.body"
            and self.expected_content_length > _UNKNOWN // 2
            and not message.get("more_body")
        ):
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)

    async def run_asgi(self, app: ASGI3Application) -> None:
        """Run the application; break the connection when it leaves an answer unfinished."""
        await super().run_asgi(app)
        if self.response_started and not self.response_complete and not self.disconnected:
            connection = self.transport.get_extra_info("socket")
            if connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()


class _Lingering:
    """The transport of a request whose body is not here yet: to close it is to linger."""

    __slots__ = ("_connection",)

    def __init__(self, connection: _Guarded) -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.transport.write(data)

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        self._connection.linger()


def guarded(clients: Clients, bounds: Bounds | None = None) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol within bounds, for one server."""
    bounds = bounds or Bounds()
    return type("Guarded", (_Guarded,), {"bounds": bounds, "crowd": Crowd(clients, bounds), "echoes": Echoes()})


__all__: Sequence[str] = ("Bounds", "guarded")
