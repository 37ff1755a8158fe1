"""What a property is for on a page: where a statement stands is decided by its property, never by the source."""

from __future__ import annotations

from solnum_ld.namespaces import (
    DCAT,
    DCTERMS,
    FOAF,
    OWL,
    PREFIXES,
    PROV,
    RDFS,
    SCHEMA,
    SCHEMA_HTTP,
    SH,
    SKOS,
    SN,
    SPEX,
    VCARD,
    VOID,
)

GEO = "http://www.w3.org/2003/01/geo/wgs84_pos#"
IGEO = PREFIXES["igeo"]


def _both(*names: str) -> tuple[str, ...]:
    """Return terms of schema.org under both spellings of its namespace."""
    return tuple(space + name for name in names for space in (SCHEMA, SCHEMA_HTTP))


SUMMARIES = (
    *_both("description"),
    DCTERMS + "description",
    SKOS + "definition",
    RDFS + "comment",
    *_both("abstract"),
    DCTERMS + "abstract",
)
"""What introduces a thing, the best first."""

PROVENANCE = frozenset(
    {
        *(PROV + name for name in ("wasDerivedFrom", "wasAttributedTo", "wasGeneratedBy", "hadPrimarySource", "value")),
        *(SN + name for name in ("sourceLine", "sourceText", "placeAsWritten", "placeStatus")),
        DCTERMS + "source",
        DCTERMS + "provenance",
        *(SKOS + name for name in ("editorialNote", "changeNote", "historyNote", "note")),
    }
)
"""Where a description comes from, and how sure it is."""

ELSEWHERE = frozenset(
    {
        OWL + "sameAs",
        RDFS + "seeAlso",
        FOAF + "page",
        *_both("sameAs"),
        *(SKOS + name for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")),
    }
)
"""The same or near things in other places of the web."""

EXAMPLES_OF = frozenset(VOID + name for name in ("exampleResource", "rootResource", "class", "property"))
"""By which a dataset names some of its things, or its statistics count them: that says nothing of them."""

FIRST = (
    *_both("location", "containedInPlace", "areaServed", "about", "subjectOf"),
    SN + "theme",
    *_both("isPartOf", "hasPart", "author", "publisher", "provider", "contributor", "datePublished", "inLanguage"),
    DCTERMS + "creator",
    DCTERMS + "publisher",
    DCTERMS + "issued",
    DCTERMS + "isPartOf",
    SKOS + "broader",
    SKOS + "narrower",
    SKOS + "related",
    SKOS + "inScheme",
    DCAT + "theme",
    *_both("streetAddress"),
    *(VCARD + name for name in ("street-address", "extended-address", "post-office-box")),
    *_both("postalCode"),
    VCARD + "postal-code",
    *_both("addressLocality"),
    VCARD + "locality",
    *_both("addressRegion"),
    VCARD + "region",
    *_both("addressCountry"),
    VCARD + "country-name",
    *_both("dayOfWeek", "opens", "closes"),
)
"""What readers look for first; the rest follows in the order of the alphabet."""

LAST = frozenset({*_both("latitude", "longitude", "position"), GEO + "lat", GEO + "long", SN + "openQuestion"})
"""What few read, at the end."""

TWINS = (
    (SKOS + "inScheme", SKOS + "topConceptOf", *_both("inDefinedTermSet")),
    (SKOS + "hasTopConcept", *_both("hasDefinedTerm")),
)
"""Properties of several vocabularies that tell a reader the same: where their values agree the first stands for all."""

QUERIES = (*(SH + name for name in ("select", "construct", "ask")), SPEX + "describe")
"""The text of a query that can be run (SHACL, section 5; a vocabulary of examples for DESCRIBE)."""

PARENTS = (
    *_both("isPartOf", "containedInPlace"),
    SKOS + "broader",
    SKOS + "inScheme",
    DCTERMS + "isPartOf",
)
"""From a thing to what it is a part of, for the trail above its title."""

PARTS = (*_both("hasPart"), DCTERMS + "hasPart")
"""From a whole to its parts, for its table of contents."""

POSITION = _both("position")
