"""Requests to engines over HTTP/1.1 and their answers as they come (aiohttp, whose parser is in C: it takes an eighth of the time
of a client in Python, which counts where a look-up takes the engine a tenth of a millisecond).

Nothing of the environment is used (no proxy, no netrc), no cookie is kept, no redirect is followed. What is asked only reads: a
request whose connection breaks at once is sent once more, on a new one, since an engine may close one that stands idle just
then (RFC 9112, 9.3.1). Nothing else is repeated here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp

from solnum_ld.errors import EngineFault, StoreBusy

_CONNECT_SECONDS = 3.0
_POOL_SECONDS = 5.0
_AT_ONCE = 1.0
"""Seconds within which a connection breaks that was closed before the request came."""

_READ_AHEAD = 64 * 1024
"""Bytes of an answer that are taken from the connection before anybody wants them; then it waits."""


class Unreached(Exception):
    """The engine took no connection: it has not seen the request."""


class Broken(Exception):
    """The connection ended before the answer was whole."""


class Reply:
    """An answer whose body is still to be read. Close it in the end; the connection stays only when all of it was read."""

    def __init__(self, response: aiohttp.ClientResponse, room: asyncio.Semaphore) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response, self._room, self._closed = response, room, False

    async def chunk(self) -> bytes:
        """Return the next bytes of the body, nothing at its end; raise Broken where it is cut off."""
        try:
            return await self._response.content.readany()
        except aiohttp.ClientError as error:
            raise Broken(_said(error)) from error

    async def whole(self) -> bytes:
        """Return the body, and close; raise EngineFault for one that ends with its connection."""
        try:
            self.check_framing()
            return b"".join([chunk async for chunk in self])
        finally:
            self.close()

    def check_framing(self) -> None:
        """Raise EngineFault when a body that is cut off could not be told from a whole one (RFC 9112, 6.3)."""
        if "content-length" not in self.headers and "transfer-encoding" not in self.headers:
            raise EngineFault("The engine does not tell where its answers end.")

    def __aiter__(self) -> Reply:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self.chunk()
        if not chunk:
            raise StopAsyncIteration
        return chunk

    def close(self) -> None:
        """End the connection, unless the body is read to its end."""
        if not self._closed:
            self._closed = True
            self._response.close()
            self._room.release()


class Client:
    """Keeps connections to engines, at most ``connections`` to each: one that has come to a standstill takes none of another's,
    and engines answer so many at once (an Oxigraph server 128 for each core) and leave the others waiting. Made within the loop
    that uses it.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._session = _session(aiohttp.TCPConnector(limit=0, keepalive_timeout=30))
        self._anew = _session(aiohttp.TCPConnector(limit=0, force_close=True))
        self._rooms: dict[str, asyncio.Semaphore] = {}

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, counted: bool = True) -> Reply:
        """Send a request that only reads; return its answer once the head is there.

        What is not ``counted`` waits for nobody. Raises Unreached, Broken, or StoreBusy where too many requests are under way.
        """
        room = self._rooms.setdefault(url, asyncio.Semaphore(self._connections)) if counted else asyncio.Semaphore()
        await self._take(room)
        try:
            response = await self._sent(url, body, headers)
        except BaseException as error:
            room.release()
            if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
                raise Unreached(_said(error)) from error
            if isinstance(error, aiohttp.ClientError):
                raise Broken(_said(error)) from error
            raise
        return Reply(response, room)

    async def _sent(self, url: str, body: bytes, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Send a request, once more where it was sent on a connection that the engine had closed.

        An engine that takes no connection after one broke has seen the request: that is told as the break that it is.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            return await self._session.post(url, data=body, headers=headers, allow_redirects=False)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as broken:
            if loop.time() - started > _AT_ONCE:
                raise
            try:
                return await self._anew.post(url, data=body, headers=headers, allow_redirects=False)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                raise broken from None

    @staticmethod
    async def _take(room: asyncio.Semaphore) -> None:
        if not room.locked():
            await room.acquire()  # at once
            return
        try:
            async with asyncio.timeout(_POOL_SECONDS):
                await room.acquire()
        except TimeoutError:
            raise StoreBusy("Too many queries are at the engine. Try again in a moment.") from None

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()
        await self._anew.close()


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        read_bufsize=_READ_AHEAD,
    )


def _said(error: Exception) -> str:
    """Return what an error says; one of a malformed answer would add the whole address."""
    words = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    return words or type(error).__name__
