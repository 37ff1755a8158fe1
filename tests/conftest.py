"""Fixtures for all tests: a small source of every kind of statement, and real servers started once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from support import Server, serving

SMALL = """\
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix schema: <https://schema.org/> .
@prefix sn: <https://w3id.org/solnum/def#> .
@prefix ex: <http://data.example.org/id/> .

ex:book a schema:Book ; rdfs:label "Le livre"@fr, "The book"@en ; schema:numberOfPages 47 ; schema:price 2.50 ;
  schema:hasPart <http://data.example.org/id/chapter/1>, <http://data.example.org/id/chapter/2> ; schema:isAccessibleForFree true .
<http://data.example.org/id/chapter/1> a schema:Chapter ; rdfs:label "Chapitre « un »"@fr ; schema:isPartOf ex:book ; schema:position 1 .
<http://data.example.org/id/chapter/2> a schema:Chapter ; rdfs:label "Chapitre deux"@fr ; schema:isPartOf ex:book ;
  schema:address [ a schema:PostalAddress ; schema:streetAddress "1, rue \\"A\\" & <B>" ] .
<http://data.example.org/id/café/à%2Fb> a schema:Thing ; rdfs:label "Accents" ; schema:isPartOf ex:book .
<http://data.example.org/id/v1.ttl> a schema:Thing ; rdfs:label "Name that ends like a suffix" .
<http://data.example.org/other/path> a schema:Thing ; rdfs:label "Not under id/" .
<http://data.example.org/page#part> a schema:Thing ; rdfs:label "A hash IRI" .
<http://data.example.org/id/odd> <http://vocab.example.net/1> "no RDF/XML name" ; rdfs:label "Odd" .
<http://data.example.org/id/script> rdfs:label "<script>alert(1)</script>"@fr ; schema:url "javascript:alert(1)"^^xsd:anyURI .
<http://data.example.org/doc/reserved> rdfs:label "Under a reserved segment" .
<http://elsewhere.example.net/x> rdfs:label "Another's IRI" ; schema:isPartOf ex:book .
<http://data.example.org/id/gone> a sn:Withdrawal ; rdfs:label "Retiré"@fr ; sn:withdrawnOn "2026-01-01"^^xsd:date ;
  sn:withdrawalReason "Publié par erreur."@fr .
"""
CATALOG = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix void: <http://rdfs.org/ns/void#> .
<http://data.example.org/dataset/small> a dcat:Dataset ; dcterms:title "Petit jeu"@fr, "Small set"@en ;
  dcterms:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ; dcat:version "1.0" ; void:uriSpace "http://data.example.org/" .
"""
HUB = 2500


def write_small(folder: Path, *, hub: int = HUB) -> Path:
    """Write a small source: ``hub`` things mention one topic, enough to be paged from the index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "things.ttl").write_text(SMALL, "utf-8")
    (folder / "catalog.ttl").write_text(CATALOG, "utf-8")
    lines = [
        f"<http://data.example.org/id/item/{n:05}> <https://schema.org/about> <http://data.example.org/id/topic> ."
        for n in range(hub)
    ]
    lines.append('<http://data.example.org/id/topic> <http://www.w3.org/2000/01/rdf-schema#label> "Topic" .')
    (folder / "hub.nt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small source."""
    return write_small(tmp_path_factory.mktemp("source") / "small")


@pytest.fixture(scope="session")
def server(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the small source."""
    with serving(small, tmp_path_factory.mktemp("releases")) as running:
        yield running


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the bundled book."""
    with serving(None, tmp_path_factory.mktemp("book-releases")) as running:
        yield running
