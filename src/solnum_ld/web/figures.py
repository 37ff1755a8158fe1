"""The page of the statistics, for people: how much there is, of what, in which graphs, and where its links lead."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.namespaces import DCTERMS, RDF_TYPE, RDFS, SD, VOID, shorten
from solnum_ld.resources.view import Text, Viewer, choose
from solnum_ld.store.protocol import Term
from solnum_ld.web.resources import MACHINERY
from solnum_ld.web.site import Generation
from solnum_ld.web.statistics import read_statistics

MOST = 200
"""Lines of one table; the rest is in the files."""

_Statements = Mapping[str, Mapping[str, Sequence[Term]]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line: what is counted, where it is described, its short name or address, how often it is there, what is said of it."""

    name: Text
    href: str
    short: str
    count: int
    aside: Text | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """What is counted alike; there are ``total`` lines in all.

    ``heading``, ``unit`` and ``aside``, which stands above the asides of lines that have some, are words of the catalogue.
    """

    heading: str
    unit: str
    rows: tuple[Row, ...]
    total: int
    aside: str = ""


async def read_tables(generation: Generation, triples: Sequence[ox.Triple], language: str) -> list[Table]:
    """Return the tables of a release's statistics, ``triples``; those without a line are left out."""
    uses = await asyncio.to_thread(read_statistics, generation)
    said = _by_subject(triples)
    tables = [
        await _terms(generation, uses["classes"], language, "classes", "count_of_resources"),
        await _terms(generation, uses["properties"], language, "properties", "count_of_triples"),
        _graphs(generation, said, language),
        await _links(generation, said, language),
    ]
    return [table for table in tables if table.rows]


async def _terms(generation: Generation, counts: Mapping[str, int], language: str, heading: str, unit: str) -> Table:
    ranked = sorted(counts, key=lambda iri: (heading == "classes" and iri.startswith(MACHINERY), -counts[iri], iri))
    labels = await generation.store.labels(ranked[:MOST])
    names = generation.manifest.names
    viewer = Viewer(names, language)
    rows = (
        Row(viewer.term(iri, labels.get(iri, ())), names.describe(iri), shorten(iri), counts[iri])
        for iri in ranked[:MOST]
    )
    return Table(heading, unit, tuple(rows), len(ranked))


def _graphs(generation: Generation, said: _Statements, language: str) -> Table:
    names = generation.manifest.names
    rows = []
    for iri, about in said.items():
        if _has(about, RDF_TYPE, SD + "Graph") and VOID + "triples" in about:
            origin = choose(_literals(about, DCTERMS + "source"), language)
            aside = Text(origin.value, origin.language or "") if origin else None
            name = Text(iri.removeprefix(f"{names.base}graph/"))
            rows.append(Row(name, names.describe(iri), "", _number(about), aside))
    rows.sort(key=lambda row: (-row.count, row.name.value))
    return Table("named_graphs", "count_of_triples", tuple(rows[:MOST]), len(rows), "origin")


async def _links(generation: Generation, said: _Statements, language: str) -> Table:
    sets = [about for about in said.values() if _has(about, RDF_TYPE, VOID + "Linkset")]
    labels = await generation.store.labels([_iri(about, VOID + "linkPredicate") for about in sets])
    viewer = Viewer(generation.manifest.names, language)
    rows = []
    for about in sets:
        target, by = said.get(_iri(about, VOID + "objectsTarget"), {}), _iri(about, VOID + "linkPredicate")
        name = next((text.value for text in _literals(target, RDFS + "label")), "")
        address = next((text.value for text in _literals(target, VOID + "uriSpace")), "")
        rows.append(Row(Text(name), "", address, _number(about), viewer.term(by, labels.get(by, ()))))
    rows.sort(key=lambda row: (-row.count, row.name.value))
    return Table("links_out", "count_links", tuple(rows[:MOST]), len(rows), "by_property")


def _by_subject(triples: Sequence[ox.Triple]) -> dict[str, dict[str, list[Term]]]:
    found: dict[str, dict[str, list[Term]]] = {}
    for triple in triples:
        if isinstance(triple.subject, ox.NamedNode):
            found.setdefault(triple.subject.value, {}).setdefault(triple.predicate.value, []).append(triple.object)
    return found


def _has(about: Mapping[str, Sequence[Term]], name: str, iri: str) -> bool:
    return ox.NamedNode(iri) in about.get(name, ())


def _literals(about: Mapping[str, Sequence[Term]], name: str) -> list[ox.Literal]:
    return [value for value in about.get(name, ()) if isinstance(value, ox.Literal)]


def _iri(about: Mapping[str, Sequence[Term]], name: str) -> str:
    return next((value.value for value in about.get(name, ()) if isinstance(value, ox.NamedNode)), "")


def _number(about: Mapping[str, Sequence[Term]]) -> int:
    return next((int(value.value) for value in _literals(about, VOID + "triples")), 0)
