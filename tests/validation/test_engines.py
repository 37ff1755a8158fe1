"""Both SHACL engines give one report: on every rejected example, on generated data, and on shapes of every kind."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from rdflib import Graph

from shapes.test_shapes import INVALID, SHAPES, VALID, batches, parse, subjects
from solnum_ld.validation import Result, native, reference
from solnum_ld.validation.division import divide_shapes
from solnum_ld.validation.engines import NATIVE_FROM, validate_file
from solnum_ld.validation.reading import read_graph
from support import ROOT

pytestmark = pytest.mark.skipif(not native.is_available(), reason="the package shacl has no wheel for this machine")


def told(results: list[Result]) -> Counter[tuple[str | None, ...]]:
    return Counter(
        (r.focus, r.path, r.value if not (r.value or "").startswith("_:") else "_:", r.shape, r.constraint, r.severity)
        for r in results
    )


def both(data: Graph, shapes: Graph, folder: Path) -> tuple[list[Result], list[Result]]:
    """Return what the reference finds, and what is found from a large file of the same triples."""
    file = folder / "data.nt"
    data.serialize(file, format="nt", encoding="utf-8")
    return reference.validate(read_graph(file), shapes), validate_file(file, NATIVE_FROM, shapes, lambda _: None)


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return parse(SHAPES)


def test_the_native_engine_takes_all_shapes_of_the_book(shapes: Graph) -> None:
    divided = divide_shapes(shapes)
    assert divided.shared
    assert not divided.kept


def test_shapes_stay_as_they_were_given(shapes: Graph) -> None:
    before = set(shapes)
    reference.validate(Graph(), shapes)
    assert set(shapes) == before


@pytest.mark.parametrize("number", range(len(batches(INVALID))))
def test_rejected_examples_are_reported_alike(number: int, shapes: Graph, tmp_path: Path) -> None:
    batch = batches(INVALID)[number]
    described = set().union(*map(subjects, batch.files))
    company = [file for file in VALID if not subjects(file) & described]
    expected, found = both(parse([*company, *batch.files]), shapes, tmp_path)
    assert expected
    assert told(found) == told(expected)
    assert [r.messages for r in found] == [r.messages for r in expected]


def test_generated_data_with_faults_is_reported_alike(shapes: Graph, tmp_path: Path) -> None:
    generate = [sys.executable, ROOT / "bench" / "generate.py", "--triples", "3000", "--out", tmp_path / "generated"]
    subprocess.run(generate, check=True, capture_output=True)
    data = Graph()
    for file in sorted((tmp_path / "generated" / "data").rglob("*")):
        if file.suffix in {".ttl", ".nt"}:
            data.parse(file)
    for number, triple in enumerate(sorted(data)):
        if number % 7 == 0:  # every seventh statement is lost
            data.remove(triple)
    expected, found = both(data, shapes, tmp_path)
    assert expected
    assert told(found) == told(expected)


PREFIXES = """
PREFIX ex: <http://example.org/> PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
"""
DATA = f"""{PREFIXES}
ex:a a ex:Thing ; ex:p "a"@fr, "b"@fr, "c"@en, "", "line\\nbreak", 1, 2.5, "x"^^xsd:integer, "2011-02-30"^^xsd:date, true ;
  ex:q ex:b, ex:c, [ ex:p 3 ] ; ex:next ex:b ; ex:low 3 ; ex:high 2 .
ex:b a ex:Special ; ex:p "É", "a.b", "a1" ; ex:q "a"@fr ; ex:next ex:c .
ex:c a ex:Thing, ex:Special ; ex:p ex:p, ex:a ; ex:next ex:a ; ex:same "a"@fr .
ex:d a ex:Thing .
ex:Special rdfs:subClassOf ex:Thing .
"""
GIVEN = {
    "class": "sh:path ex:q ; sh:class ex:Thing",
    "datatype": "sh:path ex:p ; sh:datatype xsd:integer",
    "kind of node": "sh:path ex:q ; sh:nodeKind sh:IRI",
    "counts": "sh:path ex:p ; sh:minCount 1 ; sh:maxCount 3",
    "lengths": "sh:path ex:p ; sh:minLength 1 ; sh:maxLength 2",
    "range": "sh:path ex:p ; sh:datatype xsd:integer ; sh:minInclusive 2 ; sh:maxExclusive 9",
    "pattern": "sh:path ex:p ; sh:pattern '^[a-z]([.]b|1)?$'",
    "languages": "sh:path ex:p ; sh:languageIn ('fr' 'de')",
    "one of each language": "sh:path ex:p ; sh:uniqueLang true",
    "equals": "sh:path ex:q ; sh:equals ex:next",
    "disjoint": "sh:path ex:q ; sh:disjoint ex:next",
    "has value": "sh:path ex:q ; sh:hasValue ex:b",
    "in": "sh:path ex:q ; sh:in (ex:b 'a'@fr)",
    "sequence": "sh:path (ex:q ex:p) ; sh:maxCount 2",
    "inverse": "sh:path [ sh:inversePath ex:q ] ; sh:minCount 1",
    "any length": "sh:path [ sh:zeroOrMorePath ex:next ] ; sh:maxCount 2",
    "alternative": "sh:path [ sh:alternativePath (ex:q ex:next) ] ; sh:nodeKind sh:Literal",
    "not": "sh:path ex:q ; sh:not [ sh:nodeKind sh:BlankNode ]",
    "or": "sh:path ex:p ; sh:or ([ sh:datatype xsd:integer ] [ sh:minLength 2 ])",
    "xone": "sh:path ex:p ; sh:xone ([ sh:nodeKind sh:Literal ] [ sh:datatype xsd:boolean ])",
    "qualified": "sh:path ex:q ; sh:qualifiedValueShape [ sh:class ex:Thing ] ; sh:qualifiedMinCount 3",
    "warning": "sh:path ex:p ; sh:minCount 2 ; sh:severity sh:Warning ; sh:message 'Deux'@fr, 'Two'@en",
}
KEPT = {
    "SPARQL": "sh:path ex:p ; sh:sparql [ sh:select 'SELECT $this ?value { $this $PATH ?value FILTER (isIRI(?value)) }' ]",
    "look-around": "sh:path ex:p ; sh:pattern '^(?!a)'",
    "classes by letter": "sh:path ex:p ; sh:pattern '^\\\\w+$'",
    "flags": "sh:path ex:p ; sh:pattern '^A' ; sh:flags 'i'",
    "what cannot be compared": "sh:path ex:p ; sh:minInclusive 2",
    "less than": "sh:path ex:low ; sh:lessThan ex:high",
    "closed": "sh:path ex:q ; sh:node [ sh:closed true ; sh:property [ sh:path ex:p ] ]",
    "switched off": "sh:path ex:p ; sh:maxCount 0 ; sh:deactivated true",
}


@pytest.mark.parametrize(("constraint", "given"), [(c, True) for c in GIVEN] + [(c, False) for c in KEPT])
def test_constraints_are_reported_alike_by_whichever_engine(constraint: str, given: bool, tmp_path: Path) -> None:
    stated = (GIVEN | KEPT)[constraint]
    shapes = Graph().parse(
        data=f"{PREFIXES} ex:S a sh:NodeShape ; sh:targetClass ex:Thing ; sh:property [ {stated} ] ."
    )
    divided = divide_shapes(shapes)
    assert (divided.shared, bool(divided.kept)) == (given, not given)
    expected, found = both(Graph().parse(data=DATA), shapes, tmp_path)
    assert expected or constraint == "switched off"
    assert told(found) == told(expected)
    assert [r.messages for r in found] == [r.messages for r in expected]


def test_shapes_left_to_the_reference_are_named(tmp_path: Path) -> None:
    one = f"{PREFIXES} ex:S a sh:NodeShape ; sh:targetClass ex:Thing ; sh:property [ {KEPT['SPARQL']} ] ."
    another = "ex:T a sh:NodeShape ; sh:targetClass ex:Special ; sh:property [ sh:path ex:p ; sh:maxCount 1 ] ."
    file = tmp_path / "data.nt"
    Graph().parse(data=DATA).serialize(file, format="nt", encoding="utf-8")
    for text in (one, one + another):
        heard: list[str] = []
        validate_file(file, NATIVE_FROM, Graph().parse(data=text), heard.append)
        assert len(heard) == 1
        assert "example.org/S" in heard[0]
        assert "example.org/T" not in heard[0]
