"""A small source on another subject, with labels that nobody would wish for: markup, right to left, very long, emoji."""

from __future__ import annotations

from pathlib import Path

LONG = "Very long name " * 334
FOREIGN = """\
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix geo: <http://www.w3.org/2003/01/geo/wgs84_pos#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix ex: <https://stars.example.org/ns/> .
@prefix : <https://stars.example.org/> .

ex:Observatory a rdfs:Class ; rdfs:label "observatory"@en, "observatoire"@fr .
ex:Telescope a rdfs:Class ; rdfs:label "telescope"@en, "télescope"@fr .
ex:mirror a rdf:Property ; rdfs:label "mirror (m)"@en, "miroir (m)"@fr .
ex:at a rdf:Property ; rdfs:label "stands at"@en, "se trouve à"@fr .
ex:country a rdf:Property ; rdfs:label "country"@en, "pays"@fr .

:paranal a ex:Observatory ; rdfs:label "Paranal"@en ; geo:lat "-24.6272"^^xsd:decimal ; geo:long "-70.4042"^^xsd:decimal ;
  dcterms:description "Observatory in the Atacama desert."@en ; ex:country "Chile" ; foaf:page <https://www.eso.org/paranal> .
:maunakea a ex:Observatory ; rdfs:label "Mauna Kea"@en, "Mauna Kea"@haw ; geo:lat "19.8207"^^xsd:decimal ; geo:long "-155.4681"^^xsd:decimal ; ex:country "Hawaii" .
:sutherland a ex:Observatory ; rdfs:label "Sutherland"@en ; geo:lat "-32.3783"^^xsd:decimal ; geo:long "20.8105"^^xsd:decimal ; ex:country "South Africa" .
:vlt a ex:Telescope ; rdfs:label "Very Large Telescope"@en, "Très Grand Télescope"@fr ; ex:at :paranal ; ex:mirror 8.2 ;
  dcterms:description "Four mirrors that look as one."@en ; skos:related :keck .
:keck a ex:Telescope ; rdfs:label "Keck"@en ; ex:at :maunakea ; ex:mirror 10.0 ; dcterms:created "1993-11-24"^^xsd:date .
:salt a ex:Telescope ; rdfs:label "Southern African Large Telescope"@en ; ex:at :sutherland ; ex:mirror 9.2 .
:markup a ex:Telescope ; rdfs:label "<script>alert('x')</script><img src=x onerror=alert(1)>" ; ex:at :paranal ;
  dcterms:description "</textarea></title><b>&amp;\\"'" ; foaf:page <javascript:alert(1)> ; rdfs:seeAlso "javascript:alert(2)"^^xsd:anyURI .
:arabic a ex:Telescope ; rdfs:label "مرصد النجوم ‮ abc"@ar ; ex:at :paranal .
:long a ex:Telescope ; rdfs:label "LONG"@en ; ex:at :paranal .
:unbroken a ex:Telescope , ex:WORD ; rdfs:label "UNBROKEN"@en ; ex:at :paranal ; ex:WORD "one" .
:emoji a ex:Telescope ; rdfs:label "🔭🌌👩🏽‍🚀 telescope"@en ; ex:at :paranal .
:blank a ex:SpaceTelescope ; rdfs:label "" , " \\u200b"@en ; ex:at :paranal .
:control a ex:SpaceTelescope ; rdfs:label "bell \\u0007 \\u0085"@en ; ex:at :paranal .
:nameless a ex:Telescope ; dcterms:creator :caroline ; ex:at :sutherland ; ex:owners ( "First owner" [ rdfs:label "Second owner" ] :workshop ) ; ex:firstLight "2005" ; ex:builtBy :workshop ; rdf:value "<b>bold</b>"^^rdf:HTML .
:survey\\/7 a ex:Survey .
:coded a ex:SpaceTelescope ; rdfs:label "Code name"@x-private , "Nom"@fr , "Name"@en , "Nome"@it ; dcterms:description "Etwas"@qaa ; ex:at :paranal .
:caroline a foaf:Person ; foaf:givenName "Caroline" ; foaf:familyName "Herschel" ; dcterms:language <http://id.loc.gov/vocabulary/iso639-1/de> .
"""
CATALOG = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix void: <http://rdfs.org/ns/void#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sn: <https://w3id.org/solnum/def#> .
@prefix ex: <https://stars.example.org/ns/> .
@prefix : <https://stars.example.org/> .

:dataset a dcat:Dataset ; dcterms:title "Telescopes"@en ; dcterms:description "Some large telescopes and where they stand."@en ;
  dcterms:license <https://creativecommons.org/publicdomain/zero/1.0/> ; dcat:version "3" ; void:uriSpace "https://stars.example.org/" .
:pages\\/telescopes a sn:ListPage ; rdfs:label "Telescopes"@en ; sn:pagePath "telescopes" ; sn:listedClass ex:Telescope ;
  sn:facet :fields\\/country ; sn:column :fields\\/at , :fields\\/mirror .
:pages\\/observatories a sn:ListPage ; rdfs:label "Observatories"@en, "Observatoires"@fr ; sn:pagePath "observatories" ; sn:listedClass ex:Observatory .
:fields\\/country a sn:ListField ; rdfs:label "Country"@en ; sn:fieldName "country" ; sn:valuePath "<https://stars.example.org/ns/at>/<https://stars.example.org/ns/country>" .
:fields\\/at a sn:ListField ; rdfs:label "Observatory"@en ; sn:fieldName "at" ; sn:valuePath "<https://stars.example.org/ns/at>" .
:fields\\/mirror a sn:ListField ; rdfs:label "Mirror"@en ; sn:fieldName "mirror" ; sn:valuePath "<https://stars.example.org/ns/mirror>" .
"""


def write_foreign(folder: Path) -> Path:
    """Write the source into a folder of its own."""
    folder.mkdir(parents=True)
    text = FOREIGN.replace("LONG", LONG.strip()).replace("UNBROKEN", "x" * 5000).replace("WORD", "w" * 200)
    (folder / "stars.ttl").write_text(text, "utf-8")
    (folder / "catalog.ttl").write_text(CATALOG, "utf-8")
    return folder
