"""The SPARQL endpoint (SPARQL 1.1 Protocol, query; Service Description): plain ASGI, since each microsecond here is paid by
every query. A request is read, checked and negotiated here; the query itself is parsed and evaluated in a worker process.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from solnum_ld.errors import (
    ContentTooLarge,
    MalformedQuery,
    NotAcceptable,
    SolnumError,
    UnsupportedContent,
)
from solnum_ld.mediatypes import (
    GRAPH_FORMATS,
    HTML,
    JSONLD,
    NQUADS,
    NTRIPLES,
    RDFXML,
    RESULT_ALIASES,
    SPARQL_JSON,
    SPARQL_XML,
    TURTLE,
    Format,
)
from solnum_ld.namespaces import SCHEMA, SCHEMA_HTTP
from solnum_ld.resources.describing import describe_query
from solnum_ld.resources.representation import serialise
from solnum_ld.sparql import OFFERS, QueryForm, SparqlQuery, parse_query
from solnum_ld.sparql.description import Service, describe_service
from solnum_ld.sparql.grammar import explain
from solnum_ld.sparql.protocol import SparqlRequest, media_type_of, read_get, read_post
from solnum_ld.sparql.scan import position, rewrite_iris
from solnum_ld.store.protocol import Answer, Limits
from solnum_ld.web.cache import CutOff, generation_of
from solnum_ld.web.clients import Clients
from solnum_ld.web.http import CACHE, NO_STORE, choose_format, header, is_page, link, represent
from solnum_ld.web.metrics import Metrics
from solnum_ld.web.problems import answer_error, method_not_allowed
from solnum_ld.web.query import query_page, show_mistake, show_outcome
from solnum_ld.web.site import Generation
from solnum_ld.web.statistics import read_statistics

PATH = "/sparql"
METHODS = "GET, HEAD, POST, OPTIONS"
REWRITTEN = "solnum-rewritten"
_SCHEMA_ORG = "schema.org"
MAX_QUERY = 1024 * 1024
"""Bytes that a query, with all that comes with it, may have."""

_SCANNED_IN_THREAD = 32 * 1024
_WATCH_AFTER = 0.05
"""Seconds after which the client's leaving is listened for: most answers are there before."""

_ALIASES = {form.media_type: form for form in RESULT_ALIASES}
_NAMES: dict[str, tuple[Format, ...]] = {
    "json": (SPARQL_JSON, JSONLD),
    "xml": (SPARQL_XML, RDFXML),
    "json-ld": (JSONLD,),
    "rdf+xml": (RDFXML,),
    "rdfxml": (RDFXML,),
    "turtle": (TURTLE,),
    "n3": (TURTLE,),
    "ntriples": (NTRIPLES,),
    "n-triples": (NTRIPLES,),
    "nquads": (NQUADS,),
    "n-quads": (NQUADS,),
}
"""Short names that clients send as ``format=``, beside the suffixes and media types of formats."""

_EVERYTHING: dict[tuple[QueryForm, bool], tuple[Format, ...]] = {
    (form, by_get): (
        *offers,
        *(RESULT_ALIASES if form in (QueryForm.SELECT, QueryForm.ASK) else ()),
        *((HTML,) if by_get else ()),
    )
    for form, offers in OFFERS.items()
    for by_get in (True, False)
}
"""What a query may be answered in; a page by GET alone."""

_XML_RESULTS = frozenset((SPARQL_XML, *(form for form in RESULT_ALIASES if form.suffix == "xml")))
_SHOWN = 1500
"""Characters of a query that are repeated in the addresses of an answer's other formats."""

_GRAPHS = """SELECT ?g ?n {
  ?g a <http://www.w3.org/ns/sparql-service-description#Graph> ; <http://rdfs.org/ns/void#triples> ?n
}"""
log = logging.getLogger("solnum_ld")
slow_log = logging.getLogger("solnum_ld.slow")


@dataclass(frozen=True, slots=True)
class SparqlSettings:
    """How the endpoint behaves. ``slow`` is in seconds: queries from there on are logged, without who asked."""

    limits: Limits = field(default_factory=Limits)
    rewrite_schema: bool = True
    slow: float = 5.0


class SparqlEndpoint:
    """The application behind ``/sparql``."""

    def __init__(self, settings: SparqlSettings, clients: Clients, metrics: Metrics) -> None:
        self._settings, self._clients, self._metrics = settings, clients, metrics
        self._schemes: OrderedDict[str, tuple[str, str] | None] = OrderedDict()
        self._reading = asyncio.Lock()  # one long text at a time: more at once would be no faster, and need more memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; errors become answers as long as nothing was sent."""
        exchange = _Exchange(scope, receive, send)
        started = time.perf_counter()
        outcome = "ok"
        try:
            await self._answer(exchange)
        except SolnumError as error:
            outcome = type(error).__name__
            if exchange.begun:
                log.warning("An answer was cut off: %s", error)
                raise CutOff(str(error)) from error
            response = answer_error(exchange.request, error, exchange.offered)
            if exchange.query and is_page(response) and not isinstance(error, NotAcceptable):
                response = await show_mistake(
                    exchange.request, generation_of(scope), exchange.query, error, response, self._settings.limits
                )
            await response(scope, receive, send)
        except CutOff:
            outcome = "ClientGone"
            raise
        finally:
            seconds = time.perf_counter() - started
            if exchange.query:
                self._metrics.query(outcome, seconds)
                if seconds >= self._settings.slow:
                    slow_log.warning("%.1f s, %s: %s", seconds, outcome, " ".join(exchange.query.split())[:2000])

    async def _answer(self, exchange: _Exchange) -> None:
        scope = exchange.scope
        method = scope["method"]
        if method == "GET":
            asked = read_get(scope["query_string"])
            if asked.query is None:
                await self._introduce(exchange, asked)
                return
        elif method == "POST":
            content_type = header(exchange.request, "content-type") or ""
            media_type_of(content_type)  # before anything of the body is read
            if (header(exchange.request, "content-encoding") or "identity").strip().lower() != "identity":
                raise UnsupportedContent("Send the query as it is, without a content-coding.")
            asked = read_post(scope["query_string"], content_type, await _body(exchange))
        else:
            await method_not_allowed(exchange.request, METHODS)(scope, exchange.receive, exchange.send)
            return
        await self._evaluate(exchange, asked)

    async def _evaluate(self, exchange: _Exchange, asked: SparqlRequest) -> None:
        text = asked.query or ""
        exchange.query = text
        generation = generation_of(exchange.scope)
        if len(text) > _SCANNED_IN_THREAD:
            async with self._reading:
                query, moved = await asyncio.to_thread(self._read, asked, text, generation)
        else:
            query, moved = self._read(asked, text, generation)
        exchange.cache = NO_STORE if query.changing or exchange.scope["method"] == "POST" else CACHE
        exchange.rewritten = bool(moved)
        with self._clients.asking(self._clients.name(exchange.scope)), _Watch(exchange.receive) as watch:
            try:
                await self._negotiate(exchange, query, asked)
            except asyncio.CancelledError:
                watch.forgive()
                raise CutOff("the client has left") from None
            except MalformedQuery as error:
                mistake = await asyncio.to_thread(explain, text) if moved else None
                raise mistake or _at_origin(error, text, moved) from None

    async def _negotiate(self, exchange: _Exchange, query: SparqlQuery, asked: SparqlRequest) -> None:
        """Answer in the best format; in the next best where the result cannot be written in it."""
        refused: set[Format] = set()
        while True:
            try:
                form = _choose(exchange, query, asked, refused)
            except NotAcceptable:
                mistake = None if refused else await asyncio.to_thread(explain, asked.query or "")
                if mistake is not None:  # worse than what is accepted
                    raise mistake from None
                raise
            if form is HTML:
                limits, generation = self._settings.limits, generation_of(exchange.scope)
                page = await show_outcome(
                    exchange.request, generation, query, asked.query or "", limits, exchange.cache
                )
                if exchange.rewritten:
                    page.headers[REWRITTEN] = _SCHEMA_ORG
                await page(exchange.scope, exchange.receive, exchange.send)
                return
            try:
                await self._deliver(exchange, query, form)
            except NotAcceptable:
                if exchange.begun:
                    raise
                refused |= _XML_RESULTS if form in _XML_RESULTS else {form}
            else:
                return

    def _read(self, asked: SparqlRequest, text: str, generation: Generation) -> tuple[SparqlQuery, tuple[int, ...]]:
        """Return the query as it is evaluated, and where IRIs of schema.org were changed to the release's own."""
        moved: tuple[int, ...] = ()
        scheme = self._scheme(generation) if self._settings.rewrite_schema else None
        if scheme is not None and scheme[0] in text:
            theirs, ours = scheme
            text, moved = rewrite_iris(text, lambda iri: ours + iri[len(theirs) :] if iri.startswith(theirs) else iri)
        try:
            return parse_query(text, asked.default_graphs, asked.named_graphs), moved
        except MalformedQuery:
            if moved:  # the same mistake, told of the text as it was sent
                parse_query(asked.query or "", asked.default_graphs, asked.named_graphs)
            raise

    async def _deliver(self, exchange: _Exchange, query: SparqlQuery, form: Format) -> None:
        generation = generation_of(exchange.scope)
        if query.form is QueryForm.DESCRIBE:
            triples = await describe_query(generation.store, query, self._settings.limits, generation.manifest)
            body = await asyncio.to_thread(serialise, triples, form, generation.context, generation.manifest.names)
            answer = Answer(body)
        else:
            answer = await generation.store.answer(query, form, self._settings.limits)
        try:
            await exchange.start(form, None if answer.rest else len(answer.first))
            await exchange.block(answer.first, more=answer.rest is not None)
            if answer.rest is not None:
                async for block in answer.rest:
                    await exchange.block(block, more=True)
                await exchange.block(b"", more=False)
        finally:
            answer.close()

    def _scheme(self, generation: Generation) -> tuple[str, str] | None:
        """Return (other, own) spelling of schema.org's namespace where the release uses exactly one; else None."""
        if generation.id not in self._schemes:
            used = [iri for counts in read_statistics(generation).values() for iri in counts]
            secure, plain = (any(iri.startswith(space) for iri in used) for space in (SCHEMA, SCHEMA_HTTP))
            self._schemes[generation.id] = (
                None if secure == plain else (SCHEMA_HTTP, SCHEMA) if secure else (SCHEMA, SCHEMA_HTTP)
            )
            while len(self._schemes) > 4:
                self._schemes.popitem(last=False)
        return self._schemes[generation.id]

    # -- without a query --------------------------------------------------------------------------------------------------

    async def _introduce(self, exchange: _Exchange, asked: SparqlRequest) -> None:
        """Answer with the service description, or with the query page for browsers."""
        generation = generation_of(exchange.scope)
        manifest = generation.manifest
        endpoint = f"{manifest.public}sparql"
        offers = (*GRAPH_FORMATS, HTML)
        exchange.offers = offers
        form = _named(asked.format, offers) if asked.format else choose_format(exchange.request, offers)
        vary = () if asked.format else ("Accept", "Accept-Language")
        if form is HTML:
            response = await query_page(exchange.request, generation, self._settings.limits)
        else:
            triples = describe_service(await _service(generation, endpoint))
            body = await asyncio.to_thread(serialise, triples, form, generation.context, manifest.names)
            links = [link(f"{endpoint}?format={f.suffix}", "alternate", type=f.media_type) for f in offers if f != form]
            response = represent(body, form, vary=vary, links=links)
        await response(exchange.scope, exchange.receive, exchange.send)


async def _service(generation: Generation, endpoint: str) -> Service:
    manifest = generation.manifest
    rows = await generation.store.rows(_GRAPHS)
    graphs = sorted((str(row["g"].value), int(row["n"].value)) for row in rows)  # type: ignore[union-attr]
    return Service(
        iri=f"{manifest.base}service/sparql",
        endpoint=endpoint,
        title=manifest.dataset.title,
        license=manifest.dataset.license,
        union=manifest.default_graph == "union",
        triples=manifest.counts["default_graph"],
        graphs=dict(graphs) if manifest.named_graphs else {},
    )


class _Exchange:
    """One request and what was sent of its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.request = Request(scope, receive, send)
        self.begun = self.overridden = self.rewritten = False
        self.query = self.shown = ""
        self.cache = CACHE
        self.offers: tuple[Format, ...] = ()

    @property
    def offered(self) -> tuple[tuple[Format, str], ...]:
        """Return what could be had, and at which address; the query stands in it where it is not too long (``shown``)."""
        base = f"{generation_of(self.scope).manifest.public}sparql"
        query = f"query={quote(self.shown, safe='')}&" if self.shown else ""
        return tuple((form, f"{base}?{query}format={form.suffix}") for form in self.offers)

    async def start(self, form: Format, length: int | None) -> None:
        """Send status and headers; ``length`` is None when it is not known yet."""
        self.begun = True
        headers = list(_headers_of(form, negotiated=not self.overridden, cache=self.cache, rewritten=self.rewritten))
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        await self.send({"type": "http.response.start", "status": 200, "headers": headers})

    async def block(self, body: bytes, *, more: bool) -> None:
        """Send a part of the body."""
        await self.send({"type": "http.response.body", "body": body, "more_body": more})


class _Watch:
    """Cancels the request's task when its client leaves."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task: asyncio.Task[None] | None = None
        self._main = asyncio.current_task()
        self._gone = False

    def __enter__(self) -> _Watch:
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._main is not None:
            self._main.cancel()

    def forgive(self) -> None:
        """Take the cancellation back when it came from here; raise it on when it did not."""
        if not self._gone or self._main is None:
            raise
        self._main.uncancel()


@lru_cache(maxsize=256)
def _headers_of(form: Format, *, negotiated: bool, cache: str, rewritten: bool) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of an answer, all but its length."""
    headers = {REWRITTEN: _SCHEMA_ORG} if rewritten else {}
    response = represent(b"", form, vary=("Accept",) if negotiated else (), cache=cache, headers=headers)
    return tuple(field for field in response.raw_headers if field[0] != b"content-length")


async def _body(exchange: _Exchange) -> bytes:
    """Return the body; one that is too long is refused before it is sent, where its length is told."""
    chunks: list[bytes] = []
    told = header(exchange.request, "content-length") or ""
    size = int(told) if told.isdecimal() else 0
    if size > MAX_QUERY:
        raise ContentTooLarge(f"A query may be {MAX_QUERY:,} bytes long at most.")
    size = 0
    while True:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            raise CutOff("the client has left")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_QUERY:
            raise ContentTooLarge(f"A query may be {MAX_QUERY:,} bytes long at most.")
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _choose(exchange: _Exchange, query: SparqlQuery, asked: SparqlRequest, refused: Set[Format]) -> Format:
    """Return the format of the answer: that of ``format=``, else the best of Accept; none that cannot write the result."""
    by_get = exchange.scope["method"] == "GET"
    offers = OFFERS[query.form]
    everything = _EVERYTHING[query.form, by_get]
    if refused:
        offers, everything = (tuple(form for form in forms if form not in refused) for forms in (offers, everything))
    exchange.offers = offers
    exchange.shown = exchange.query if by_get and len(exchange.query) < _SHOWN else ""
    if asked.format:
        exchange.overridden = True
        return _named(asked.format, everything)
    return choose_format(exchange.request, everything)


def _named(names: str, offers: Sequence[Format]) -> Format:
    """Return the first offer that short names or media types mean; raise NotAcceptable when none is offered here."""
    for name in names.split(","):
        wanted = name.strip().lower()
        for form in offers:
            if wanted in (form.suffix, form.media_type) or form in _NAMES.get(wanted, ()):
                return form
    raise NotAcceptable(tuple(offers), f"The format {names[:80]!r} is not offered for this.")


def _at_origin(error: MalformedQuery, text: str, moved: tuple[int, ...]) -> MalformedQuery:
    """Return the error with its column in the text as it was sent: each changed IRI had one letter more or less."""
    if not moved or error.line is None or error.column is None:
        return error
    longer = 1 if text.startswith(SCHEMA_HTTP, moved[0] + 1) else -1
    before = sum(line == error.line and column < error.column for line, column in (position(text, at) for at in moved))
    column = error.column - longer * before
    message = str(error).replace(f"column {error.column}:", f"column {column}:", 1)
    return MalformedQuery(message, line=error.line, column=column, expected=error.expected)


__all__ = ["METHODS", "PATH", "SparqlEndpoint", "SparqlSettings"]
