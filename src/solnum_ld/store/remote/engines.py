"""The engines that are known, by the ``Server`` header of their answers."""

from __future__ import annotations

from solnum_ld.store.remote.engine import Engine
from solnum_ld.store.remote.oxigraph import Oxigraph
from solnum_ld.store.remote.virtuoso import Virtuoso

ENGINES: tuple[type[Engine], ...] = (Oxigraph, Virtuoso, Engine)


def engine_of(server: str) -> Engine:
    """Return the engine that answered, by the ``Server`` header of its answer."""
    return next(kind() for kind in ENGINES if server.startswith(kind.server))
