"""How many visitors' queries are at the engines at once, and how many wait their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from solnum_ld.errors import StoreBusy


class Slots:
    """``size`` queries run, ``queue`` wait."""

    def __init__(self, size: int, queue: int) -> None:
        self._free = asyncio.Semaphore(size)
        self._queue_length = queue
        self._running = self._waiting = 0

    async def take(self, seconds: float) -> Callable[[], None]:
        """Wait for a turn; return what is to be called when it is over, any number of times. Raises StoreBusy."""
        if self._free.locked() and self._waiting >= self._queue_length:
            raise StoreBusy("Too many queries are waiting. Try again in a moment.")
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError:
            raise StoreBusy("The queries before this one took too long. Try again in a moment.") from None
        finally:
            self._waiting -= 1
        self._running += 1
        over = False

        def leave() -> None:
            nonlocal over
            if not over:
                over = True
                self._running -= 1
                self._free.release()

        return leave

    @property
    def load(self) -> dict[str, int]:
        """Return how many queries run and wait."""
        return {"running": self._running, "queue": self._waiting}
