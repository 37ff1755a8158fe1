"""What a page shows of a resource: the description in words, in the reader's language, links instead of IRIs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.namespaces import LABELS, RDF, RDF_TYPE, VOID, XSD, shorten
from solnum_ld.naming import end_of
from solnum_ld.resources.geometries import geometry_text
from solnum_ld.resources.languages import language_name
from solnum_ld.resources.representation import page_address
from solnum_ld.resources.roles import ELSEWHERE, EXAMPLES_OF, FIRST, LAST, PROVENANCE, SUMMARIES, TWINS
from solnum_ld.resources.terms import term_label
from solnum_ld.resources.typography import READ_ALOUD, literal_text
from solnum_ld.store.protocol import Description, PropertyValues, Term

_PLAIN = READ_ALOUD | {XSD + "anyURI"}
_FIRST, _REST, _NIL = ox.NamedNode(RDF + "first"), ox.NamedNode(RDF + "rest"), ox.NamedNode(RDF + "nil")
_WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"
_ALWAYS_TEXT = frozenset(
    {"http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML", "http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral"}
)
FOR_MACHINES = frozenset(VOID + name for name in ("classPartition", "propertyPartition", "subset", "vocabulary"))
"""Statistics by the hundred: the page about the graph of statistics shows them, that about the dataset does not."""

_SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")
_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+\Z")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")
_DIGITS = re.compile(r"(\d+)")
_RANK = {iri: rank for rank, iri in enumerate(FIRST)}
_HOSTS = {
    "sws.geonames.org": "GeoNames",
    "wikidata.org": "Wikidata",
    "id.insee.fr": "Insee",
    "data.bnf.fr": "BnF",
    "viaf.org": "VIAF",
    "isni.org": "ISNI",
    "orcid.org": "ORCID",
    "idref.fr": "IdRef",
    "dbpedia.org": "DBpedia",
    "fr.dbpedia.org": "DBpedia",
}
"""What people call the authorities that many link to."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words in a language; ``""`` when it is not said."""

    value: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One value on a page: text, and an address when it is a resource; ``items`` are those of an RDF list.

    ``aside`` is what the language of the text is called, or which IRI a name stands for, where that is worth saying.
    """

    text: Text
    href: str | None = None
    outside: bool = False
    datatype: str = ""
    nested: tuple[Group, ...] = ()
    items: tuple[Value, ...] = ()
    iri: str = ""
    aside: str = ""


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
    """Everything that a page about a resource shows; ``provenance`` and ``elsewhere`` are facts of a kind of their own."""

    iri: str
    title: Text
    summary: Text | None
    types: tuple[Value, ...]
    facts: tuple[Group, ...]
    provenance: tuple[Group, ...]
    elsewhere: tuple[Group, ...]
    mentions: tuple[Group, ...]
    graphs: tuple[Value, ...]
    parts: tuple[ResourceView, ...] = field(default=())


def choose(literals: Sequence[ox.Literal], language: str) -> ox.Literal | None:
    """Return the literal for a reader: in ``language``, else French, English, without language, or any; none that is blank."""
    said = [literal for literal in literals if is_said(literal.value)]
    for wanted in (language, "fr", "en", None):
        for literal in said:
            tag = literal.language
            if tag == wanted or (tag and wanted and tag.startswith(f"{wanted}-")):
                return literal
    return said[0] if said else None


def is_said(text: str) -> bool:
    """Tell whether there is anything to see in a text.

    >>> is_said("\u00e9"), is_said(" \u200b")
    (True, False)
    """
    return any(c.isprintable() and not c.isspace() for c in text)


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts words as people do: without case and accents, numbers by their value.

    >>> sorted(["Chapitre 10", "chapitre 2", "École", "Faculté"], key=natural)
    ['chapitre 2', 'Chapitre 10', 'École', 'Faculté']
    """
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    parts = _DIGITS.split(folded)
    return tuple((int(part) if part.isdecimal() and len(part) < 19 else -1, part) for part in parts)


class Viewer:
    """Makes views for one deployment and one language; ``home`` is what its home page is called where it is a value."""

    def __init__(self, names: Names, language: str, home: Text | None = None) -> None:
        self._names, self._language, self._home = names, language, home

    def view(self, description: Description, document: str) -> ResourceView:
        """Return the view of a description that is shown at ``document``."""
        writer = _Writer(self._names, self._language, description, self._home)
        label = choose(description.labels.get(description.iri, ()), self._language)
        introducing, summary = self._summary(description, label)
        hidden = {RDF_TYPE, introducing, *LABELS, *FOR_MACHINES, *_said_already(description)}
        facts = [
            *(writer.group(g, document) for g in description.outgoing if g.predicate.value not in hidden),
            *writer.other_names(label, document),
        ]
        apart = PROVENANCE | ELSEWHERE
        return ResourceView(
            iri=description.iri,
            title=_text(label) if label else Text(self.fallback(description.iri)),
            summary=_text(summary) if summary else None,
            types=tuple(
                {v.text.value: v for v in map(writer.term, reversed(description.values_of(RDF_TYPE)))}.values()
            )[::-1],
            facts=_ordered(g for g in facts if g.iri not in apart),
            provenance=_ordered(g for g in facts if g.iri in PROVENANCE),
            elsewhere=_ordered(g for g in facts if g.iri in ELSEWHERE),
            mentions=_ordered(writer.group(g, document) for g in _new(description)),
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

    def term(self, iri: str, labels: Sequence[ox.Literal]) -> Text:
        """Return what a person calls a class or a property: its label, else the end of its IRI in words."""
        known = choose(labels, self._language) or term_label(iri, self._language)
        if isinstance(known, str):
            return Text(known, self._language)
        return _text(known) if known else Text(spoken(iri) or iri)

    def fallback(self, iri: str) -> str:
        """Return a name for what has no label: the end of its IRI."""
        known = term_label(iri, self._language)
        if known:
            return known
        if shorten(iri) != iri:
            return spoken(iri)
        return end_of(iri)

    def _summary(self, description: Description, label: ox.Literal | None) -> tuple[str, ox.Literal | None]:
        for name in SUMMARIES:
            found = choose([v for v in description.values_of(name) if isinstance(v, ox.Literal)], self._language)
            if found is not None and (label is None or found.value != label.value):
                return name, found
        return "", None


def _ordered(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=lambda g: (_RANK.get(g.iri, len(_RANK)), g.iri in LAST, natural(g.label.value))))


def _said_already(description: Description) -> Iterable[str]:
    """Yield the properties that tell no more than another, or than the identifier that each page shows."""
    values = {group.predicate.value: frozenset(group.values) for group in description.outgoing if not group.more}
    for twins in TWINS:
        told: set[Term] = set()
        for name in twins:
            if name in values:
                if values[name] <= told:
                    yield name
                told |= values[name]
    for name, terms in values.items():
        if all(isinstance(term, ox.Literal) and term.value == description.iri for term in terms):
            yield name


def _new(description: Description) -> Iterable[PropertyValues]:
    """Yield the inverse links that say more than the resource's own: the inverse of a fact repeats it."""
    own = [frozenset(group.values) for group in description.outgoing]
    for group in description.incoming:
        if group.predicate.value in EXAMPLES_OF:
            continue
        if group.more or not any(set(group.values) <= values for values in own):
            yield group


class Speaker:
    """Says terms to a reader: what they are called, and where they lead. ``labels`` are those of the IRIs that have some."""

    def __init__(
        self, names: Names, language: str, labels: Mapping[str, Sequence[ox.Literal]], home: Text | None = None
    ) -> None:
        self._names, self._language, self._labels, self._home = names, language, labels, home

    def value(self, term: Term) -> Value:
        """Return a term as a value."""
        if isinstance(term, ox.Literal):
            return self._literal(term)
        if isinstance(term, ox.NamedNode):
            own = term.value.startswith((self._names.base, self._names.public)) or self._names.is_vocabulary(term.value)
            outside = not own and term.value.startswith(_SAFE_SCHEMES)
            href = term.value if outside else self._names.page(term.value)
            return Value(self._name(term.value), href, outside, iri=term.value)
        return Value(Text(str(term)))

    def term(self, term: Term) -> Value:
        """Return a class or a property as a value."""
        value = self.value(term)
        return replace(value, text=self._name(value.iri, is_term=True)) if value.iri else value

    def in_tongue(self, text: ox.Literal) -> Value:
        """Return a literal with what its language is called, where that is not the reader's."""
        tag = text.language or ""
        known = tag in ("", self._language)
        return replace(self.value(text), aside="" if known else language_name(tag, self._language))

    def told_apart(self, values: Iterable[Value]) -> Callable[[Value], Value]:
        """Return what tells those of these values apart that would be called alike: by their IRIs, beside names or instead."""
        alike: dict[str, set[str]] = {}
        for value in values:
            if value.iri:
                alike.setdefault(value.text.value, set()).add(value.iri)
        doubtful = frozenset(iri for iris in alike.values() if len(iris) > 1 for iri in iris)

        def tell(value: Value) -> Value:
            if value.iri not in doubtful:
                return value
            named = choose(self._labels.get(value.iri, ()), self._language) or term_label(value.iri, self._language)
            mark = self._mark(value.iri)
            return replace(value, aside=mark) if named else replace(value, text=Text(mark))

        return tell

    def _mark(self, iri: str) -> str:
        """Return the IRI as short as it may be while it stays one of its own."""
        if iri.startswith(self._names.base):
            return unquote(iri[len(self._names.base) :].removeprefix("id/"), errors="replace") or iri
        short = shorten(iri)
        return short if short != iri else unquote(re.sub("^https?://", "", iri), errors="replace")

    def _literal(self, term: ox.Literal) -> Value:
        datatype = term.datatype.value
        text = Text(literal_text(term.value, datatype, self._language), term.language or "")
        form = geometry_text(term.value, self._language) if datatype == _WKT else ""
        plain = form or term.language or datatype in _PLAIN or datatype in _ALWAYS_TEXT
        href = self._link_of_text(term)
        if href:
            known = term_label(href, self._language) if datatype == XSD + "string" else None
            said = Text(known, self._language) if known else self._name(href) if datatype == XSD + "anyURI" else text
            return Value(said, href, not href.startswith((self._names.base, self._names.public)))
        return Value(Text(form) if form else text, datatype="" if plain else self._name(datatype, is_term=True).value)

    def _link_of_text(self, literal: ox.Literal) -> str | None:
        """Return the address that a literal is: where it says so, or is text that is nothing else."""
        is_address = literal.datatype.value == XSD + "anyURI" and literal.value.startswith(_SAFE_SCHEMES)
        is_text = literal.datatype.value == XSD + "string" and _ADDRESS.match(literal.value)
        return literal.value if is_address or is_text else None

    def _name(self, iri: str, *, is_term: bool = False) -> Text:
        """Return what a person calls a thing, a class or a property (``is_term``)."""
        label = choose(self._labels.get(iri, ()), self._language)
        if label:
            return _text(label)
        if self._home and iri in (self._names.base, self._names.public):
            return self._home
        known = term_label(iri, self._language)
        if known:
            return Text(known, self._language)
        if is_term and spoken(iri):
            return Text(spoken(iri))
        short = shorten(iri)
        if short == iri and iri.startswith(self._names.base):
            return Text(iri[len(self._names.base) :] or iri)
        return Text(place_on_the_web(iri))


class _Writer(Speaker):
    """Writes the values of one description."""

    def __init__(self, names: Names, language: str, description: Description, home: Text | None) -> None:
        super().__init__(names, language, description.labels, home)
        self._description = description
        self._nested: dict[str, list[ox.Triple]] = {}
        for triple in description.nested:
            self._nested.setdefault(str(triple.subject), []).append(triple)

    def other_names(self, title: ox.Literal | None, document: str) -> Iterable[Group]:
        """Yield what a thing is called besides its title, in every language, each name once."""
        told = {(title.value, title.language or ""), (title.value, "")} if title else set()
        groups = {group.predicate.value: group for group in self._description.outgoing}
        for group in (groups[name] for name in LABELS if name in groups):
            fresh = []
            for value in group.values:
                if isinstance(value, ox.Literal) and is_said(value.value):
                    key = (value.value, value.language or "")
                    fresh += [] if key in told else [value]
                    told |= {key, (value.value, "")}
            if fresh or group.more:
                yield self._group(group, document, tuple(self.in_tongue(value) for value in fresh))

    def group(self, group: PropertyValues, document: str) -> Group:
        return self._group(group, document, self._together(self._in_language(group.values)))

    def _group(self, group: PropertyValues, document: str, values: tuple[Value, ...]) -> Group:
        iri = group.predicate.value
        more = page_address(document, group, group.last_key) if group.more else None
        count = group.count if more else len(values)  # translations that are not shown do not count
        values = tuple(map(self.told_apart(values), values))
        if not more:
            values = tuple(sorted(values, key=lambda v: (natural(v.text.value), natural(v.aside))))
        return Group(self._name(iri, is_term=True), iri, self._property(iri), values, count, more)

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
        """Return a term as a value, a blank node with what is said of it."""
        if isinstance(term, ox.Literal | ox.NamedNode):
            return super().value(term)
        items = self._items(term) if depth < 4 else None
        if items is not None:
            return Value(Text("…"), items=self._together(items, depth + 1))
        inner = self._nested.get(str(term), []) if depth < 4 else []
        said = tuple(self._inner(inner, depth))
        if len(said) == 1 and said[0].iri in LABELS and not said[0].values[0].nested:
            return said[0].values[0]  # of what has no more than a name the name is enough
        return Value(Text("…" if inner else "[ ]"), nested=said)

    def _together(self, terms: Sequence[Term], depth: int = 0) -> tuple[Value, ...]:
        """Return terms as values that stand side by side: blank nodes of several classes say of which they are."""
        kinds: dict[Term, tuple[Term, ...]] = {t: self._kinds(t) for t in terms if isinstance(t, ox.BlankNode)}
        if len(set(kinds.values())) < 2:
            return tuple(self.value(term, depth) for term in terms)
        found = []
        for term in terms:
            value, classes = self.value(term, depth), kinds.get(term, ())
            if classes and value.nested:
                iri = RDF_TYPE
                of = Group(self._name(iri, is_term=True), iri, None, tuple(map(self.term, classes)), len(classes))
                value = replace(value, nested=(of, *(group for group in value.nested if group.iri != iri)))
            found.append(value)
        return tuple(found)

    def _kinds(self, node: Term) -> tuple[Term, ...]:
        return tuple(t.object for t in self._nested.get(str(node), ()) if t.predicate.value == RDF_TYPE)

    def _items(self, head: Term) -> list[Term] | None:
        """Return the items of the list that begins at ``head``; ``None`` where it is no list, or not a whole one."""
        items: list[Term] = []
        seen: set[Term] = set()
        here = head
        while here != _NIL:
            cell = {triple.predicate: triple.object for triple in self._nested.get(str(here), [])}
            if here in seen or cell.keys() != {_FIRST, _REST} or len(self._nested[str(here)]) != 2:
                return None
            seen.add(here)
            items.append(cell[_FIRST])
            here = cell[_REST]
        return items

    def _inner(self, triples: Sequence[ox.Triple], depth: int) -> Iterable[Group]:
        for triple in sorted(triples, key=lambda t: _RANK.get(t.predicate.value, len(_RANK))):
            if triple.predicate.value == RDF_TYPE and len(triples) > 1:
                continue  # the property says what sort of thing it is
            yield Group(
                self._name(triple.predicate.value, is_term=True),
                triple.predicate.value,
                self._property(triple.predicate.value),
                (self.value(triple.object, depth + 1),),
                1,
            )


def spoken(iri: str) -> str:
    """Return the local name of a class or property in words; "" where its IRI ends without one.

    >>> [spoken(f"http://x.example/ns{name}") for name in ("#inStreet", "/FormerRegion", "#anyURI", "/Loan", "#ISBN", "#")]
    ['in street', 'former region', 'any URI', 'loan', 'ISBN', '']
    """
    local = unquote(iri.replace("#", "/").rpartition("/")[2], errors="replace").replace("_", " ")
    words = _HUMP.sub(" ", local).split()
    return " ".join(word if word[1:] != word[1:].lower() else word.lower() for word in words)


def place_on_the_web(iri: str) -> str:
    """Return a readable name of another's IRI that nothing names: its end, and whose it is.

    >>> place_on_the_web("http://www.wikidata.org/entity/Q90"), place_on_the_web("mailto:a@example.org?subject=x")
    ('Q90 (Wikidata)', 'a@example.org')
    """
    if iri.startswith(("mailto:", "tel:")):
        return iri.partition(":")[2].partition("?")[0]
    parts = urlsplit(iri) if iri.startswith(("http://", "https://")) and "[" not in iri and "]" not in iri else None
    if parts is None or not parts.netloc:
        return shorten(iri)
    host = parts.netloc.removeprefix("www.")
    end = parts.fragment or unquote(parts.path.rstrip("/").rpartition("/")[2], errors="replace")
    whose = _HOSTS.get(host, host)
    return f"{end} ({whose})" if end else whose


def _text(literal: ox.Literal) -> Text:
    return Text(literal.value, literal.language or "")
