"""SHACL through one function: what it tells of each result, and what shapes may not contain."""

from __future__ import annotations

import pytest
from rdflib import Graph

from solnum_ld.validation import Result, check_shapes, validate

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix x: <http://x.example.net/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def graph(turtle: str) -> Graph:
    return Graph(bind_namespaces="none").parse(data=PREFIXES + turtle, format="turtle")


def results(data: str, shapes: str) -> list[Result]:
    return validate(graph(data), graph(shapes))


TARGET = "x:S a sh:NodeShape ; sh:targetClass x:C ; sh:property x:S-p . x:S-p sh:path x:p ; "


def test_data_that_conforms_has_no_result() -> None:
    assert results("x:a a x:C ; x:p 1 .", TARGET + "sh:minCount 1 .") == []


@pytest.mark.parametrize(
    ("data", "constraint", "component", "value"),
    [
        ("x:a a x:C .", "sh:minCount 1", "MinCount", None),
        ("x:a a x:C ; x:p 1, 2 .", "sh:maxCount 1", "MaxCount", None),
        ('x:a a x:C ; x:p "one" .', "sh:datatype xsd:integer", "Datatype", "one"),
        ("x:a a x:C ; x:p x:b .", "sh:class x:D", "Class", "http://x.example.net/b"),
        ("x:a a x:C ; x:p [] .", "sh:nodeKind sh:IRI", "NodeKind", "_:"),
        ("x:a a x:C ; x:p 0 .", "sh:minInclusive 1", "MinInclusive", "0"),
        ('x:a a x:C ; x:p "b" .', "sh:pattern '^a'", "Pattern", "b"),
        ('x:a a x:C ; x:p "a"@fr, "b"@fr .', "sh:uniqueLang true", "UniqueLang", None),
        ('x:a a x:C ; x:p "a"@en .', "sh:languageIn ( 'fr' )", "LanguageIn", "a"),
        ("x:a a x:C ; x:p 3 .", "sh:in ( 1 2 )", "In", "3"),
        ("x:a a x:C ; x:p 3 .", "sh:not [ sh:datatype xsd:integer ]", "Not", "3"),
    ],
)
def test_a_result_names_focus_path_shape_constraint_and_value(
    data: str, constraint: str, component: str, value: str | None
) -> None:
    (result,) = results(data, TARGET + f"{constraint} .")
    assert (result.focus, result.path, result.shape) == (
        "http://x.example.net/a",
        "http://x.example.net/p",
        "http://x.example.net/S-p",
    )
    assert (result.constraint, result.severity) == (component, "violation")
    assert result.value == value or str(result.value).startswith("_:") == (value == "_:")


@pytest.mark.parametrize(
    ("severity", "name"),
    [("sh:Warning", "warning"), ("sh:Info", "info"), ("sh:Violation", "violation"), ("x:Odd", "violation")],
)
def test_severity_is_that_of_the_shape(severity: str, name: str) -> None:
    assert [r.severity for r in results("x:a a x:C .", TARGET + f"sh:minCount 1 ; sh:severity {severity} .")] == [name]


def test_messages_are_kept_by_language() -> None:
    (result,) = results("x:a a x:C .", TARGET + 'sh:minCount 1 ; sh:message "Il en faut un."@fr, "One is needed."@en .')
    assert result.messages == {"fr": "Il en faut un.", "en": "One is needed."}


def test_a_shape_without_message_still_says_something() -> None:
    (result,) = results("x:a a x:C .", TARGET + "sh:minCount 1 .")
    assert result.messages["en"]


def test_an_anonymous_property_shape_has_the_name_of_its_owner() -> None:
    (result,) = results(
        "x:a a x:C .", "x:S a sh:NodeShape ; sh:targetClass x:C ; sh:property [ sh:path x:p ; sh:minCount 1 ] ."
    )
    assert result.shape == "http://x.example.net/S"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("[ sh:inversePath x:p ]", "^http://x.example.net/p"),
        ("( x:p x:q )", "http://x.example.net/p/http://x.example.net/q"),
        ("[ sh:zeroOrMorePath x:p ]", "http://x.example.net/p*"),
        ("[ sh:oneOrMorePath x:p ]", "http://x.example.net/p+"),
        ("[ sh:zeroOrOnePath x:p ]", "http://x.example.net/p?"),
        ("[ sh:alternativePath ( x:p x:q ) ]", "http://x.example.net/p|http://x.example.net/q"),
    ],
)
def test_paths_are_written_as_in_sparql(path: str, written: str) -> None:
    (result,) = results(
        "x:a a x:C .", f"x:S a sh:NodeShape ; sh:targetNode x:a ; sh:property [ sh:path {path} ; sh:minCount 9 ] ."
    )
    assert result.path == written


def test_results_come_in_the_same_order_every_time() -> None:
    data = " ".join(f"x:a{n} a x:C ." for n in range(20))
    first = results(data, TARGET + "sh:minCount 1 .")
    assert first == results(data, TARGET + "sh:minCount 1 .")
    assert [r.focus for r in first] == sorted(r.focus for r in first)


def test_nothing_is_inferred() -> None:
    assert results("x:D rdfs:subPropertyOf x:p . x:a a x:C ; x:D 1 .", TARGET + "sh:minCount 1 .") != []


@pytest.mark.parametrize(
    "shapes",
    ["x:S a sh:NodeShape ; sh:targetClass x:C ; sh:property [ sh:minCount 1 ] .", TARGET + 'sh:pattern "(" .'],
    ids=["no path", "broken pattern"],
)
def test_shapes_that_cannot_be_used_are_told(shapes: str) -> None:
    with pytest.raises(ValueError):
        results('x:a a x:C ; x:p "b" .', shapes)


@pytest.mark.parametrize(
    "shapes",
    [
        "<http://s.example.net/> owl:imports <http://remote.example.net/> .",
        'x:S a sh:NodeShape ; sh:js [ sh:jsFunctionName "f" ] .',
        'x:L sh:jsLibraryURL "http://remote.example.net/x.js"^^xsd:anyURI .',
        'x:S sh:sparql [ sh:select "SELECT $this { SERVICE <http://remote.example.net/> { $this ?p ?o } }" ] .',
        'x:S sh:sparql [ sh:select "SELECT $this { service silent ?x { $this ?p ?o } }" ] .',
        'x:S sh:validator [ sh:ask "ASK FROM <http://remote.example.net/> { $this ?p ?o }" ] .',
        'x:S sh:rule [ sh:construct "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <http://remote.example.net/> { ?s ?p ?o } }" ] .',
    ],
)
def test_shapes_that_reach_out_are_refused(shapes: str) -> None:
    assert list(check_shapes(graph(shapes)))


@pytest.mark.parametrize(
    "shapes", ["", TARGET + "sh:minCount 1 .", 'x:S sh:sparql [ sh:select "SELECT $this { $this ?p ?o }" ] .']
)
def test_shapes_that_stay_within_are_fine(shapes: str) -> None:
    assert list(check_shapes(graph(shapes))) == []
