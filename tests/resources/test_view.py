"""Views: what a page shows of a description."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from solnum_ld.iris import Names
from solnum_ld.namespaces import RDF, RDFS, SCHEMA
from solnum_ld.resources.view import Viewer
from solnum_ld.store.protocol import Description, PropertyValues

NAMES = Names("", "http://h.example/", "http://h.example/")


@pytest.mark.parametrize(
    ("iri", "href", "outside"),
    [
        ("http://h.example/id/a", "http://h.example/doc/a", False),
        ("https://schema.org/Book", "https://schema.org/Book", True),
        ("mailto:a@b.example", "mailto:a@b.example", True),
        ("urn:isbn:9782916571515", "http://h.example/describe?iri=urn%3Aisbn%3A9782916571515", False),
    ],
)
def test_a_value_leads_outside_only_where_its_link_does(iri: str, href: str, outside: bool) -> None:
    said = PropertyValues(ox.NamedNode("https://schema.org/about"), False, (ox.NamedNode(iri),), 1, False)
    description = Description("http://h.example/id/x", (said,), (), (), {}, (), ())
    (fact,) = Viewer(NAMES, "en").view(description, "http://h.example/doc/x").facts
    (value,) = fact.values
    assert (value.href, value.outside) == (href, outside)


def _cell(name: str, item: str, rest: str | None) -> list[ox.Triple]:
    return [
        ox.Triple(ox.BlankNode(name), ox.NamedNode(RDF + "first"), ox.Literal(item)),
        ox.Triple(
            ox.BlankNode(name), ox.NamedNode(RDF + "rest"), ox.BlankNode(rest) if rest else ox.NamedNode(RDF + "nil")
        ),
    ]


@pytest.mark.parametrize(
    ("second", "items"),
    [
        (_cell("b", "two", None), ["one", "two"]),
        (_cell("b", "two", "a"), []),  # a circle
        (_cell("b", "two", "c"), []),  # cut off
        ([*_cell("b", "two", None), *_cell("b", "three", None)], []),  # a fork
    ],
)
def test_a_whole_list_is_shown_as_one_and_anything_else_as_the_statements_it_is(
    second: list[ox.Triple], items: list[str]
) -> None:
    said = PropertyValues(ox.NamedNode("http://h.example/authors"), False, (ox.BlankNode("a"),), 1, False)
    nested = (*_cell("a", "one", "b"), *second)
    description = Description("http://h.example/id/x", (said,), (), nested, {}, (), ())
    (fact,) = Viewer(NAMES, "en").view(description, "http://h.example/doc/x").facts
    (value,) = fact.values
    assert [item.text.value for item in value.items] == items
    assert bool(value.nested) is not bool(items)


def test_a_thing_is_called_all_that_it_is_called_each_name_once() -> None:
    labels = [ox.Literal(text, language=tag) for text, tag in (("Brest", "fr"), ("Brest", "br"), ("Bresta", "zh-Latn"))]
    names = [
        ox.Literal("Brest"),
        ox.Literal("Bresta", language="zh-Latn"),
        ox.Literal("Ville", language="fr"),
        ox.Literal(" "),
    ]
    groups = tuple(
        PropertyValues(ox.NamedNode(iri), False, tuple(values), len(values), False)
        for iri, values in ((RDFS + "label", labels), (SCHEMA + "name", names))
    )
    description = Description("http://h.example/id/x", groups, (), (), {"http://h.example/id/x": tuple(labels)}, (), ())
    view = Viewer(NAMES, "fr").view(description, "http://h.example/doc/x")
    assert view.title.value == "Brest"
    assert {g.iri: [(v.text.value, v.text.language, v.tongue) for v in g.values] for g in view.facts} == {
        RDFS + "label": [("Brest", "br", "breton"), ("Bresta", "zh-latn", "chinois (Latn)")],
        SCHEMA + "name": [("Ville", "fr", "")],
    }
    assert all(g.count == len(g.values) for g in view.facts)
