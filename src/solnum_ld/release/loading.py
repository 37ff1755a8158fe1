"""Fill the release's store: the merged triples in the default graph, each named graph beside it.

The engine's bulk loader frees the GIL and uses one core; two run side by side, in portions that bound their memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyoxigraph as ox

PORTION = 250_000
"""Statements that a bulk load takes at once: about 250 MB of memory."""


class Loader:
    """Loads files into a store in the background. Files with blank nodes go in statement by statement, on the spot:
    the bulk loader would give them labels of its own."""

    def __init__(self, store: ox.Store, threads: ThreadPoolExecutor, *, blank: bool) -> None:
        self._store, self._threads, self._blank = store, threads, blank
        self._pending: list[Future[None]] = []

    def load(self, path: Path, form: ox.RdfFormat) -> None:
        """Begin to load a file of N-Triples or N-Quads."""
        if self._blank:
            self._store.bulk_extend(ox.parse(path=str(path), format=form))
        else:
            self._pending.append(self._threads.submit(self._load, path, form))

    def _load(self, path: Path, form: ox.RdfFormat) -> None:
        with path.open("rb") as lines:
            while portion := b"".join(islice(lines, PORTION)):
                self._store.bulk_load(io.BytesIO(portion), form)

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
