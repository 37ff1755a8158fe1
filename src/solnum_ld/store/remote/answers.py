"""Visitors' answers from an engine: read as they come, checked to be whole, written in the format that was asked for.

The answer is the same whichever engine gave it, an end that is missing is an error, and rows and bytes are counted. An engine
that writes a format as the embedded one does has its bytes passed on (:class:`Relay`); of any other, results in JSON or
triples are parsed and written anew as they come, by the embedded engine's parser and serialisers in a thread
(:class:`Rest`). Nothing is held but some blocks.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import IO, Any, TypeVar, cast

import pyoxigraph as ox

from solnum_ld.errors import EngineFault, SolnumError, StoreUnavailable
from solnum_ld.mediatypes import Format
from solnum_ld.store.faults import Fault, error_of
from solnum_ld.store.protocol import Answer, Limits
from solnum_ld.store.remote.client import Broken, Reply
from solnum_ld.store.remote.endpoints import Endpoint
from solnum_ld.store.remote.engine import TRIPLES, late
from solnum_ld.store.wire import HEADER
from solnum_ld.store.worker import Results, sink_of, write_results

STALL = 20.0
"""Seconds that a client may take none of its answer."""

_WHOLE = 64 * 1024
"""Bytes of an engine's answer up to which it is read whole and written at once."""

_AHEAD = 1024 * 1024
"""Bytes of an engine's answer that may wait to be parsed: engines send small pieces, and each would cost a change of thread."""

_WAITING = 4
"""Blocks that wait for the client."""

_END = 256
_UNTAKEN = "The client took nothing of the answer for too long."
T = TypeVar("T")


class Reading:
    """The body of an engine's answer. Waiting for the engine takes of the query's time, waiting for the client does not."""

    def __init__(
        self, endpoint: Endpoint, reply: Reply, seconds: float, left: float, *, query: str, relayed: str
    ) -> None:
        reply.check_framing()
        self._engine, self._reply = endpoint.engine, reply
        self._engine.check_headers(reply.headers, seconds)
        self._seconds, self._left = seconds, left
        self._end = b""
        self._reader = endpoint.engine.reader(query)
        self._over = False
        self.media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        self.relayed = bool(relayed) and self.media_type == relayed in self._engine.relayed

    async def chunk(self) -> bytes:
        """Return the next part of the body in the standard's form, nothing at its end."""
        while True:
            chunk = await self._chunk()
            mended = self._reader.feed(chunk) if not self._over else b""
            self._over = self._over or not chunk
            if mended or self._over:
                return mended

    async def _chunk(self) -> bytes:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._left):
                chunk = await self._reply.chunk()
        except TimeoutError:
            raise late(self._seconds) from None
        except Broken as error:
            raise EngineFault("The engine broke off its answer.") from error
        self._left = max(self._left - (loop.time() - started), 0.001)
        if chunk:
            self._end = (self._end + chunk)[-_END:]
        return chunk

    def check_end(self) -> None:
        """Raise when what was read does not end as a whole answer does."""
        nothing = not self._end and self.media_type == TRIPLES
        if not nothing and not self._end.endswith(self._engine.relayed[self.media_type]):
            raise self.error(ValueError("no end"))

    def error(self, error: Exception) -> SolnumError:
        """Return what it means that the body cannot be read."""
        if isinstance(error, SolnumError):
            return error
        if isinstance(error, Fault):
            return error_of(error.to_json())
        if self._engine.cancelled(self._end):
            return late(self._seconds)
        return EngineFault("The engine's answer cannot be used, or is not whole.")

    def close(self) -> None:
        """Close the connection, unless the body is read to its end."""
        self._reply.close()


async def write_answer(
    reading: Reading, out: Format, limits: Limits, threads: ThreadPoolExecutor, done: Callable[[], None]
) -> Answer:
    """Return the answer as soon as its first block is written; ``done`` is called when the engine's body is."""
    if reading.relayed:
        relay = Relay(reading, limits, done)
        first = await relay.block()
        return Answer(first, None if relay.over else relay)
    try:
        head = bytearray()
        whole = False
        while len(head) < _WHOLE and not whole:
            chunk = await reading.chunk()
            head += chunk
            whole = not chunk
        if whole:
            return Answer(_at_once(reading, bytes(head), out, limits))
    except BaseException:
        reading.close()
        done()
        raise
    finally:
        if whole:
            reading.close()
            done()
    rest = Rest(reading, bytes(head), out, limits, done)
    threads.submit(rest.write)
    try:
        first = await rest.__anext__()
    except BaseException:
        rest.close()
        raise
    return Answer(first, rest)


def _at_once(reading: Reading, body: bytes, out: Format, limits: Limits) -> bytes:
    written = Collected()
    try:
        sink = write_results(_parsed(reading, io.BytesIO(body)), written, out.media_type, limits.rows, limits.bytes)
        sink.finish(tired=False)
    except (Fault, SyntaxError, ValueError, OSError, RuntimeError) as error:
        error.with_traceback(None)  # its frames hold the parser, which is to end in this thread
        raise reading.error(error) from error
    return b"".join(written.blocks)


def _parsed(reading: Reading, body: IO[bytes]) -> Results:
    """Return the results in a body, which are read as they are used."""
    if reading.media_type == TRIPLES:
        return _triples(body)
    if "json" not in reading.media_type:
        raise EngineFault("The engine's answer is of a media type that was not asked for.")
    return ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)


def _triples(body: IO[bytes]) -> Iterator[ox.Triple]:
    for quad in ox.parse(input=body, format=ox.RdfFormat.N_TRIPLES, lenient=True):
        yield quad.triple


class Collected:
    """Takes the payloads of frames."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Take a frame."""
        self.blocks.append(data[HEADER.size :])


class Relay:
    """The blocks of an answer that the engine writes as we would: counted, and its end looked at before it is passed on."""

    def __init__(self, reading: Reading, limits: Limits, done: Callable[[], None]) -> None:
        self._reading, self._done = reading, done
        self._written = Collected()
        self._sink = sink_of(self._written, reading.media_type, limits.rows, limits.bytes)
        self._patience: asyncio.TimerHandle | None = None
        self._failed: SolnumError | None = None
        self.over = False

    async def block(self) -> bytes:
        """Return the next block, which is the last one when it is ``over`` then."""
        if self._patience is not None:
            self._patience.cancel()
        try:
            while not self._written.blocks and not self.over:
                chunk = await self._reading.chunk()
                if chunk:
                    self._sink.write(chunk)
                    continue
                self._reading.check_end()
                self._sink.finish(tired=False)
                self.close()
        except BaseException as error:
            self.close()
            if isinstance(error, Fault):
                raise self._reading.error(error) from error
            raise
        block = b"".join(self._written.blocks)
        self._written.blocks.clear()
        if not self.over:
            self._patience = asyncio.get_running_loop().call_later(STALL, self._give_up)
        return block

    def _give_up(self) -> None:
        self._failed = StoreUnavailable(_UNTAKEN)
        self.close()

    def __aiter__(self) -> Relay:
        return self

    async def __anext__(self) -> bytes:
        if self._failed is not None:
            raise self._failed
        if self.over:
            raise StopAsyncIteration
        return await self.block()

    def close(self) -> None:
        """Stop reading: unless all of it was read, the connection to the engine is closed."""
        if not self.over:
            self.over = True
            if self._patience is not None:
                self._patience.cancel()
            self._reading.close()
            self._done()


class Stopped(Exception):
    """Ends the work of a thread. The error itself is not raised there: what a parser holds is to die with its thread."""

    def __init__(self, error: SolnumError) -> None:
        super().__init__(str(error))
        self.error = error


class Rest:
    """The blocks of a long answer. A thread parses and writes what a task reads ahead of it, and waits here for the client."""

    def __init__(self, reading: Reading, head: bytes, out: Format, limits: Limits, done: Callable[[], None]) -> None:
        self._reading, self._out, self._limits, self._done = reading, out, limits, done
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(head)
        self._ahead: list[bytes] = []
        self._arrived = threading.Condition()
        self._room = asyncio.Event()
        self._last: SolnumError | bool = False  # what the engine's bytes ended with: an error, or their end
        self._pump = self._loop.create_task(self._read_ahead())
        self._blocks: asyncio.Queue[bytes | SolnumError | None] = asyncio.Queue(_WAITING)
        self._waiting: asyncio.Task[object] | None = None
        self._closed = self._ended = False
        self._closing: asyncio.Task[None] | None = None

    # -- in the thread ----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write the whole answer, block by block."""
        try:
            outcome = self._written()
        except CancelledError:
            outcome = StoreUnavailable("Nothing more of the answer is wanted.")
        self._loop.call_soon_threadsafe(self._finish, outcome)

    def _written(self) -> SolnumError | None:
        try:
            results = _parsed(self._reading, cast("IO[bytes]", self))
            write_results(results, self, self._out.media_type, self._limits.rows, self._limits.bytes).finish(
                tired=False
            )
        except Stopped as stopped:
            return stopped.error
        except (Fault, SolnumError, SyntaxError, ValueError, OSError, RuntimeError) as error:
            error.with_traceback(None)  # its frames hold the parser, which is to end in this thread
            return self._reading.error(error)
        return None

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes of the engine's body."""
        if not self._buffer:
            with self._arrived:
                self._arrived.wait_for(lambda: self._ahead or self._last or self._closed)
                if self._closed:
                    raise CancelledError
                if not self._ahead and isinstance(self._last, SolnumError):
                    raise Stopped(self._last)
                self._buffer = memoryview(b"".join(self._ahead))
                self._ahead.clear()
            self._loop.call_soon_threadsafe(self._room.set)
        taken = bytes(self._buffer[: size if size >= 0 else None])
        self._buffer = self._buffer[len(taken) :]
        return taken

    def sendall(self, data: bytes) -> None:
        """Hand a block to the client; wait while it takes none."""
        if len(data) > HEADER.size:
            self._wait(self._put(data[HEADER.size :]))

    def _wait(self, step: Coroutine[Any, Any, T]) -> T:
        found = asyncio.run_coroutine_threadsafe(self._as_task(step), self._loop).result()
        if isinstance(found, SolnumError):
            raise Stopped(found)
        return found

    # -- in the loop ------------------------------------------------------------------------------------------------------

    async def _read_ahead(self) -> None:
        """Take the engine's bytes as they come, as long as not too many wait."""
        last: SolnumError | bool = StoreUnavailable("Nothing more of the answer is wanted.")
        try:
            while chunk := await self._reading.chunk():
                with self._arrived:
                    self._ahead.append(chunk)
                    self._arrived.notify()
                    full = sum(map(len, self._ahead)) > _AHEAD
                if full:
                    self._room.clear()
                    await self._room.wait()
            last = True
        except SolnumError as error:
            last = error
        finally:
            with self._arrived:
                self._last = last
                self._arrived.notify()

    async def _as_task(self, step: Coroutine[Any, Any, T]) -> T | SolnumError:
        if self._closed:
            step.close()
            raise asyncio.CancelledError
        self._waiting = asyncio.current_task()
        try:
            return await step
        except SolnumError as error:
            return error

    async def _put(self, block: bytes) -> None:
        try:
            async with asyncio.timeout(STALL):
                await self._blocks.put(block)
        except TimeoutError:
            raise StoreUnavailable(_UNTAKEN) from None

    def _finish(self, outcome: SolnumError | None) -> None:
        self._ended = True
        self._closing = self._loop.create_task(self._end(outcome))

    async def _end(self, outcome: SolnumError | None) -> None:
        self._pump.cancel()
        self._reading.close()
        self._done()
        if not self._closed:
            await self._blocks.put(outcome)

    def __aiter__(self) -> Rest:
        return self

    async def __anext__(self) -> bytes:
        block = await self._blocks.get()
        if block is None:
            raise StopAsyncIteration
        if isinstance(block, SolnumError):
            raise block
        return block

    def close(self) -> None:
        """Stop reading: the connection to the engine is closed."""
        if self._closed:
            return
        self._closed = True
        self._pump.cancel()
        with self._arrived:
            self._arrived.notify()
        while not self._blocks.empty():
            self._blocks.get_nowait()
        if self._waiting is not None and not self._ended:
            self._waiting.cancel()
