"""Orders spelled out: nothing is left to an engine's comparison of values of different kinds, and the order is the standard's."""

from __future__ import annotations

import signal
import subprocess
import sys

import pyoxigraph as ox
import pytest

from solnum_ld.errors import MalformedQuery
from solnum_ld.sparql.order import sorted_by, totally_ordered

XSD = "http://www.w3.org/2001/XMLSchema#"
P = "PREFIX a: <http://a/> "
NAME, KNOWS = frozenset({"http://a/name"}), frozenset({"http://a/knows"})
TYPE = frozenset({"http://www.w3.org/1999/02/22-rdf-syntax-ns#type"})
NONE: frozenset[str] = frozenset()


def ordered(values: list[str], condition: str, more: str = "") -> list[str]:
    """Return values in the order of a condition that is spelled out, as the engine sorts them."""
    query = f"SELECT ?v {{ VALUES ?v {{ {' '.join(values)} }} }} ORDER BY {condition} {more}"
    solutions = ox.Store().query(totally_ordered(query), base_iri="http://a/")
    assert isinstance(solutions, ox.QuerySolutions)
    return [str(row["v"]) for row in solutions]


def typed(value: str, name: str) -> str:
    return f'"{value}"^^<{XSD}{name}>'


@pytest.mark.parametrize(
    "values",
    [
        ["UNDEF", "<http://a/a>", "<http://a/b>", "1", '"a"', typed("2020", "gYear")],
        [typed("-INF", "double"), "-3", "0.5", "1", "1.5", "2e0", "10", typed("INF", "float"), typed("NaN", "double")],
        ['"10"', '"9"', '"9 jeunes"@en', '"9 jeunes"@fr', '"a"', '"a"@fr', '"é"'],
        [typed("false", "boolean"), typed("true", "boolean")],
        [
            typed("-0044-03-15T00:00:00Z", "dateTime"),
            typed("2020-01-01T10:00:00+14:00", "dateTime"),
            typed("2020-01-01T00:00:00", "dateTime"),
            typed("2020-01-01T00:00:00.5Z", "dateTime"),
            typed("2019-12-31T20:00:00-05:00", "dateTime"),
            typed("10000-01-01T00:00:00Z", "dateTime"),
        ],
        [typed("2019-12-31", "date"), typed("2020-01-01+01:00", "date"), typed("2020-01-01", "date")],
    ],
)
def test_values_that_compare_are_in_order(values: list[str]) -> None:
    def plain(terms: list[str]) -> list[str]:
        rows = ox.Store().query(f"SELECT ?v {{ VALUES ?v {{ {' '.join(terms)} }} }}")
        assert isinstance(rows, ox.QuerySolutions)
        return [str(row["v"]) for row in rows]

    assert ordered(values[::-1], "?v") == plain(values)
    assert ordered(values, "DESC(?v)") == plain(values[::-1])


def test_conditions_stay_in_turn_and_what_follows_them_too() -> None:
    query = "SELECT ?v ?w { VALUES (?v ?w) { (1 'b') (2 'a') (1 'a') } } ORDER BY desc ( ?v ) # first\n LCASE(?w) LIMIT 2 OFFSET 1"
    solutions = ox.Store().query(totally_ordered(query))
    assert isinstance(solutions, ox.QuerySolutions)
    assert [(row["v"].value, row["w"].value) for row in solutions] == [("1", "a"), ("1", "b")]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?s { ?s ?p ?o } ORDER BY (?o) ?s VALUES ?s { 1 }",
        "SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?s HAVING (?n > 1) ORDER BY DESC(COUNT(*)) ASC(?s + 1)",
        "SELECT * { { SELECT ?s { ?s ?p ?o } ORDER BY ?o LIMIT 3 } { SELECT ?o { ?s ?p ?o } ORDER BY ?s } }",
        "SELECT * { ?s ?p ?o } ORDER BY EXISTS { ?s ?p 1 } NOT EXISTS { ?o ?q ?r } <http://www.w3.org/2001/XMLSchema#string>(?o)",
        'SELECT * { ?s ?p ?o FILTER(?o != "ORDER BY ?x") } order by IF(BOUND(?o), ?o, ")") # ORDER BY ?s',
        "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } ORDER BY ?s LIMIT 3",
        "PREFIX x: <http://www.w3.org/2001/XMLSchema#> SELECT * { ?s ?p ?o } ORDER BY x:integer(?o) LIMIT 2",
    ],
)
def test_every_form_of_a_condition_still_parses(query: str) -> None:
    spelled = totally_ordered(query)
    assert spelled.count("isBlank") >= 1
    ox.Store().query(spelled)


@pytest.mark.parametrize(
    "query", ["ASK {}", "SELECT * { ?ORDER ?BY 'ORDER BY ?x' }", "SELECT * {} ORDER BY", "ORDER BY ("]
)
def test_what_has_no_order_stays_as_it_is(query: str) -> None:
    assert totally_ordered(query) == query


def test_an_order_that_would_grow_past_all_bounds_is_refused() -> None:
    with pytest.raises(MalformedQuery, match="too long"):
        totally_ordered(f"SELECT * {{}} ORDER BY {'?x ' * 20_000}")


@pytest.mark.parametrize(
    ("query", "properties"),
    [
        ("SELECT * { ?s ?p ?o }", NONE),
        ("SELECT ?s { ?s a:name ?n } ORDER BY ?n", NAME),
        ("SELECT ?s { ?s a ?n } ORDER BY ?n", TYPE),
        ("SELECT ?s { ?s a:knows/a:name ?n . ?n a:knows ?o } ORDER BY ?n", NAME),
        ("SELECT ?s { ?s ^a:name ?n ; a:knows ?s } ORDER BY ?n", NONE),
        ("SELECT ?s { ?x a:knows 1 . ?s a:name ?n FILTER(?n > 3 && STRLEN(?n) > 1) } ORDER BY ?s ?n", NAME),
        ("SELECT ?s { OPTIONAL { ?s a:name ?n } OPTIONAL { ?s a:knows ?n } } ORDER BY ?n", NAME | KNOWS),
        ("SELECT ?p { ?s ?p ?o } ORDER BY ?p", NONE),
        ("SELECT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g", NONE),
        ("SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?s ORDER BY DESC(?n) ?s", NONE),
        ("SELECT * { ?s ?p ?o } ORDER BY STR(?o) DESC(LCASE(?p)) (STRLEN(?o))", NONE),
        ("SELECT * { ?s ?p ?o BIND(STR(?o) AS ?n) } ORDER BY ?n", NONE),
        ("SELECT * { ?s a:name ?n # ?s ?p ?n\n } ORDER BY ?n", NAME),
    ],
)
def test_what_a_query_is_sorted_by_is_told(query: str, properties: frozenset[str]) -> None:
    assert sorted_by(P + query) == properties


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p ?o } ORDER BY ?o",
        "SELECT * { ?s a:name ?n . ?x ?y ?n } ORDER BY ?n",
        "SELECT * { ?s a:name ?x, ?n } ORDER BY ?n",
        "SELECT * { ?s (a:name|a:knows) ?n } ORDER BY ?n",
        "SELECT * { ?s a:name|a:knows ?n } ORDER BY ?n",
        "SELECT * { ?s !a:name ?n } ORDER BY ?n",
        "SELECT * { ?s a:name* ?n } ORDER BY ?n",
        "SELECT * { ?s a:name? ?n } ORDER BY ?n",
        "SELECT * { ?s a:name (?n) } ORDER BY ?n",
        "SELECT * { ?s a:name(?n) } ORDER BY ?n",
        "SELECT * { VALUES ?n { 1 'a' } } ORDER BY ?n",
        "SELECT * { VALUES (?m ?n) { (1 'a') } } ORDER BY ?n",
        "SELECT * { ?s a:name ?n } ORDER BY ?n VALUES ?n { 1 'a' }",
        "SELECT * { ?s ?p ?o BIND(?o AS ?n) } ORDER BY ?n",
        "SELECT (?o AS ?n) { ?s ?p ?o } ORDER BY ?n",
        "SELECT (SAMPLE(?o) AS ?n) { ?s ?p ?o } GROUP BY ?s ORDER BY ?n",
        "SELECT * { ?s a:name ?n } ORDER BY IF(?s = 1, ?n, 1)",
        "SELECT * { ?s a:name ?n } ORDER BY COALESCE(?n, 1)",
        "SELECT * { ?s <name> ?n } ORDER BY ?n",
        "SELECT * { ?s b:name ?n } ORDER BY ?n",
        "SELECT * { <<?s a:name ?n>> ?q ?n } ORDER BY ?n",
    ],
)
def test_what_a_query_is_sorted_by_is_not_guessed(query: str) -> None:
    assert sorted_by(P + query) is None


MIXED = f"""
import random, sys
import pyoxigraph as ox
from solnum_ld.sparql.order import totally_ordered

def typed(names, *values):
    return [ox.Literal(v, datatype=ox.NamedNode("{XSD}" + name)) for name in names.split() for v in values]

terms = [
    *(ox.Literal(text, language=tag) for text in ("1", "10 jeunes", "9", "b") for tag in ("fr", "en")),
    *(ox.Literal(text) for text in ("", "1", "10", "9", "2020-01-01", "x")),
    *typed("integer decimal double float", "1", "9", "10", "16777216", "16777217", "9007199254740993", "-3"),
    *typed("decimal double float", "1.5", "0.1"), *typed("double float", "NaN", "INF", "-INF"),
    *typed("integer boolean dateTime date double", "wrong"), *typed("boolean", "true", "false", "1"),
    *typed("dateTime", "2020-01-01T00:00:00", "2020-01-01T00:00:00Z", "2020-01-01T10:00:00+14:00", "2020-01-01T05:00:00"),
    *typed("date", "2020-01-01", "2020-01-01Z", "2020-01-01+14:00"), *typed("time", "10:00:00", "10:00:00Z", "09:00:00+14:00"),
    *typed("gYear", "2020", "2019Z"), *typed("duration", "P1M", "P30D", "PT1H"), *typed("dayTimeDuration", "P30D", "PT1H"),
    ox.NamedNode("http://a/"), ox.BlankNode("b"),
]
draw = random.Random(sys.argv[2])
terms += typed("integer decimal", *(str(draw.randrange(1000)) for _ in range(100)))
terms += [ox.Literal(f"{{draw.randrange(1000)}} jeunes", language="fr") for _ in range(200)]
store = ox.Store()
for n in range(1500):
    store.add(ox.Quad(ox.NamedNode(f"http://s/{{n}}"), ox.NamedNode("http://p"), draw.choice(terms)))
query = "SELECT ?o {{ ?s ?p ?o }} ORDER BY " + sys.argv[3]
print(len(list(store.query(totally_ordered(query) if sys.argv[1] == "spelled" else query))))
"""


def sort_apart(how: str, seed: int, condition: str) -> subprocess.CompletedProcess[bytes]:
    """Sort values of all kinds in a process of its own, which the engine may end."""
    command = [sys.executable, "-c", MIXED, how, str(seed), condition]
    return subprocess.run(command, capture_output=True, check=False)


@pytest.mark.parametrize("condition", ["?o", "DESC(?o) ?s", "RAND()", "IF(RAND() < 0.5, ?o, ?s)"])
def test_no_mixture_breaks_the_engine_when_the_order_is_spelled_out(condition: str) -> None:
    for seed in range(3):
        done = sort_apart("spelled", seed, condition)
        assert (done.returncode, done.stdout) == (0, b"1500\n"), done.stderr[-300:]


def test_the_engine_still_needs_this() -> None:
    """When this fails the engine has mended its sort: this module and its uses can go."""
    assert -signal.SIGABRT in {sort_apart("plain", seed, "?o").returncode for seed in range(5)}
