"""The catalogue of a release in DCAT-AP 3.0.1, derived: what ``catalog.ttl`` declares, what the release knows of itself,
and what portals must be told of the values in use. Pure: from values to triples, page by page.

Every page can be read by itself: a dataset comes with its distributions, publisher, contact and every label.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.manifest import Dataset, Dump
from solnum_ld.namespaces import (
    ADMS,
    CSVW,
    DCAT,
    DCATAP,
    DCTERMS,
    FOAF,
    GEO,
    HYDRA,
    LABELS,
    RDF_TYPE,
    RDFS,
    SCHEMA,
    SN,
    VCARD,
    VOID,
    XSD,
)
from solnum_ld.release import portals

PAGE = 100
"""Datasets on one page of the catalogue; so many and fewer need no paging."""

NO_CONTACT = "contact@example.org"
"""The contact of a release that only this machine can see (DESIGN, section 3)."""

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Node = ox.NamedNode | ox.BlankNode

_INHERITED = (
    DCTERMS + "publisher",
    DCTERMS + "creator",
    DCTERMS + "license",
    DCTERMS + "language",
    DCTERMS + "issued",
    DCTERMS + "modified",
    DCTERMS + "accrualPeriodicity",
    DCTERMS + "accessRights",
    DCTERMS + "spatial",
    DCTERMS + "temporal",
    SCHEMA + "temporalCoverage",
    DCAT + "contactPoint",
    DCAT + "theme",
    DCAT + "version",
)
"""What a dataset that says nothing of it has in common with the main one."""

_DROPPED = (
    RDFS + "label",
    DCTERMS + "isPartOf",
    DCTERMS + "hasPart",
    SCHEMA + "temporalCoverage",
    DCTERMS + "identifier",
)
_OWN_KINDS = frozenset({DCAT + "Dataset", DCAT + "Catalog", CSVW + "Table", DCAT + "DataService"})
_PERIOD = re.compile(r"(\d{4})(-\d\d)?(-\d\d)?")
_LONGEST = {"01": 31, "03": 31, "05": 31, "07": 31, "08": 31, "10": 31, "12": 31}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a catalogue is derived from.

    ``declared`` are the statements of catalog.ttl under the deployment's names; ``tables`` maps the IRI of a dataset to
    the files of its tables; ``box`` is (west, south, east, north) of the places of the data. What is ``withdrawn`` is
    in no catalogue: portals delete what they no longer see. ``vocabulary`` is the size in bytes of the vocabulary in Turtle, None
    where it has no address.
    """

    dataset: Dataset
    names: Names
    contact: str
    declared: Sequence[ox.Triple]
    dumps: Sequence[Dump]
    tables: Mapping[str, Sequence[Dump]] = field(default_factory=dict)
    box: tuple[float, float, float, float] | None = None
    vocabulary: int | None = None
    withdrawn: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue: its pages, in order, each with all that its datasets need, and how many datasets there are.

    ``untitled`` are datasets left out for want of a title: one of them would end a CKAN harvest.
    """

    pages: tuple[tuple[ox.Triple, ...], ...]
    total: int
    untitled: tuple[str, ...]

    @property
    def triples(self) -> list[ox.Triple]:
        """Return every statement once, in a stable order."""
        return sorted({triple for page in self.pages for triple in page}, key=str)


def derive_catalogue(facts: Facts) -> Catalogue:
    """Return the catalogue of a release."""
    return _Derivation(facts).catalogue()


class _Derivation:
    """One derivation: the declarations by subject, and the statements made so far."""

    def __init__(self, facts: Facts) -> None:
        self._facts, self._names = facts, facts.names
        self._about: dict[Node, list[ox.Triple]] = {}
        for triple in facts.declared:
            if isinstance(triple.subject, ox.NamedNode | ox.BlankNode):
                self._about.setdefault(triple.subject, []).append(triple)
        self._main = ox.NamedNode(facts.dataset.iri)
        self._node = ox.NamedNode(f"{self._names.base}catalog")
        joint = "-" if "#" in self._main.value else "#"
        self._contact_point = ox.NamedNode(f"{self._main.value}{joint}contact")

    def catalogue(self) -> Catalogue:
        declared = {s for s in self._about if isinstance(s, ox.NamedNode) and DCAT + "Dataset" in self._kinds(s)}
        gone = {node for node in declared if node.value in self._facts.withdrawn}
        datasets = sorted({self._main, *declared} - gone, key=lambda node: node.value)
        titled = [node for node in datasets if self._titles(node)]
        chunks = [titled[start : start + PAGE] for start in range(0, len(titled), PAGE)]
        pages = tuple(self._page(chunk, len(titled)) for chunk in chunks)
        return Catalogue(pages, len(titled), tuple(node.value for node in datasets if node not in titled))

    # -- reading what is declared ----------------------------------------------------------------------------------------

    def _kinds(self, node: Node) -> set[str]:
        return {value.value for value in self._values(node, RDF_TYPE) if isinstance(value, ox.NamedNode)}

    def _values(self, node: Node, *properties: str) -> list[Term]:
        found = [t.object for t in self._about.get(node, ()) if t.predicate.value in properties]
        return sorted(found, key=str)

    def _titles(self, node: ox.NamedNode) -> list[ox.Literal]:
        for name in (DCTERMS + "title", SCHEMA + "name", RDFS + "label"):
            found = [value for value in self._values(node, name) if isinstance(value, ox.Literal)]
            if found:
                return found
        return _texts(self._facts.dataset.title) if node == self._main else []

    def _with_inherited(self, node: ox.NamedNode, name: str) -> list[Term]:
        own = self._values(node, name)
        return own or (self._values(self._main, name) if name in _INHERITED else [])

    # -- pages -------------------------------------------------------------------------------------------------------------

    def _page(self, datasets: Sequence[ox.NamedNode], total: int) -> tuple[ox.Triple, ...]:
        out: dict[ox.Triple, None] = {}
        for triple in self._catalog(datasets, total):
            out[triple] = None
        for dataset in datasets:
            out |= dict.fromkeys(self._dataset(dataset))
        if self._main in datasets:
            out |= dict.fromkeys(self._service())
            for service in self._declared_services():
                out |= dict.fromkeys([*self._about[service], *self._carried_from(service)])
                out[_text(service, DCTERMS + "identifier", service.value)] = None
        out |= dict.fromkeys(_explained(out))
        return tuple(sorted(out, key=str))

    def _catalog(self, datasets: Sequence[ox.NamedNode], total: int) -> Iterator[ox.Triple]:
        node, main = self._node, self._main
        declared = next((s for s in self._about if DCAT + "Catalog" in self._kinds(s)), None)
        titles = self._titles(declared) if isinstance(declared, ox.NamedNode) else []
        descriptions = self._values(declared, DCTERMS + "description") if declared else []
        yield _link(node, RDF_TYPE, DCAT + "Catalog")
        yield _link(node, RDF_TYPE, HYDRA + "Collection")
        for title in titles or _catalogue_titles(self._titles(main)):
            yield ox.Triple(node, ox.NamedNode(DCTERMS + "title"), title)
            yield ox.Triple(node, ox.NamedNode(RDFS + "label"), title)
        for description in descriptions or self._values(main, DCTERMS + "description"):
            yield ox.Triple(node, ox.NamedNode(DCTERMS + "description"), description)
        for name in (DCTERMS + "publisher", DCTERMS + "license", DCTERMS + "language", DCTERMS + "spatial"):
            for value in self._values(main, name):
                if isinstance(value, ox.NamedNode):
                    yield ox.Triple(node, ox.NamedNode(name), value)
        yield _link(node, FOAF + "homepage", self._names.public)
        yield portals.document(self._names.public)
        yield _link(node, DCAT + "themeTaxonomy", portals.THEME_TAXONOMY)
        every = [s for s in self._about if DCAT + "Dataset" in self._kinds(s)]
        for name, choose in ((DCTERMS + "issued", min), (DCTERMS + "modified", max)):
            dates = [v for s in every for v in self._values(s, name) if isinstance(v, ox.Literal)]
            if dates:
                yield ox.Triple(node, ox.NamedNode(name), choose(dates, key=lambda date: date.value))
        for dataset in datasets:
            yield ox.Triple(node, ox.NamedNode(DCAT + "dataset"), dataset)
        if main in datasets:
            yield _link(node, DCAT + "service", f"{self._names.base}service/sparql")
            for service in self._declared_services():
                yield ox.Triple(node, ox.NamedNode(DCAT + "service"), service)
        yield _number(node, HYDRA + "totalItems", total)

    # -- one dataset ---------------------------------------------------------------------------------------------------------

    def _dataset(self, node: ox.NamedNode) -> Iterator[ox.Triple]:
        yield _link(node, RDF_TYPE, DCAT + "Dataset")
        yield _text(node, DCTERMS + "identifier", node.value)
        for title in self._titles(node):
            yield ox.Triple(node, ox.NamedNode(DCTERMS + "title"), title)
        carried = {t.predicate.value for t in self._about.get(node, ())} | set(_INHERITED)
        for name in sorted(
            carried - {DCTERMS + "title", DCTERMS + "spatial", DCTERMS + "temporal", *_DROPPED, RDF_TYPE}
        ):
            if not name.startswith((VOID, SN, SCHEMA)):
                yield from self._carried(node, name, self._with_inherited(node, name))
        yield from self._coverage(node)
        yield from self._contact(node)
        landing = self._landing(node)
        if not self._values(node, DCAT + "landingPage"):
            yield _link(node, DCAT + "landingPage", landing)
            yield portals.document(landing)
        for distribution, triples in self._distributions(node):
            yield ox.Triple(node, ox.NamedNode(DCAT + "distribution"), distribution)
            yield from triples

    def _carried(self, node: ox.NamedNode, name: str, values: Iterable[Term]) -> Iterator[ox.Triple]:
        for value in values:
            yield ox.Triple(node, ox.NamedNode(name), value)
            if isinstance(value, ox.NamedNode | ox.BlankNode):
                yield from self._closure(value, frozenset({node}))
                if name in (DCTERMS + "publisher", DCTERMS + "creator"):
                    yield from self._agent(value)

    def _closure(self, node: Node, seen: frozenset[Node]) -> Iterator[ox.Triple]:
        """Yield what is declared of a node that a dataset needs, and of the nodes that it needs in turn."""
        if node in seen or self._kinds(node) & _OWN_KINDS:
            return
        if DCAT + "DatasetSeries" in self._kinds(node) and isinstance(node, ox.NamedNode):
            yield _text(node, DCTERMS + "identifier", node.value)
        for triple in self._about.get(node, ()):
            if not triple.predicate.value.startswith((SN, SCHEMA)):
                yield triple
                if isinstance(triple.object, ox.NamedNode | ox.BlankNode):
                    yield from self._closure(triple.object, seen | {node})

    def _declared_services(self) -> list[ox.NamedNode]:
        """Return the services that the source itself declares, beside the endpoint of this deployment."""
        own = f"{self._names.base}service/sparql"
        found = (s for s in self._about if isinstance(s, ox.NamedNode) and s.value != own)
        return sorted((s for s in found if DCAT + "DataService" in self._kinds(s)), key=lambda node: node.value)

    def _carried_from(self, node: ox.NamedNode) -> Iterator[ox.Triple]:
        for triple in self._about[node]:
            if isinstance(triple.object, ox.NamedNode | ox.BlankNode):
                yield from self._closure(triple.object, frozenset({node}))

    def _agent(self, node: Node) -> Iterator[ox.Triple]:
        yield _link(node, RDF_TYPE, FOAF + "Agent")
        if not self._values(node, FOAF + "name"):
            for label in self._values(node, *LABELS):
                yield ox.Triple(node, ox.NamedNode(FOAF + "name"), label)
        if not self._values(node, FOAF + "mbox"):
            yield _link(node, FOAF + "mbox", f"mailto:{self._facts.contact or NO_CONTACT}")

    def _contact(self, node: ox.NamedNode) -> Iterator[ox.Triple]:
        """Yield the contact of the release where the source names none."""
        if self._with_inherited(node, DCAT + "contactPoint"):
            return
        contact = self._contact_point
        yield ox.Triple(node, ox.NamedNode(DCAT + "contactPoint"), contact)
        yield _link(contact, RDF_TYPE, VCARD + "Kind")
        yield _link(contact, RDF_TYPE, VCARD + "Organization")
        publisher = next(iter(self._values(self._main, DCTERMS + "publisher")), None)
        names = (
            self._values(publisher, FOAF + "name", *LABELS)
            if isinstance(publisher, ox.NamedNode | ox.BlankNode)
            else []
        )
        for name in names[:1] or self._titles(self._main)[:1]:
            yield ox.Triple(contact, ox.NamedNode(VCARD + "fn"), name)
            yield ox.Triple(contact, ox.NamedNode(RDFS + "label"), name)
        yield _link(contact, VCARD + "hasEmail", f"mailto:{self._facts.contact or NO_CONTACT}")
        yield _link(contact, VCARD + "hasURL", self._names.public)

    def _coverage(self, node: ox.NamedNode) -> Iterator[ox.Triple]:
        """Yield where and when: periods and boxes as blank nodes, since udata fetches the IRI of a period."""
        places = self._with_inherited(node, DCTERMS + "spatial")
        boxed = False
        for place in places:
            described = isinstance(place, ox.NamedNode | ox.BlankNode) and self._values(place, DCAT + "bbox")
            target = _blank(node, "spatial", place) if described else place
            boxed |= bool(described)
            yield ox.Triple(node, ox.NamedNode(DCTERMS + "spatial"), target)
            for triple in self._about.get(place, ()) if described else ():  # type: ignore[arg-type]  # a node when described
                yield ox.Triple(target, triple.predicate, triple.object)  # type: ignore[arg-type]  # a blank node then
        if self._facts.box and not boxed and (node == self._main or self._tables(node)):
            yield from _boxed(node, self._facts.box)
        periods = self._with_inherited(node, DCTERMS + "temporal")
        for period in periods:
            if isinstance(period, ox.NamedNode | ox.BlankNode):
                target = _blank(node, "temporal", period)
                yield ox.Triple(node, ox.NamedNode(DCTERMS + "temporal"), target)
                for triple in self._about.get(period, ()):
                    yield ox.Triple(target, triple.predicate, triple.object)
        if not periods:
            for value in self._with_inherited(node, SCHEMA + "temporalCoverage")[:1]:
                yield from _period(node, value.value if isinstance(value, ox.Literal) else "")

    # -- distributions -----------------------------------------------------------------------------------------------------

    def _landing(self, node: ox.NamedNode) -> str:
        return self._names.page(node.value)

    def _tables(self, node: ox.NamedNode) -> Sequence[Dump]:
        return self._facts.tables.get(node.value, ())

    def _distributions(self, node: ox.NamedNode) -> Iterator[tuple[Node, list[ox.Triple]]]:
        for value in self._values(node, DCAT + "distribution"):
            if isinstance(value, ox.NamedNode | ox.BlankNode):
                yield value, []  # declared in full, carried along as it is
        path = node.value.removeprefix(self._names.base).removeprefix("dataset/")
        slug = re.sub(r"[^A-Za-z0-9._~-]+", "-", path).strip("-") or "dataset"
        files = [*(self._facts.dumps if node == self._main else ()), *self._tables(node)]
        for file in files:
            if file.media_type in portals.FILE_TYPES:
                yield self._file(node, slug, file)
        if node == self._main:
            if self._facts.vocabulary is not None:
                yield self._vocabulary(node, slug, self._facts.vocabulary)
            yield self._endpoint_distribution(node, slug)

    def _file(self, node: ox.NamedNode, slug: str, file: Dump) -> tuple[Node, list[ox.Triple]]:
        stem, _, suffix = file.name.rpartition(".")
        iri = ox.NamedNode(
            f"{self._names.base}distribution/{slug}-{suffix if stem in ('dataset', slug) else f'{stem}-{suffix}'}"
        )
        label = portals.FILE_TYPES[file.media_type].label
        out = list(self._distribution(node, iri, label))
        out += [
            _link(iri, DCAT + "downloadURL", f"{self._names.public}dumps/{file.name}"),
            _link(iri, DCTERMS + "format", f"{portals.AUTHORITY}file-type/{portals.FILE_TYPES[file.media_type].code}"),
            _link(iri, DCAT + "mediaType", portals.IANA + file.media_type),
            _size(iri, file.size),
        ]
        return iri, out

    def _vocabulary(self, node: ox.NamedNode, slug: str, size: int) -> tuple[Node, list[ox.Triple]]:
        iri = ox.NamedNode(f"{self._names.base}distribution/{slug}-vocabulary")
        out = list(self._distribution(node, iri, {"fr": "Vocabulaire (Turtle)", "en": "Vocabulary (Turtle)"}))
        out += [
            _link(iri, DCAT + "downloadURL", f"{self._names.public}def.ttl"),
            _link(iri, DCTERMS + "format", f"{portals.AUTHORITY}file-type/RDF_TURTLE"),
            _link(iri, DCAT + "mediaType", f"{portals.IANA}text/turtle"),
            _size(iri, size),
        ]
        return iri, out

    def _endpoint_distribution(self, node: ox.NamedNode, slug: str) -> tuple[Node, list[ox.Triple]]:
        """Return the endpoint as a distribution, the form in which CKAN sees it."""
        iri = ox.NamedNode(f"{self._names.base}distribution/{slug}-sparql")
        out = list(
            self._distribution(
                node, iri, {"fr": "Point d’accès SPARQL", "en": "SPARQL endpoint"}, access=f"{self._names.public}sparql"
            )
        )
        out.append(_link(iri, DCTERMS + "format", portals.SPARQL_FILE_TYPE))
        return iri, out

    def _distribution(
        self, node: ox.NamedNode, iri: ox.NamedNode, label: str | Mapping[str, str], access: str | None = None
    ) -> Iterator[ox.Triple]:
        yield _link(iri, RDF_TYPE, DCAT + "Distribution")
        for title in self._titles(node):
            language = title.language or ""
            name = label if isinstance(label, str) else label.get(language) or label["en"]
            yield _text(iri, DCTERMS + "title", f"{title.value} – {name}", language)
            yield _text(iri, RDFS + "label", f"{title.value} – {name}", language)
        for description in self._values(node, DCTERMS + "description"):
            yield ox.Triple(iri, ox.NamedNode(DCTERMS + "description"), description)
        yield _link(iri, DCAT + "accessURL", access or self._landing(node))
        for name in (DCTERMS + "license", DCTERMS + "issued", DCTERMS + "modified", DCTERMS + "language"):
            for value in self._with_inherited(node, name):
                yield ox.Triple(iri, ox.NamedNode(name), value)
        yield _link(iri, DCATAP + "availability", portals.STABLE)
        yield _link(iri, ADMS + "status", portals.COMPLETED)

    # -- the service -------------------------------------------------------------------------------------------------------

    def _service(self) -> Iterator[ox.Triple]:
        """Describe the endpoint; it is never the object of dcat:accessService, which would hide it from udata."""
        node, main = ox.NamedNode(f"{self._names.base}service/sparql"), self._main
        yield _link(node, RDF_TYPE, DCAT + "DataService")
        yield _text(node, DCTERMS + "identifier", node.value)
        for language, title in (("fr", "Point d’accès SPARQL"), ("en", "SPARQL endpoint")):
            yield _text(node, DCTERMS + "title", title, language)
            yield _text(node, RDFS + "label", title, language)
        for value in self._values(main, DCTERMS + "description"):
            yield ox.Triple(node, ox.NamedNode(DCTERMS + "description"), value)
        yield _link(node, DCAT + "endpointURL", f"{self._names.public}sparql")
        yield _link(node, DCAT + "endpointDescription", f"{self._names.public}sparql?format=ttl")
        yield _link(node, DCTERMS + "conformsTo", portals.SPARQL_PROTOCOL)
        yield ox.Triple(node, ox.NamedNode(DCAT + "servesDataset"), main)
        for name in ("publisher", "license", "accessRights"):
            for value in self._values(main, DCTERMS + name):
                yield ox.Triple(node, ox.NamedNode(DCTERMS + name), value)
        for name in ("theme", "keyword"):
            for value in self._values(main, DCAT + name):
                yield ox.Triple(node, ox.NamedNode(DCAT + name), value)
        contacts = self._values(main, DCAT + "contactPoint") or [self._contact_point]
        for value in contacts:
            yield ox.Triple(node, ox.NamedNode(DCAT + "contactPoint"), value)


# -- small pieces ---------------------------------------------------------------------------------------------------------


def _explained(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """Yield what portals must be told of the values in use."""
    values = {t.object.value: t.predicate.value for t in triples if isinstance(t.object, ox.NamedNode)}
    for iri, predicate in values.items():
        yield from portals.explain(iri)
        if predicate == DCTERMS + "license":
            yield from portals.licence(iri)


def _catalogue_titles(titles: Iterable[ox.Literal]) -> list[ox.Literal]:
    """Return what a catalogue is called that has no name of its own: after its main dataset."""
    words = {"fr": "Catalogue – ", "en": "Catalogue – "}
    return [_literal(words.get(t.language or "fr", "") + t.value, t.language or "") for t in titles]


def _boxed(node: ox.NamedNode, box: tuple[float, float, float, float]) -> Iterator[ox.Triple]:
    west, south, east, north = box
    place = _blank(node, "box", None)
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    text = ",".join(f"{x} {y}" for x, y in corners)
    yield ox.Triple(node, ox.NamedNode(DCTERMS + "spatial"), place)
    yield _link(place, RDF_TYPE, DCTERMS + "Location")
    polygon = ox.Literal(f"POLYGON(({text}))", datatype=ox.NamedNode(GEO + "wktLiteral"))
    yield ox.Triple(place, ox.NamedNode(DCAT + "bbox"), polygon)


def _period(node: ox.NamedNode, coverage: str) -> Iterator[ox.Triple]:
    """Yield a period in time from an interval of ISO 8601, as schema:temporalCoverage writes it."""
    start, _, end = coverage.partition("/")
    bounds = ((DCAT + "startDate", _day(start, first=True)), (DCAT + "endDate", _day(end or start, first=False)))
    if not any(day for _, day in bounds):
        return
    period = _blank(node, "period", None)
    yield ox.Triple(node, ox.NamedNode(DCTERMS + "temporal"), period)
    yield _link(period, RDF_TYPE, DCTERMS + "PeriodOfTime")
    for name, day in bounds:
        if day:
            yield ox.Triple(period, ox.NamedNode(name), ox.Literal(day, datatype=ox.NamedNode(XSD + "date")))


def _day(text: str, *, first: bool) -> str:
    """Return the first or last day of a year, month or day; empty for an open end.

    >>> _day("2001", first=True), _day("2011", first=False), _day("2012-02", first=False), _day("..", first=True)
    ('2001-01-01', '2011-12-31', '2012-02-29', '')
    """
    match = _PERIOD.match(text)
    if match is None:
        return ""
    year, month, day = match[1], (match[2] or "")[1:], (match[3] or "")[1:]
    month = month or ("01" if first else "12")
    if not day:
        leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
        last = _LONGEST.get(month) or (30 if month != "02" else 29 if leap else 28)
        day = "01" if first else f"{last:02}"
    return f"{year}-{month}-{day}"


def _blank(node: ox.NamedNode, role: str, origin: object) -> ox.BlankNode:
    """Return a blank node with a label that is the same in every build."""
    return ox.BlankNode("c" + hashlib.sha256(f"{node.value} {role} {origin}".encode()).hexdigest()[:20])


def _texts(texts: Mapping[str, str]) -> list[ox.Literal]:
    return [_literal(text, language) for language, text in sorted(texts.items())]


def _literal(text: str, language: str = "") -> ox.Literal:
    return ox.Literal(text, language=language) if language else ox.Literal(text)


def _link(subject: Node, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.NamedNode(target))


def _text(subject: Node, predicate: str, value: str, language: str = "") -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), _literal(value, language))


def _size(subject: Node, count: int) -> ox.Triple:
    count_type = ox.NamedNode(XSD + "nonNegativeInteger")
    return ox.Triple(subject, ox.NamedNode(DCAT + "byteSize"), ox.Literal(str(count), datatype=count_type))


def _number(subject: Node, predicate: str, value: int) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.Literal(str(value), datatype=ox.NamedNode(XSD + "integer")))
