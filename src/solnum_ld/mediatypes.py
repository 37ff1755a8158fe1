"""The one table of formats: media type, suffix and what each is for. Order is the server's preference.

Media types are those registered with IANA; specifications: RDF 1.1 Turtle, N-Triples, N-Quads, RDF/XML, JSON-LD 1.1,
SPARQL 1.1 Query Results (JSON, XML, CSV and TSV), RFC 9457.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a representation down."""

    media_type: str
    suffix: str
    label: str

    @property
    def content_type(self) -> str:
        """Return the value of the Content-Type header; text is always UTF-8 and says so.

        >>> TURTLE.content_type, JSONLD.content_type
        ('text/turtle; charset=utf-8', 'application/ld+json')
        """
        return f"{self.media_type}; charset=utf-8" if self.media_type.startswith("text/") else self.media_type

    @property
    def is_rdf(self) -> bool:
        """Tell whether this format writes triples or quads."""
        return self in RDF_FORMATS or self in QUAD_FORMATS


TURTLE = Format("text/turtle", "ttl", "Turtle")
JSONLD = Format("application/ld+json", "jsonld", "JSON-LD")
RDFXML = Format("application/rdf+xml", "rdf", "RDF/XML")
NTRIPLES = Format("application/n-triples", "nt", "N-Triples")
NQUADS = Format("application/n-quads", "nq", "N-Quads")
TRIG = Format("application/trig", "trig", "TriG")
HTML = Format("text/html", "html", "HTML")
TEXT = Format("text/plain", "txt", "Text")
JSON = Format("application/json", "json", "JSON")
PROBLEM = Format("application/problem+json", "json", "Problem (RFC 9457)")
SPARQL_JSON = Format("application/sparql-results+json", "srj", "SPARQL JSON")
SPARQL_XML = Format("application/sparql-results+xml", "srx", "SPARQL XML")
CSV = Format("text/csv", "csv", "CSV")
TSV = Format("text/tab-separated-values", "tsv", "TSV")

RDF_FORMATS: tuple[Format, ...] = (TURTLE, JSONLD, RDFXML, NTRIPLES)
QUAD_FORMATS: tuple[Format, ...] = (NQUADS, TRIG)
DESCRIPTION_FORMATS: tuple[Format, ...] = (*RDF_FORMATS, HTML)
PROBLEM_FORMATS: tuple[Format, ...] = (PROBLEM, TEXT, HTML)
RESULT_FORMATS: tuple[Format, ...] = (SPARQL_JSON, SPARQL_XML, CSV, TSV)
GRAPH_FORMATS: tuple[Format, ...] = (TURTLE, NTRIPLES, RDFXML, JSONLD, TRIG, NQUADS)
RESULT_ALIASES: tuple[Format, ...] = (
    Format("application/json", "json", "JSON"),
    Format("application/xml", "xml", "XML"),
    Format("text/xml", "xml", "XML"),
)
"""Media types that old clients ask results in; the bytes are those of SPARQL JSON and SPARQL XML."""

DUMP_FORMATS: tuple[Format, ...] = (NQUADS, TURTLE, NTRIPLES, JSONLD, RDFXML)

BY_SUFFIX: dict[str, Format] = {f.suffix: f for f in DESCRIPTION_FORMATS}

SOURCE_SUFFIXES: dict[str, Format] = {
    ".ttl": TURTLE,
    ".nt": NTRIPLES,
    ".nq": NQUADS,
    ".trig": TRIG,
    ".rdf": RDFXML,
    ".owl": RDFXML,
    ".xml": RDFXML,
    ".jsonld": JSONLD,
}
"""What a source file's name says of its format (a further ``.gz`` is allowed)."""
