"""Views: what a page shows of a description."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from solnum_ld.iris import Names
from solnum_ld.namespaces import RDF, RDFS, SCHEMA, XSD
from solnum_ld.resources.view import Speaker, Viewer
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


@pytest.mark.parametrize(
    ("lexical", "name", "french", "english"),
    [
        ("-0043", "gYear", "44 av.\u00a0J.-C.", "44\u00a0BC"),
        ("0079", "gYear", "79", "79"),
        ("-0043-03", "gYearMonth", "mars 44 av.\u00a0J.-C.", "March 44\u00a0BC"),
        ("-0043-03-15", "date", "15 mars 44 av.\u00a0J.-C.", "15 March 44\u00a0BC"),
        ("0079-08-24T13:00:00Z", "dateTime", "24 août 79, 13:00", "24 August 79, 13:00"),
        ("--07-14", "gMonthDay", "14 juillet", "14 July"),
        ("---05", "gDay", "le 5 du mois", "day 5 of the month"),
        ("--07", "gMonth", "juillet", "July"),
        ("INF", "double", "infini", "infinity"),
        ("-INF", "float", "moins l’infini", "minus infinity"),
        ("NaN", "double", "pas un nombre", "not a number"),
        ("2.5E0", "double", "2,5", "2.5"),
        ("1e999", "double", "1e999", "1e999"),
        ("12", "unsignedByte", "12", "12"),
        ("P14D", "duration", "14 jours", "14 days"),
        ("PT1H30M", "dayTimeDuration", "1 heure 30 minutes", "1 hour 30 minutes"),
        ("P", "duration", "P", "P"),
        ("20:30:00", "time", "20 h 30", "20:30"),
    ],
)
def test_values_are_read_aloud(lexical: str, name: str, french: str, english: str) -> None:
    literal = ox.Literal(lexical, datatype=ox.NamedNode(XSD + name))
    for language, said in (("fr", french), ("en", english)):
        value = Speaker(NAMES, language, {}).value(literal)
        assert (value.text.value, value.datatype) == (said, "")


def test_things_that_would_be_called_alike_are_told_apart() -> None:
    iris = [f"http://x.example/{end}" for end in ("a/1", "b/1", "a/2", "named/1")]
    alike = ["http://h.example/id/doc/1", "http://h.example/id/doc/2"]
    known = ["http://www.w3.org/2003/01/geo/wgs84_pos#lat", "https://schema.org/latitude"]
    labels = {iri: (ox.Literal("Traité"),) for iri in alike}
    speaker = Speaker(NAMES, "en", {iris[3]: (ox.Literal("Treatise"),), **labels})
    values = [speaker.value(ox.NamedNode(iri)) for iri in (*iris, *alike, *known, iris[0])]
    assert [(value.text.value, value.aside) for value in map(speaker.told_apart(values), values)] == [
        ("x.example/a/1", ""),
        ("x.example/b/1", ""),
        ("2 (x.example)", ""),
        ("Treatise", ""),
        ("Traité", "doc/1"),
        ("Traité", "doc/2"),
        ("latitude", "wgs:lat"),
        ("latitude", "schema:latitude"),
        ("x.example/a/1", ""),
    ]
    said = PropertyValues(ox.NamedNode("http://h.example/p"), False, tuple(map(ox.NamedNode, iris[:3])), 3, False)
    (fact,) = Viewer(NAMES, "en").view(Description("http://h.example/id/x", (said,), (), (), {}, (), ()), "").facts
    assert [value.text.value for value in fact.values] == ["2 (x.example)", "x.example/a/1", "x.example/b/1"]


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
    assert {g.iri: [(v.text.value, v.text.language, v.aside) for v in g.values] for g in view.facts} == {
        RDFS + "label": [("Brest", "br", "breton"), ("Bresta", "zh-latn", "chinois (Latn)")],
        SCHEMA + "name": [("Ville", "fr", "")],
    }
    assert all(g.count == len(g.values) for g in view.facts)


WKT = ox.NamedNode("http://www.opengis.net/ont/geosparql#wktLiteral")
AREA = f"POLYGON(({', '.join(f'{n / 100} 0' for n in range(801))}, 8 4, 0 6, 0 0))"


@pytest.mark.parametrize(
    ("literal", "said", "datatype"),
    [
        (ox.Literal("POINT(-4.25 48.5)", datatype=WKT), "latitude 48.5°, longitude −4.25°", ""),
        (ox.Literal(AREA, datatype=WKT), "area of 804 points, around latitude 2.53333°, longitude 3.73333°", ""),
        (ox.Literal("nowhere", datatype=WKT), "nowhere", "wkt literal"),
        (ox.Literal("A 3", datatype=ox.NamedNode("http://h.example/terms#ShelfMark")), "A 3", "shelf mark"),
        (ox.Literal("A 3", datatype=ox.NamedNode("http://h.example/named")), "A 3", "Named"),
    ],
)
def test_forms_and_datatypes_are_told_in_words(literal: ox.Literal, said: str, datatype: str) -> None:
    value = Speaker(NAMES, "en", {"http://h.example/named": (ox.Literal("Named"),)}).value(literal)
    assert (value.text.value, value.datatype) == (said, datatype)


@pytest.mark.parametrize(
    ("classes", "shown"),
    [(("Birth", "Death"), [["type", "date"], ["type", "date"]]), (("Birth", "Birth"), [["date"], ["date"]])],
)
def test_blank_nodes_side_by_side_say_of_which_class_they_are_where_that_differs(
    classes: tuple[str, str], shown: list[list[str]]
) -> None:
    nodes = (ox.BlankNode("a"), ox.BlankNode("b"))
    nested = [
        triple
        for node, name in zip(nodes, classes, strict=True)
        for triple in (
            ox.Triple(node, ox.NamedNode("http://h.example/date"), ox.Literal(name)),
            ox.Triple(node, ox.NamedNode(RDF + "type"), ox.NamedNode(f"http://h.example/{name}")),
        )
    ]
    said = PropertyValues(ox.NamedNode("http://h.example/event"), False, nodes, 2, False)
    description = Description("http://h.example/id/x", (said,), (), tuple(nested), {}, (), ())
    (fact,) = Viewer(NAMES, "en").view(description, "http://h.example/doc/x").facts
    assert [[group.label.value for group in value.nested] for value in fact.values] == shown


def test_the_lines_of_an_address_stand_in_their_order() -> None:
    node = ox.BlankNode("a")
    lines = {"addressCountry": "France", "addressLocality": "Lyon", "postalCode": "69001", "streetAddress": "1, rue A"}
    nested = tuple(ox.Triple(node, ox.NamedNode(SCHEMA + name), ox.Literal(text)) for name, text in lines.items())
    said = PropertyValues(ox.NamedNode(SCHEMA + "address"), False, (node,), 1, False)
    description = Description("http://h.example/id/x", (said,), (), nested, {}, (), ())
    (fact,) = Viewer(NAMES, "en").view(description, "http://h.example/doc/x").facts
    assert [group.values[0].text.value for group in fact.values[0].nested] == list(reversed(lines.values()))


@pytest.mark.parametrize(
    ("literal", "said", "href", "outside"),
    [
        (ox.Literal("https://schema.org/Monday"), "lundi", "https://schema.org/Monday", True),
        (ox.Literal("http://x.example/a/1"), "http://x.example/a/1", "http://x.example/a/1", True),
        (ox.Literal("http://h.example/id/"), "http://h.example/id/", "http://h.example/id/", False),
        (ox.Literal("see http://x.example/a"), "see http://x.example/a", None, False),
        (ox.Literal("javascript:alert(1)"), "javascript:alert(1)", None, False),
        (ox.Literal('https://x.example/"><b>'), 'https://x.example/"><b>', None, False),
        (ox.Literal("2026-06-22"), "22 juin 2026", None, False),
        (ox.Literal("2026-06-22", language="fr"), "2026-06-22", None, False),
    ],
)
def test_text_that_is_nothing_but_an_address_or_a_date_is_shown_as_one(
    literal: ox.Literal, said: str, href: str | None, outside: bool
) -> None:
    value = Speaker(NAMES, "fr", {}).value(literal)
    assert (value.text.value, value.href, value.outside) == (said, href, outside)


def test_of_a_blank_node_with_a_name_alone_the_name_is_shown() -> None:
    node = ox.BlankNode("a")
    nested = (
        ox.Triple(node, ox.NamedNode(SCHEMA + "name"), ox.Literal("Anonyme")),
        ox.Triple(node, ox.NamedNode(RDF + "type"), ox.NamedNode(SCHEMA + "Person")),
    )
    said = PropertyValues(ox.NamedNode(SCHEMA + "creator"), False, (node,), 1, False)
    description = Description("http://h.example/id/x", (said,), (), nested, {}, (), ())
    (fact,) = Viewer(NAMES, "fr").view(description, "http://h.example/doc/x").facts
    assert [(value.text.value, value.nested) for value in fact.values] == [("Anonyme", ())]


def test_classes_that_are_called_alike_are_named_once() -> None:
    kinds = tuple(
        ox.NamedNode(iri) for iri in ("http://h.example/a#Town", "http://h.example/b#Town", "http://h.example/b#City")
    )
    said = PropertyValues(ox.NamedNode(RDF + "type"), False, kinds, 3, False)
    view = Viewer(NAMES, "fr").view(Description("http://h.example/id/x", (said,), (), (), {}, (), ()), "")
    assert [(kind.text.value, kind.iri) for kind in view.types] == [
        ("town", "http://h.example/a#Town"),
        ("city", "http://h.example/b#City"),
    ]
