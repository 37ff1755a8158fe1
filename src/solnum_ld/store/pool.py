"""Runs visitors' queries in worker processes, so that each can be stopped and none keeps the others waiting.

A query begins in a *short* lane. One that outlives its slice moves to a *long* lane, of which there are as many; when those
are taken it is halted (SIGSTOP) until its turn comes: long lanes change hands, and the short ones stay open for what is
quick, so that endless queries keep nobody out. A worker is killed when its query has taken too long or its client has left, which costs
that query alone; another stands ready in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from solnum_ld.errors import QueryAborted, QueryTimeout, StoreBusy, StoreUnavailable
from solnum_ld.mediatypes import Format
from solnum_ld.sparql import SparqlQuery
from solnum_ld.sparql.order import totally_ordered
from solnum_ld.store.faults import error_of
from solnum_ld.store.process import Nursery, Worker
from solnum_ld.store.protocol import Answer, Limits
from solnum_ld.store.wire import BLOCK, END, FAULT, QUERY, TIRED, WHOLE, frame

SLICE = 0.1
"""Seconds that a query may hold a short lane."""

TURN = 0.25
"""Seconds after which a long query gives its lane to one that is halted, and waits for its next turn."""

STALL = 20.0
"""Seconds that a client may take none of its answer."""

_HELD = 256 * 1024
"""Bytes of an answer that wait here for the client; the worker is then held back until half of it is taken."""

_ENDLESS = "The query took longer than {:g} seconds and was stopped. Add a LIMIT, or ask for less."
_BROKEN = (
    "The query asked for too much memory, or broke the engine, and was stopped; others are not affected. Simplify it."
)
_CIRCLE = "does not correctly implement a total order"
"""What the engine says as it ends because its sort went round in a circle."""


@dataclass(slots=True)
class Counters:
    """What the pool has seen, for whoever operates it."""

    killed: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("timeout", "gone", "stalled", "busy", "died"), 0)
    )
    started: int = 0


class Run:
    """One query on one worker: hears the worker's frames, holds what the client has not taken."""

    def __init__(self, pool: WorkerPool, worker: Worker, seconds: float, left: float) -> None:
        self.worker = worker
        self.error: Exception | None = None
        self.done = self.tired = self.ended = self.unread = self.circular = False
        self.blocks: deque[bytes] = deque()
        self.held = 0
        self.paused = False
        self._pool, self._seconds, self._left = pool, seconds, left
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self.slice: asyncio.TimerHandle = asyncio.get_running_loop().call_later(SLICE, pool.outlived, self)
        worker.listener = self
        self.start_clock()

    # -- time -------------------------------------------------------------------------------------------------------------

    def start_clock(self) -> None:
        """Let the query's time run: it is stopped when none is left."""
        loop = asyncio.get_running_loop()
        self._since = loop.time()
        self._timer = loop.call_later(self._left, self._late)

    def stop_clock(self) -> None:
        """Halt the query's time, as while the client takes nothing."""
        if self._timer is not None:
            self._left = max(self._left - (asyncio.get_running_loop().time() - self._since), 0.001)
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._pool.kill(self, "timeout", QueryTimeout(_ENDLESS.format(self._seconds)))

    def _stalled(self) -> None:
        self._pool.kill(self, "stalled", StoreUnavailable("The client took nothing of the answer for too long."))

    # -- what the worker sends --------------------------------------------------------------------------------------------

    def heard(self, kind: bytes, payload: bytes) -> None:
        """Take a frame of the worker."""
        if kind == TIRED:
            self.tired = True
            return
        if kind in (BLOCK, END, WHOLE):
            self.blocks.append(payload)
            self.held += len(payload)
            self.done = kind != BLOCK
            if self.held > _HELD and not self.done and not self.paused:
                self.paused = True
                self.worker.pause()
                self.stop_clock()
                self._timer = asyncio.get_running_loop().call_later(STALL, self._stalled)
                self._pool.leave_lane(self)
        elif kind == FAULT:
            self.error, self.done = error_of(payload), True
        self._wake()

    def lost(self, *, unread: bool, words: str) -> None:
        """Note that the worker has ended: its engine gave up, or the kernel gave it no more memory."""
        self.unread = unread and not self.done
        self.circular = _CIRCLE in words
        self.fail(QueryAborted(_BROKEN))

    def fail(self, error: Exception) -> None:
        """End the run with an error, unless it has ended."""
        if not self.done:
            self.error, self.done = error, True
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- what the client takes --------------------------------------------------------------------------------------------

    async def block(self) -> bytes | None:
        """Return the next block, None after the last; raise what ended the run before its time."""
        while not self.blocks:
            if self.error is not None:
                raise self.error
            if self.done:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        block = self.blocks.popleft()
        self.held -= len(block)
        if self.paused:
            assert self._timer is not None
            self._timer.cancel()
            if self.held <= _HELD // 2:
                self.paused = False
                self.start_clock()
                self._pool.take_long_lane(self)
                self.worker.resume()
            else:
                self._timer = asyncio.get_running_loop().call_later(STALL, self._stalled)
        return block


class Rest:
    """The blocks of an answer after its first. Close it when they are not wanted any more."""

    def __init__(self, pool: WorkerPool, run: Run) -> None:
        self._pool, self._run = pool, run

    def __aiter__(self) -> Rest:
        return self

    async def __anext__(self) -> bytes:
        try:
            block = await self._run.block()
        except BaseException:
            self.close()
            raise
        if block is None:
            self.close()
            raise StopAsyncIteration
        return block

    def close(self) -> None:
        """Stop the query if it still runs."""
        self._pool.end(self._run)


class WorkerPool:
    """Runs queries in ``size`` short and as many long lanes; at most ``queue`` wait for a short one.

    ``settings`` are those of :mod:`solnum_ld.store.nursery`.
    """

    def __init__(self, settings: Mapping[str, object], size: int = 2, queue: int = 64) -> None:
        self._nursery = Nursery(settings)
        self._size, self._queue_length = size, queue
        self._idle: list[Worker] = []
        self._workers: set[Worker] = set()
        self._short: set[Run] = set()
        self._turns = 0
        self._long: dict[Run, None] = {}  # in the order in which they took their lanes
        self._turning: asyncio.TimerHandle | None = None
        self._halted: deque[Run] = deque()
        self._queue: deque[asyncio.Future[None]] = deque()
        self._refilling: asyncio.Task[None] | None = None
        self._closed = False
        self.counters = Counters()

    # -- what is asked of it ----------------------------------------------------------------------------------------------

    async def warm(self) -> None:
        """Have a worker for each short lane ready, and one to spare."""
        await self._refill()

    async def run(self, query: SparqlQuery, out: Format, limits: Limits) -> Answer:
        """Return the answer as soon as its first block exists; what fails before that raises.

        A query whose sort went round in circles is evaluated once more, with its order spelled out.
        """
        started, again = time.monotonic(), False
        while True:
            run = await self._begin(query, out, limits, started)
            try:
                first = await run.block()
                break
            except QueryAborted:
                self.end(run)
                if run.unread:  # the worker was dying when it was chosen: another has not seen the query yet
                    continue
                if again or not run.circular:
                    raise
                query, again = replace(query, text=totally_ordered(query.text)), True
            except BaseException:
                self.end(run)
                raise
        assert first is not None
        if run.done and not run.blocks and run.error is None:
            self.end(run)
            return Answer(first)
        return Answer(first, Rest(self, run))

    async def aclose(self) -> None:
        """Kill every worker."""
        self._closed = True
        if self._turning is not None:
            self._turning.cancel()
        if self._refilling is not None:
            self._refilling.cancel()
            with contextlib.suppress(asyncio.CancelledError, StoreUnavailable):
                await self._refilling
        for future in self._queue:
            if not future.done():
                future.set_exception(StoreUnavailable("The service is stopping."))
        for worker in list(self._workers):
            if isinstance(worker.listener, Run):
                worker.listener.fail(StoreUnavailable("The service is stopping."))
            worker.kill()
        self._workers.clear()
        self._idle.clear()
        await self._nursery.aclose()

    @property
    def load(self) -> dict[str, int]:
        """Return how many queries run, are halted, and wait; how many workers there are."""
        return {
            "short": self._turns,
            "long": len(self._long),
            "halted": len(self._halted),
            "queue": len(self._queue),
            "workers": len(self._workers),
        }

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many workers were started, and how many were killed, by reason."""
        return {"workers_started": {"": self.counters.started}, "workers_killed": dict(self.counters.killed)}

    # -- lanes ------------------------------------------------------------------------------------------------------------

    async def _begin(self, query: SparqlQuery, out: Format, limits: Limits, started: float) -> Run:
        await self._turn(limits)
        try:
            worker = await self._take()
        except BaseException:
            self._leave_short()
            raise
        run = Run(self, worker, limits.seconds, max(limits.seconds - (time.monotonic() - started), 0.001))
        self._short.add(run)
        worker.send(frame(QUERY, _request(query, out, limits)))
        return run

    async def _turn(self, limits: Limits) -> None:
        """Wait for a short lane."""
        if self._closed:
            raise StoreUnavailable("The service is stopping.")
        if self._turns < self._size and not self._queue:
            self._turns += 1
            return
        if len(self._queue) >= self._queue_length:
            raise StoreBusy("Too many queries are waiting. Try again in a moment.")
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._queue.append(turn)
        clock = loop.call_later(limits.seconds, _give_up, turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._leave_short()  # the turn came as the wait ended
            else:
                with contextlib.suppress(ValueError):
                    self._queue.remove(turn)
            raise
        finally:
            clock.cancel()

    def _leave_short(self) -> None:
        """Give a short lane to the next that waits."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._turns -= 1

    def outlived(self, run: Run) -> None:
        """Move a query that is not quick out of its short lane."""
        if run.done or run not in self._short:
            return
        self._short.discard(run)
        if len(self._long) < self._size:
            self._long[run] = None
        elif len(self._halted) < 2 * self._size:
            run.worker.stop()
            self._halted.append(run)
            self._take_turns()
        else:
            self.kill(run, "busy", StoreBusy("Too many long queries are running. Try again in a moment."))
        self._leave_short()

    def leave_lane(self, run: Run) -> None:
        """Give a run's lane to another."""
        if run in self._short:
            self._short.discard(run)
            self._leave_short()
        elif run in self._long:
            del self._long[run]
            while self._halted and len(self._long) < self._size:
                self._resume()
        elif run in self._halted:
            self._halted.remove(run)
            run.worker.go()  # it may have more to say, or be used again

    def _resume(self) -> None:
        """Let the query that was halted first run on."""
        other = self._halted.popleft()
        other.worker.go()
        self._long[other] = None

    def _take_turns(self) -> None:
        """See to it that lanes change hands while queries are halted."""
        if self._turning is None and self._halted:
            self._turning = asyncio.get_running_loop().call_later(TURN, self._turn_over)

    def _turn_over(self) -> None:
        """Halt the query that has held its lane longest, and let the one halted first run."""
        self._turning = None
        if self._halted and self._long and len(self._long) >= self._size:
            longest = next(iter(self._long))
            del self._long[longest]
            longest.worker.stop()
            self._resume()
            self._halted.append(longest)
        self._take_turns()

    def take_long_lane(self, run: Run) -> None:
        """Let a run go on that was held back by its client."""
        self._long[run] = None

    def kill(self, run: Run, why: str, error: Exception) -> None:
        """Stop a run with an error."""
        if not run.done:
            self.counters.killed[why] += 1
            run.fail(error)
            run.worker.kill()
            self.leave_lane(run)

    def end(self, run: Run) -> None:
        """Leave the lanes; keep the worker when it has done its work, else kill it. Once for each run."""
        if run.ended:
            return
        run.ended = True
        run.stop_clock()
        run.slice.cancel()
        worker = run.worker
        worker.listener = None
        self.leave_lane(run)
        if not run.done:
            self.counters.killed["gone"] += 1
            run.done = True
            worker.kill()
        if worker.alive and not run.tired and not self._closed and len(self._idle) <= self._size:
            self._idle.append(worker)
            return
        if worker.alive:
            worker.kill()
        elif isinstance(run.error, QueryAborted):
            self.counters.killed["died"] += 1
        self._workers.discard(worker)
        self._refill_soon()

    # -- workers ----------------------------------------------------------------------------------------------------------

    async def _take(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if not worker.has_ended():
                if not self._idle:
                    self._refill_soon()
                return worker
            self._workers.discard(worker)
        worker = await self._start()
        self._refill_soon()
        return worker

    async def _start(self) -> Worker:
        worker = await self._nursery.worker()
        self.counters.started += 1
        if self._closed:
            worker.kill()
            raise StoreUnavailable("The service is stopping.")
        self._workers.add(worker)
        return worker

    def _refill_soon(self) -> None:
        if not self._closed and (self._refilling is None or self._refilling.done()):
            self._refilling = asyncio.create_task(self._refill_quietly())

    async def _refill_quietly(self) -> None:
        with contextlib.suppress(StoreUnavailable):  # the next query says so
            await self._refill()

    async def _refill(self) -> None:
        while not self._closed and len(self._idle) + len(self._short) < self._size + 1:
            self._idle.insert(0, await self._start())


def _give_up(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(StoreBusy("The queries before this one took too long. Try again in a moment."))


def _request(query: SparqlQuery, out: Format, limits: Limits) -> bytes:
    data: dict[str, object] = {"text": query.text, "out": out.media_type, "rows": limits.rows, "bytes": limits.bytes}
    if query.default_graphs or query.named_graphs:
        data |= {"prologue": query.prologue, "default": query.default_graphs, "named": query.named_graphs}
    return json.dumps(data).encode()
