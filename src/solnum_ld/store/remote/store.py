"""One release's statements in engines over HTTP; hash IRIs and hubs come from the release's index, as with the embedded engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import pyoxigraph as ox

from solnum_ld.errors import EngineFault, RequestRefused
from solnum_ld.manifest import Manifest
from solnum_ld.mediatypes import Format
from solnum_ld.sparql import QueryForm, SparqlQuery
from solnum_ld.sparql.scan import bound
from solnum_ld.store.blanks import settled, settled_triples
from solnum_ld.store.datasets import STRICT_DEFAULT
from solnum_ld.store.faults import error_of, fault_of
from solnum_ld.store.index import NAME, ReleaseIndex
from solnum_ld.store.names import Named, mentioned, used_parts
from solnum_ld.store.protocol import (
    INCOMING_LIMIT,
    OUTGOING_LIMIT,
    Answer,
    Description,
    Limits,
    PropertyValues,
    Term,
    Window,
)
from solnum_ld.store.remote.answers import Reading, write_answer
from solnum_ld.store.remote.client import Reply
from solnum_ld.store.remote.descriptions import (
    MAX_DEPTH,
    NAMED_AT_ONCE,
    Around,
    Surroundings,
    around_query,
    best_labels,
    labels_query,
    surroundings_of,
)
from solnum_ld.store.remote.endpoints import Endpoint, Question, Replicas
from solnum_ld.store.remote.engine import RESULTS, TRIPLES, late
from solnum_ld.store.remote.layout import MARKER, MERGED, NONE
from solnum_ld.store.remote.slots import Slots
from solnum_ld.store.remote.sorting import Sorting
from solnum_ld.store.values import grouped, term_of

_MAX_PARTS = 200
_AT_ONCE = 8
"""Visitors' queries at the engines at once, for each worker of the settings."""

_OURS_AT_ONCE = 32
"""Our own look-ups at one engine at once, beside all of the visitors' queries."""

_KNOWN = 20_000
"""Resources whose names are remembered."""

_KINDS_SECONDS = 60.0
"""How long an engine may take to say of which kinds a property's values are; meanwhile nobody waits for it."""

_ROW = 16
"""Bytes that a row is taken to have at least: an engine that computes all of a result before it sends any is told how many
rows are of use."""


class RemoteStore:
    """One release in the engines at ``urls``, each of which may hold it. Raises nothing before it is asked something."""

    def __init__(self, folder: Path, manifest: Manifest, urls: Sequence[str], *, workers: int, queue: int) -> None:
        self._manifest = manifest
        self._index = ReleaseIndex(folder / NAME)
        self._replicas = Replicas(urls, manifest.release, workers * _AT_ONCE + _OURS_AT_ONCE)
        self._sorting = Sorting(lambda query: self._replicas.ask(Question(query, seconds=_KINDS_SECONDS)))
        self._slots = Slots(workers * _AT_ONCE, queue)
        self._threads = ThreadPoolExecutor(workers * _AT_ONCE, thread_name_prefix="answers")
        self._graphs: tuple[str, ...] = ()
        self._name_parts = used_parts(folder)
        self._known: dict[str, Named] = {}
        strict = manifest.default_graph == "strict"
        self._default = STRICT_DEFAULT if strict else MERGED
        self._hidden = frozenset((STRICT_DEFAULT, MERGED, MARKER, *manifest.hidden))

    def _visible(self) -> tuple[str, ...]:
        """Return the graphs that queries see; those of a release never change."""
        if not self._graphs:
            self._graphs = tuple(graph for graph in self._replicas.graphs if graph not in self._hidden)
        return self._graphs

    # -- our own queries --------------------------------------------------------------------------------------------------

    async def describe(self, iri: str, window: Window) -> Description | None:
        """Return the description of ``iri`` in the merged graph; see :class:`~solnum_ld.store.protocol.Store`."""
        try:
            node = ox.NamedNode(iri)
        except ValueError:
            return None
        description = await self._describe(node, window)
        return None if description is None else settled(description)

    async def exists(self, iri: str) -> bool:
        """Tell whether anything is stated of ``iri`` or of a hash IRI of it."""
        try:
            node = ox.NamedNode(iri)
        except ValueError:
            return False
        if await self._replicas.ask(Question(f"SELECT ?p {{ {node} ?p ?o }} LIMIT 1")):
            return True
        return bool(self._index.fragments(iri, 1))

    async def graph(self, graphs: Sequence[str]) -> list[ox.Triple]:
        """Return all triples of these named graphs; see :class:`~solnum_ld.store.protocol.Store`."""
        query = "SELECT DISTINCT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } }"
        rows = await self._replicas.ask(Question(query, named=graphs)) if graphs else []
        triples = [ox.Triple(row["s"], row["p"], row["o"]) for row in rows]  # type: ignore[arg-type]
        return await asyncio.to_thread(settled_triples, triples)

    async def labels(self, iris: Sequence[str]) -> dict[str, tuple[ox.Literal, ...]]:
        """Return the label literals of each IRI that has some."""
        found = await self._named([ox.NamedNode(iri) for iri in iris])
        return {iri: named.literals for iri, named in found.items()}

    async def rows(self, query: str, **bindings: Term) -> list[dict[str, Term]]:
        """Return the solutions of one of our own queries."""
        await self._replicas.begin()
        named = (self._visible() or (NONE,)) if "GRAPH" in query else ()
        return await self._replicas.ask(Question(bound(query, bindings), named=named))

    async def _named(self, nodes: Sequence[ox.NamedNode]) -> dict[str, Named]:
        """Return what these resources are called, those that have a name; what was asked once is known, since a release never changes."""
        wanted = [node for node in nodes if node.value not in self._known]
        portions = [wanted[at : at + NAMED_AT_ONCE] for at in range(0, len(wanted), NAMED_AT_ONCE)]
        found = await asyncio.gather(
            *(self._replicas.ask(Question(labels_query(p, self._name_parts))) for p in portions)
        )
        fresh = best_labels([row for rows in found for row in rows])
        known = {node.value: self._known.get(node.value) or fresh.get(node.value, Named()) for node in nodes}
        if len(self._known) + len(wanted) > _KNOWN:
            self._known.clear()
        self._known.update((node.value, known[node.value]) for node in wanted)
        return {iri: named for iri, named in known.items() if named.literals}

    # -- descriptions -----------------------------------------------------------------------------------------------------

    async def _describe(self, node: ox.NamedNode, window: Window) -> Description | None:
        if window.own:
            return await self._own(node)
        hubs = {inverse: self._index.counts(node.value, inverse=inverse) for inverse in (False, True)}
        parts: list[str] = []
        if window.property is None:
            around = await self._around(node, Around(not hubs[False], not hubs[True]))
            outgoing = self._hub(node, hubs[False], inverse=False) or list(
                grouped(around.outgoing, OUTGOING_LIMIT, inverse=False)
            )
            incoming = self._hub(node, hubs[True], inverse=True) or list(
                grouped(around.incoming, INCOMING_LIMIT, inverse=True)
            )
            parts = self._index.fragments(node.value, _MAX_PARTS) if "#" not in node.value else []
            if not outgoing and not incoming and not parts:
                return None
        else:
            page = await self._page(node, window, hubs[window.inverse])
            if page is None:
                return None
            outgoing, incoming = ([], [page]) if window.inverse else ([page], [])
            around = await self._around(node, Around(outgoing=False, incoming=False))
        named = mentioned(node, (*outgoing, *incoming), around.nested)
        labels = await self._named(named)
        inner = await self._parts(parts)
        ordered = {n.value: labels[n.value] for n in named if n.value in labels}
        return Description(
            iri=node.value,
            outgoing=tuple(outgoing),
            incoming=tuple(incoming),
            nested=around.nested,
            labels={iri: name.literals for iri, name in ordered.items()},
            label_triples=tuple(triple for name in ordered.values() for triple in name.triples),
            graphs=around.graphs,
            parts=inner,
        )

    async def _own(self, node: ox.NamedNode) -> Description | None:
        """Return what a resource states itself, and what its values are called."""
        counts = self._index.counts(node.value, inverse=False)
        around = await self._around(node, Around(not counts, incoming=False, graphs=False))
        outgoing = self._hub(node, counts, inverse=False) or list(
            grouped(around.outgoing, OUTGOING_LIMIT, inverse=False)
        )
        if not outgoing:
            return None
        values = {v.value: v for group in outgoing for v in group.values if isinstance(v, ox.NamedNode)}
        found = await self._named(list(values.values()))
        labels = {iri: named.literals for iri, named in found.items()}
        return Description(node.value, tuple(outgoing), (), around.nested, labels, (), ())

    async def _parts(self, iris: Sequence[str]) -> tuple[Description, ...]:
        """Return the descriptions of a document's hash IRIs, some at a time."""
        found: list[Description | None] = []
        for at in range(0, len(iris), _AT_ONCE):
            some = (self._describe(ox.NamedNode(iri), Window()) for iri in iris[at : at + _AT_ONCE])
            found += await asyncio.gather(*some)
        return tuple(part for part in found if part is not None)

    async def _around(self, node: ox.NamedNode, part: Around) -> Surroundings:
        await self._replicas.begin()
        depth = 0
        named = (self._visible() or (NONE,)) if part.graphs else ()
        while True:
            asked = Question(around_query(node, part, depth), named=named)
            found = surroundings_of(await self._replicas.ask(asked))
            if not found.open_ends or depth >= MAX_DEPTH:
                return found
            depth = depth * 2 or 2

    def _hub(self, node: ox.NamedNode, counts: dict[str, int], *, inverse: bool) -> list[PropertyValues]:
        return [self._indexed(node, name, None, count, inverse=inverse) for name, count in counts.items()]

    def _indexed(
        self, node: ox.NamedNode, name: str, after: str | None, count: int, *, inverse: bool
    ) -> PropertyValues:
        limit = INCOMING_LIMIT if inverse else OUTGOING_LIMIT
        keys = self._index.page(node.value, name, after, limit + 1, inverse=inverse)
        return PropertyValues(
            ox.NamedNode(name), inverse, tuple(term_of(key) for key in keys[:limit]), count, len(keys) > limit
        )

    async def _page(self, node: ox.NamedNode, window: Window, counts: dict[str, int]) -> PropertyValues | None:
        try:
            predicate = ox.NamedNode(window.property or "")
        except ValueError:
            return None
        if counts:
            count = counts.get(predicate.value, 0)
            return self._indexed(node, predicate.value, window.after, count, inverse=window.inverse) if count else None
        pattern = f"?v {predicate} {node}" if window.inverse else f"{node} {predicate} ?v"
        rows = await self._replicas.ask(Question(f"SELECT DISTINCT ?v {{ {pattern} }}"))
        everything = sorted((str(row["v"]), row["v"]) for row in rows)
        if not everything:
            return None
        rest = [term for key, term in everything if window.after is None or key > window.after]
        limit = INCOMING_LIMIT if window.inverse else OUTGOING_LIMIT
        return PropertyValues(predicate, window.inverse, tuple(rest[:limit]), len(everything), len(rest) > limit)

    # -- visitors' queries ------------------------------------------------------------------------------------------------

    async def answer(self, query: SparqlQuery, out: Format, limits: Limits) -> Answer:
        """Have an engine evaluate a visitor's query; once more another one, where the answer of the first is of no use and
        nothing of it was passed on.
        """
        limits = replace(limits, rows=min(limits.rows, limits.bytes // _ROW))
        await self._replicas.begin()
        asked = self._question(query, out, limits)
        loop = asyncio.get_running_loop()
        done = await self._slots.take(limits.seconds)
        end = loop.time() + limits.seconds
        endpoint, reply = await self._opened(asked, end, done)
        try:
            return await self._answer_of(endpoint, reply, asked, end, out, limits, done)
        except EngineFault:
            if not self._replicas.others(endpoint):
                raise
        self._replicas.failovers += 1
        done = await self._slots.take(max(end - loop.time(), 0.001))
        endpoint, reply = await self._opened(asked, end, done, endpoint)
        return await self._answer_of(endpoint, reply, asked, end, out, limits, done)

    async def _opened(
        self, asked: Question, end: float, done: Callable[[], None], but: Endpoint | None = None
    ) -> tuple[Endpoint, Reply]:
        """Return an answer whose body is still to be read, of another endpoint than ``but``; ``done`` is called when there is none."""
        try:
            async with asyncio.timeout_at(end):
                return await self._replicas.open(asked, but)
        except TimeoutError:
            done()
            raise late(asked.seconds) from None
        except BaseException:
            done()
            raise

    async def _answer_of(
        self,
        endpoint: Endpoint,
        reply: Reply,
        asked: Question,
        end: float,
        out: Format,
        limits: Limits,
        done: Callable[[], None],
    ) -> Answer:
        """Return what an engine answers as soon as its first block is written."""
        left = max(end - asyncio.get_running_loop().time(), 0.001)
        try:
            reading = Reading(endpoint, reply, asked.seconds, left, query=asked.query, relayed=asked.relayed)
        except BaseException:
            reply.close()
            done()
            raise
        return await write_answer(reading, out, limits, self._threads, done)

    def _question(self, query: SparqlQuery, out: Format, limits: Limits) -> Question:
        default, named = self._dataset(query)
        accept = TRIPLES if query.form in (QueryForm.CONSTRUCT, QueryForm.DESCRIBE) else RESULTS
        for engine in {type(endpoint.engine): endpoint.engine for endpoint in self._replicas.endpoints}.values():
            engine.check(query.text)
        rows = {QueryForm.SELECT: limits.rows + 1, QueryForm.ASK: 1}.get(query.form, 0)
        base = f"{self._manifest.public}sparql"
        relayed = "" if query.form is QueryForm.ASK else out.media_type
        engines = [endpoint.engine for endpoint in self._replicas.endpoints]
        ordered = self._sorting.spelled_out(query) if any(engine.sorts_in_circles for engine in engines) else ""
        kinds = self._sorting.kinds(query) if any(engine.sorts_by_kind for engine in engines) else {}
        return Question(query.text, default, named, accept, relayed, limits.seconds, base, rows, ordered, kinds)

    def _dataset(self, query: SparqlQuery) -> tuple[str, Sequence[str]]:
        """Return the graphs that a query sees; raise RequestRefused for those that are not here, and for a merge."""
        visible = self._visible()
        if not query.default_graphs and not query.named_graphs:
            return self._default, (visible or (NONE,)) if "graph" in query.text.lower() else []
        default, named = self._resolved(query, query.default_graphs), self._resolved(query, query.named_graphs)
        for iri in (*default, *named):
            if iri not in visible:
                raise RequestRefused(
                    f"There is no graph <{iri[:300]}> in this dataset, and nothing is fetched. "
                    "GRAPH ?g { } lists those that there are."
                )
        if len(default) > 1:
            raise RequestRefused(
                "Several default graphs are not merged where the data lie in an engine of their own. "
                "Name one default graph, or use GRAPH."
            )
        return default[0] if default else NONE, named or (NONE,)

    def _resolved(self, query: SparqlQuery, written: Sequence[str]) -> list[str]:
        """Return the IRIs of graphs that are written with the query's prefixes, each once."""
        if not written:
            return []
        names = " ".join(f"({text} AS ?g{number})" for number, text in enumerate(written))
        prologue = f"{query.prologue}\nSELECT {names} {{}}"
        try:
            solutions = ox.Store().query(prologue, base_iri=f"{self._manifest.public}sparql")
            (solution,) = cast("ox.QuerySolutions", solutions)
        except SyntaxError as error:
            raise error_of(fault_of(error, prologue).to_json()) from error
        return list(dict.fromkeys(str(getattr(term, "value", "")) for term in solution))

    # -- life -------------------------------------------------------------------------------------------------------------

    async def ready(self) -> None:
        """Raise StoreUnavailable when no engine is known to hold the release. None is asked for it: one that says nothing any
        more would let a balancer think that this service is gone, while others answer.
        """
        await self._replicas.begin()

    async def warm(self) -> None:
        """See that an engine holds the release."""
        await self._replicas.begin()

    def load(self) -> dict[str, int]:
        """Return how many queries are at the engines, how many wait, how many engines there are."""
        return {**self._slots.load, **self._replicas.load}

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how often a question went to a second engine."""
        return {"failovers": {"": self._replicas.failovers}}

    async def aclose(self) -> None:
        """Close connections and index."""
        await self._sorting.aclose()
        await self._replicas.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._index.close()
