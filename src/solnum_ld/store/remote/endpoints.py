"""Replicas of one release in engines over HTTP: which of them hold it, and a request to one that does.

Each endpoint is watched by itself, and asked the less the more of what was asked of it waits, so that one that says nothing
keeps neither the others nor what is known of them. An endpoint that cannot be reached is left alone until it is seen to hold the release again. A read is repeated at another
endpoint when it did not reach the first one; after a connection that broke before any answer it is repeated at one other, so
that a query that kills an engine does not kill them all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlencode

import pyoxigraph as ox

from solnum_ld.errors import EngineFault, QueryTimeout, SolnumError, StoreBusy, StoreUnavailable
from solnum_ld.store.faults import moved
from solnum_ld.store.protocol import Term
from solnum_ld.store.remote.client import Broken, Client, Reply, Unreached
from solnum_ld.store.remote.engine import RESULTS, Engine, late, shown
from solnum_ld.store.remote.engines import engine_of
from solnum_ld.store.remote.layout import MARKER, MERGED, READ_MARKER, Marker, marker_of

WATCH_SECONDS = 2.0
"""How often each endpoint is asked which release it holds."""

_CHECK_SECONDS = 5.0
_OWN_SECONDS = 20.0
_ENGINE_WORDS = 4096
log = logging.getLogger("solnum_ld")

Rows = list[dict[str, Term]]


@dataclass(frozen=True, slots=True)
class Question:
    """A query with the graphs that it sees, what form its answer is to have, and how long it may take."""

    query: str
    default: str = MERGED
    named: Sequence[str] = ()
    accept: str = RESULTS
    relayed: str = ""
    """The media type that is wanted in the end, which the engine is asked for if it writes it as we would."""

    seconds: float = _OWN_SECONDS
    base: str = ""
    """What relative IRIs are resolved against."""

    rows: int = 0
    """How many solutions of a SELECT are of use; 0: all."""

    ordered: str = ""
    """The query with its order spelled out, where it needs that."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    """Of which kind the variables are that it sorts by, where that is known."""

    @property
    def prologue(self) -> str:
        """Return what is put in front of the query."""
        return f"BASE <{self.base}> " if self.base else ""

    def form(self, engine: Engine) -> tuple[bytes, dict[str, str]]:
        """Return body and headers: a form for POST (SPARQL 1.1 Protocol, 2.1.2), since graphs may be many."""
        query = self.ordered if self.ordered and engine.sorts_in_circles else self.query
        fields = {
            "query": self.prologue + engine.worded(query, self.rows, self.named, self.base, self.kinds),
            "default-graph-uri": self.default,
            **engine.parameters(self.seconds),
        }
        headers = {
            "accept": self.relayed if self.relayed in engine.relayed else self.accept,
            "accept-encoding": "identity",
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": "solnum-ld",
        }
        return (urlencode(fields) + _named(tuple(self.named))).encode(), headers


@lru_cache(maxsize=16)
def _named(graphs: tuple[str, ...]) -> str:
    return "".join(f"&named-graph-uri={quote(graph, safe='')}" for graph in graphs)


class Endpoint:
    """One address of queries, and what is known of the engine behind it."""

    def __init__(self, url: str) -> None:
        self.url, self.name = url, shown(url)
        self.engine: Engine = Engine()
        self.marker = Marker()
        self.trouble = "it was not asked yet"
        self._waiting: set[asyncio.Timeout] = set()

    def holds(self, release: str) -> bool:
        """Tell whether it answers, and holds the release."""
        return not self.trouble and self.marker.holds == release

    def fail(self, error: Exception) -> None:
        """Note that it does not answer, or not wholly: it is left alone until it is seen to hold the release again."""
        self.trouble = str(error) or type(error).__name__
        log.warning("%s does not answer: %s", self.name, self.trouble)

    async def send(self, client: Client, asked: Question) -> Reply:
        """Ask; return the answer whose body is still to be read. Raises TimeoutError when the endpoint is given up meanwhile."""
        async with self.patience():
            return await client.post(self.url, *asked.form(self.engine))

    @contextlib.asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """Wait within it for the endpoint; raises TimeoutError when it is given up meanwhile."""
        async with asyncio.timeout(None) as waiting:
            self._waiting.add(waiting)
            try:
                yield
            finally:
                self._waiting.discard(waiting)

    @property
    def waiting(self) -> int:
        """Return how many questions wait for it to begin its answer."""
        return len(self._waiting)

    def give_up(self) -> None:
        """Wait no longer for answers that have not begun: an engine that takes long answers the watch, one that is gone does not."""
        now = asyncio.get_running_loop().time()
        for waiting in self._waiting:
            waiting.reschedule(now)
        self._waiting.clear()

    async def check(self, client: Client) -> None:
        """Ask which release it holds."""
        asked = Question(READ_MARKER, default=MARKER, seconds=_CHECK_SECONDS)
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                reply = await client.post(self.url, *asked.form(self.engine), counted=False)
                body = await reply.whole()
            self.engine = engine_of(reply.headers.get("server", ""))
            if reply.status != 200:
                raise EngineFault(f"it answers with status {reply.status}")
            self.marker = marker_of(rows_of(self.engine.reader(asked.query).whole(body)))
            self.trouble = ""
        except TimeoutError:
            self.trouble = f"it does not answer within {_CHECK_SECONDS:g} seconds"
        except (Unreached, Broken, SolnumError, ValueError, KeyError) as error:
            self.trouble = str(error) or type(error).__name__


class Replicas:
    """The endpoints that may hold one release. Questions go to those that do, in turn."""

    def __init__(self, urls: Sequence[str], release: str, connections: int) -> None:
        self._release = release
        self._connections = connections
        self._open_client: Client | None = None
        self.endpoints = [Endpoint(url) for url in urls]
        self._turn = 0
        self._told: dict[str, str] = {}
        self._served = False  # whether it was in any of them yet
        self._watching: list[asyncio.Task[None]] = []
        self._looking: set[asyncio.Task[None]] = set()
        self.failovers = 0

    # -- which of them are there ------------------------------------------------------------------------------------------

    @property
    def _client(self) -> Client:
        """Return the client, which belongs to the loop that first asks."""
        if self._open_client is None:
            self._open_client = Client(self._connections)
        return self._open_client

    async def begin(self) -> None:
        """Ask every endpoint, and go on asking; raise StoreUnavailable when none holds the release."""
        if not self._watching:
            self._watching = [asyncio.create_task(self._watch(endpoint)) for endpoint in self.endpoints]
        if not self._able():
            await self._look_around()
        if not self._able():
            raise StoreUnavailable(f"No engine holds release {self._release} now.")

    async def _look_around(self) -> None:
        """Ask every endpoint at once, until one is seen to hold the release; what the others say is heard later."""
        if not self._looking:
            self._looking = {asyncio.create_task(self._look(endpoint)) for endpoint in self.endpoints}
        under_way = self._looking
        while not self._able() and under_way:
            _, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        self._looking = {look for look in self._looking if not look.done()}

    async def _look(self, endpoint: Endpoint) -> None:
        await endpoint.check(self._client)
        standing = endpoint.trouble or f"it holds release {endpoint.marker.holds or 'none'}"
        self._served = self._served or bool(self._able())
        if self._served and standing != self._told.get(endpoint.url):
            self._told[endpoint.url] = standing
            log.info("%s: %s", endpoint.name, standing)
        if endpoint.trouble and self._able():  # another can answer what waits there
            endpoint.give_up()

    async def _watch(self, endpoint: Endpoint) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await self._look(endpoint)

    def _able(self) -> list[Endpoint]:
        return [endpoint for endpoint in self.endpoints if endpoint.holds(self._release)]

    def _able_in_turn(self) -> list[Endpoint]:
        """Return the endpoints that can be asked, the one for which least waits first."""
        able = self._able()
        self._turn += 1
        at = self._turn % max(len(able), 1)
        return sorted(able[at:] + able[:at], key=lambda endpoint: endpoint.waiting)

    @property
    def graphs(self) -> Mapping[str, int]:
        """Return the named graphs of the release, and how many triples each has."""
        return next((endpoint.marker.graphs for endpoint in self._able()), {})

    @property
    def load(self) -> dict[str, int]:
        """Return how many endpoints there are, and how many hold the release."""
        return {
            "endpoints": len(self.endpoints),
            "endpoints_ready": len(self._able()),
        }

    async def aclose(self) -> None:
        """Ask no more."""
        for task in (*self._watching, *self._looking):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._open_client is not None:
            await self._open_client.aclose()

    # -- questions --------------------------------------------------------------------------------------------------------

    def others(self, endpoint: Endpoint) -> bool:
        """Tell whether there is another endpoint that can be asked."""
        return any(other is not endpoint for other in self._able())

    async def open(self, asked: Question, but: Endpoint | None = None) -> tuple[Endpoint, Reply]:
        """Return an answer whose body is still to be read, of the first endpoint that gives one, and is not ``but``."""
        await self.begin()
        tried = [but]
        last: SolnumError = StoreUnavailable("The engine does not answer.")
        broken = 0
        while endpoint := await self._next(tried):
            tried.append(endpoint)
            try:
                reply = await endpoint.send(self._client, asked)
            except TimeoutError:
                self.failovers += 1
                continue
            except StoreBusy as error:
                last = error
                continue
            except Unreached as error:
                self.failovers += 1
                endpoint.fail(error)
                continue
            except Broken as error:
                self.failovers += 1
                broken += 1
                if broken > 1:
                    endpoint.fail(error)
                    break
                continue
            if reply.status == 200:
                return endpoint, reply
            last = await self._refusal(endpoint, reply, asked)
            if not isinstance(last, StoreBusy):  # it cannot, now or ever: one other is asked
                broken += 1
            if broken > 1 or isinstance(last, QueryTimeout) or not isinstance(last, StoreUnavailable):
                raise last
            self.failovers += 1
        raise last

    async def _next(self, tried: Sequence[Endpoint | None]) -> Endpoint | None:
        """Return the endpoint that is asked after those that were tried, once those are heard that are asked for the first time."""
        while True:
            endpoint = next((able for able in self._able_in_turn() if able not in tried), None)
            asked = {look for look in self._looking if not look.done()}
            if endpoint is not None or not asked:
                return endpoint
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)

    async def _refusal(self, endpoint: Endpoint, reply: Reply, asked: Question) -> SolnumError:
        said = b""
        try:
            with contextlib.suppress(Broken):
                async for chunk in reply:
                    said += chunk
                    if len(said) > _ENGINE_WORDS:
                        break
        finally:
            reply.close()
        text = said.decode("utf-8", errors="replace")
        log.debug("%s answers %s: %s", endpoint.name, reply.status, text)
        text = moved(text, 1, 1, len(asked.prologue))
        return endpoint.engine.refusal(reply.status, text, asked.query, asked.seconds)

    async def ask(self, asked: Question) -> Rows:
        """Return the solutions of one of our own queries, which are bounded; repeated at another endpoint when it breaks."""
        tries = len(self.endpoints)
        while True:
            tries -= 1
            endpoint = None
            try:
                async with asyncio.timeout(asked.seconds):
                    endpoint, reply = await self.open(asked)
                    body = await self._body(endpoint, reply)
                endpoint.engine.check_headers(reply.headers, asked.seconds)
                return rows_of(endpoint.engine.reader(asked.query).whole(body))
            except TimeoutError:
                raise late(asked.seconds) from None
            except (Broken, ValueError, SyntaxError, OSError) as error:
                if endpoint is not None:
                    endpoint.fail(error)
                if tries <= 0:
                    raise EngineFault("The engine's answer cannot be used.") from error
                self.failovers += 1

    @staticmethod
    async def _body(endpoint: Endpoint, reply: Reply) -> bytes:
        try:
            async with endpoint.patience():
                return await reply.whole()
        except TimeoutError:
            raise Broken("it does not go on with its answer") from None


def rows_of(body: bytes) -> Rows:
    """Return the solutions in a body of SPARQL results in JSON; raise ValueError or SyntaxError when it is not whole."""
    try:
        return _rows(body)
    except (SyntaxError, ValueError, OSError) as error:
        raise error.with_traceback(None) from None  # its frames hold the parser, which is to end in this thread


def _rows(body: bytes) -> Rows:
    solutions = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
    if not isinstance(solutions, ox.QuerySolutions):
        raise ValueError("no solutions")
    names = [variable.value for variable in solutions.variables]
    rows = (zip(names, solution, strict=True) for solution in solutions)
    return [{name: value for name, value in row if value is not None} for row in rows]
