"""Who mentions a thing by way of a list or a blank node: these have no page, so that the things that have them stand for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyoxigraph as ox

from solnum_ld.errors import QueryTimeout
from solnum_ld.namespaces import RDF, RDF_TYPE
from solnum_ld.store.protocol import INCOMING_LIMIT, Description, PropertyValues, Store, Term

MAX_HELD = 1000
"""Things that are looked for: the first so many that have lists or blank nodes which mention the resource."""

MAX_BLANK = 1000
"""Mentions by blank nodes up to which lists are followed, and nodes in nodes: an engine may take a thousandth of a second for each."""

_OF_THE_NODE = frozenset({RDF + "first", RDF_TYPE})
"""Properties that say what a blank node is, and not what the thing that has it has to do with the resource."""

_NEAR = f"""SELECT ?item ?step ?property ?holder WHERE {{
  ?cell ?step ?item . FILTER(isBlank(?cell) && ?step != <{RDF}first>)
  ?holder ?property ?cell . FILTER(isIRI(?holder))
}} LIMIT {MAX_HELD}"""
_HOLDERS = f"""SELECT DISTINCT ?item ?step ?property ?holder WHERE {{
  ?cell ?step ?item . FILTER(isBlank(?cell))
  ?head <{RDF}rest>* ?cell .
  {{ ?holder ?property ?head }}
  UNION {{ ?inner ?to ?head . FILTER(isBlank(?inner)) ?top <{RDF}rest>* ?inner . ?holder ?property ?top }}
  FILTER(isIRI(?holder))
}} LIMIT {MAX_HELD}"""


async def with_holders(store: Store, description: Description, *, whole: bool = True) -> Description:
    """Return a description in which things mention the resource, and no blank nodes do.

    A member of a list, and the class of a blank node, are mentioned by the property that has the list or the node, other values
    of a blank node by its own. Where the
    description is not ``whole`` but one property of it, blank nodes are left out.
    """
    blank = [group for group in description.incoming if any(isinstance(v, ox.BlankNode) for v in group.values)]
    if not blank:
        return description
    few = sum(group.count for group in blank) <= MAX_BLANK
    rows = await _holders(store, description.iri, _HOLDERS if few else _NEAR) if whole else []
    held: dict[str, set[str]] = {}
    for row in rows:
        step, name, holder = (_iri(row[key]) for key in ("step", "property", "holder"))
        if holder != description.iri:
            held.setdefault(name if step in _OF_THE_NODE else step, set()).add(holder)
    incoming = {group.predicate.value: group for group in _named(description)}
    for name, holders in held.items():
        incoming[name] = _joined(ox.NamedNode(name), incoming.get(name), holders)
    shown = {v.value for name in held for v in incoming[name].values if isinstance(v, ox.NamedNode)}
    unknown = sorted({*held, *shown} - description.labels.keys())
    labels = {**description.labels, **await store.labels(unknown)}
    return replace(description, incoming=tuple(incoming[name] for name in sorted(incoming)), labels=labels)


async def _holders(store: Store, iri: str, query: str) -> list[dict[str, Term]]:
    """Return what the query finds; nothing where that takes an engine too long: the page is worth more without than not at all."""
    try:
        return await store.rows(query, item=ox.NamedNode(iri))
    except QueryTimeout:
        return []


def _named(description: Description) -> Iterator[PropertyValues]:
    """Yield the mentions by what has an IRI."""
    for group in description.incoming:
        values = tuple(value for value in group.values if not isinstance(value, ox.BlankNode))
        if values or not group.values:
            is_end = len(values) < len(group.values)  # in the order of keys nothing but blank nodes follows one
            yield replace(group, values=values, more=group.more and not is_end)


def _joined(predicate: ox.NamedNode, group: PropertyValues | None, holders: set[str]) -> PropertyValues:
    """Return mentions with those by way of blank nodes among them; of a long list of mentions the latter come first."""
    own = () if group is None else group.values
    fresh = [node for iri in sorted(holders) if (node := ox.NamedNode(iri)) not in own]
    count = len(fresh) + (0 if group is None else group.count)
    if group is None or not group.more:
        return PropertyValues(predicate, True, tuple(sorted((*own, *fresh), key=str)), count, False)
    return replace(group, values=(*fresh[:INCOMING_LIMIT], *own), count=count)


def _iri(term: Term) -> str:
    return term.value if isinstance(term, ox.NamedNode) else ""
