"""What a page is about in schema.org's words, for search engines: one JSON-LD block, bounded in size, safe within HTML.

A dataset of the catalogue becomes a ``Dataset`` with its files (Google Dataset Search); any other thing keeps what the
data say of it by schema.org, under its own class or the nearest one of schema.org above it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pyoxigraph as ox

from solnum_ld.manifest import Manifest
from solnum_ld.namespaces import DCAT, DCTERMS, LABELS, OWL, RDF_TYPE, SCHEMA, SCHEMA_HTTP, SKOS, XSD
from solnum_ld.resources.view import Viewer, choose
from solnum_ld.store.protocol import Description, Term

MAX_BYTES = 16 * 1024
MAX_VALUES = 20
MAX_DESCRIPTION = 5000
"""Characters that Google Dataset Search takes of a description."""

JsonObject = dict[str, Any]  # JSON is what it is: any shape
_BOX = re.compile(r"POLYGON\s*\(\(([^()]*)\)\)", re.IGNORECASE)
_NUMBERS = frozenset(XSD + name for name in ("integer", "decimal", "double", "float", "int", "nonNegativeInteger"))
_DESCRIPTIONS = (SCHEMA + "description", DCTERMS + "description", SKOS + "definition")
_PUBLIC = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
_LANGUAGES = {"FRA": "fr", "ENG": "en", "DEU": "de", "ESP": "es", "SPA": "es", "ITA": "it", "NLD": "nl", "POR": "pt"}
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def structured(
    description: Description, page: str, manifest: Manifest, language: str, superclasses: Sequence[str] = ()
) -> str:
    """Return the block for the page about a thing, ready to stand in HTML; empty when schema.org has no class for it.

    ``superclasses`` are classes above those of the thing, the nearest first.
    """
    kinds = [t.value for t in description.values_of(RDF_TYPE) if isinstance(t, ox.NamedNode)]
    if DCAT + "Dataset" in kinds:
        node = _Writer(description, manifest, language).dataset(page)
    else:
        names = [_local(kind) for kind in (*kinds, *superclasses) if kind.startswith((SCHEMA, SCHEMA_HTTP))]
        own = [name for kind in kinds if kind.startswith((SCHEMA, SCHEMA_HTTP)) for name in [_local(kind)]]
        chosen = own or names[:1]
        if not chosen:
            return ""
        node = _Writer(description, manifest, language).thing(page, chosen)
    return _bounded({"@context": "https://schema.org/", **node})


def site(manifest: Manifest, name: str, language: str) -> str:
    """Return the block for the home page: the site, and the dataset that it is about."""
    node = {
        "@context": "https://schema.org/",
        "@type": "WebSite",
        "@id": f"{manifest.public}#site",
        "url": manifest.public,
        "name": name,
        "inLanguage": [language],
        "about": {"@id": manifest.dataset.iri, "url": manifest.names.page(manifest.dataset.iri)},
    }
    return escaped(json.dumps(node, ensure_ascii=False))


def escaped(text: str) -> str:
    """Return JSON that can stand in a script element of HTML (HTML, 4.12.1.3).

    >>> escaped('{"name": "</script>"}')
    '{"name": "\\\\u003c/script\\\\u003e"}'
    """
    return "".join(_ESCAPES.get(character, character) for character in text)


def _bounded(node: JsonObject) -> str:
    """Return a node as text; what takes most room is left out, then shortened, until it is small enough."""
    keep = ("@context", "@type", "@id", "url", "name", "description", "license", "distribution")
    while len((text := escaped(json.dumps(node, ensure_ascii=False))).encode()) > MAX_BYTES:
        sizes = {key: len(json.dumps(value)) for key, value in node.items() if key not in keep}
        if sizes:
            node = {key: value for key, value in node.items() if key != max(sizes, key=lambda k: (sizes[k], k))}
            continue
        longest = max(("name", "description"), key=lambda key: len(str(node.get(key, ""))))
        if len(str(node.get(longest, ""))) < MAX_BYTES // 100:
            return ""  # what is left are addresses, which cannot be shortened
        node = {**node, longest: str(node[longest])[: len(str(node[longest])) // 2]}
    return text


def _local(iri: str) -> str:
    return iri.removeprefix(SCHEMA).removeprefix(SCHEMA_HTTP)


class _Writer:
    """Writes one description."""

    def __init__(self, description: Description, manifest: Manifest, language: str) -> None:
        self._description, self._manifest, self._language = description, manifest, language
        self._viewer = Viewer(manifest.names, language)

    # -- a thing ---------------------------------------------------------------------------------------------------------

    def thing(self, page: str, kinds: Sequence[str]) -> JsonObject:
        node: JsonObject = {
            "@type": kinds[0] if len(kinds) == 1 else list(kinds),
            "@id": self._description.iri,
            "url": page,
            "name": self._name(),
        }
        summary = self._text(_DESCRIPTIONS)
        if summary:
            node["description"] = summary[:MAX_DESCRIPTION]
        for group in self._description.outgoing:
            name = _local(group.predicate.value)
            if name != group.predicate.value and name not in (*node, "latitude", "longitude"):
                values = self._values(group.values)
                if values:
                    node[name] = values[0] if len(values) == 1 else values
        same = [v.value for v in self._description.values_of(OWL + "sameAs") if isinstance(v, ox.NamedNode)]
        if same and "sameAs" not in node:
            node["sameAs"] = same[:MAX_VALUES]
        point = [self._number(self._description.values_of(SCHEMA + name)) for name in ("latitude", "longitude")]
        if None not in point:
            node["geo"] = {"@type": "GeoCoordinates", "latitude": point[0], "longitude": point[1]}
        return node

    def _name(self) -> str:
        return (
            self._text(LABELS)
            or self._viewer.name(self._description.iri, self._description.labels.get(self._description.iri, ())).value
        )

    def _text(self, properties: Iterable[str]) -> str:
        for name in properties:
            literals = [v for v in self._description.values_of(name) if isinstance(v, ox.Literal)]
            found = choose(literals, self._language)
            if found:
                return found.value
        return ""

    def _values(self, values: Sequence[Term]) -> list[object]:
        tagged = [v for v in values if isinstance(v, ox.Literal) and v.language]
        chosen = choose(tagged, self._language)
        said = [
            v
            for v in values
            if not (isinstance(v, ox.Literal) and v.language and chosen and v.language != chosen.language)
        ]
        written = (self._value(value) for value in said[:MAX_VALUES])
        return [value for value in written if value is not None]

    def _value(self, term: Term) -> object:
        if isinstance(term, ox.NamedNode):
            labels = self._description.labels.get(term.value, ())
            name = choose(labels, self._language) if labels else None
            return {"@id": term.value, **({"name": name.value} if name else {})}
        if isinstance(term, ox.Literal):
            if term.datatype.value in _NUMBERS:
                return self._number((term,))
            if term.datatype.value == XSD + "boolean":
                return term.value in ("true", "1")
            return term.value
        return None

    def _number(self, values: Sequence[Term]) -> float | int | None:
        for value in values:
            try:
                number = float(str(value.value)) if isinstance(value, ox.Literal) else None
            except ValueError:
                continue
            if number is not None:
                return int(number) if number.is_integer() else number
        return None

    # -- a dataset -------------------------------------------------------------------------------------------------------

    def dataset(self, page: str) -> JsonObject:
        """Return a Dataset as Google Dataset Search reads it."""
        iri, manifest = self._description.iri, self._manifest
        node: JsonObject = {
            "@type": "Dataset",
            "@id": iri,
            "url": page,
            "identifier": iri,
            "name": self._text((DCTERMS + "title", *LABELS)),
            "description": self._text(_DESCRIPTIONS)[:MAX_DESCRIPTION],
            "license": self._iri(DCTERMS + "license") or manifest.dataset.license,
            "keywords": self._values(self._description.values_of(DCAT + "keyword")),
            "creator": self._organization(),
            "publisher": self._organization(),
            "version": self._text((DCAT + "version",)),
            "datePublished": self._text((DCTERMS + "issued",)),
            "dateModified": self._text((DCTERMS + "modified",)),
            "inLanguage": self._languages(),
            "isAccessibleForFree": True if self._iri(DCTERMS + "accessRights") == _PUBLIC else None,
            "temporalCoverage": self._text((SCHEMA + "temporalCoverage",)) or self._period(),
            "spatialCoverage": self._box(),
            "includedInDataCatalog": {
                "@type": "DataCatalog",
                "@id": f"{manifest.base}catalog",
                "name": manifest.dataset.title.get(self._language) or next(iter(manifest.dataset.title.values()), ""),
                "url": f"{manifest.public}catalog",
            },
            "distribution": [
                {
                    "@type": "DataDownload",
                    "name": dump.name,
                    "contentUrl": f"{manifest.public}dumps/{dump.name}",
                    "encodingFormat": dump.media_type,
                    "contentSize": f"{dump.size} B",
                    "sha256": dump.sha256,
                }
                for dump in manifest.dumps
                if (dump.dataset or manifest.dataset.iri) == iri
            ],
        }
        return {key: value for key, value in node.items() if value not in (None, "", [])}

    def _iri(self, name: str) -> str:
        return next((v.value for v in self._description.values_of(name) if isinstance(v, ox.NamedNode)), "")

    def _organization(self) -> JsonObject | None:
        publisher = self._iri(DCTERMS + "publisher")
        if not publisher:
            return None
        name = self._viewer.name(publisher, self._description.labels.get(publisher, ())).value
        return {"@type": "Organization", "@id": publisher, "name": name, "url": self._manifest.names.page(publisher)}

    def _languages(self) -> list[str]:
        codes = [
            v.value.rpartition("/")[2]
            for v in self._description.values_of(DCTERMS + "language")
            if isinstance(v, ox.NamedNode)
        ]
        return [_LANGUAGES[code] for code in codes if code in _LANGUAGES]

    def _nested(self, predicate: str) -> list[str]:
        return [
            t.object.value
            for t in self._description.nested
            if t.predicate.value == predicate and isinstance(t.object, ox.Literal)
        ]

    def _period(self) -> str:
        start, end = self._nested(DCAT + "startDate"), self._nested(DCAT + "endDate")
        return f"{start[0] if start else '..'}/{end[0] if end else '..'}" if start or end else ""

    def _box(self) -> JsonObject | None:
        """Return the bounding box as schema.org writes it: south west north east."""
        for text in self._nested(DCAT + "bbox"):
            match = _BOX.search(text)
            corners = [corner.split() for corner in match[1].split(",")] if match else []
            if corners and all(len(corner) == 2 for corner in corners):
                xs, ys = [float(x) for x, _ in corners], [float(y) for _, y in corners]
                shape = {"@type": "GeoShape", "box": f"{min(ys)} {min(xs)} {max(ys)} {max(xs)}"}
                return {"@type": "Place", "geo": shape}
        return None
