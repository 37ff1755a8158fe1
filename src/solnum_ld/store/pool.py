"""A few warm worker processes over the read-only store: one that runs past the limit is killed and replaced."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from solnum_ld.errors import MalformedQuery, QueryTimeout, ResultTooLarge, StoreUnavailable
from solnum_ld.mediatypes import Format
from solnum_ld.store.protocol import Limits

HEADER = struct.Struct(">cI")
"""A frame from a worker: kind (R ready, O result, M malformed, L too large, E engine error) and length of what follows."""

_FAULTS = {b"M": MalformedQuery, b"L": ResultTooLarge, b"E": StoreUnavailable}


class WorkerPool:
    """Runs queries in ``size`` processes, at most ``queue`` waiting. Workers start when first needed."""

    def __init__(self, store: Path, size: int = 2, queue: int = 64) -> None:
        self._store, self._queue = store, queue
        self._idle: list[Process] = []
        self._all: set[Process] = set()
        self._slots = asyncio.Semaphore(size)
        self._waiting = 0
        self._closed = False

    async def run(self, query: str, out: Format, limits: Limits) -> bytes:
        """Return the serialised result of ``query``."""
        if self._waiting >= self._queue:
            raise StoreUnavailable("Too many queries are waiting. Try again in a moment.")
        self._waiting += 1
        try:
            await asyncio.wait_for(self._slots.acquire(), limits.seconds)
        except TimeoutError:
            raise StoreUnavailable("The queries before this one took too long. Try again in a moment.") from None
        finally:
            self._waiting -= 1
        try:
            return await self._run(query, out, limits)
        finally:
            self._slots.release()

    async def _run(self, query: str, out: Format, limits: Limits) -> bytes:
        worker = await self._take()
        try:
            if self._closed:
                raise StoreUnavailable("The service is stopping.")
            async with asyncio.timeout(limits.seconds):
                kind, body = await self._ask(worker, query, out, limits)
        except TimeoutError:
            raise QueryTimeout(
                f"The query took longer than {limits.seconds:g} seconds and was stopped. Add a LIMIT, or ask for less."
            ) from None
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            raise StoreUnavailable(
                "The query broke the engine and was stopped; others are not affected. Simplify it."
            ) from None
        else:
            if not self._closed:
                self._idle.append(worker)
                worker = None  # type: ignore[assignment]  # given back
        finally:
            if worker is not None:
                await self._kill(worker)
        if kind != b"O":
            raise _FAULTS.get(kind, StoreUnavailable)(body.decode(errors="replace"))
        return body

    async def _ask(self, worker: Process, query: str, out: Format, limits: Limits) -> tuple[bytes, bytes]:
        assert worker.stdin is not None
        request = json.dumps({"query": query, "format": out.media_type, "bytes": limits.bytes}).encode()
        worker.stdin.write(HEADER.pack(b"Q", len(request)) + request)
        await worker.stdin.drain()
        return await _frame(worker)

    async def _take(self) -> Process:
        while self._idle:
            worker = self._idle.pop()
            await asyncio.sleep(0)  # let the loop hear of a worker that died while it was idle
            if worker.returncode is None and worker.stdout is not None and not worker.stdout.at_eof():
                return worker
            self._all.discard(worker)
        command = [sys.executable, "-m", "solnum_ld.store.worker", str(self._store)]
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
        worker = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, env=environment, limit=1 << 20, start_new_session=True
        )
        self._all.add(worker)
        try:
            async with asyncio.timeout(30):
                await _frame(worker)
        except (TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            await self._kill(worker)
            raise StoreUnavailable("A query worker could not start.") from error
        return worker

    async def _kill(self, worker: Process) -> None:
        self._all.discard(worker)
        if worker.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
        await worker.wait()

    async def aclose(self) -> None:
        """Kill every worker."""
        self._closed = True
        self._idle.clear()
        for worker in list(self._all):
            await self._kill(worker)


async def _frame(worker: Process) -> tuple[bytes, bytes]:
    assert worker.stdout is not None
    kind, length = HEADER.unpack(await worker.stdout.readexactly(HEADER.size))
    return kind, await worker.stdout.readexactly(length)
