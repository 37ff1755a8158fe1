"""Write a bounded description in RDF: which triples stand in it, which formats can hold them, and their bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pyoxigraph as ox

from solnum_ld.iris import Names
from solnum_ld.manifest import Manifest
from solnum_ld.mediatypes import JSONLD, NQUADS, NTRIPLES, RDF_FORMATS, RDFXML, TRIG, TURTLE, Format
from solnum_ld.namespaces import DCTERMS, FOAF, HYDRA, RDF_TYPE, VOID, XSD
from solnum_ld.rdf import to_bytes, used_prefixes
from solnum_ld.resources.jsonld import Context
from solnum_ld.store.protocol import Description, PropertyValues

_QNAME = re.compile(r"[A-Za-z_\u00C0-\uFFFD][\w.\-\u00B7]*$")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENGINE = {
    TURTLE: ox.RdfFormat.TURTLE,
    NTRIPLES: ox.RdfFormat.N_TRIPLES,
    RDFXML: ox.RdfFormat.RDF_XML,
    TRIG: ox.RdfFormat.TRIG,
    NQUADS: ox.RdfFormat.N_QUADS,
}


@dataclass(frozen=True, slots=True)
class Page:
    """A further page of a description: one property from a key on."""

    address: str
    property: str
    inverse: bool
    count: int


def next_pages(description: Description, document: str) -> tuple[Page, ...]:
    """Return the pages on which a truncated description goes on."""
    return tuple(
        Page(page_address(document, group, group.last_key), group.predicate.value, group.inverse, group.count)
        for group in (*description.outgoing, *description.incoming)
        if group.more
    )


def page_address(document: str, group: PropertyValues, after: str) -> str:
    """Return the address of the values of one property after a key."""
    joint = "&" if "?" in document else "?"
    inverse = "&inverse=1" if group.inverse else ""
    return f"{document}{joint}after={quote(after, safe='')}{inverse}&property={quote(group.predicate.value, safe='')}"


def triples_of(description: Description, document: str, manifest: Manifest, *, inner: bool = False) -> list[ox.Triple]:
    """Return the triples of a description: its own, those that mention it, labels, and what is said of the document."""
    found: dict[ox.Triple, None] = {}
    node = ox.NamedNode(description.iri)
    for group in description.outgoing:
        for value in group.values:
            found[ox.Triple(node, group.predicate, value)] = None
    found |= dict.fromkeys(description.nested)
    for part in description.parts:
        found |= dict.fromkeys(triples_of(part, document, manifest, inner=True))
    for group in description.incoming:
        for value in group.values:
            if isinstance(value, ox.NamedNode | ox.BlankNode):
                found[ox.Triple(value, group.predicate, node)] = None
    found |= dict.fromkeys(description.label_triples)
    if not inner:
        found |= dict.fromkeys(_about_document(description, document, manifest))
    return list(found)


def _about_document(description: Description, document: str, manifest: Manifest) -> Iterator[ox.Triple]:
    node = ox.NamedNode(document)
    if document == description.iri:
        return
    yield ox.Triple(node, ox.NamedNode(RDF_TYPE), ox.NamedNode(FOAF + "Document"))
    yield ox.Triple(node, ox.NamedNode(FOAF + "primaryTopic"), ox.NamedNode(description.iri))
    yield ox.Triple(node, ox.NamedNode(VOID + "inDataset"), ox.NamedNode(manifest.dataset.iri))
    if manifest.dataset.license:
        yield ox.Triple(node, ox.NamedNode(DCTERMS + "license"), ox.NamedNode(manifest.dataset.license))
    for page in next_pages(description, document):
        view = ox.NamedNode(page.address)
        yield ox.Triple(node, ox.NamedNode(DCTERMS + "hasPart"), view)
        yield ox.Triple(view, ox.NamedNode(RDF_TYPE), ox.NamedNode(HYDRA + "PartialCollectionView"))
        yield ox.Triple(view, ox.NamedNode(HYDRA + "property"), ox.NamedNode(page.property))
        yield ox.Triple(
            view,
            ox.NamedNode(HYDRA + "totalItems"),
            ox.Literal(str(page.count), datatype=ox.NamedNode(XSD + "integer")),
        )


def is_qname(iri: str) -> bool:
    """Tell whether RDF/XML can name the property ``iri``: its end is a name of XML.

    >>> is_qname("https://schema.org/name"), is_qname("http://vocab.example.net/1")
    (True, False)
    """
    return _QNAME.search(iri) is not None


def rdf_offers(triples: Iterable[ox.Triple]) -> tuple[Format, ...]:
    """Return the RDF formats that can hold these triples: RDF/XML cannot name every property nor write every character."""
    predicates, literals = set(), []
    for triple in triples:
        predicates.add(triple.predicate.value)
        if isinstance(triple.object, ox.Literal):
            literals.append(triple.object.value)
    expressible = all(map(is_qname, predicates)) and not any(map(_NOT_XML.search, literals))
    return RDF_FORMATS if expressible else tuple(form for form in RDF_FORMATS if form is not RDFXML)


def serialise(triples: Sequence[ox.Triple], form: Format, context: Context, names: Names) -> bytes:
    """Return the triples in a format, absolute IRIs only, the same bytes for the same triples."""
    if form is JSONLD:
        return context.compact(triples)
    if form in (NTRIPLES, NQUADS):
        return to_bytes(sorted(triples, key=str), _ENGINE[form], {})
    return to_bytes(triples, _ENGINE[form], used_prefixes(triples, names))
