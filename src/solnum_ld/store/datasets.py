"""Which graphs a query sees: the store's own default, or exactly those it names (SPARQL 1.1 Query, 13; Protocol, 2.1.4).

The engine counts a triple of two default graphs twice and ignores that unknown graphs are unknown; here several default
graphs are merged into a small store of their own first, and what is not in the release is refused: nothing is fetched.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import pyoxigraph as ox

from solnum_ld.store.faults import Fault, fault_of

STRICT_DEFAULT = "urn:x-solnum:default"
"""The graph that holds what the source leaves in no graph, where queries are to see that alone."""

MERGED_TRIPLES = 250_000
"""Several default graphs are merged up to this size, those of GRAPH beside them included."""

_KEPT = 2


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A store and the graphs of it that a query sees; None stands for the store's own."""

    store: ox.Store
    base: str
    default: Sequence[ox.NamedNode] | None = None
    named: Sequence[ox.NamedNode] | None = None

    def query(self, text: str) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        """Evaluate a query that has no dataset clauses of its own."""
        if self.default is None and self.named is None:
            return self.store.query(text, base_iri=self.base)
        default: Any = ox.DefaultGraph() if self.default is None else list(self.default)
        named: Any = None if self.named is None else list(self.named)
        return self.store.query(text, base_iri=self.base, default_graph=default, named_graphs=named)


class Datasets:
    """The datasets of one release's store. ``base`` resolves relative IRIs of queries.

    ``default`` is the graph that stands for the default graph (None: the store's own), ``hidden`` are graphs that no
    visitor sees.
    """

    def __init__(self, store: ox.Store, base: str, default: str | None = None, hidden: Sequence[str] = ()) -> None:
        self._store, self._base = store, base
        self._default = (ox.NamedNode(default),) if default else None
        self._hidden = frozenset(hidden) | ({default} if default else frozenset())
        self._named = self._visible() if self._hidden else None
        self._merged: OrderedDict[tuple[tuple[str, ...], tuple[str, ...]], ox.Store] = OrderedDict()

    def _visible(self) -> tuple[ox.NamedNode, ...]:
        graphs = (graph for graph in self._store.named_graphs() if isinstance(graph, ox.NamedNode))
        return tuple(graph for graph in graphs if graph.value not in self._hidden)

    def evaluation(self, request: Mapping[str, Any]) -> Evaluation:
        """Return what a request's query is evaluated on; raise Fault for graphs that are not here."""
        if not request.get("default") and not request.get("named"):
            return Evaluation(self._store, self._base, self._default, self._named)
        default = self._resolve(request, "default")
        named = self._resolve(request, "named")
        nodes = [ox.NamedNode(iri) for iri in named]
        if len(default) < 2:
            return Evaluation(self._store, self._base, tuple(ox.NamedNode(iri) for iri in default), nodes)
        return Evaluation(self._merge(default, named), self._base, None, nodes)

    def _resolve(self, request: Mapping[str, Any], kind: str) -> tuple[str, ...]:
        """Return the IRIs of the graphs, which may be written with the query's prefixes; the engine resolves them."""
        written: Sequence[str] = request.get(kind) or ()
        if not written:
            return ()
        names = " ".join(f"({text} AS ?g{number})" for number, text in enumerate(written))
        prologue = f"{request.get('prologue', '')}\nSELECT {names} {{}}"
        try:
            (solution,) = cast("ox.QuerySolutions", self._store.query(prologue, base_iri=self._base))
        except SyntaxError as error:
            raise fault_of(error, prologue) from error
        found = tuple(dict.fromkeys(str(term.value) for term in solution))
        for iri in found:
            if iri in self._hidden or not self._store.contains_named_graph(ox.NamedNode(iri)):
                raise Fault(
                    "refused",
                    f"There is no graph <{iri[:300]}> in this dataset, and nothing is fetched. "
                    "GRAPH ?g { } lists those that there are.",
                )
        return found

    def _merge(self, default: tuple[str, ...], named: tuple[str, ...]) -> ox.Store:
        key = (tuple(sorted(default)), tuple(sorted(named)))
        if key in self._merged:
            self._merged.move_to_end(key)
            return self._merged[key]
        merged = ox.Store()
        left = MERGED_TRIPLES
        for graphs, keep in ((default, False), (named, True)):
            for iri in graphs:
                node = ox.NamedNode(iri)
                quads = list(islice(self._store.quads_for_pattern(None, None, None, node), left + 1))
                left -= len(quads)
                if left < 0:
                    raise Fault(
                        "refused",
                        f"Several default graphs are merged up to {MERGED_TRIPLES:,} triples; these have more. "
                        "Name one default graph, or use GRAPH.",
                    )
                merged.extend(quads if keep else [ox.Quad(q.subject, q.predicate, q.object) for q in quads])
                if keep:
                    merged.add_graph(node)
        self._merged[key] = merged
        while len(self._merged) > _KEPT:
            self._merged.popitem(last=False)
        return merged
