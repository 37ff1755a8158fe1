"""Run the application under uvicorn: a bound socket, guarded httptools and uvloop."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from solnum_ld.errors import SettingsError
from solnum_ld.web.clients import Clients
from solnum_ld.web.guard import Bounds, guarded

GRACE_SECONDS = 30
"""How long requests in flight may take after SIGTERM."""


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes a free one. Raises SettingsError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise SettingsError(
            f"{host}:{port} cannot be used: {error.strerror}. Choose another with --port (0 takes a free one)."
        ) from error
    return bound


class _Announced(uvicorn.Server):
    """A server that tells when it answers: its application has started, and its sockets are listened to."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self._tell is not None:
            self._tell()


def run(
    app: ASGIApp,
    bound: socket.socket,
    clients: Clients,
    bounds: Bounds | None = None,
    started: Callable[[], None] | None = None,
) -> bool:
    """Serve until SIGTERM or SIGINT, then finish what is in flight; tell whether the server had started.

    ``started`` is called when the first request would be answered.
    """
    config = uvicorn.Config(
        app,
        http=guarded(clients, bounds),
        loop="auto",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="error",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Announced(config, started)
    with contextlib.suppress(SystemExit):  # of a start that failed, which has a status of uvicorn's own
        server.run(sockets=[bound])
    return server.started
