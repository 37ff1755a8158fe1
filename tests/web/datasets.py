"""A source of a thousand datasets."""

from __future__ import annotations

from pathlib import Path

ETALAB = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
HOSTILE = 'Titre « "a" & <b>c</b> \\\\ 👩🏽‍💻 שלום مرحبا '
MANY = 1000
VOCABULARY = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix v: <http://many.example.org/def#> .
v:Summer a owl:Class ; rdfs:label "Été"@fr ; rdfs:subClassOf
  [ a owl:Restriction ; owl:onProperty v:days ; owl:maxCardinality 092 ] , [ a owl:Restriction ; owl:onProperty v:heat ; owl:hasValue 2.50 ] .
v:days a owl:DatatypeProperty . v:heat a owl:DatatypeProperty .
"""


def write_many(folder: Path) -> Path:
    """Write a source of a thousand datasets, one of them with everything that breaks a careless reader in its title.

    It has a vocabulary too, in which numbers are spelt as a store does not keep them.
    """
    (folder / "ontology").mkdir(parents=True)
    (folder / "ontology" / "seasons.ttl").write_text(VOCABULARY, "utf-8")
    lines = [
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .",
        "@prefix void: <http://rdfs.org/ns/void#> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .",
        f'<http://many.example.org/dataset/main> a dcat:Dataset ; dct:title "Tout"@fr ; void:uriSpace "http://many.example.org/" ; dct:license <{ETALAB}> ;',
        '  dct:description "Beaucoup."@fr ; dct:publisher <http://many.example.org/org/us> ; dct:modified "2026-01-02"^^<http://www.w3.org/2001/XMLSchema#date> .',
        '<http://many.example.org/org/us> a foaf:Agent ; foaf:name "Nous"@fr .',
    ]
    for number in range(1, MANY):
        title = (HOSTILE + "x" * 10_000).replace('"', '\\"') if number == 500 else f"Jeu {number}"
        iri = f"http://many.example.org/dataset/d{number:04}"
        lines.append(
            f'<{iri}> a dcat:Dataset ; dct:title "{title}"@fr ; dct:description "D"@fr ; dcat:distribution <{iri}/file> .\n'
            f"<{iri}/file> a dcat:Distribution ; dcat:accessURL <http://files.example.org/{number}> ; dct:license <{ETALAB}> ."
        )
    lines.append('<http://many.example.org/dataset/untitled> a dcat:Dataset ; dct:description "Sans titre"@fr .')
    (folder / "catalog.ttl").write_text("\n".join(lines), "utf-8")
    return folder
