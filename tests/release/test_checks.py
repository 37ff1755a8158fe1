"""Checks beyond syntax: told one by one for a strict source, counted for any other."""

from __future__ import annotations

import pytest

from solnum_ld.findings import Finding
from solnum_ld.release.checks import MAX_OF_A_RULE, Checker, is_known
from solnum_ld.release.survey import Survey

X = "http://x.example.net/"
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


def checked(*statements: str, strict: bool = True, space: str = X) -> list[Finding]:
    survey = Survey()
    survey.take([f"{statement} <{X}graph/a> .".encode() for statement in statements], "a.ttl")
    return list(
        Checker(
            survey, strict=strict, space=space, locate=lambda _: ("a.ttl", 7), label=lambda _: "Nom", blank=lambda _: 7
        ).run()
    )


def rules(*statements: str, strict: bool = True) -> list[str]:
    return sorted(f.rule for f in checked(*statements, strict=strict))


NAMED = f'<{X}a> {LABEL} "A"'


@pytest.mark.parametrize(
    "iri",
    [
        "https://schema.org/name",
        "http://schema.org/name",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#_12",
        "http://purl.org/dc/terms/title",
        "http://www.w3.org/ns/dcat#version",
        f"{X}whatever",
    ],
)
def test_terms_of_vocabularies_are_known(iri: str) -> None:
    assert is_known(iri)


@pytest.mark.parametrize(
    "iri",
    [
        "https://schema.org/nmae",
        "http://schema.org/nmae",
        "http://www.w3.org/2004/02/skos/core#preflabel",
        "http://purl.org/dc/terms/",
        "http://www.w3.org/2002/07/owl#SameAs",
    ],
)
def test_terms_that_are_not_of_their_vocabulary_are_unknown(iri: str) -> None:
    assert not is_known(iri)


@pytest.mark.parametrize(
    "name",
    [
        "http://www.w3.org/2004/02/skos/core#prefLabel",
        "https://schema.org/name",
        "http://purl.org/dc/terms/title",
        "http://xmlns.com/foaf/0.1/name",
    ],
)
def test_any_naming_property_is_a_label(name: str) -> None:
    assert rules(f'<{X}a> <{name}> "A"') == []


def test_a_person_with_a_family_name_has_a_name() -> None:
    assert "label-missing" not in rules(f'<{X}a> <http://xmlns.com/foaf/0.1/familyName> "Lovelace"')


def test_an_iri_is_no_label() -> None:
    assert "label-missing" in rules(f"<{X}a> {LABEL} <http://y.example.net/>")


def test_a_sound_source_has_nothing_to_tell() -> None:
    assert (
        rules(
            NAMED,
            f"<{X}a> <https://schema.org/about> <{X}b>",
            f'<{X}b> {LABEL} "B"',
            f"<{X}a> {TYPE} <https://schema.org/Book>",
        )
        == []
    )


def test_the_two_schemes_of_schema_org_never_mix() -> None:
    mixed = (
        NAMED,
        f'<{X}a> <http://schema.org/name> "a"',
        f'<{X}a> <https://schema.org/name> "a"',
        f"<{X}a> {TYPE} <https://schema.org/Book>",
    )
    for strict in (True, False):
        found = [f for f in checked(*mixed, strict=strict) if f.rule == "schema-org-mix"]
        assert [(f.severity, f.value, f.file, f.line) for f in found] == [
            ("violation", "http://schema.org/name", "a.ttl", 7)
        ]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_either_scheme_of_schema_org_may_be_used_alone(scheme: str) -> None:
    assert rules(NAMED, f'<{X}a> <{scheme}://schema.org/name> "a"', f"<{X}a> {TYPE} <{scheme}://schema.org/Book>") == []


def test_a_misspelt_term_comes_with_the_nearest_one() -> None:
    (finding,) = checked(NAMED, f'<{X}a> <https://schema.org/nmae> "a"')
    assert (finding.rule, finding.severity, finding.file, finding.line, finding.label) == (
        "unknown-term",
        "violation",
        "a.ttl",
        7,
        "Nom",
    )
    assert "https://schema.org/name" in finding.remedy


def test_own_terms_must_be_described() -> None:
    own = f'<{X}def#status> {LABEL} "status"'
    (finding,) = checked(NAMED, own, f'<{X}a> <{X}def#stauts> "a"', f'<{X}a> <{X}def#status> "a"')
    assert (finding.rule, finding.value) == ("unknown-term", f"{X}def#stauts")
    assert f"{X}def#status" in finding.remedy


def test_graphs_vocabulary_and_documents_of_hash_iris_do_not_dangle() -> None:
    mentioned = (f"{X}graph/a", f"{X}shapes/S", f"{X}doc", "http://elsewhere.example.net/x")
    statements = [f"<{X}a> <{X}p> <{iri}>" for iri in mentioned]
    assert rules(NAMED, f'<{X}doc#1> {LABEL} "part"', *statements) == []


def test_an_own_iri_that_is_mentioned_only_dangles() -> None:
    (finding,) = checked(NAMED, f"<{X}a> <http://p.example.net/p> <{X}nowhere>")
    assert (finding.rule, finding.iri) == ("dangling-iri", f"{X}nowhere")


@pytest.mark.parametrize(("strict", "severity"), [(True, "violation"), (False, "warning")])
def test_strictness_decides_how_bad_it_is(strict: bool, severity: str) -> None:
    found = checked(
        f'<{X}a> <http://p.example.net/p> "x"',
        '_:b <https://schema.org/nmae> "x"',
        f"<{X}a> <http://p.example.net/p> <{X}nowhere>",
        strict=strict,
    )
    assert {f.rule for f in found} == {"label-missing", "blank-node", "unknown-term", "dangling-iri"}
    assert {f.severity for f in found} == {severity}
    assert all(f.remedy for f in found)


def test_many_of_a_kind_are_counted_for_a_foreign_source_and_told_one_by_one_for_a_strict_one() -> None:
    many = [f'<{X}{n}> <http://p.example.net/p> "x"' for n in range(5)]
    (counted,) = checked(*many, strict=False)
    assert "5" in counted.message()
    assert len(checked(*many, strict=True)) == 5


def test_too_many_of_a_kind_end_with_how_many_more() -> None:
    found = checked(*(f'<{X}{n}> <http://p.example.net/p> "x"' for n in range(MAX_OF_A_RULE + 3)))
    assert len(found) == MAX_OF_A_RULE + 1
    assert "3 more" in found[-1].message()
