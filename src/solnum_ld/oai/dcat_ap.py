"""A dataset as DCAT-AP in RDF/XML, one to a record: what a portal takes that harvests datasets by OAI-PMH (``dcat_ap``).

The record is self-contained: the dataset's statements, those of its distributions, publisher, contact and the like, and
of whatever these use to say what they are (DCAT-AP 3.0.1, 4 and 5).
"""

from __future__ import annotations

from collections.abc import Sequence

import pyoxigraph as ox
from lxml import etree

from solnum_ld.namespaces import DCAT, DCTERMS, FOAF, PREFIXES, RDF, RDFS, SKOS
from solnum_ld.oai.xml import NOT_XML
from solnum_ld.rdf import to_bytes
from solnum_ld.resources.representation import is_qname
from solnum_ld.store import Store
from solnum_ld.store.protocol import Window

SCHEMA_LOCATION = "http://www.openarchives.org/OAI/2.0/rdf.xsd"
NAMESPACE = RDF

MOST_RESOURCES = 1000
"""Resources that one record describes."""

FOLLOWED = frozenset(
    [DCTERMS + name for name in "accessRights accrualPeriodicity creator format language license provenance publisher rights spatial temporal type".split()]
    + [DCAT + name for name in "contactPoint distribution landingPage mediaType theme".split()]
    + ["http://data.europa.eu/r5r/availability", "http://www.w3.org/ns/adms#status"]
)  # fmt: skip
"""Properties whose values are described along with the dataset."""

SPOKEN = (DCTERMS, DCAT, FOAF, RDF, RDFS, SKOS, "http://data.europa.eu/r5r/", "http://www.w3.org/2006/vcard/ns#", "http://www.w3.org/ns/adms#", "http://www.w3.org/ns/locn#")  # fmt: skip
"""Vocabularies that portals know; statistics and what else a dataset says of itself stays at its IRI."""

_LEFT_OUT = frozenset({DCTERMS + "hasPart", DCTERMS + "conformsTo", DCAT + "record"})


async def dataset_triples(store: Store, iri: str) -> list[ox.Triple]:
    """Return the statements of a dataset's record."""
    found: dict[ox.Triple, None] = {}
    seen, queue = {iri}, [iri]
    while queue and len(seen) < MOST_RESOURCES:
        name = queue.pop(0)
        description = await store.describe(name, Window(own=True))
        if description is None:
            continue
        node = ox.NamedNode(name)
        own = [ox.Triple(node, group.predicate, value) for group in description.outgoing for value in group.values]
        for triple in (*own, *description.nested):
            if triple.predicate.value in _LEFT_OUT or not triple.predicate.value.startswith(SPOKEN):
                continue
            found[triple] = None
            target = triple.object
            if isinstance(target, ox.NamedNode) and triple.predicate.value in FOLLOWED and target.value not in seen:
                seen.add(target.value)
                queue.append(target.value)
    return list(found)


def dcat_ap(triples: Sequence[ox.Triple]) -> etree._Element:
    """Return statements as an ``rdf:RDF`` element; those that RDF/XML cannot write are left out."""
    written = [
        triple
        for triple in triples
        if is_qname(triple.predicate.value) and not (isinstance(triple.object, ox.Literal) and NOT_XML.search(triple.object.value))
    ]  # fmt: skip
    root = etree.fromstring(to_bytes(written, ox.RdfFormat.RDF_XML, PREFIXES))
    etree.cleanup_namespaces(root)
    return root
