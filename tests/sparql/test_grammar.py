"""Where a query stops being SPARQL: the grammar agrees with the engine, and names the place and what was missing."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solnum_ld.sparql.grammar import explain, find_mistake

QUESTIONS = sorted((Path(__file__).parents[1] / "competency").glob("*.rq"))
QUERIES = [path.read_text("utf-8") for path in QUESTIONS]
MORE = [
    "ASK {}",
    "SELECT * { ?s ?p (1 2.5 -3e4 [] () [ a <x:y> ; <x:p> 'a'@fr, \"b\"^^<x:d> ]) }",
    "SELECT (COUNT(DISTINCT *) AS ?n) (GROUP_CONCAT(?x; SEPARATOR = ', ') AS ?l) { ?x ?y ?z } GROUP BY ?z (STR(?y) AS ?w) HAVING (?n > 1)",
    "CONSTRUCT WHERE { ?s ?p ?o . } LIMIT 1 OFFSET 2",
    "CONSTRUCT { ?s ?p ?o } FROM <x:g> FROM NAMED <x:h> WHERE { GRAPH ?g { ?s ?p ?o } } ORDER BY DESC(?s) ?p",
    "DESCRIBE * { ?s ?p ?o }",
    "DESCRIBE <x:a> ?b WHERE { ?b ?p 1 }",
    "SELECT * { ?a (<x:p>|^<x:q>/<x:r>*)+ ?b . ?a !(<x:p>|^a) ?c . ?a !a ?d }",
    "SELECT * { { SELECT ?x { ?x ?y ?z } LIMIT 1 } UNION { } MINUS { ?a ?b ?c } OPTIONAL { } FILTER NOT EXISTS { ?x a ?y } }",
    "SELECT * { VALUES (?x ?y) { (1 UNDEF) (<x:a> 'b') } VALUES ?z { true } } VALUES ?q { 1 }",
    "SELECT (1+2-3*-4/+5 AS ?x) (!(?a = 1 && ?b != 2 || ?c IN (1, 2)) AS ?y) (IF(BOUND(?a), ?b NOT IN (), 1-1) AS ?z) {}",
    "BASE <http://x/> PREFIX a: <#> PREFIX : <b> SELECT * { a:b\\,c :%20d a: . :e.f a:g:h _:i1.j }",
    'SELECT * { ?s ?p \'\'\'it\'s "\\"\'\'\' , """two\nlines""" }',
]


@pytest.mark.parametrize("query", [*QUERIES, *MORE])
def test_what_the_engine_takes_has_no_mistake(query: str) -> None:
    ox.Store().query(query)
    assert find_mistake(query) is None


@pytest.mark.parametrize(
    ("query", "at", "expected"),
    [
        ("ASK {", 5, "}"),
        ("SELECT * WHERE { ?s ?p }", 23, "variable"),
        ("SELECT ?x { ?x a ?y } LIMIT", 27, "whole number"),
        ("SELECT COUNT(?x) { ?x ?y ?z }", 7, "("),
        ("ASK { ?s ?p 1 . . }", 16, "}"),
        ("ASK { FILTER(?x = ) }", 18, "string"),
        ("SELECT * {} }", 12, "end of the query"),
        ("SELECT * { ?x <http://a b> ?y }", 14, "<IRI>"),
        ("DESCRIBE", 8, "variable"),
    ],
)
def test_mistake_has_its_place_and_what_was_expected(query: str, at: int, expected: str) -> None:
    mistake = find_mistake(query)
    assert mistake is not None
    assert mistake.at == at
    assert expected in mistake.expected


def test_message_counts_lines_and_names_the_bracket_that_is_open() -> None:
    error = explain("SELECT * {\n  ?s ?p (1 2\n")
    assert error is not None
    assert (error.line, error.column) == (3, 1)
    assert "( of line 2, column 9" in str(error)
    assert "expected is “)”, " in str(error)


PARTS = re.compile(r"\s+|<[^<>\s]*>|\"[^\"\n]*\"|'[^'\n]*'|[\w:?]+|.", re.DOTALL)


@settings(max_examples=300)
@given(query=st.sampled_from([*QUERIES, *MORE]), data=st.data())
def test_a_mistake_is_one_for_the_engine_too(query: str, data: st.DataObject) -> None:
    """Drop or double a part of a query, or cut it: what the grammar refuses, the engine refuses as well.

    But for a property without a value and a doubled negation, which it lets pass.
    """
    parts = PARTS.findall(query)
    at = data.draw(st.sampled_from([index for index, part in enumerate(parts) if part.strip()]))
    change = data.draw(st.sampled_from(["drop", "double", "cut"]))
    parts[at:] = {"drop": [" ", *parts[at + 1 :]], "double": [f"{parts[at]} ", *parts[at:]], "cut": []}[change]
    changed = "".join(parts)
    mistake = find_mistake(changed)
    assume(mistake is None or mistake.found not in {";", ".", "!"})
    if mistake is not None:
        with pytest.raises(SyntaxError):
            ox.Store().query(changed)
