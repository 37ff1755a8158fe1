"""Descriptions as simple Dublin Core: what becomes of each property, and of texts that XML cannot hold as they are."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
from lxml import etree

from solnum_ld.namespaces import DCTERMS, PROV, RDF_TYPE, RDFS, SCHEMA, SCHEMA_HTTP
from solnum_ld.oai.dcat_ap import dcat_ap
from solnum_ld.oai.dublin_core import dublin_core
from solnum_ld.store.protocol import Description, PropertyValues, Term

SCHEMA_OF_DC = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas/oai_dc.xsd"))
IRI = "http://a.example/x"
HTML = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML")
LANGUAGES = "http://publications.europa.eu/resource/authority/language/"


def say(
    statements: dict[str, list[Term]], labels: dict[str, list[ox.Literal]] | None = None
) -> list[tuple[str, str, str | None]]:
    """Return (element, text, language) of the Dublin Core of a resource of which this is stated."""
    groups = tuple(PropertyValues(ox.NamedNode(name), False, tuple(v), len(v), False) for name, v in statements.items())
    named = {iri: tuple(texts) for iri, texts in (labels or {}).items()}
    written = etree.tostring(dublin_core(Description(IRI, groups, (), (), named, (), ())), encoding="utf-8")
    root = etree.fromstring(written)
    SCHEMA_OF_DC.assertValid(root)
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    return [(etree.QName(child).localname, child.text or "", child.get(language)) for child in root]


def test_what_has_no_name_is_called_by_its_iri() -> None:
    assert say({}) == [("title", IRI, None), ("identifier", IRI, None)]


def test_the_best_name_is_the_title_in_all_its_languages() -> None:
    found = say(
        {
            RDFS + "label": [ox.Literal("Livre", language="fr"), ox.Literal("Book", language="en")],
            SCHEMA + "name": [ox.Literal("L")],
        }
    )
    assert found[:2] == [("title", "Livre", "fr"), ("title", "Book", "en")]
    assert ("title", "L", None) not in found


def test_a_person_is_called_by_given_and_family_name() -> None:
    found = say({SCHEMA + "givenName": [ox.Literal("Ada")], SCHEMA + "familyName": [ox.Literal("Lovelace")]})
    assert found[0] == ("title", "Ada Lovelace", None)


def test_texts_that_xml_cannot_hold_reach_the_harvester() -> None:
    odd = ["</dc:title> & \"quotes\" 'x' ]]>", "🧪 שלום", "a\x08b\x00\ufffe", "x" * 10_000, "  "]
    found = [text for name, text, _ in say({RDFS + "label": [ox.Literal(text) for text in odd]}) if name == "title"]
    assert found == [odd[0], odd[1], "ab", odd[3]]


def test_markup_is_taken_out_of_what_is_html_and_kept_where_it_is_text() -> None:
    texts: list[Term] = [
        ox.Literal("<p>a &amp;\n <b>b</b></p>", datatype=HTML),
        ox.Literal("<p>", datatype=HTML),
        ox.Literal("a < b"),
    ]
    assert [text for name, text, _ in say({DCTERMS + "description": texts}) if name == "description"] == [
        "a & b",
        "a < b",
    ]


def test_resources_are_named_where_people_read_and_linked_where_they_are_links() -> None:
    place, agent, source = (ox.NamedNode(f"http://a.example/{name}") for name in ("place", "agent", "source"))
    found = say(
        {
            SCHEMA + "location": [place],
            DCTERMS + "publisher": [agent],
            PROV + "wasDerivedFrom": [source],
            SCHEMA + "license": [source],
        },
        {place.value: [ox.Literal("Brest", language="fr")]},
    )
    assert ("coverage", "Brest", "fr") in found
    assert ("publisher", agent.value, None) in found
    assert ("source", source.value, None) in found
    assert ("rights", source.value, None) in found


def test_languages_are_coded_as_libraries_code_them() -> None:
    values: list[Term] = [
        ox.Literal("fr"),
        ox.NamedNode(f"{LANGUAGES}ENG"),
        ox.Literal("de-AT"),
        ox.Literal("wo"),
        ox.NamedNode(f"{LANGUAGES}FRA"),
    ]
    assert [text for name, text, _ in say({SCHEMA + "inLanguage": values}) if name == "language"] == [
        "fre",
        "eng",
        "ger",
        "wo",
    ]


def test_classes_become_types_of_dcmi_where_there_is_one_and_their_names() -> None:
    book, own = ox.NamedNode(SCHEMA_HTTP + "Book"), ox.NamedNode("http://a.example/Account")
    found = say({RDF_TYPE: [book, own]}, {own.value: [ox.Literal("Notice", language="fr")]})
    assert [(text, language) for name, text, language in found if name == "type"] == [("Text", None), ("Notice", "fr")]


def test_what_rdf_xml_cannot_write_is_left_out_of_a_record() -> None:
    node = ox.NamedNode(IRI)
    triples = [
        ox.Triple(node, ox.NamedNode("http://vocab.example.net/1"), ox.Literal("x")),
        ox.Triple(node, ox.NamedNode(RDFS + "label"), ox.Literal("\x08")),
        ox.Triple(node, ox.NamedNode(RDFS + "label"), ox.Literal("a")),
    ]
    root = dcat_ap(triples)
    assert [child.text for child in root.iter(f"{{{RDFS}}}label")] == ["a"]
    assert set(root.nsmap) == {"rdf", "rdfs"}
