"""What surrounds a resource on its page: the trail above it, its table of contents, its neighbours, how to cite it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import pyoxigraph as ox

from solnum_ld.mediatypes import HTML, JSONLD, TURTLE, Format
from solnum_ld.namespaces import RDF_TYPE
from solnum_ld.resources.citation import Citation, Collection, cite
from solnum_ld.resources.roles import PARENTS, PARTS, POSITION, QUERIES
from solnum_ld.resources.view import Group, ResourceView, Text, Value, Viewer, natural
from solnum_ld.search.ask import ListInfo
from solnum_ld.store.protocol import Description
from solnum_ld.web.atlas import MapView, view_of
from solnum_ld.web.html import localised
from solnum_ld.web.site import Generation
from solnum_ld.web.wording import Wording

MAX_TRAIL = 8
MAX_TREE = 300
_MAX_SIBLINGS = 500
_MAX_RAW = 20_000
_MAX_LEVELS = 5

_OF = ", ".join(f"<{iri}>" for iri in PARENTS)
_PARENTS = f"SELECT ?item ?property ?parent {{ ?item ?property ?parent . FILTER(?property IN ({_OF})) FILTER(isIRI(?parent)) }}"
_POSITION = "|".join(f"<{iri}>" for iri in POSITION)
_PART = "|".join(f"<{iri}>" for iri in PARTS)
_CHILDREN = f"SELECT ?item ?part ?position {{ ?item {_PART} ?part . FILTER(isIRI(?part)) OPTIONAL {{ ?part {_POSITION} ?position }} }} LIMIT {_MAX_SIBLINGS}"


@dataclass(frozen=True, slots=True)
class Branch:
    """One entry of a table of contents."""

    value: Value
    children: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Download:
    """One representation of a record; ``size`` is 0 where it is dear to know."""

    form: Format
    address: str
    size: int


@dataclass(frozen=True, slots=True)
class Under:
    """Things of one list that have the resource as a value: the first of them, how many there are, where all are."""

    label: Text
    count: int
    things: tuple[Value, ...]
    everything: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a record's page shows beside what is stated of the resource."""

    trail: tuple[Value, ...]
    tree: tuple[Branch, ...]
    previous: Value | None
    next: Value | None
    downloads: tuple[Download, ...]
    raw: str
    raw_whole: bool
    citation: Citation
    query: str
    is_query: bool
    similar: tuple[Value, ...]
    under: tuple[Under, ...]
    map: MapView | None


async def surround(
    generation: Generation,
    description: Description,
    language: str,
    alternates: dict[Format, str],
    write: Callable[[Format], bytes],
) -> Surroundings:
    """Return what surrounds a description on its page; ``write`` returns what stands at the address of a format."""
    viewer = Viewer(generation.manifest.names, language)
    shelf = _Shelf(generation, viewer)
    parents = await shelf.ancestors(description)
    tree = await shelf.tree(description)
    before, after = await shelf.neighbours(description, parents)
    dataset = generation.manifest.dataset
    collection = Collection(localised(dataset.title, language), dataset.version, dataset.modified)
    title = viewer.name(description.iri, description.labels.get(description.iri, ())).value
    wording = Wording(generation.manifest.names, language)
    page = generation.pages.list_for(t.value for t in description.values_of(RDF_TYPE) if isinstance(t, ox.NamedNode))
    near = await asyncio.to_thread(generation.pages.similar, page, description.iri) if page and page.facets else []
    similar = tuple(
        Value(wording.text(item.names, item.iri), generation.manifest.names.page(item.iri), iri=item.iri)
        for item in near
    )
    own = next((v.value for name in QUERIES for v in description.values_of(name) if isinstance(v, ox.Literal)), "")
    downloads, raw = await asyncio.to_thread(_files, generation, alternates, write)
    return Surroundings(
        trail=(*_list_above(page, generation, wording), *reversed(parents)),
        tree=tree,
        previous=before,
        next=after,
        downloads=downloads,
        raw=raw if len(raw) <= _MAX_RAW else raw[: raw.rfind("\n", 0, _MAX_RAW) + 1],
        raw_whole=len(raw) <= _MAX_RAW,
        citation=cite(description, viewer, title, collection, language),
        query=query_address(generation, description.iri, own),
        is_query=bool(own),
        similar=similar,
        under=await asyncio.to_thread(_under, generation, description, wording),
        map=await asyncio.to_thread(_map, generation, description.iri, wording),
    )


def facts_apart(view: ResourceView, around: Surroundings) -> tuple[Group, ...]:
    """Return the facts that are not shown otherwise: the table of contents shows the parts."""
    return tuple(g for g in view.facts if not (around.tree and g.iri in PARTS))


def mentions_apart(view: ResourceView, around: Surroundings) -> tuple[Group, ...]:
    """Return the inverse links that are not shown otherwise: among the things of lists."""
    shown = {thing.iri for under in around.under for thing in under.things}
    return tuple(g for g in view.mentions if g.next or not {value.iri for value in g.values} <= shown)


def query_address(generation: Generation, iri: str, text: str = "") -> str:
    """Return the address of the query page with a query, else with one about a resource."""
    text = text or f"SELECT ?property ?value WHERE {{\n  <{iri}> ?property ?value .\n}}\nORDER BY ?property"
    return f"{generation.manifest.public}sparql?query={quote(text, safe='')}"


def _list_above(page: ListInfo | None, generation: Generation, wording: Wording) -> tuple[Value, ...]:
    """Return the list page on which the resource stands, for the trail."""
    if page is None:
        return ()
    return (Value(wording.text(page.label, page.iri), generation.manifest.public + page.path),)


def _under(generation: Generation, description: Description, wording: Wording) -> tuple[Under, ...]:
    """Return the things of lists that have the resource as a value, and are not among its own facts."""
    names, iri = generation.manifest.names, description.iri
    own = {v.value for group in description.outgoing for v in group.values if isinstance(v, ox.NamedNode)}
    found = []
    for page, field, count, items in generation.pages.under(iri):
        if own.issuperset(item.iri for item in items):
            continue
        filtered = any(facet.name == field for facet in page.facets)
        query = f"?{urlencode({field: wording.key(f'<{iri}>')})}" if filtered else ""
        found.append(
            Under(
                wording.text(page.label, page.iri),
                count,
                tuple(Value(wording.text(i.names, i.iri), names.page(i.iri), iri=i.iri) for i in items),
                f"{names.public}{page.path}{query}" if filtered else "",
            )
        )
    return tuple(found)


def _map(generation: Generation, iri: str, wording: Wording) -> MapView | None:
    """Return the map of one thing, None when it is nowhere."""
    spots = generation.pages.spots_of(iri)
    return view_of(spots, (), wording) if spots else None


def _files(
    generation: Generation, alternates: dict[Format, str], write: Callable[[Format], bytes]
) -> tuple[tuple[Download, ...], str]:
    """Return the downloads with their sizes, and the Turtle; no size of JSON-LD where it is dear to write."""
    found, raw = [], b""
    for form, address in alternates.items():
        if form is HTML:
            continue
        body = write(form) if form is not JSONLD or generation.context.quick else b""
        if form is TURTLE:
            raw = body
        found.append(Download(form, address, len(body)))
    return tuple(found), raw.decode()


class _Shelf:
    """Walks from a resource to what it is part of and what is part of it."""

    def __init__(self, generation: Generation, viewer: Viewer) -> None:
        self._store, self._names, self._viewer = generation.store, generation.manifest.names, viewer

    async def ancestors(self, description: Description) -> tuple[Value, ...]:
        """Return what the resource is part of, the nearest first."""
        own = {p: [v for v in description.values_of(p) if isinstance(v, ox.NamedNode)] for p in PARENTS}
        current = next((values[0].value for values in own.values() if values), None)
        found: list[str] = []
        while current and current != description.iri and current not in found and len(found) < MAX_TRAIL:
            found.append(current)
            rows = await self._store.rows(_PARENTS, item=ox.NamedNode(current))
            ranked = sorted((PARENTS.index(_iri(r["property"])), _iri(r["parent"])) for r in rows)
            current = ranked[0][1] if ranked else None
        return await self._values(found)

    async def tree(self, description: Description) -> tuple[Branch, ...]:
        """Return the table of contents of a whole, level by level, in the order of positions."""
        if not any(description.values_of(p) for p in PARTS):
            return ()
        children: dict[str, list[str]] = {}
        level, count = [description.iri], 0
        for _ in range(_MAX_LEVELS):
            following: list[str] = []
            for iri in level:
                if iri not in children and count < MAX_TREE:
                    children[iri] = await self._children(iri)
                    count += len(children[iri])
                    following += children[iri]
            level = following
        if count > MAX_TREE or not count:
            return ()
        known = {v.iri: v for v in await self._values({iri for parts in children.values() for iri in parts})}
        return self._branches(description.iri, children, known, frozenset({description.iri}))

    def _branches(
        self, iri: str, children: dict[str, list[str]], known: dict[str, Value], above: frozenset[str]
    ) -> tuple[Branch, ...]:
        below = [part for part in children.get(iri, ()) if part not in above]
        return tuple(Branch(known[part], self._branches(part, children, known, above | {part})) for part in below)

    async def neighbours(self, description: Description, parents: Sequence[Value]) -> tuple[Value | None, Value | None]:
        """Return what stands before and after the resource in what it is part of."""
        if not parents or not any(description.values_of(p) for p in POSITION):
            return None, None
        row = await self._children(parents[0].iri)
        if description.iri not in row:
            return None, None
        at = row.index(description.iri)
        near = {v.iri: v for v in await self._values(row[max(0, at - 1) : at + 2])}
        return near.get(row[at - 1]) if at else None, near.get(row[at + 1]) if at + 1 < len(row) else None

    async def _children(self, iri: str) -> list[str]:
        rows = await self._store.rows(_CHILDREN, item=ox.NamedNode(iri))
        ranked = {_iri(row["part"]): row.get("position") for row in rows}
        placed = ((natural(p.value) if isinstance(p, ox.Literal) else (), part) for part, p in ranked.items())
        return [part for _, part in sorted(placed, key=lambda pair: (not pair[0], pair))]

    async def _values(self, iris: Iterable[str]) -> tuple[Value, ...]:
        listed = list(iris)
        labels = await self._store.labels(listed)
        return tuple(
            Value(self._viewer.name(iri, labels.get(iri, ())), self._names.page(iri), iri=iri) for iri in listed
        )


def _iri(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode) else str(term)
