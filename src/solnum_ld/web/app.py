"""The application: the one place where the parts are wired."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solnum_ld import __version__
from solnum_ld.iris import unreserved
from solnum_ld.web import (
    about,
    atlas,
    catalog,
    crawlers,
    downloads,
    health,
    oai,
    openapi,
    problems,
    resources,
    search,
)
from solnum_ld.web.cache import CutOff, ResponseCache, generation_of
from solnum_ld.web.clients import Clients
from solnum_ld.web.http import without_slash
from solnum_ld.web.metrics import Metrics
from solnum_ld.web.site import Site
from solnum_ld.web.sparql import METHODS, PATH, SparqlEndpoint, SparqlSettings

_HOST = re.compile(rb"[\w.~%!$&'()*+,;=:\[\]-]*", re.ASCII)
"""What a Host may be written with (RFC 9110, 7.2; RFC 3986, 3.2.2)."""

_METHODS = {PATH: METHODS, oai.PATH: oai.METHODS}
"""What may be done where more than reading is allowed."""

_PREFLIGHT = {"access-control-allow-headers": "*", "access-control-max-age": "86400"}


def create_app(
    site: Site,
    *,
    sparql_settings: SparqlSettings | None = None,
    clients: Clients | None = None,
    metrics: Metrics | None = None,
    cache_bytes: int = 128 * 1024 * 1024,
) -> ASGIApp:
    """Return the ASGI application that serves a site; the site is opened and closed with it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if not site.ready:
            await site.open()
        watcher = asyncio.create_task(site.watch())
        try:
            yield
        finally:
            watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watcher
            await site.aclose()

    app = FastAPI(
        title="solnum-ld", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False
    )
    problems.install(app, _METHODS)
    modules = (health, downloads, catalog, crawlers, oai, about, atlas, search, resources)  # the last takes any path
    for module in modules:
        app.include_router(module.router)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]  # as FastAPI's documentation has it
    metrics = metrics or Metrics()
    endpoint = SparqlEndpoint(sparql_settings or SparqlSettings(), clients or Clients(), metrics)
    paths = {PATH, *(route.path for module in modules for route in module.router.routes if isinstance(route, Route))}
    pages = frozenset(path for path in paths if path != "/" and "{" not in path)
    cache = ResponseCache(Plain(app, endpoint, pages), site, cache_bytes)
    metrics.watch(
        lambda: {f"store_{name}": value for name, value in site.current.store.load().items()},
        lambda: {f"store_{name}": by_reason for name, by_reason in site.current.store.counts().items()},
    )
    metrics.watch(
        lambda: {"cache_bytes": cache.size},
        lambda: {"cache_hits": {"": cache.hits}, "cache_misses": {"": cache.misses}},
    )
    return Front(cache, site)


class Front:
    """Before all else: the path as it was sent, the public address's own path taken off it."""

    def __init__(self, app: ResponseCache, site: Site) -> None:
        self._app, self._site = app, site
        self._prefix = ""
        self._public = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Normalise the path of a request and pass it on."""
        if scope["type"] == "http":
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            raw = raw.partition(b"?")[0]
            prefix = self._path_prefix()
            if prefix and raw.startswith(prefix):
                raw = raw[len(prefix) - 1 :]
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if scope.get("http_version") == "1.1" and (len(hosts) != 1 or not _HOST.fullmatch(hosts[0])):
                await self._app.aside(_without_host, scope, receive, send)
                return
            first, slash, rest = raw[1:].partition(b"/")
            if b"%" in first:  # an encoded letter is the letter (RFC 3986, 6.2.2.2); below, both spellings are tried
                raw = b"/" + unreserved(first.decode("latin-1")).encode("latin-1") + slash + rest
            scope["raw_path"] = raw
            scope["path"] = raw.decode("latin-1")
            scope["root_path"] = ""
        if scope["type"] == "lifespan":
            send = self._in_a_sentence(send)
        try:
            await self._app(scope, receive, send)
        except CutOff:  # the server closes the connection of an answer that was not finished
            return

    def _in_a_sentence(self, send: Send) -> Send:
        """Return what tells the server why there is no start: in a sentence where this program has one, not by a traceback."""

        async def telling(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and self._site.failure:
                message = {**message, "message": self._site.failure}
            await send(message)

        return telling

    def _path_prefix(self) -> bytes:
        public = self._site.current.manifest.public
        if public != self._public:
            path = "/" + public.split("/", 3)[3]
            self._prefix = "" if path == "/" else path
            self._public = public
        return self._prefix.encode()


async def _without_host(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = problems.problem(Request(scope), 400, "A request needs exactly one Host header (RFC 9112, 3.2).")
    await refusal(scope, receive, send)


class Plain:
    """Behind the cache: the SPARQL endpoint, methods that no route sees, paths in which ``%2F`` is no ``/``, and
    ``pages`` that were given a slash too many."""

    def __init__(self, app: ASGIApp, endpoint: ASGIApp, pages: frozenset[str]) -> None:
        self._app, self._endpoint, self._pages = app, endpoint, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer OPTIONS; decode the path for the routes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw = scope["raw_path"].decode("latin-1")
        scope["path"] = unquote(raw.replace("%2F", "%252F").replace("%2f", "%252f"), errors="replace")
        if scope["method"] == "OPTIONS":
            allowed = _METHODS.get(scope["path"], problems.READ_METHODS)
            headers = {"allow": allowed, "access-control-allow-methods": allowed, **_PREFLIGHT}
            await Response(status_code=204, headers=headers)(scope, receive, send)
            return
        if scope["path"] not in self._pages and scope["path"].endswith("/") and scope["path"][:-1] in self._pages:
            await without_slash(scope, generation_of(scope).manifest.public)(scope, receive, send)
            return
        if scope["path"] == PATH:
            await self._endpoint(scope, receive, send)
            return
        with contextlib.suppress(Exception):  # the last resort has logged it and answered; Starlette raises it again
            await self._app(scope, receive, send)
