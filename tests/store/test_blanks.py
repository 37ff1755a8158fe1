"""Labels of blank nodes in descriptions."""

from __future__ import annotations

import random

import pyoxigraph as ox
import pytest

from solnum_ld.store.blanks import settled
from solnum_ld.store.protocol import Description, PropertyValues

X = "http://x.example.net/"
P, Q = ox.NamedNode(f"{X}p"), ox.NamedNode(f"{X}q")


def description(labels: list[str], *, count: int | None = None) -> Description:
    """Return a description of a tree: two values that are alike and one that is not, each with one node of its own."""
    nodes = [ox.BlankNode(label) for label in labels]
    values = tuple(sorted(nodes[:3], key=str))
    says = [ox.Triple(top, P, inner) for top, inner in zip(nodes[:3], nodes[3:], strict=True)]
    ends = [ox.Triple(inner, Q, ox.Literal(text)) for inner, text in zip(nodes[3:], "aab", strict=True)]
    group = PropertyValues(P, False, values, count or len(values), count is not None)
    return Description(f"{X}s", (group,), (), tuple(sorted([*says, *ends], key=str)), {}, (), ())


@pytest.mark.parametrize("seed", range(5))
def test_labels_depend_on_what_is_said_alone(seed: int) -> None:
    labels = [f"n{number}" for number in range(6)]
    other = labels.copy()
    random.Random(seed).shuffle(other)
    assert settled(description(other)) == settled(description(labels))


def test_nodes_of_a_list_that_goes_on_keep_the_labels_by_which_it_is_paged() -> None:
    found = settled(description([f"n{number}" for number in range(6)], count=9))
    assert [str(value) for value in found.outgoing[0].values] == ["_:n0", "_:n1", "_:n2"]
    assert {str(triple.object) for triple in found.nested if triple.predicate == P} == {"_:b0", "_:b1", "_:b2"}


def test_what_has_no_blank_node_stays_as_it_is() -> None:
    plain = Description(f"{X}s", (PropertyValues(P, False, (Q,), 1, False),), (), (), {}, (), ())
    assert settled(plain) is plain
