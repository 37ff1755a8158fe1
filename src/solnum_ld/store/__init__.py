"""The store's seam: a small Protocol, and the engines behind it."""

from __future__ import annotations

from pathlib import Path

from solnum_ld.store.protocol import Store


def open_store(folder: Path, *, workers: int = 2) -> Store:
    """Return the store of a release folder, served by the embedded engine."""
    from solnum_ld.store.embedded import EmbeddedStore
    from solnum_ld.store.pool import WorkerPool

    return EmbeddedStore(folder, WorkerPool(folder / "store", workers))


__all__ = ["Store", "open_store"]
