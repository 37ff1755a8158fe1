"""The service's side of a nursery and of its workers: start, ask, stop, and hear of their end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from solnum_ld.errors import StoreUnavailable
from solnum_ld.store.wire import HEADER, READY, UNCONFINED

_log = logging.getLogger(__name__)
_START_SECONDS = 60
_CHUNKS = "glibc.malloc.tcache_count=32"
"""Small pieces of each size that a worker keeps at hand, 1 MB at most: with glibc's 7 the engine takes up to a fifth longer."""

_WORDS = 4096
"""Bytes of a worker's last words that are looked at: its engine says first what went wrong."""


class Listener(Protocol):
    """Hears what a worker sends."""

    def heard(self, kind: bytes, payload: bytes) -> None:
        """Take a frame."""

    def lost(self, *, unread: bool, words: str) -> None:
        """The worker has ended; ``unread`` tells that it had not read what it was sent last, ``words`` what it said of its end."""


class Worker(asyncio.Protocol):
    """One worker process: a connection that frames, and a handle to signal it by."""

    def __init__(self) -> None:
        self.pid = 0
        self.handle = self.words = -1
        self.listener: Listener | None = None
        self.alive = True
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._poll: select.poll | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by class

    def data_received(self, data: bytes) -> None:
        """Cut what arrives into frames."""
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= HEADER.size:
            kind, length = HEADER.unpack_from(buffer, start)
            end = start + HEADER.size + length
            if len(buffer) < end:
                break
            payload = bytes(memoryview(buffer)[start + HEADER.size : end])
            start = end
            if kind == READY:
                if payload == UNCONFINED:
                    _tell_unconfined()
                if not self.ready.done():
                    self.ready.set_result(None)
            elif self.listener is not None:
                self.listener.heard(kind, payload)
        if start:
            del buffer[:start]

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever listens. The kernel resets a connection whose other end closes with something unread."""
        self.alive = False
        if not self.ready.done():
            self.ready.set_exception(StoreUnavailable("A query worker ended as it started."))
            self.ready.exception()
        if self.listener is not None:
            unread = isinstance(error, ConnectionResetError | BrokenPipeError)
            self.listener.lost(unread=unread, words=self._last_words())
        self._forget_handles()

    def has_ended(self) -> bool:
        """Tell whether the process has ended, though the loop may not have heard of it yet."""
        if not self.alive:
            return True
        if self.handle < 0:
            return False
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.handle, select.POLLIN)
        return bool(self._poll.poll(0))

    def send(self, data: bytes) -> None:
        """Send bytes to the worker."""
        assert self._transport is not None
        self._transport.write(data)

    def pause(self) -> None:
        """Stop reading: the worker then waits as soon as the socket is full."""
        if self._transport is not None and self.alive:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and self.alive:
            self._transport.resume_reading()

    def stop(self) -> None:
        """Halt the process until :meth:`go` (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def go(self) -> None:
        """Let a halted process run on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process at once."""
        self._signal(signal.SIGKILL)
        self.alive = False
        if self._transport is not None:
            self._transport.abort()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.handle >= 0:
                signal.pidfd_send_signal(self.handle, number)
            elif self.pid and self.alive:
                os.kill(self.pid, number)

    def _last_words(self) -> str:
        return os.pread(self.words, _WORDS, 0).decode("utf-8", "replace") if self.words >= 0 else ""

    def _forget_handles(self) -> None:
        for handle in (self.handle, self.words):
            if handle >= 0:
                os.close(handle)
        self.handle = self.words = -1


@cache
def _tell_unconfined() -> None:
    """Say once that the kernel does not do its part (seccomp(2); Linux on x86_64 and aarch64)."""
    _log.warning(
        "Query workers are kept from the network by the look at each query alone: this system has no seccomp for them."
    )


class Nursery:
    """Starts workers, from a process that has the store open already. Started when first needed; again when it has died."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = json.dumps(settings)
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._waiting: deque[asyncio.Future[tuple[int, list[int]]]] = deque()
        self._starting = asyncio.Lock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Return the process id, None before the start."""
        return self._process.pid if self._process else None

    async def worker(self) -> Worker:
        """Return a new worker that is ready; raise StoreUnavailable when none can be had."""
        for attempt in (1, 2):
            if self._closed:
                raise StoreUnavailable("The service is stopping.")
            try:
                async with asyncio.timeout(_START_SECONDS):
                    async with self._starting:
                        if self._control is None and not self._closed:
                            await self._start()
                    return await self._fork()
            except (OSError, TimeoutError) as error:
                self._drop()
                if attempt == 2:  # the first may have met a nursery that had just ended
                    raise StoreUnavailable(
                        "No query worker could start: see that the service's user may run Python, and that memory is left."
                    ) from error
        raise AssertionError

    async def _fork(self) -> Worker:
        loop = asyncio.get_running_loop()
        if self._control is None:
            raise ConnectionResetError("the nursery has ended")
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        reply: asyncio.Future[tuple[int, list[int]]] = loop.create_future()
        try:
            socket.send_fds(self._control, [b"worker"], [theirs.fileno()])
            self._waiting.append(reply)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        _, worker = await loop.create_unix_connection(Worker, sock=ours)
        try:
            worker.pid, handles = await reply
            worker.words, worker.handle = handles[0], handles[1] if len(handles) > 1 else -1
            await worker.ready
        except BaseException:
            worker.kill()
            raise
        return worker

    async def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "solnum_ld.store.nursery",
            str(theirs.fileno()),
            self._settings,
        ]
        environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
        environment["GLIBC_TUNABLES"] = ":".join(filter(None, (_CHUNKS, os.environ.get("GLIBC_TUNABLES"))))
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=environment,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                cwd=Path("/"),
            )
        finally:
            theirs.close()
        ours.setblocking(False)
        ready: asyncio.Future[tuple[int, list[int]]] = asyncio.get_running_loop().create_future()
        self._control = ours
        self._waiting.append(ready)
        asyncio.get_running_loop().add_reader(ours.fileno(), self._heard)
        await ready

    def _heard(self) -> None:
        """Take a reply of the nursery: its being ready, or a worker's process id and handles."""
        assert self._control is not None
        try:
            data, handles, _, _ = socket.recv_fds(self._control, 64, 2)
        except BlockingIOError:
            return
        except OSError:
            data, handles = b"", []
        if not data:
            self._drop()
            return
        reply = self._waiting.popleft() if self._waiting else None
        if reply is not None and not reply.done():
            reply.set_result((int(data) if data.isdigit() else 0, handles))
            return
        for handle in handles:
            os.close(handle)

    def _drop(self) -> None:
        """Forget a nursery that has ended; the next worker starts another."""
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
        while self._waiting:
            reply = self._waiting.popleft()
            if not reply.done():
                reply.set_exception(ConnectionResetError("the nursery has ended"))
                reply.exception()  # heard, even when nobody waits for it any more
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                # not Process.kill(), which asks first whether it has ended: the answer would be missing to asyncio, which waits for it
                os.kill(self._process.pid, signal.SIGKILL)

    async def aclose(self) -> None:
        """End the nursery; its workers end with it."""
        self._closed = True
        async with self._starting:  # one that is just starting is ended as well
            process = self._process
            self._drop()
        if process is not None:
            await process.wait()
