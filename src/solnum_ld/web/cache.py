"""The response cache: pure ASGI, in front of the routes, since a release never changes (RFC 9110, 8.8, 12.5, 13; RFC 9111).

It also finishes every answer that passes: content coding, ETag of the bytes sent, conditional requests, HEAD, and the
headers that stand on all answers. What an answer varies on it learns from the routes, which note it in the request's
:class:`Variant`; so that the key holds the chosen format and language, never a raw header.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from solnum_ld.errors import NotAcceptable
from solnum_ld.mediatypes import Format
from solnum_ld.negotiation import negotiate, negotiate_coding, negotiate_language
from solnum_ld.web.coding import Coding, Headers, encode
from solnum_ld.web.echoes import SOURCE
from solnum_ld.web.prepared import prepared_start
from solnum_ld.web.site import Generation, Site

_FLIGHT_SECONDS = 0.1
"""How long a request waits for another's answer before it asks itself: what takes longer may never come."""

VARIANT = "solnum_ld.variant"
GENERATION = "solnum_ld.generation"

KNOWN_PARAMETERS = frozenset(
    "after default-graph-uri format inverse iri lang liste named-graph-uri page property q query snapshot type update".split()
)
"""Query parameters that some route reads; others do not make another answer."""

_STATUSES = frozenset({200, 303, 404, 410})
_KEPT_ON_304 = frozenset(
    {
        b"cache-control",
        b"content-location",
        b"etag",
        b"vary",
        b"expires",
        b"access-control-allow-origin",
        b"access-control-expose-headers",
        b"link",
    }
)
_ON_ALL = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"Content-Location, ETag, Link, Location, Retry-After, Solnum-Rewritten"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
]
_ROUTES = 50_000
_LONGEST_TARGET = 2048
"""Bytes of path and query that are worth remembering; longer ones are answered, not kept."""

_LONGEST_HEADER = 4096


@dataclass(slots=True)
class Variant:
    """What an answer was chosen by; the routes fill it in."""

    offers: tuple[Format, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A complete answer, ready to be sent."""

    start: Message
    body: Message
    empty: Message
    not_modified: Message
    etag: bytes
    size: int


@dataclass(slots=True)
class _Asked:
    """The headers of a request that choose an answer."""

    accept: str | None = None
    language: str | None = None
    coding: str | None = None
    none_match: bytes | None = None


class CutOff(Exception):
    """An answer that stopped short: the server then closes the connection, so that it never looks whole."""


class ResponseCache:
    """Caches answers, up to ``budget`` bytes in all; an entry is at most one hundredth of that."""

    def __init__(self, app: ASGIApp, site: Site, budget: int = 128 * 1024 * 1024) -> None:
        self._app, self._site = app, site
        self._budget, self._largest = budget, budget // 100
        self._entries: OrderedDict[tuple[Any, ...], Entry] = OrderedDict()  # the key's parts: str, bytes or None
        self._routes: OrderedDict[tuple[str, bytes, str], Variant] = OrderedDict()
        self._flights: dict[tuple[Any, ...], asyncio.Event] = {}
        self.size = 0
        self.hits = 0
        self.misses = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the cache, or let the routes answer and keep what they say."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        generation = self._site.current
        if scope["path"].startswith("/dumps/"):  # compressed ahead
            await self.aside(self._app, scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            await self.aside(self._app, scope, receive, Coding(send, _asked(scope["headers"]).coding))
            return
        query = scope["query_string"]
        if len(scope["raw_path"]) + len(query) > _LONGEST_TARGET or scope["raw_path"] == b"/oai":  # dated by the second
            await self._uncached(scope, receive, send, generation)
            return
        asked = _asked(scope["headers"])
        route = (generation.id, scope["raw_path"], _canonical(query, generation.parameters) if query else "")
        flight = (route, asked.accept, asked.language)
        while True:
            key = self._key(route, asked)
            entry = self._entries.get(key) if key is not None else None
            if key is not None and entry is not None:
                self._entries.move_to_end(key)
                self.hits += 1
                start, body = _told(entry, asked, scope["method"])
                again = partial(self._again, key, asked, scope["method"])
                await send({**start, SOURCE: again})
                await send(body)
                return
            if flight not in self._flights:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FLIGHT_SECONDS):
                    await self._flights[flight].wait()
            if self._key(route, asked) not in self._entries:
                break  # the answer was not one to keep
        self.misses += 1
        await self._compute(scope, receive, send, generation, route, flight, asked)

    def _again(self, key: tuple[Any, ...], asked: _Asked, method: str) -> tuple[Message, Message] | None:
        """Return the answer to a request that was answered from here before; None when it is to be looked for anew."""
        entry = self._entries.get(key)
        if entry is None or key[0] != self._site.current.id:
            return None
        self._entries.move_to_end(key)
        self.hits += 1
        return _told(entry, asked, method)

    async def _uncached(self, scope: Scope, receive: Receive, send: Send, generation: Generation) -> None:
        """Answer as otherwise, keeping nothing."""
        asked = _asked(scope["headers"])
        answer = _Answer(self._largest, send, asked.coding, head=scope["method"] == "HEAD")
        generation.acquire()
        try:
            await self._app(
                {**scope, "method": "GET", VARIANT: Variant(), GENERATION: generation}, receive, answer.send
            )
            if not answer.ready():
                return
            entry = await answer.entry()
        finally:
            generation.release()
        await _send_entry(entry, asked, scope["method"], send)

    def _key(self, route: tuple[str, bytes, str], asked: _Asked) -> tuple[Any, ...] | None:
        variant = self._routes.get(route)
        if variant is None:
            return None
        try:
            form = negotiate(asked.accept, variant.offers).suffix if variant.offers else None
        except NotAcceptable:
            return None
        language = negotiate_language(asked.language, variant.languages) if variant.languages else None
        return (*route, form, language, negotiate_coding(asked.coding))

    async def _compute(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        generation: Generation,
        route: tuple[str, bytes, str],
        flight: tuple[Any, ...],
        asked: _Asked,
    ) -> None:
        landed = self._flights.setdefault(flight, asyncio.Event())
        variant = Variant()

        def land() -> None:
            if self._flights.get(flight) is landed:
                del self._flights[flight]
            landed.set()

        answer = _Answer(self._largest, send, asked.coding, head=scope["method"] == "HEAD", on_stream=land)
        generation.acquire()
        inner = {**scope, "method": "GET", VARIANT: variant, GENERATION: generation}
        try:
            await self._app(inner, receive, answer.send)
            sent = not answer.ready()
            if sent and not answer.cacheable:
                return
            entry = await answer.entry()
            if answer.cacheable:
                self._keep(route, variant, asked, entry)
        finally:
            generation.release()
            land()
        if not sent:
            await _send_entry(entry, asked, scope["method"], send)

    def _keep(self, route: tuple[str, bytes, str], variant: Variant, asked: _Asked, entry: Entry) -> None:
        known = self._routes.get(route)
        if known is not None and known.offers == variant.offers and known.languages:
            variant.languages = known.languages  # one format has no language, another of the same resource has
        self._routes[route] = variant
        self._routes.move_to_end(route)
        key = self._key(route, asked)
        if key is None:  # an error, in a format that answers an Accept that nothing satisfies
            return
        old = self._entries.pop(key, None)
        self.size += entry.size - (old.size if old else 0)
        self._entries[key] = entry
        while self.size > self._budget:
            _, dropped = self._entries.popitem(last=False)
            self.size -= dropped.size
        while len(self._routes) > _ROUTES:
            self._routes.popitem(last=False)

    async def aside(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let ``app`` answer of the current generation, and keep nothing."""
        generation = self._site.current

        async def finishing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _finished(message["headers"])}
            await send(message)

        generation.acquire()
        try:
            await app({**scope, VARIANT: Variant(), GENERATION: generation}, receive, finishing)
        finally:
            generation.release()


class _Answer:
    """Collects an answer of the routes. One that comes in parts is passed on as it comes, and collected up to the bound."""

    def __init__(
        self, bound: int, send: Send, coding: str | None, *, head: bool, on_stream: Callable[[], None] | None = None
    ) -> None:
        self._bound, self._on_stream, self._coding = bound, on_stream, coding
        self._send = Coding(send, coding, head=head)
        self._status = 500
        self._headers: Headers = []
        self._chunks: list[bytes] = []
        self._size = 0
        self.passed_on = self._complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self._complete = not message.get("more_body")
            chunk = message.get("body", b"")
            self._size += len(chunk)
            if self._size <= self._bound or not (self.passed_on or message.get("more_body")):
                self._chunks.append(chunk)
            else:
                self._chunks.clear()
            if message.get("more_body") and not self.passed_on:
                self.passed_on = True
                if self._on_stream is not None:
                    self._on_stream()
                headers = _finished(self._headers)
                await self._send({"type": "http.response.start", "status": self._status, "headers": headers})
            if self.passed_on:
                await self._send(message)

    def ready(self) -> bool:
        """Tell whether there is a whole answer to send; raise :class:`CutOff` when the routes ended without one."""
        if not self._complete:
            raise CutOff("the answer ended before it was whole")
        return not self.passed_on

    @property
    def cacheable(self) -> bool:
        return self._status in _STATUSES and self._size <= self._bound and not self._is_fleeting()

    def _is_fleeting(self) -> bool:
        """Tell whether nobody may keep the answer, as when the time of asking stands in it."""
        return any(name == b"cache-control" and b"no-store" in value for name, value in self._headers)

    async def entry(self) -> Entry:
        """Return the answer with its content-coding, its ETag and the headers of all answers."""
        body = b"".join(self._chunks)
        headers = [(name, value) for name, value in self._headers if name not in (b"content-length", b"etag")]
        headers, body = await encode(headers, body, self._coding)
        etag = b""
        if self._status == 200 and not self._is_fleeting():
            etag = b'"' + base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:18]) + b'"'
            headers.append((b"etag", etag))
        headers = _finished(headers)
        if self._status != 204:
            headers.append((b"content-length", str(len(body)).encode()))
        kept = [(name, value) for name, value in headers if name in _KEPT_ON_304]
        return Entry(
            start=prepared_start(self._status, headers),
            body={"type": "http.response.body", "body": body},
            empty={"type": "http.response.body", "body": b""},
            not_modified=prepared_start(304, kept),
            etag=etag,
            size=len(body) + 2 * sum(len(n) + len(v) for n, v in headers) + 1024,  # once as they are, once written
        )


async def _send_entry(entry: Entry, asked: _Asked, method: str, send: Send) -> None:
    for message in _told(entry, asked, method):
        await send(message)


def _told(entry: Entry, asked: _Asked, method: str) -> tuple[Message, Message]:
    """Return start and body of what is told of an entry."""
    if asked.none_match is not None and entry.etag and matches(asked.none_match, entry.etag):
        return entry.not_modified, entry.empty
    return entry.start, entry.empty if method == "HEAD" else entry.body


def _asked(headers: Sequence[tuple[bytes, bytes]]) -> _Asked:
    """Return what chooses an answer; several lines of one header are one list (RFC 9110, 5.2)."""
    asked = _Asked()
    for name, value in headers:
        if name == b"accept":
            text = value[:_LONGEST_HEADER].decode("latin-1")
            asked.accept = text if asked.accept is None else f"{asked.accept}, {text}"
        elif name == b"accept-language":
            text = value[:_LONGEST_HEADER].decode("latin-1")
            asked.language = text if asked.language is None else f"{asked.language}, {text}"
        elif name == b"accept-encoding":
            text = value[:_LONGEST_HEADER].decode("latin-1")
            asked.coding = text if asked.coding is None else f"{asked.coding}, {text}"
        elif name == b"if-none-match":
            asked.none_match = value if asked.none_match is None else asked.none_match + b"," + value
    return asked


def matches(none_match: bytes, etag: bytes) -> bool:
    """Compare weakly (RFC 9110, 13.1.2)."""
    if none_match == etag:
        return True
    tags = [tag.strip().removeprefix(b"W/") for tag in none_match.split(b",")]
    return etag in tags or tags == [b"*"]


def _finished(headers: Sequence[tuple[bytes, bytes]]) -> Headers:
    return [*headers, *_missing(frozenset(name for name, _ in headers))]


@lru_cache(maxsize=1024)
def _missing(names: frozenset[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(pair for pair in _ON_ALL if pair[0] not in names)


@lru_cache(maxsize=8192)
def _canonical(query: bytes, facets: frozenset[str]) -> str:
    """Return the known parameters of a query string in one order; ``facets`` are those of the release."""
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError:
        return query.decode("latin-1")
    return urlencode(
        sorted((pair for pair in pairs if pair[0] in KNOWN_PARAMETERS or pair[0] in facets), key=itemgetter(0))
    )


def variant_of(scope: MutableMapping[str, Any]) -> Variant:
    """Return the note in which a route says what its answer was chosen by."""
    variant: Variant = scope[VARIANT]
    return variant


def generation_of(scope: MutableMapping[str, Any]) -> Generation:
    """Return the generation that a request is answered from, from beginning to end."""
    generation: Generation = scope[GENERATION]
    return generation
