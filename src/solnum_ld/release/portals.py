"""What portals recognise: the IRIs of the European Union's code lists with the names, types and labels that harvesters read.

udata, CKAN and the range shapes of DCAT-AP 3.0.1 take these values only when the catalogue itself says what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.namespaces import DCTERMS, FOAF, RDF_TYPE, RDFS, SKOS

AUTHORITY = "http://publications.europa.eu/resource/authority/"
IANA = "http://www.iana.org/assignments/media-types/"
STABLE = f"{AUTHORITY}planned-availability/STABLE"
COMPLETED = f"{AUTHORITY}distribution-status/COMPLETED"
SPARQL_FILE_TYPE = f"{AUTHORITY}file-type/SPARQLQ"
THEME_TAXONOMY = f"{AUTHORITY}data-theme"
PUBLISHER_TYPE = "http://purl.org/adms/publishertype/"
SPARQL_PROTOCOL = "https://www.w3.org/TR/sparql11-protocol/"


@dataclass(frozen=True, slots=True)
class FileType:
    """A format by the code list of file types, with the name that a portal shows."""

    code: str
    label: str


FILE_TYPES: dict[str, FileType] = {
    "text/turtle": FileType("RDF_TURTLE", "Turtle"),
    "application/ld+json": FileType("JSON_LD", "JSON-LD"),
    "application/n-triples": FileType("RDF_N_TRIPLES", "N-Triples"),
    "application/n-quads": FileType("RDF_N_QUADS", "N-Quads"),
    "application/trig": FileType("RDF_TRIG", "TriG"),
    "application/rdf+xml": FileType("RDF_XML", "RDF/XML"),
    "text/csv": FileType("CSV", "CSV"),
    "application/geo+json": FileType("GEOJSON", "GeoJSON"),
    "application/sparql-query": FileType("SPARQLQ", "SPARQL"),
}

THEMES: dict[str, tuple[str, str]] = {
    "AGRI": ("Agriculture, pêche, sylviculture et alimentation", "Agriculture, fisheries, forestry and food"),
    "ECON": ("Économie et finances", "Economy and finance"),
    "EDUC": ("Éducation, culture et sport", "Education, culture and sport"),
    "ENER": ("Énergie", "Energy"),
    "ENVI": ("Environnement", "Environment"),
    "GOVE": ("Gouvernement et secteur public", "Government and public sector"),
    "HEAL": ("Santé", "Health"),
    "INTR": ("Questions internationales", "International issues"),
    "JUST": ("Justice, système juridique et sécurité publique", "Justice, legal system and public safety"),
    "OP_DATPRO": ("Données provisoires", "Provisional data"),
    "REGI": ("Régions et villes", "Regions and cities"),
    "SOCI": ("Population et société", "Population and society"),
    "TECH": ("Science et technologie", "Science and technology"),
    "TRAN": ("Transports", "Transport"),
}

LICENCES: dict[str, str] = {
    "https://www.etalab.gouv.fr/licence-ouverte-open-licence": "Licence Ouverte / Open Licence version 2.0",
    "http://www.opendefinition.org/licenses/cc-by": "Creative Commons Attribution",
    "http://www.opendefinition.org/licenses/cc-by-sa": "Creative Commons Attribution Share-Alike",
    "http://www.opendefinition.org/licenses/cc-zero": "Creative Commons CCZero",
    "http://www.opendefinition.org/licenses/odc-odbl": "Open Data Commons Open Database License (ODbL)",
    "http://www.opendefinition.org/licenses/odc-by": "Open Data Commons Attribution License",
    "http://www.opendefinition.org/licenses/odc-pddl": "Open Data Commons Public Domain Dedication and Licence (PDDL)",
    "https://creativecommons.org/licenses/by/4.0/": "Creative Commons Attribution 4.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "Creative Commons CC0 1.0",
}
"""Licences by the IRI with the title that portals match."""

CONCEPTS: dict[str, tuple[str, str]] = {
    STABLE: ("stable", "stable"),
    COMPLETED: ("achevé", "completed"),
    f"{PUBLISHER_TYPE}Academia-ScientificOrganisation": ("Organisme scientifique", "Academia/scientific organisation"),
    f"{PUBLISHER_TYPE}Company": ("Entreprise", "Company"),
    f"{PUBLISHER_TYPE}LocalAuthority": ("Collectivité locale", "Local authority"),
    f"{PUBLISHER_TYPE}NationalAuthority": ("Administration nationale", "National authority"),
    f"{PUBLISHER_TYPE}NonGovernmentalOrganisation": (
        "Organisation non gouvernementale",
        "Non-governmental organisation",
    ),
    f"{PUBLISHER_TYPE}NonProfitOrganisation": ("Organisme sans but lucratif", "Non-profit organisation"),
    f"{PUBLISHER_TYPE}PrivateIndividual(s)": ("Particulier", "Private individual(s)"),
    f"{PUBLISHER_TYPE}RegionalAuthority": ("Collectivité régionale", "Regional authority"),
    **{f"{THEME_TAXONOMY}/{code}": names for code, names in THEMES.items()},
}
"""What concepts of the code lists are called, in French and in English."""

_TYPES: tuple[tuple[str, str], ...] = (
    (f"{AUTHORITY}language/", DCTERMS + "LinguisticSystem"),
    (f"{AUTHORITY}frequency/", DCTERMS + "Frequency"),
    (f"{AUTHORITY}country/", DCTERMS + "Location"),
    (f"{AUTHORITY}place/", DCTERMS + "Location"),
    (f"{AUTHORITY}continent/", DCTERMS + "Location"),
    ("https://sws.geonames.org/", DCTERMS + "Location"),
    (f"{AUTHORITY}access-right/", DCTERMS + "RightsStatement"),
    (f"{AUTHORITY}planned-availability/", SKOS + "Concept"),
    (f"{AUTHORITY}distribution-status/", SKOS + "Concept"),
    (f"{AUTHORITY}data-theme/", SKOS + "Concept"),
    (PUBLISHER_TYPE, SKOS + "Concept"),
    (SPARQL_PROTOCOL, DCTERMS + "Standard"),
)
_IN_SCHEME: tuple[tuple[str, str], ...] = (
    (f"{AUTHORITY}language/", f"{AUTHORITY}language"),
    (f"{AUTHORITY}frequency/", f"{AUTHORITY}frequency"),
    (f"{AUTHORITY}country/", f"{AUTHORITY}country"),
    (f"{AUTHORITY}access-right/", f"{AUTHORITY}access-right"),
    (f"{AUTHORITY}planned-availability/", f"{AUTHORITY}planned-availability"),
    (f"{AUTHORITY}distribution-status/", f"{AUTHORITY}distribution-status"),
    (f"{AUTHORITY}data-theme/", THEME_TAXONOMY),
    (f"{AUTHORITY}file-type/", f"{AUTHORITY}file-type"),
    (PUBLISHER_TYPE, f"{PUBLISHER_TYPE}1.0"),
)


def explain(iri: str) -> Iterator[ox.Triple]:
    """Yield what a harvester needs to be told of a value that the catalogue uses: its type, its scheme, its name.

    ``rdfs:label`` stands on formats and media types alone: on a licence or a frequency, udata and CKAN would take the
    label for the value.
    """
    node = ox.NamedNode(iri)

    def say(predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
        return ox.Triple(node, ox.NamedNode(predicate), value)

    for prefix, kind in _TYPES:
        if iri == prefix or (iri.startswith(prefix) and prefix[-1] == "/"):
            yield say(RDF_TYPE, ox.NamedNode(kind))
    for prefix, scheme in _IN_SCHEME:
        if iri.startswith(prefix):
            yield say(SKOS + "inScheme", ox.NamedNode(scheme))
            yield from _scheme(scheme)
    if iri == THEME_TAXONOMY:
        yield from _scheme(iri)
    if iri in CONCEPTS:
        yield say(SKOS + "prefLabel", ox.Literal(CONCEPTS[iri][0], language="fr"))
        yield say(SKOS + "prefLabel", ox.Literal(CONCEPTS[iri][1], language="en"))
    if iri in LICENCES:
        yield say(DCTERMS + "title", ox.Literal(LICENCES[iri], language="fr"))
    if iri.startswith(IANA):
        yield say(RDF_TYPE, ox.NamedNode(DCTERMS + "MediaType"))
        yield say(RDFS + "label", ox.Literal(iri.removeprefix(IANA)))
    file_type = next((f for f in FILE_TYPES.values() if iri == f"{AUTHORITY}file-type/{f.code}"), None)
    if file_type:
        for kind in (DCTERMS + "IMT", DCTERMS + "MediaTypeOrExtent"):
            yield say(RDF_TYPE, ox.NamedNode(kind))
        yield say(RDFS + "label", ox.Literal(file_type.label))


def _scheme(iri: str) -> Iterator[ox.Triple]:
    title = iri.removeprefix(AUTHORITY).removeprefix("http://purl.org/adms/")
    yield ox.Triple(ox.NamedNode(iri), ox.NamedNode(RDF_TYPE), ox.NamedNode(SKOS + "ConceptScheme"))
    yield ox.Triple(ox.NamedNode(iri), ox.NamedNode(DCTERMS + "title"), ox.Literal(title, language="en"))


def licence(iri: str) -> Iterator[ox.Triple]:
    """Yield the type of a licence document, known or not."""
    yield ox.Triple(ox.NamedNode(iri), ox.NamedNode(RDF_TYPE), ox.NamedNode(DCTERMS + "LicenseDocument"))


def document(iri: str) -> ox.Triple:
    """Return the statement that an address is a document, which the range of dcat:landingPage asks for."""
    return ox.Triple(ox.NamedNode(iri), ox.NamedNode(RDF_TYPE), ox.NamedNode(FOAF + "Document"))
