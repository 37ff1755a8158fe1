"""The vocabulary and the shapes as documents: their triples from the release, and what a page shows of their terms."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.namespaces import DCTERMS, LABELS, OWL, RDF, RDF_TYPE, RDFS, SH, SKOS
from solnum_ld.resources.view import Text, Viewer, choose
from solnum_ld.store.blanks import settled_triples
from solnum_ld.web.site import Generation
from solnum_ld.web.words import word

_DEFINITIONS = (RDFS + "comment", SKOS + "definition", SH + "description", DCTERMS + "description")
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("classes", (OWL + "Class", RDFS + "Class")),
    ("properties", (OWL + "ObjectProperty", OWL + "DatatypeProperty", OWL + "AnnotationProperty", RDF + "Property")),
    ("shapes", (SH + "NodeShape",)),
    ("individuals", (OWL + "NamedIndividual",)),
)
_HIDDEN = {*LABELS, *_DEFINITIONS, RDF_TYPE, SKOS + "example", RDFS + "isDefinedBy", SH + "message"}


@dataclass(frozen=True, slots=True)
class TermFact:
    """One further statement about a term: property and values, each with an address when it is a resource."""

    label: str
    values: tuple[tuple[Text, str | None], ...]


@dataclass(frozen=True, slots=True)
class TermView:
    """A term of a vocabulary as a page shows it."""

    iri: str
    anchor: str
    label: Text
    definition: Text | None
    example: Text | None
    facts: tuple[TermFact, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All triples of a vocabulary, how it names its terms, and what the release calls the IRIs that it mentions."""

    triples: list[ox.Triple]
    names: Names
    labels: dict[str, tuple[ox.Literal, ...]]

    def sections(self, language: str) -> tuple[Text, list[tuple[str, list[TermView]]]]:
        """Return the title and the terms by kind, each term once."""
        about: dict[str, list[ox.Triple]] = {}
        for triple in self.triples:
            if isinstance(triple.subject, ox.NamedNode):
                about.setdefault(triple.subject.value, []).append(triple)
        header = next((iri for iri, ts in about.items() if any(_is(t, RDF_TYPE, OWL + "Ontology") for t in ts)), None)
        titled = about.get(header or "", [])
        title = _literal(titled, (DCTERMS + "title", *LABELS), language) or Text(word("vocabulary", language), language)
        left = {iri: ts for iri, ts in about.items() if iri != header}
        sections = []
        for key, kinds in _KINDS:
            chosen = {iri: ts for iri, ts in left.items() if any(_is(t, RDF_TYPE, kind) for t in ts for kind in kinds)}
            left = {iri: ts for iri, ts in left.items() if iri not in chosen}
            sections.append((key, self._terms(chosen, language)))
        sections.append(
            (
                "others",
                self._terms({iri: ts for iri, ts in left.items() if self.names.is_vocabulary(iri)}, language),
            )
        )
        return title, [(word(key, language), terms) for key, terms in sections if terms]

    def _terms(self, chosen: dict[str, list[ox.Triple]], language: str) -> list[TermView]:
        terms = [self._term(iri, triples, language) for iri, triples in chosen.items()]
        return sorted(terms, key=lambda term: term.anchor.casefold())

    def _term(self, iri: str, triples: list[ox.Triple], language: str) -> TermView:
        name = iri.replace("#", "/").rpartition("/")[2]
        return TermView(
            iri=iri,
            anchor=name,
            label=_literal(triples, LABELS, language) or Text(name),
            definition=_literal(triples, _DEFINITIONS, language),
            example=_literal(triples, (SKOS + "example",), language),
            facts=tuple(self._facts(triples, language)),
        )

    def _facts(self, triples: list[ox.Triple], language: str) -> Iterator[TermFact]:
        viewer = Viewer(self.names, language)
        grouped: dict[str, list[ox.Triple]] = {}
        for triple in triples:
            if triple.predicate.value not in _HIDDEN and not isinstance(triple.object, ox.BlankNode):
                grouped.setdefault(triple.predicate.value, []).append(triple)
        for predicate, members in sorted(grouped.items()):
            values: list[tuple[Text, str | None]] = []
            for triple in members:
                if isinstance(triple.object, ox.NamedNode):
                    target = triple.object.value
                    label = viewer.name(target, self.labels.get(target, ()))
                    href = (
                        self.names.page(target)
                        if target.startswith(self.names.base) or self.names.is_vocabulary(target)
                        else target
                    )
                    values.append((label, href))
            literals = [t.object for t in members if isinstance(t.object, ox.Literal)]
            plain = [t for t in literals if not t.language]
            chosen = choose([t for t in literals if t.language], language)
            values.extend((Text(t.value, t.language or ""), None) for t in [*([chosen] if chosen else []), *plain])
            yield TermFact(viewer.name(predicate, self.labels.get(predicate, ())).value, tuple(values))


def _is(triple: ox.Triple, predicate: str, value: str) -> bool:
    return (
        triple.predicate.value == predicate and isinstance(triple.object, ox.NamedNode) and triple.object.value == value
    )


def _literal(triples: list[ox.Triple], properties: tuple[str, ...], language: str) -> Text | None:
    for name in properties:
        found = choose(
            [t.object for t in triples if t.predicate.value == name and isinstance(t.object, ox.Literal)], language
        )
        if found:
            return Text(found.value, found.language or "")
    return None


async def read_vocabulary(generation: Generation, name: str) -> Vocabulary | None:
    """Return the vocabulary ``def``, a frozen ``def/VERSION``, or the ``shapes``; None when the release has none."""
    manifest = generation.manifest
    if name == "def":
        triples = await generation.store.graph(manifest.ontology)
    elif name == "shapes":
        rows = await generation.store.rows("SELECT ?g { ?g a <http://www.w3.org/ns/sparql-service-description#Graph> }")
        graphs = sorted(str(row["g"].value) for row in rows if isinstance(row["g"], ox.NamedNode))
        triples = await generation.store.graph([g for g in graphs if g.startswith(f"{manifest.base}graph/shapes/")])
    else:
        version = name.removeprefix("def/")
        if version not in manifest.ontology_versions:
            return None
        triples = await asyncio.to_thread(_parse, generation.path / "ontology" / f"{version}.nt")
    if not triples:
        return None
    mentioned = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    return Vocabulary(triples, manifest.names, await generation.store.labels(sorted(mentioned)))


def _parse(path: Path) -> list[ox.Triple]:
    return settled_triples(quad.triple for quad in ox.parse(path=str(path), format=ox.RdfFormat.N_TRIPLES))
