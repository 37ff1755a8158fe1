"""The embedded engine: pyoxigraph on a read-only directory. Our bounded look-ups run in threads, visitors' queries in
killable worker processes (DESIGN, section 5: the engine cannot cancel a query)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

import anyio
import anyio.to_thread
import pyoxigraph as ox

from solnum_ld.errors import StoreUnavailable
from solnum_ld.mediatypes import Format
from solnum_ld.namespaces import LABELS
from solnum_ld.sparql import SparqlQuery
from solnum_ld.store.blanks import settled, settled_triples
from solnum_ld.store.index import NAME, ReleaseIndex
from solnum_ld.store.names import MAX_LABELS, Named, mentioned, named_by, used_parts
from solnum_ld.store.pool import WorkerPool
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
from solnum_ld.store.values import grouped, term_of

_DEFAULT = ox.DefaultGraph()
_MAX_NESTED = 2000
_MAX_PARTS = 200
_THREADS = 4
_LABELS_KEPT = 4096  # properties, classes and themes are named on nearly every page, and a release does not change

T = TypeVar("T")


class EmbeddedStore:
    """One release directory's store, with its index and its workers."""

    def __init__(self, folder: Path, pool: WorkerPool, hidden: Iterable[str] = ()) -> None:
        try:
            self._store = ox.Store.read_only(str(folder / "store"))
        except OSError as error:
            raise StoreUnavailable(f"The store of {folder.name} cannot be opened: {error}") from error
        self._index = ReleaseIndex(folder / NAME)
        self._pool = pool
        self._hidden = frozenset(hidden)
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._name_parts = used_parts(folder)
        self._label = lru_cache(maxsize=_LABELS_KEPT)(self._look_up_label)

    async def _run(self, function: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(function, limiter=self._threads)

    async def describe(self, iri: str, window: Window) -> Description | None:
        """Return the description of ``iri`` in the default graph; see :class:`~solnum_ld.store.protocol.Store`."""
        try:
            node = ox.NamedNode(iri)
        except ValueError:
            return None

        def settle() -> Description | None:
            description = self._describe(node, window)
            return None if description is None else settled(description)

        return await self._run(settle)

    async def exists(self, iri: str) -> bool:
        """Tell whether anything is stated of ``iri`` or of a hash IRI of it."""
        try:
            node = ox.NamedNode(iri)
        except ValueError:
            return False
        return await self._run(lambda: self._stated(node) or bool(self._index.fragments(iri, 1)))

    async def graph(self, graphs: Sequence[str]) -> list[ox.Triple]:
        """Return all triples of these named graphs; see :class:`~solnum_ld.store.protocol.Store`."""
        nodes = [ox.NamedNode(graph) for graph in graphs]

        def collect() -> list[ox.Triple]:
            quads = (quad for node in nodes for quad in self._store.quads_for_pattern(None, None, None, node))
            return settled_triples(quad.triple for quad in quads)

        return await self._run(collect)

    async def labels(self, iris: Sequence[str]) -> dict[str, tuple[ox.Literal, ...]]:
        """Return the label literals of each IRI that has some."""

        def collect() -> dict[str, tuple[ox.Literal, ...]]:
            found = {iri: self._label(ox.NamedNode(iri)) for iri in iris}
            return {iri: named.literals for iri, named in found.items() if named.literals}

        return await self._run(collect)

    async def rows(self, query: str, **bindings: Term) -> list[dict[str, Term]]:
        """Return the solutions of one of our own queries."""
        substitutions = {ox.Variable(name): value for name, value in bindings.items()}

        def select() -> list[dict[str, Term]]:
            solutions = cast("ox.QuerySolutions", self._store.query(query, substitutions=substitutions))
            names = [variable.value for variable in solutions.variables]
            rows = (zip(names, solution, strict=True) for solution in solutions)
            return [{name: value for name, value in row if value is not None} for row in rows]

        return await self._run(select)

    async def answer(self, query: SparqlQuery, out: Format, limits: Limits) -> Answer:
        """Evaluate a visitor's query in a worker process."""
        return await self._pool.run(query, out, limits)

    async def ready(self) -> None:
        """Look something up."""
        await self.exists("urn:x-solnum:nothing")

    async def warm(self) -> None:
        """Start the workers."""
        await self._pool.warm()

    def load(self) -> dict[str, int]:
        """Return how many queries run and wait."""
        return self._pool.load

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many workers were started, and how many were killed, by reason."""
        return self._pool.counts

    async def aclose(self) -> None:
        """Stop the workers and close the index."""
        await self._pool.aclose()
        self._index.close()

    # -- descriptions: synchronous, in a thread ------------------------------------------------------------------------

    def _stated(self, node: ox.NamedNode) -> bool:
        return next(iter(self._store.quads_for_pattern(node, None, None, _DEFAULT)), None) is not None

    def _describe(self, node: ox.NamedNode, window: Window) -> Description | None:
        if window.own:
            return self._own(node)
        parts: list[str] = []
        if window.property is None:
            outgoing, incoming = self._outgoing(node), self._incoming(node)
            parts = self._index.fragments(node.value, _MAX_PARTS) if "#" not in node.value else []
            if not outgoing and not incoming and not parts:
                return None
        else:
            page = self._page(node, window)
            if page is None:
                return None
            outgoing, incoming = ([], [page]) if window.inverse else ([page], [])
        nested = self._nested(outgoing)
        labels = self._labels(node, outgoing, incoming, nested)
        graphs = sorted(
            {
                quad.graph_name.value
                for quad in itertools.islice(self._store.quads_for_pattern(node, None, None, None), 5000)
                if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name.value not in self._hidden
            }
        )
        inner = tuple(d for part in parts if (d := self._describe(ox.NamedNode(part), Window())) is not None)
        return Description(
            iri=node.value,
            outgoing=tuple(outgoing),
            incoming=tuple(incoming),
            nested=nested,
            labels={iri: named.literals for iri, named in labels.items()},
            label_triples=tuple(itertools.chain.from_iterable(named.triples for named in labels.values())),
            graphs=tuple(graphs),
            parts=inner,
        )

    def _own(self, node: ox.NamedNode) -> Description | None:
        outgoing = self._outgoing(node)
        if not outgoing:
            return None
        values = {value for group in outgoing for value in group.values if isinstance(value, ox.NamedNode)}
        found = {value.value: self._label(value) for value in values}
        labels = {iri: named.literals for iri, named in found.items() if named.literals}
        return Description(node.value, tuple(outgoing), (), self._nested(outgoing), labels, (), ())

    def _outgoing(self, node: ox.NamedNode) -> list[PropertyValues]:
        counts = self._index.counts(node.value, inverse=False)
        if counts:
            return [self._indexed(node, name, None, count, inverse=False) for name, count in counts.items()]
        pairs = sorted(
            ((q.predicate.value, str(q.object)), q.predicate, q.object)
            for q in self._store.quads_for_pattern(node, None, None, _DEFAULT)
        )
        return list(grouped(pairs, OUTGOING_LIMIT, inverse=False))

    def _incoming(self, node: ox.NamedNode) -> list[PropertyValues]:
        counts = self._index.counts(node.value, inverse=True)
        if counts:
            return [self._indexed(node, name, None, count, inverse=True) for name, count in counts.items()]
        pairs = sorted(
            ((q.predicate.value, str(q.subject)), q.predicate, q.subject)
            for q in self._store.quads_for_pattern(None, None, node, _DEFAULT)
        )
        return list(grouped(pairs, INCOMING_LIMIT, inverse=True))

    def _indexed(
        self, node: ox.NamedNode, name: str, after: str | None, count: int, *, inverse: bool
    ) -> PropertyValues:
        limit = INCOMING_LIMIT if inverse else OUTGOING_LIMIT
        keys = self._index.page(node.value, name, after, limit + 1, inverse=inverse)
        return PropertyValues(
            ox.NamedNode(name), inverse, tuple(term_of(key) for key in keys[:limit]), count, len(keys) > limit
        )

    def _page(self, node: ox.NamedNode, window: Window) -> PropertyValues | None:
        try:
            predicate = ox.NamedNode(window.property or "")
        except ValueError:
            return None
        counts = self._index.counts(node.value, inverse=window.inverse)
        if counts:
            count = counts.get(predicate.value, 0)
            return self._indexed(node, predicate.value, window.after, count, inverse=window.inverse) if count else None
        found: Iterable[Term]
        if window.inverse:
            found = (q.subject for q in self._store.quads_for_pattern(None, predicate, node, _DEFAULT))
        else:
            found = (q.object for q in self._store.quads_for_pattern(node, predicate, None, _DEFAULT))
        everything = sorted(((str(term), term) for term in found), key=lambda pair: pair[0])
        rest = [term for key, term in everything if window.after is None or key > window.after]
        limit = INCOMING_LIMIT if window.inverse else OUTGOING_LIMIT
        return (
            PropertyValues(predicate, window.inverse, tuple(rest[:limit]), len(everything), len(rest) > limit)
            if everything
            else None
        )

    def _nested(self, outgoing: Iterable[PropertyValues]) -> tuple[ox.Triple, ...]:
        """Return the statements of the blank nodes that the values reach (concise bounded description)."""
        queue = [value for group in outgoing for value in group.values if isinstance(value, ox.BlankNode)]
        seen = set(queue)
        triples: list[ox.Triple] = []
        while queue and len(triples) < _MAX_NESTED:
            for quad in self._store.quads_for_pattern(queue.pop(0), None, None, _DEFAULT):
                triples.append(quad.triple)
                if isinstance(quad.object, ox.BlankNode) and quad.object not in seen:
                    seen.add(quad.object)
                    queue.append(quad.object)
        return tuple(sorted(triples, key=str))

    def _labels(
        self,
        node: ox.NamedNode,
        outgoing: Sequence[PropertyValues],
        incoming: Sequence[PropertyValues],
        nested: Sequence[ox.Triple],
    ) -> dict[str, Named]:
        """Return what each IRI that is mentioned is called, where it has a name."""
        found = {term.value: self._label(term) for term in mentioned(node, (*outgoing, *incoming), nested)}
        return {iri: named for iri, named in found.items() if named.literals}

    def _look_up_label(self, node: ox.NamedNode) -> Named:
        for name in LABELS:
            triples = self._said(node, name)
            if triples:
                return named_by({name: triples})
        return named_by({name: self._said(node, name) for name in self._name_parts})

    def _said(self, node: ox.NamedNode, name: str) -> list[ox.Triple]:
        quads = self._store.quads_for_pattern(node, ox.NamedNode(name), None, _DEFAULT)
        return [quad.triple for quad in itertools.islice(quads, MAX_LABELS) if isinstance(quad.object, ox.Literal)]
