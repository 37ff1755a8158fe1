"""The store's seam: a small Protocol, and the engines behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from solnum_ld.manifest import read_manifest
from solnum_ld.store.datasets import STRICT_DEFAULT
from solnum_ld.store.protocol import Store

QUERY_MEMORY = 1024 * 1024 * 1024
"""Bytes that a visitor's query may take beyond what its worker has when idle."""


def open_store(
    folder: Path, *, workers: int = 2, queue: int = 64, memory: int = QUERY_MEMORY, urls: Sequence[str] = ()
) -> Store:
    """Return the store of a release folder, served by the embedded engine, or by engines at ``urls``, replicas of each other.

    ``workers`` is the number of processes for visitors' queries that take long, ``queue`` how many queries may wait,
    ``memory`` what each may take, in bytes (0: unbounded).
    """
    manifest = read_manifest(folder)
    if urls:
        from solnum_ld.store.remote.store import RemoteStore

        return RemoteStore(folder, manifest, urls, workers=workers, queue=queue)

    from solnum_ld.store.embedded import EmbeddedStore
    from solnum_ld.store.pool import WorkerPool

    settings: dict[str, object] = {
        "store": str((folder / "store").resolve()),
        "base": f"{manifest.public}sparql",
        "default": STRICT_DEFAULT if manifest.default_graph == "strict" else None,
        "hidden": manifest.hidden,
        "memory": memory,
    }
    return EmbeddedStore(folder, WorkerPool(settings, workers, queue), hidden=(STRICT_DEFAULT, *manifest.hidden))


__all__ = ["QUERY_MEMORY", "Store", "open_store"]
