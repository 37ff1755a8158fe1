"""Run the application under uvicorn: a bound socket, guarded httptools and uvloop."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from solnum_ld.errors import SettingsError
from solnum_ld.web.clients import Clients
from solnum_ld.web.guard import Bounds, guarded

GRACE_SECONDS = 30
"""How long requests in flight may take after SIGTERM."""

_STOPPING = (signal.SIGINT, signal.SIGTERM)


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
    """A server that tells when it answers (its application has started, its sockets are listened to), and when it has ended.

    Signals are heard from before its loop begins: an exception in a loop that begins leaves a traceback.
    """

    def __init__(
        self, config: uvicorn.Config, started: Callable[[], None] | None, ended: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._tell, self._ended = started, ended
        self._stopped_by: int | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal, then let it do to the process what it would have done."""
        before = {number: signal.signal(number, self.handle_exit) for number in _STOPPING}
        try:
            super().run(sockets)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            if self._ended is not None:
                self._ended()
        if self._stopped_by is not None:
            signal.raise_signal(self._stopped_by)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, in good order."""
        self._stopped_by = sig
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Change nothing: signals are heard already."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self._tell is not None and not self.should_exit:
            self._tell()


def run(
    app: ASGIApp,
    bound: socket.socket,
    clients: Clients,
    bounds: Bounds | None = None,
    started: Callable[[], None] | None = None,
    ended: Callable[[], None] | None = None,
) -> bool:
    """Serve until SIGTERM or SIGINT, then finish what is in flight; tell whether the server had started.

    ``started`` is called when the first request would be answered, ``ended`` after the last one, before the signal does to
    the process what it would have done.
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
    server = _Announced(config, started, ended)
    with contextlib.suppress(SystemExit):  # of a start that failed, which has a status of uvicorn's own
        server.run(sockets=[bound])
    return server.started
