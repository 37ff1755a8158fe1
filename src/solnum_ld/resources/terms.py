"""What people call the terms of well-known vocabularies, in French and English, for sources that do not say it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from solnum_ld.namespaces import PREFIXES, SCHEMA, SCHEMA_HTTP


@cache
def _table() -> dict[str, tuple[str, str]]:
    text = (files("solnum_ld.resources") / "terms.tsv").read_text("utf-8")
    table = {}
    for line in text.splitlines()[1:]:
        term, french, english = line.split("\t")
        prefix, _, name = term.partition(":")
        table[PREFIXES[prefix] + name] = (french, english)
    return table


@cache
def _named() -> dict[str, tuple[str, str]]:
    text = (files("solnum_ld.resources") / "named.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {iri: (french, english) for iri, french, english in rows}


def term_label(iri: str, language: str) -> str | None:
    """Return the name of a well-known term in ``fr`` or ``en``; None for any other IRI.

    >>> term_label("https://schema.org/location", "fr")
    'lieu'
    """
    if iri.startswith(SCHEMA_HTTP):
        iri = SCHEMA + iri[len(SCHEMA_HTTP) :]
    found = _table().get(iri) or _named().get(iri)
    return found[0 if language == "fr" else 1] if found else None
