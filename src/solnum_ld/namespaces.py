"""The prefix table: what a prefix means in our files, in queries and in what we write."""

from __future__ import annotations

SN = "https://w3id.org/solnum/def#"
SCHEMA = "https://schema.org/"
SCHEMA_HTTP = "http://schema.org/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
DCAT = "http://www.w3.org/ns/dcat#"
FOAF = "http://xmlns.com/foaf/0.1/"
VOID = "http://rdfs.org/ns/void#"
SH = "http://www.w3.org/ns/shacl#"
PROV = "http://www.w3.org/ns/prov#"
HYDRA = "http://www.w3.org/ns/hydra/core#"
SPEX = "https://purl.expasy.org/sparql-examples/ontology#"
SD = "http://www.w3.org/ns/sparql-service-description#"
ADMS = "http://www.w3.org/ns/adms#"
CSVW = "http://www.w3.org/ns/csvw#"
DCATAP = "http://data.europa.eu/r5r/"
GEO = "http://www.opengis.net/ont/geosparql#"
VCARD = "http://www.w3.org/2006/vcard/ns#"

PREFIXES: dict[str, str] = {
    "adms": ADMS,
    "bibo": "http://purl.org/ontology/bibo/",
    "bio": "http://purl.org/vocab/bio/0.1/",
    "csvw": CSVW,
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcat": DCAT,
    "dcatap": DCATAP,
    "dcterms": DCTERMS,
    "doco": "http://purl.org/spar/doco/",
    "foaf": FOAF,
    "geo": GEO,
    "hydra": HYDRA,
    "igeo": "http://rdf.insee.fr/def/geo#",
    "locn": "http://www.w3.org/ns/locn#",
    "org": "http://www.w3.org/ns/org#",
    "owl": OWL,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "schema": SCHEMA,
    "sd": SD,
    "sh": SH,
    "skos": SKOS,
    "sn": SN,
    "snsh": "https://w3id.org/solnum/shapes/",
    "spex": SPEX,
    "vann": "http://purl.org/vocab/vann/",
    "vcard": VCARD,
    "void": VOID,
    "wd": "http://www.wikidata.org/entity/",
    "wgs": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "xsd": XSD,
}

RDF_TYPE = RDF + "type"

LABELS: tuple[str, ...] = (
    RDFS + "label",
    SKOS + "prefLabel",
    SCHEMA + "name",
    SCHEMA_HTTP + "name",
    DCTERMS + "title",
    FOAF + "name",
    VCARD + "fn",
    "http://purl.org/dc/elements/1.1/title",
    SH + "name",
)
"""Properties that name a thing to people, the best first."""


def shorten(iri: str) -> str:
    """Return the prefixed name of an IRI where the table has one, else the IRI.

    >>> shorten("https://schema.org/name")
    'schema:name'
    """
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and "/" not in iri[len(namespace) :] and "#" not in iri[len(namespace) :]:
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri
