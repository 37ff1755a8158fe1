"""What people call the terms of well-known vocabularies, in French and English, for sources that do not say it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from solnum_ld.namespaces import PREFIXES, SCHEMA, SCHEMA_HTTP
from solnum_ld.resources.languages import language_name

_LANGUAGE = re.compile(
    r"https?://(?:id\.loc\.gov/vocabulary/iso639-[12]|(?:www\.)?lexvo\.org/id/iso639-[13]"
    r"|publications\.europa\.eu/resource/authority/language)/([A-Za-z]{2,3})"
)
"""Authorities that give languages IRIs which end in a code of ISO 639."""

_OF_THREE = dict(
    pair.split("=")
    for pair in (
        "ara=ar bre=br bul=bg cat=ca ces=cs chi=zh cos=co cze=cs dan=da deu=de dut=nl ell=el eng=en est=et eus=eu baq=eu fas=fa per=fa "
        "fin=fi fra=fr fre=fr ger=de gle=ga gre=el heb=he hrv=hr hun=hu isl=is ice=is ita=it jpn=ja kor=ko lat=la lav=lv lit=lt ltz=lb "
        "mlt=mt nld=nl nor=no oci=oc pol=pl por=pt ron=ro rum=ro rus=ru slk=sk slo=sk slv=sl spa=es sqi=sq alb=sq srp=sr swe=sv tur=tr "
        "ukr=uk vie=vi zho=zh"
    ).split()
)


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

    >>> term_label("https://schema.org/location", "fr"), term_label("http://id.loc.gov/vocabulary/iso639-2/ger", "fr")
    ('lieu', 'allemand')
    """
    spoken = _LANGUAGE.fullmatch(iri)
    if spoken:
        return language_name(_OF_THREE.get(spoken[1].lower(), spoken[1].lower()), language)
    if iri.startswith(SCHEMA_HTTP):
        iri = SCHEMA + iri[len(SCHEMA_HTTP) :]
    found = _table().get(iri) or _named().get(iri)
    return found[0 if language == "fr" else 1] if found else None
