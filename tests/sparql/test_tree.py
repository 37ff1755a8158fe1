"""Queries as trees: nothing of a query is lost, and depth costs no recursion."""

from __future__ import annotations

import pytest

from solnum_ld.sparql.tree import reworded, tree
from sparql.test_grammar import MORE, QUERIES


@pytest.mark.parametrize("query", [*QUERIES, *MORE])
def test_a_query_whose_words_stay_is_the_same(query: str) -> None:
    assert reworded(query, tree(query), lambda _: None) == query


@pytest.mark.parametrize("query", [*QUERIES, *MORE])
def test_nodes_come_after_what_is_within_them_and_cover_it(query: str) -> None:
    seen: set[int] = set()
    for node in tree(query):
        assert all(id(part) in seen for part in node.parts)
        assert not node.parts or (node.start, node.end) == (node.parts[0].start, node.parts[-1].end)
        seen.add(id(node))


def test_a_tree_is_reworded_as_often_as_is_wanted() -> None:
    query = "SELECT (1 + ?x AS ?y) {}"
    nodes = tree(query)
    before = [node.text for node in nodes]
    for _ in range(2):
        assert reworded(query, nodes, lambda n: "(2)" if n.text == "1" else None) == query.replace("1", "(2)")
        assert [node.text for node in nodes] == before


def test_depth_costs_no_recursion() -> None:
    query = f"SELECT ({'(' * 3000}1{')' * 3000} AS ?x) {{}}"
    worded = reworded(query, tree(query), lambda node: "2" if node.symbol == "integer" else None)
    assert worded == query.replace("1", "2")
    assert sum(1 for _ in tree(query)[-1].within("Bracketted")) == 3000
