"""A description as simple Dublin Core: the format that every OAI-PMH repository must offer (OAI-PMH 2.0, 5; ``oai_dc``).

Which property becomes which element is a table of well-known vocabularies. Values that are resources are named by their
labels where the element is for people (subject, coverage …), by their IRIs where it is a link (relation, rights …).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyoxigraph as ox
from lxml import etree, html

from solnum_ld.namespaces import DCAT, DCTERMS, FOAF, LABELS, PROV, RDF_TYPE, RDFS, SCHEMA, SCHEMA_HTTP, SKOS, SN
from solnum_ld.naming import PARTS_OF_NAMES, full_names
from solnum_ld.oai.xml import DC, OAI_DC, XML_LANG, XSI, add, locate_schema
from solnum_ld.store.protocol import Description, Term

SCHEMA_LOCATION = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
_ELEMENTS = "http://purl.org/dc/elements/1.1/"
_RDF_HTML = "http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML"

NAMED: dict[str, tuple[str, ...]] = {
    "creator": (DCTERMS + "creator", SCHEMA + "creator", SCHEMA + "author", FOAF + "maker"),
    "subject": (
        DCTERMS + "subject",
        DCAT + "keyword",
        DCAT + "theme",
        SCHEMA + "keywords",
        SCHEMA + "about",
        SN + "theme",
    ),
    "publisher": (DCTERMS + "publisher", SCHEMA + "publisher"),
    "contributor": (DCTERMS + "contributor", SCHEMA + "contributor", SCHEMA + "provider"),
    "date": (DCTERMS + "issued", DCTERMS + "date", SCHEMA + "datePublished", DCTERMS + "modified"),
    "format": (DCTERMS + "format", DCTERMS + "medium", SCHEMA + "encodingFormat", SCHEMA + "bookFormat"),
    "coverage": (DCTERMS + "spatial", DCTERMS + "temporal", SCHEMA + "location", SCHEMA + "spatialCoverage", SCHEMA + "temporalCoverage"),
}  # fmt: skip
"""Elements whose values people read."""

LINKED: dict[str, tuple[str, ...]] = {
    "source": (DCTERMS + "source", PROV + "wasDerivedFrom", SCHEMA + "isBasedOn"),
    "relation": (DCTERMS + "isPartOf", SCHEMA + "isPartOf", DCTERMS + "relation", SCHEMA + "subjectOf", DCAT + "landingPage"),
    "rights": (DCTERMS + "license", SCHEMA + "license", DCTERMS + "rights", DCTERMS + "accessRights"),
}  # fmt: skip
"""Elements whose values are links."""

_DESCRIPTIONS = (DCTERMS + "description", SCHEMA + "description", RDFS + "comment", SKOS + "definition", DCTERMS + "abstract")  # fmt: skip
_IDENTIFIERS = (DCTERMS + "identifier", SCHEMA + "identifier", SCHEMA + "isbn")
_LANGUAGES = (DCTERMS + "language", SCHEMA + "inLanguage")
_TEXT, _DATASET = "Text", "Dataset"
DCMI_TYPES: dict[str, str] = {
    DCAT + "Dataset": _DATASET,
    SCHEMA + "Dataset": _DATASET,
    **{SCHEMA + name: _TEXT for name in ("Book", "Chapter", "Article", "CreativeWork", "Report", "BlogPosting")},
    SCHEMA + "Event": "Event",
    SCHEMA + "ImageObject": "Image",
    SCHEMA + "VideoObject": "MovingImage",
    SCHEMA + "AudioObject": "Sound",
    SCHEMA + "SoftwareApplication": "Software",
    SCHEMA + "SoftwareSourceCode": "Software",
    SCHEMA + "Collection": "Collection",
    SCHEMA + "BookSeries": "Collection",
}
"""Classes with a type of the DCMI Type Vocabulary."""

ISO_639_2: dict[str, str] = dict(
    pair.split("=")
    for pair in (
        "ar=ara bg=bul br=bre ca=cat co=cos cs=cze da=dan de=ger el=gre en=eng es=spa et=est eu=baq fi=fin fr=fre ga=gle "
        "gl=glg he=heb hr=hrv hu=hun it=ita ja=jpn la=lat lb=ltz lt=lit lv=lav mt=mlt nl=dut no=nor oc=oci pl=pol pt=por "
        "ro=rum ru=rus sk=slo sl=slv sq=alb sr=srp sv=swe tr=tur uk=ukr zh=chi fra=fre deu=ger nld=dut ces=cze ell=gre "
        "eus=baq ron=rum slk=slo sqi=alb zho=chi"
    ).split()
)
"""ISO 639-1 codes, and the terminological codes of ISO 639-2, with the bibliographic ones that libraries use."""


def described(text: str) -> etree._Element:
    """Return an ``oai_dc:dc`` element that holds one description: how sets are described."""
    root = _root()
    add(root, "description", text, DC)
    return root


def _root() -> etree._Element:
    root = etree.Element(f"{{{OAI_DC}}}dc", nsmap={"oai_dc": OAI_DC, "dc": DC, "xsi": XSI})
    locate_schema(root, OAI_DC, SCHEMA_LOCATION)
    return root


def dublin_core(description: Description) -> etree._Element:
    """Return a resource's description as an ``oai_dc:dc`` element."""
    root = _root()
    said: set[tuple[str, str, str]] = set()
    for name, text, language in _statements(description):
        text = text.strip()
        if text and (name, text, language) not in said:
            said.add((name, text, language))
            child = add(root, name, text, DC)
            if language:
                child.set(XML_LANG, language)
    return root


def _statements(description: Description) -> Iterator[tuple[str, str, str]]:
    """Yield (element, text, language) in the order of the Dublin Core elements."""
    names = next((values for name in LABELS if (values := _values(description, name))), ()) or full_names(
        {n: [v for v in description.values_of(n) if isinstance(v, ox.Literal)] for n in PARTS_OF_NAMES}
    )
    for value in names:
        yield "title", *_literal(value)
    if not names:  # harvesters drop what has no title
        yield "title", description.iri, ""
    for element in ("creator", "subject"):
        yield from _named(description, element)
    for name in _DESCRIPTIONS:
        for value in _values(description, name):
            yield "description", *_literal(value)
    for element in ("publisher", "contributor", "date"):
        yield from _named(description, element)
    yield from _types(description)
    yield from _named(description, "format")
    yield "identifier", description.iri, ""
    for name in _IDENTIFIERS:
        for value in _values(description, name):
            if isinstance(value, ox.Literal) and value.value != description.iri:
                yield "identifier", value.value, ""
    yield from _linked(description, "source")
    for name in _LANGUAGES:
        for value in _values(description, name):
            yield "language", _language(value), ""
    yield from _linked(description, "relation")
    yield from _named(description, "coverage")
    yield from _linked(description, "rights")


def _values(description: Description, property_iri: str) -> tuple[Term, ...]:
    own = description.values_of(property_iri)
    if property_iri.startswith(SCHEMA):
        own += description.values_of(SCHEMA_HTTP + property_iri[len(SCHEMA) :])
    return own + (
        description.values_of(_ELEMENTS + property_iri[len(DCTERMS) :]) if property_iri.startswith(DCTERMS) else ()
    )


def _named(description: Description, element: str) -> Iterator[tuple[str, str, str]]:
    for name in NAMED[element]:
        for value in _values(description, name):
            for text, language in _names(description, value):
                yield element, text, language


def _names(description: Description, value: Term) -> Iterator[tuple[str, str]]:
    """Yield what a value is called: itself, its labels, its IRI where it has none; a nameless node is passed over."""
    if isinstance(value, ox.NamedNode):
        labels = description.labels.get(value.value, ())
        yield from (_literal(label) for label in labels)
        if not labels:
            yield value.value, ""
    elif isinstance(value, ox.Literal):
        yield _literal(value)


def _linked(description: Description, element: str) -> Iterator[tuple[str, str, str]]:
    for name in LINKED[element]:
        for value in _values(description, name):
            if isinstance(value, ox.NamedNode):
                yield element, value.value, ""
            elif isinstance(value, ox.Literal):
                yield element, *_literal(value)


def _types(description: Description) -> Iterator[tuple[str, str, str]]:
    classes = [value for value in description.values_of(RDF_TYPE) if isinstance(value, ox.NamedNode)]
    for node in classes:
        iri = SCHEMA + node.value[len(SCHEMA_HTTP) :] if node.value.startswith(SCHEMA_HTTP) else node.value
        if iri in DCMI_TYPES:
            yield "type", DCMI_TYPES[iri], ""
    for node in classes:
        for label in description.labels.get(node.value, ()):
            yield "type", *_literal(label)


def _literal(value: Term) -> tuple[str, str]:
    """Return a literal's text, without markup, and its language."""
    if not isinstance(value, ox.Literal):
        return str(getattr(value, "value", value)), ""
    if value.datatype.value == _RDF_HTML and value.value.strip():
        return " ".join("".join(map(str, html.fromstring(f"<div>{value.value}</div>").itertext())).split()), ""
    return value.value, value.language or ""


def _language(value: Term) -> str:
    """Return a language's code of ISO 639-2, from a tag or from the IRI of an authority's table."""
    text = value.value if isinstance(value, ox.NamedNode | ox.Literal) else ""
    code = re.split(r"[/#]", text.rstrip("/"))[-1].partition("-")[0].lower()
    return ISO_639_2.get(code, code)
