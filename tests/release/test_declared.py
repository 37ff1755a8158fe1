"""What a source says of itself, and what is taken where it says nothing."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from solnum_ld.release.declared import NO_SPACE, Declared, check_space, read_declared
from solnum_ld.release.survey import Survey

PREFIXES = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dcterms: <http://purl.org/dc/terms/> . @prefix void: <http://rdfs.org/ns/void#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix schema: <https://schema.org/> . @prefix sn: <https://w3id.org/solnum/def#> .
"""


def declared(turtle: str, guessed: str = "") -> Declared:
    return read_declared(
        ox.parse(input=PREFIXES + turtle, format=ox.RdfFormat.TURTLE), Path("/data/Mes données"), guessed
    )


def test_everything_can_be_declared() -> None:
    found = declared("""<http://a.example.net/dataset/x> a dcat:Dataset ; void:uriSpace "http://a.example.net/" ; dcterms:title "Titre"@fr, "Title"@en ;
      dcterms:description "…"@fr ; dcterms:license <http://l.example.net/> ; dcat:version "2.1" ; dcterms:modified "2026-01-01" ; sn:strictSource true .""")
    assert (found.space, found.strict, found.defaults) == ("http://a.example.net/", True, ())
    assert found.dataset.title == {"en": "Title", "fr": "Titre"}
    assert (found.dataset.version, found.dataset.license, found.dataset.modified) == (
        "2.1",
        "http://l.example.net/",
        "2026-01-01",
    )
    assert found.dataset.languages == ("en", "fr")


def test_nothing_need_be_declared() -> None:
    found = declared("", "http://guessed.example.net/")
    assert (found.space, found.strict) == ("http://guessed.example.net/", False)
    assert found.dataset.iri == "http://guessed.example.net/dataset/mes-donnees"
    assert found.dataset.title == {"": "Mes données"}
    assert len(found.defaults) == 3
    assert declared("").space == NO_SPACE


@pytest.mark.parametrize(
    ("turtle", "iri"),
    [
        (
            '<http://a.example.net/2> a dcat:Dataset . <http://a.example.net/3> void:uriSpace "http://a.example.net/" .',
            "http://a.example.net/3",
        ),
        (
            "<http://a.example.net/2> a dcat:Dataset . <http://a.example.net/1> a void:Dataset .",
            "http://a.example.net/1",
        ),
        (
            '[] a dcat:Dataset ; void:uriSpace "http://a.example.net/" . <http://a.example.net/2> a dcat:Dataset .',
            "http://a.example.net/2",
        ),
    ],
    ids=["has the uriSpace", "first by name", "blank nodes do not count"],
)
def test_the_dataset_is_found(turtle: str, iri: str) -> None:
    assert declared(turtle).dataset.iri == iri


@pytest.mark.parametrize(
    ("value", "strict"),
    [("true", True), ('"1"^^<http://www.w3.org/2001/XMLSchema#boolean>', True), ("false", False), ('"yes"', False)],
)
def test_strictness_is_a_boolean(value: str, strict: bool) -> None:
    assert declared(f"<http://a.example.net/d> a dcat:Dataset ; sn:strictSource {value} .").strict is strict


@pytest.mark.parametrize("turtle", ['schema:name "A"', 'dcterms:title "A"', 'dcterms:title "A" ; schema:name "B"'])
def test_a_title_is_taken_from_what_is_there_the_best_first(turtle: str) -> None:
    assert declared(f"<http://a.example.net/d> a dcat:Dataset ; {turtle} .").dataset.title == {"": "A"}


@pytest.mark.parametrize(
    "space",
    ["http://a.example.net", "ftp://a.example.net/", "a", "", "http://a.example.net/#", "http://u@a.example.net/"],
)
def test_a_space_that_cannot_be_a_base_is_told(space: str) -> None:
    assert "void:uriSpace" in str(check_space(space))


@pytest.mark.parametrize("space", ["http://a.example.net/", "https://a.example.net/x/y/", NO_SPACE])
def test_a_space_that_can_be_a_base_is_fine(space: str) -> None:
    assert check_space(space) is None


A = "http://a.example.net"


@pytest.mark.parametrize(
    ("subjects", "space"),
    [
        ([], ""),
        (["urn:x:1", "urn:x:2"], ""),
        ([f"{A}/things/1", f"{A}/things/2"], f"{A}/things/"),
        ([f"{A}/things/1"], f"{A}/things/"),
        ([f"{A}/id/1", f"{A}/id/2"], f"{A}/"),
        ([f"{A}/x/id/vase/1", f"{A}/x/id/vase/2"], f"{A}/x/"),
        (["http://id/thing/1", "http://id/thing/2"], "http://id/thing/"),
        ([f"{A}/id/1", f"{A}/def#x"], f"{A}/"),
        ([f"{A}/id/10", f"{A}/id/11"], f"{A}/"),
        ([A, f"{A}/id/1"], f"{A}/"),
        ([f"{A}/doc#1", f"{A}/doc#2"], f"{A}/"),
        ([f"{A}/id/1", f"{A}/id/2", "http://b.example.net/1"], f"{A}/"),
        ([f"{A}/id/1", "http://b.example.net/1", "http://c.example.net/1"], ""),
        ([f"{A}/id/1", f"{A}.evil.example/id/2", f"{A}/id/3"], f"{A}/"),
        ([f"{A}/id/é", f"{A}/id/è"], f"{A}/"),
        ([f"{A}/id/#1", f"{A}/id/#2"], f"{A}/"),
    ],
)
def test_the_space_that_subjects_share(subjects: list[str], space: str) -> None:
    survey = Survey()
    survey.subjects = {f"<{iri}>".encode() for iri in subjects}
    assert survey.common_space() == space
