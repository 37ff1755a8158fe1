"""What a page shows of a resource: the description in words, in the reader's language, links instead of IRIs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.namespaces import DCTERMS, LABELS, RDF_TYPE, RDFS, SCHEMA, SKOS, VOID, XSD, shorten
from solnum_ld.resources.representation import page_address
from solnum_ld.resources.terms import term_label
from solnum_ld.store.protocol import Description, PropertyValues, Term

_PLAIN = frozenset(
    XSD + name for name in ("string", "integer", "decimal", "boolean", "date", "gYear", "gYearMonth", "anyURI")
)
_DESCRIPTIONS = (SCHEMA + "description", DCTERMS + "description", SKOS + "definition", RDFS + "comment")
_ALWAYS_TEXT = frozenset(
    {"http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML", "http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral"}
)
FOR_MACHINES = frozenset(VOID + name for name in ("classPartition", "propertyPartition", "subset", "vocabulary"))
"""Statistics by the hundred: the page about the graph of statistics shows them, that about the dataset does not."""

_SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")


@dataclass(frozen=True, slots=True)
class Text:
    """Words in a language; ``""`` when it is not said."""

    value: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value on a page: text, and an address when it is a resource."""

    text: Text
    href: str | None = None
    outside: bool = False
    datatype: str = ""
    nested: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A property with its values."""

    label: Text
    iri: str
    href: str | None
    values: tuple[Value, ...]
    count: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceView:
    """Everything that a page about a resource shows."""

    iri: str
    title: Text
    summary: Text | None
    types: tuple[Value, ...]
    facts: tuple[Group, ...]
    mentions: tuple[Group, ...]
    graphs: tuple[Value, ...]
    parts: tuple[ResourceView, ...] = field(default=())


def choose(literals: Sequence[ox.Literal], language: str) -> ox.Literal | None:
    """Return the literal for a reader: in ``language``, else French, English, without language, or any."""
    for wanted in (language, "fr", "en", None):
        for literal in literals:
            tag = literal.language
            if tag == wanted or (tag and wanted and tag.startswith(f"{wanted}-")):
                return literal
    return literals[0] if literals else None


class Viewer:
    """Makes views for one deployment and one language."""

    def __init__(self, names: Names, language: str) -> None:
        self._names, self._language = names, language

    def view(self, description: Description, document: str) -> ResourceView:
        """Return the view of a description that is shown at ``document``."""
        nested: dict[str, list[ox.Triple]] = {}
        for triple in description.nested:
            nested.setdefault(str(triple.subject), []).append(triple)
        writer = _Writer(self._names, self._language, description, nested)
        label = choose(description.labels.get(description.iri, ()), self._language)
        summary = next((s for p in _DESCRIPTIONS if (s := self._literal(description.values_of(p)))), None)
        hidden = {RDF_TYPE, *LABELS, *FOR_MACHINES, *(_DESCRIPTIONS if summary else ())}
        facts = [writer.group(g, document) for g in description.outgoing if g.predicate.value not in hidden]
        other_names = [
            writer.group(g, document)
            for g in description.outgoing
            if g.predicate.value in LABELS and self._adds(g, label)
        ]
        return ResourceView(
            iri=description.iri,
            title=_text(label) if label else Text(self.fallback(description.iri)),
            summary=_text(summary) if summary else None,
            types=tuple(writer.value(t) for t in description.values_of(RDF_TYPE)),
            facts=tuple(sorted(facts, key=lambda g: g.label.value.casefold()) + other_names),
            mentions=tuple(
                sorted(
                    (writer.group(g, document) for g in description.incoming), key=lambda g: g.label.value.casefold()
                )
            ),
            graphs=tuple(
                Value(Text(graph.removeprefix(f"{self._names.base}graph/")), self._names.page(graph))
                for graph in description.graphs
            ),
            parts=tuple(self.view(part, document) for part in description.parts),
        )

    def name(self, iri: str, labels: Sequence[ox.Literal]) -> Text:
        """Return what a person calls ``iri``: its label, else its fallback."""
        label = choose(labels, self._language)
        return _text(label) if label else Text(self.fallback(iri))

    def fallback(self, iri: str) -> str:
        """Return a name for what has no label: the end of its IRI."""
        known = term_label(iri, self._language)
        if known:
            return known
        short = shorten(iri)
        if short != iri:
            return short
        return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri

    def _literal(self, values: Iterable[Term]) -> ox.Literal | None:
        return choose([v for v in values if isinstance(v, ox.Literal)], self._language)

    def _adds(self, group: PropertyValues, label: ox.Literal | None) -> bool:
        return any(isinstance(v, ox.Literal) and label is not None and v.value != label.value for v in group.values)


class _Writer:
    """Writes the terms of one description."""

    def __init__(
        self, names: Names, language: str, description: Description, nested: dict[str, list[ox.Triple]]
    ) -> None:
        self._names, self._language = names, language
        self._labels = description.labels
        self._nested = nested

    def group(self, group: PropertyValues, document: str) -> Group:
        iri = group.predicate.value
        values = self._in_language(group.values)
        more = page_address(document, group, group.last_key) if group.more else None
        count = group.count if more else len(values)  # translations that are not shown do not count
        return Group(self._name(iri), iri, self._property(iri), tuple(self.value(v) for v in values), count, more)

    def _property(self, iri: str) -> str | None:
        """Return where a property is explained: by the data if they say anything of it, else where it comes from."""
        if iri in self._labels or self._names.is_vocabulary(iri) or iri.startswith(self._names.base):
            return self._names.page(iri)
        return iri if iri.startswith(_SAFE_SCHEMES) else None

    def _in_language(self, values: Sequence[Term]) -> Sequence[Term]:
        """Return the values without the translations of those that the reader's language has."""
        tagged = [v for v in values if isinstance(v, ox.Literal) and v.language]
        chosen = {v.language for v in tagged if v.language and v.language.split("-")[0] == self._language}
        return [
            v for v in values if not (isinstance(v, ox.Literal) and v.language and chosen and v.language not in chosen)
        ]

    def value(self, term: Term, depth: int = 0) -> Value:
        if isinstance(term, ox.Literal):
            datatype = term.datatype.value
            plain = datatype in _PLAIN or bool(term.language)
            return Value(
                _text(term),
                self._link_of_text(term),
                datatype="" if plain or datatype in _ALWAYS_TEXT else shorten(datatype),
            )
        if isinstance(term, ox.NamedNode):
            outside = not term.value.startswith(
                (self._names.base, self._names.public)
            ) and not self._names.is_vocabulary(term.value)
            return Value(self._name(term.value), self._href(term.value, outside), outside)
        inner = self._nested.get(str(term), []) if depth < 4 else []
        return Value(Text("…" if inner else "[ ]"), nested=tuple(self._inner(inner, depth)))

    def _inner(self, triples: Sequence[ox.Triple], depth: int) -> Iterable[Group]:
        for triple in triples:
            yield Group(
                self._name(triple.predicate.value),
                triple.predicate.value,
                self._property(triple.predicate.value),
                (self.value(triple.object, depth + 1),),
                1,
            )

    def _href(self, iri: str, outside: bool) -> str | None:
        if not outside:
            return self._names.page(iri)
        return iri if iri.startswith(_SAFE_SCHEMES) else self._names.describe(iri)

    def _link_of_text(self, literal: ox.Literal) -> str | None:
        is_link = literal.datatype.value.endswith("#anyURI") and literal.value.startswith(_SAFE_SCHEMES)
        return literal.value if is_link else None

    def _name(self, iri: str) -> Text:
        label = choose(self._labels.get(iri, ()), self._language)
        if label:
            return _text(label)
        known = term_label(iri, self._language)
        if known:
            return Text(known, self._language)
        short = shorten(iri)
        if short == iri and iri.startswith(self._names.base):
            return Text(iri[len(self._names.base) :] or iri)
        return Text(short)


def _text(literal: ox.Literal) -> Text:
    return Text(literal.value, literal.language or "")
