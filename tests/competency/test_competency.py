"""Competency questions: what the data must be able to answer, against answers worked out by hand from the source.

Each `cq-NN-slug.rq` (SPARQL 1.1 Query) stands beside its answer `cq-NN-slug.tsv` (SPARQL 1.1 Query Results, TSV).
The queries run on the default graph of a release: the union of the data, the vocabulary and the derived triples.
"""

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import pyoxigraph as ox
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GRAPHS = "https://w3id.org/solnum/graph/"
QUERIES = sorted(HERE.glob("cq-*.rq"))
XSD = "http://www.w3.org/2001/XMLSchema#"
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)

Cell: TypeAlias = str | tuple[str, Decimal] | None
Row: TypeAlias = tuple[Cell, ...]


def cell(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> Cell:
    """Return a comparable value: a number by datatype and value, for the store keeps no lexical form of it."""
    if isinstance(term, ox.Literal) and term.datatype.value in {XSD + "integer", XSD + "decimal"}:
        return term.datatype.value, Decimal(term.value)
    return None if term is None else str(term)


def rows(solutions: ox.QuerySolutions) -> list[Row]:
    return [tuple(map(cell, solution)) for solution in solutions]


def variables(solutions: ox.QuerySolutions) -> list[str]:
    return [variable.value for variable in solutions.variables]


def answer(rq: Path) -> ox.QuerySolutions:
    parsed = ox.parse_query_results(rq.with_suffix(".tsv").read_bytes(), format=ox.QueryResultsFormat.TSV)
    assert isinstance(parsed, ox.QuerySolutions)
    return parsed


def ask(store: ox.Store, rq: Path) -> ox.QuerySolutions:
    result = store.query(rq.read_text(encoding="utf-8"))
    assert isinstance(result, ox.QuerySolutions), "a competency question is a SELECT"
    return result


def load(store: ox.Store, path: Path, graph: ox.NamedNode | None) -> None:
    """Add a Turtle file to its named graph, if any, and to the default graph, where equal triples fall together."""
    for quad in ox.parse(path=path, format=ox.RdfFormat.TURTLE):
        store.add(ox.Quad(quad.subject, quad.predicate, quad.object, ox.DefaultGraph()))
        if graph is not None:
            store.add(ox.Quad(quad.subject, quad.predicate, quad.object, graph))


def derive(store: ox.Store, rules: list[str]) -> None:
    """Run the CONSTRUCT rules again and again until they add nothing new."""
    before = -1
    while before != len(store):
        before = len(store)
        for rule in rules:
            result = store.query(rule)
            assert isinstance(result, ox.QueryTriples), "a rule is a CONSTRUCT"
            for triple in list(result):
                store.add(ox.Quad(triple.subject, triple.predicate, triple.object, ox.DefaultGraph()))


@pytest.fixture(scope="module")
def dataset() -> ox.Store:
    store = ox.Store()
    data = ROOT / "data"
    for path in sorted(data.rglob("*.ttl")):
        load(store, path, ox.NamedNode(GRAPHS + path.relative_to(data).with_suffix("").as_posix()))
    load(store, ROOT / "ontology" / "solnum.ttl", None)
    derive(store, [rule.read_text(encoding="utf-8") for rule in sorted((ROOT / "ontology" / "rules").glob("*.rq"))])
    return store


@pytest.mark.parametrize("rq", QUERIES, ids=lambda path: path.stem)
def test_competency_question_gets_its_answer(rq: Path, dataset: ox.Store) -> None:
    found, expected = ask(dataset, rq), answer(rq)
    assert variables(found) == variables(expected)
    got, wanted = rows(found), rows(expected)
    assert Counter(got) == Counter(wanted)  # answers are a bag
    if re.search(r"\bORDER\s+BY\b", COMMENT.sub("", rq.read_text(encoding="utf-8"))):
        assert got == wanted


@pytest.mark.parametrize("rq", QUERIES, ids=lambda path: path.stem)
def test_question_is_asked_in_french_and_in_english(rq: Path) -> None:
    french, english = rq.read_text(encoding="utf-8").splitlines()[:2]
    assert re.fullmatch(r"# fr: \S.*\?.*", french)
    assert re.fullmatch(r"# en: \S.*\?.*", english)


@pytest.mark.parametrize("rq", QUERIES, ids=lambda path: path.stem)
def test_an_answer_is_empty_only_where_the_name_says_none(rq: Path) -> None:
    assert (not rows(answer(rq))) == rq.stem.endswith("-none")


def test_there_are_at_least_thirty_questions_each_with_its_answer() -> None:
    assert len(QUERIES) >= 30
    assert {path.stem for path in QUERIES} == {path.stem for path in HERE.glob("cq-*.tsv")}


def test_questions_are_numbered_without_gap() -> None:
    assert [int(path.stem.split("-")[1]) for path in QUERIES] == list(range(1, len(QUERIES) + 1))
