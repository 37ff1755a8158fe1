"""Every document has the same bytes, and so the same ETag, whichever engine holds the statements of the release."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from foreign import write_foreign

from release.building import LOCAL, build_into, write
from solnum_ld.release.folder import ReleaseFolder

from .documents import ACCEPTS, Document, asked, every_document, told
from .engines import DBA, load, oxigraph, virtuoso
from .test_remote import faulty

SPACE = "https://stars.example.org/"
ELSEWHERE = [
    "https://www.eso.org/paranal",
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://id.loc.gov/vocabulary/iso639-1/de",
]
PREFIXES = f"""\
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix ex: <{SPACE}ns/> . @prefix def: <{SPACE}def#> . @prefix s: <{SPACE}shapes/> .
"""
VOCABULARY = f"""{PREFIXES}
<{SPACE}def> a owl:Ontology .
def:Season a owl:Class ; rdfs:label "Saison"@fr , "Season"@en ; rdfs:subClassOf
  [ a owl:Restriction ; owl:onProperty def:days ; owl:maxCardinality 092 ] , [ a owl:Restriction ; owl:onProperty def:heat ; owl:hasValue 2.50 ] ,
  [ owl:unionOf ( [ owl:complementOf [] ] [ owl:complementOf [] ] [] ) ] .
def:mood a owl:DatatypeProperty ; rdfs:label "Humeur"@fr .
def:days a owl:DatatypeProperty ; rdfs:range [ owl:unionOf ( xsd:integer xsd:decimal ) ] .
def:heat a owl:DatatypeProperty ; rdfs:range [ owl:unionOf ( xsd:integer xsd:decimal ) ] .
"""
SHAPES = f"""{PREFIXES}
s:Season a sh:NodeShape ; sh:targetClass def:Season ; sh:property s:one , s:other , s:third .
s:one a sh:PropertyShape ; sh:path [ sh:alternativePath ( def:days def:heat ) ] ; sh:or ( [ sh:datatype xsd:integer ] [ sh:datatype xsd:string ] ) ;
  sh:message "Le un"@fr , "Les uns"@fr , "The one"@en .
s:other a sh:PropertyShape ; sh:path [ sh:alternativePath ( def:heat def:days ) ] ; sh:or ( [ sh:datatype xsd:integer ] [ sh:datatype xsd:string ] ) ;
  sh:message "L’autre"@fr , "The other"@en .
s:third a sh:PropertyShape ; sh:path [ sh:inversePath def:in ] ; sh:message "Le tiers"@fr .
"""
YEAR = f'<{SPACE}year> rdfs:label "Année"@fr , "Year"@en .\n'
DATA = f"{PREFIXES}{YEAR}" + "".join(
    f'<{SPACE}season/{n:03}> a def:Season ; rdfs:label "Saison {n}"@fr , "Season {n}"@en ; def:days {n} , "{n}" ; def:in <{SPACE}year> ; def:mood "fertile"@en , "fécond"@fr .\n'
    for n in range(150)
)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a release that has everything that engines might order or name otherwise."""
    folder = tmp_path_factory.mktemp("documents")
    more = {"ontology/seasons.ttl": VOCABULARY, "ontology/releases/1.0/seasons.ttl": VOCABULARY}
    source = write(write_foreign(folder / "source"), {**more, "shapes/seasons.ttl": SHAPES, "seasons.ttl": DATA})
    build_into(folder / "releases", source, LOCAL)
    ReleaseFolder(folder / "releases").ensure_ledger()
    return folder / "releases"


@pytest.fixture(scope="module")
def expected(releases: Path) -> Mapping[Document, httpx.Response]:
    """The documents as the embedded engine gives them; of many things of one kind some stand for all."""
    documents = [*every_document(releases, ELSEWHERE), *(("/def/1.0", accept, "en") for accept in ACCEPTS)]
    described = (f"{SPACE}nameless", f"{SPACE}shapes/one", f"{LOCAL}paranal", f"{SPACE}def#days")
    documents += [(f"/sparql?query={quote(f'DESCRIBE <{iri}>', safe='')}", "text/turtle", "fr") for iri in described]
    return asked(releases, (), (d for d in documents if "/season/" not in d[0] or "/season/01" in d[0]))


@pytest.fixture(scope="module")
def oxigraph_engine(releases: Path) -> Iterator[str]:
    with oxigraph() as url:
        assert load((releases / "current").resolve(), url)
        yield url


@pytest.fixture(scope="module")
def virtuoso_engine(releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("virtuoso-t") is None:
        pytest.skip("Virtuoso is not installed: apt-get install virtuoso-opensource-7-bin")
    with virtuoso(tmp_path_factory.mktemp("virtuoso")) as url:
        assert load((releases / "current").resolve(), url, DBA)
        yield url


def test_the_documents_compared_are_there(expected: Mapping[Document, httpx.Response]) -> None:
    missing = {document for document, answer in expected.items() if answer.status_code not in (200, 406)}
    assert missing == set()
    assert sum(answer.status_code == 200 for answer in expected.values()) > 300
    paths = {path for path, _, _ in expected}
    assert {"/", "/def", "/shapes", "/sparql", "/catalog", "/carte", "/telescopes", "/telescopes.csv"} <= paths
    assert any("after=" in path for path in paths)
    assert "_:b0 " in expected["/shapes", "application/n-triples", "fr"].text


@pytest.mark.parametrize("where", ["oxigraph_engine", "virtuoso_engine"])
def test_every_document_is_the_same_from_every_engine(
    where: str, releases: Path, expected: Mapping[Document, httpx.Response], request: pytest.FixtureRequest
) -> None:
    found = asked(releases, [request.getfixturevalue(where)], expected)
    assert [document for document in expected if told(found[document]) != told(expected[document])] == []


def test_a_service_is_ready_while_an_engine_that_holds_its_release_says_nothing(releases: Path) -> None:
    ready = ("/health/ready", "*/*", "en")
    with faulty((releases / "current").resolve(), silent=True) as url:
        assert asked(releases, [url], [ready])[ready].status_code == 200


def test_an_example_of_a_term_is_shown_in_the_language_of_the_page(
    expected: Mapping[Document, httpx.Response],
) -> None:
    for language, said, other in (("fr", "fécond", "fertile"), ("en", "fertile", "fécond")):
        page = expected["/def", "text/html", language].text
        assert said in page and other not in page
