"""DESCRIBE: which resources a query means, and our bounded description of them (SPARQL 1.1 Query, 16.4; DESIGN, section 7)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pyoxigraph as ox

from solnum_ld.errors import MalformedQuery, ResultTooLarge
from solnum_ld.manifest import Manifest
from solnum_ld.mediatypes import NTRIPLES, TSV
from solnum_ld.resources.representation import triples_of
from solnum_ld.sparql import QueryForm, SparqlQuery
from solnum_ld.sparql.grammar import explain
from solnum_ld.store import Store
from solnum_ld.store.protocol import Limits, Window

MAX_RESOURCES = 100
"""Resources that one DESCRIBE describes."""


async def describe_query(store: Store, query: SparqlQuery, limits: Limits, manifest: Manifest) -> list[ox.Triple]:
    """Return the triples of the descriptions of what ``query``, a DESCRIBE, is about.

    Over a dataset that the query names itself, these are the resources' own triples in it. Raises ResultTooLarge for more
    than MAX_RESOURCES, and what a store raises.
    """
    if not query.described:  # a star, or a mistake
        mistake = await asyncio.to_thread(explain, query.text)
        if mistake is not None:
            raise mistake
    try:
        answer = await store.answer(query.selecting_described(), TSV, replace(limits, rows=50 * MAX_RESOURCES))
    except MalformedQuery as error:  # the engine was given another text
        raise await asyncio.to_thread(explain, query.text) or error from None
    solutions = cast("ox.QuerySolutions", ox.parse_query_results(await answer.read(), format=ox.QueryResultsFormat.TSV))
    found = dict.fromkeys(term.value for row in solutions for term in row if isinstance(term, ox.NamedNode))
    if len(found) > MAX_RESOURCES:
        raise ResultTooLarge(
            f"DESCRIBE describes {MAX_RESOURCES} resources at most. Add a LIMIT, or write a CONSTRUCT."
        )
    if query.default_graphs or query.named_graphs:
        return _within(await _own_triples(store, query, tuple(found), limits), limits)
    triples: dict[ox.Triple, None] = {}
    for iri in found:
        description = await store.describe(iri, Window())
        if description is not None:
            triples |= dict.fromkeys(triples_of(description, iri, manifest))
    return _within(list(triples), limits)


def _within(triples: list[ox.Triple], limits: Limits) -> list[ox.Triple]:
    if len(triples) > limits.rows:
        raise ResultTooLarge(f"The descriptions have more than {limits.rows:,} triples. Describe fewer resources.")
    return triples


async def _own_triples(store: Store, query: SparqlQuery, iris: Sequence[str], limits: Limits) -> list[ox.Triple]:
    if not iris:
        return []
    values = " ".join(str(ox.NamedNode(iri)) for iri in iris)
    text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ {values} }} {{ ?s ?p ?o }} UNION {{ GRAPH ?g {{ ?s ?p ?o }} }} }}"
    own = replace(query, text=text, form=QueryForm.CONSTRUCT, described=())
    body = await (await store.answer(own, NTRIPLES, limits)).read()
    return [quad.triple for quad in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)]
