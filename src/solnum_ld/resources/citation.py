"""How a record is cited: a sentence, BibTeX and RIS, from what the data say of the thing and of the dataset."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.namespaces import DCTERMS, SCHEMA, SCHEMA_HTTP
from solnum_ld.resources.view import Viewer
from solnum_ld.store.protocol import Description

_AUTHORS = (SCHEMA + "author", SCHEMA_HTTP + "author", DCTERMS + "creator")
_PUBLISHERS = (SCHEMA + "publisher", SCHEMA_HTTP + "publisher", DCTERMS + "publisher")
_DATES = (SCHEMA + "datePublished", SCHEMA_HTTP + "datePublished", DCTERMS + "issued", DCTERMS + "date")
_BOOKS = frozenset({SCHEMA + "Book", SCHEMA_HTTP + "Book"})
_TEX = str.maketrans({c: f"\\{c}" for c in "{}&%$#_"} | {"\\": r"\textbackslash{}", "~": r"\~{}", "^": r"\^{}"})
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Citation:
    """One reference in three forms."""

    text: str
    bibtex: str
    ris: str


@dataclass(frozen=True, slots=True)
class Collection:
    """The dataset that holds the record."""

    title: str
    version: str
    modified: str


def cite(description: Description, viewer: Viewer, title: str, collection: Collection, language: str) -> Citation:
    """Return how to cite the record of a thing; a book is cited as a book, anything else as an entry of the dataset."""
    authors = _names(description, viewer, _AUTHORS)
    publishers = _names(description, viewer, _PUBLISHERS)
    is_book = any(isinstance(t, ox.NamedNode) and t.value in _BOOKS for t in _types(description))
    published = next((v.value for p in _DATES for v in description.values_of(p) if isinstance(v, ox.Literal)), "")
    year = _YEAR.search(published if is_book else collection.modified)
    colon = "\u00a0: " if language == "fr" else ": "
    where = "" if is_book else f"{'Dans' if language == 'fr' else 'In'}{colon}{collection.title}"
    version = f"version {collection.version}" if collection.version and not is_book else ""
    parts = [
        ", ".join(authors),
        f"« {title} »" if language == "fr" else f"“{title}”",
        where,
        ", ".join(publishers) if is_book else "",
        version,
        year[0] if year else "",
        description.iri,
    ]
    kind = "book" if is_book else "misc"
    fields = {
        "title": title,
        "author": " and ".join(authors),
        "publisher": " and ".join(publishers) if is_book else "",
        "howpublished": "" if is_book else ", ".join(filter(None, (collection.title, version))),
        "year": year[0] if year else "",
    }
    key = re.sub(r"[^A-Za-z0-9]+", "-", description.iri.rstrip("/").rpartition("/")[2]).strip("-") or "record"
    lines = [f"  {name} = {{{value.translate(_TEX)}}}," for name, value in fields.items() if value]
    bibtex = "\n".join([f"@{kind}{{{key},", *lines, f"  url = {{{description.iri}}}", "}"])
    ris = [
        ("TY", "BOOK" if is_book else "DATA"),
        ("TI", title),
        *(("AU", author) for author in authors),
        *(("PB", publisher) for publisher in publishers if is_book),
        *([] if is_book else [("T2", collection.title)]),
        *([("PY", year[0])] if year else []),
        ("UR", description.iri),
        ("ER", ""),
    ]
    flat = (f"{tag}  - {' '.join(value.split())}".rstrip() for tag, value in ris)
    return Citation(". ".join(filter(None, parts)), bibtex, "\n".join(flat))


def _types(description: Description) -> tuple[object, ...]:
    return description.values_of("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


def _names(description: Description, viewer: Viewer, properties: tuple[str, ...]) -> list[str]:
    found = []
    for name in properties:
        for value in description.values_of(name)[:10]:
            if isinstance(value, ox.Literal):
                found.append(value.value)
            elif isinstance(value, ox.NamedNode):
                found.append(viewer.name(value.value, description.labels.get(value.value, ())).value)
    return list(dict.fromkeys(found))
