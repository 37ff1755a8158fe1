"""Fill the release's store: the merged triples in the default graph, each named graph beside it.

The engine's bulk loader frees the GIL and uses one core; two run side by side, in portions that bound their memory, while
other portions are still being named.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyoxigraph as ox

PORTION = 250_000
"""Statements that a bulk load takes at once: about 250 MB of memory."""

WAITING = 2
"""Portions that may wait to be loaded, beside the two that are."""


class Loader:
    """Loads portions into a store in the background. Where there are blank nodes they go in statement by statement, on the
    spot: the bulk loader would give them labels of its own."""

    def __init__(self, store: ox.Store, threads: ThreadPoolExecutor, *, blank: bool) -> None:
        self._store, self._threads, self._blank = store, threads, blank
        self._room = threading.Semaphore(2 + WAITING)
        self._pending: list[Future[None]] = []

    def load(self, path: Path, form: ox.RdfFormat) -> None:
        """Begin to load a file of N-Triples or N-Quads, portion by portion."""
        if self._blank:
            self._feed(path, form)
        else:
            self._pending.append(self._threads.submit(self._feed, path, form))

    def _feed(self, path: Path, form: ox.RdfFormat) -> None:
        with path.open("rb") as lines:
            while portion := b"".join(islice(lines, PORTION)):
                self._load(portion, form)

    def take(self, text: bytes, form: ox.RdfFormat) -> None:
        """Begin to load N-Triples or N-Quads of the engine's own making; wait while too much of it is waiting."""
        if self._blank:
            self._load(text, form)
        elif text:
            self._room.acquire()
            self._pending.append(self._threads.submit(self._load_and_make_room, text, form))

    def _load_and_make_room(self, text: bytes, form: ox.RdfFormat) -> None:
        try:
            self._load(text, form)
        finally:
            self._room.release()

    def _load(self, text: bytes, form: ox.RdfFormat) -> None:
        """Load what was checked when it was read."""
        if self._blank:
            self._store.bulk_extend(ox.parse(input=text, format=form, lenient=True))
        else:
            self._store.bulk_load(text, form, lenient=True)

    def wait(self) -> None:
        """Return when everything is loaded; raise what went wrong."""
        for future in self._pending:
            future.result()
        self._pending.clear()


@contextmanager
def loading(store: ox.Store, *, blank: bool) -> Iterator[Loader]:
    """Give a loader whose work is done when the block ends."""
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="load") as threads:
        loader = Loader(store, threads, blank=blank)
        yield loader
        loader.wait()
