"""JSON-LD that is written directly: a processor reads the same triples from it, whatever they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld
from rdflib import Graph
from rdflib.compare import isomorphic

from solnum_ld.namespaces import PREFIXES, RDF, XSD
from solnum_ld.rdf import to_bytes
from solnum_ld.resources.compacting import NotPlain, PlainContext
from solnum_ld.resources.jsonld import Context

BOOK = Path(__file__).parents[2] / "ontology" / "context.jsonld"
SMALL = {
    "@version": 1.1,
    "ex": "http://x.example.net/",
    "exa": "http://x.example.net/a/",
    "rdf": RDF,
    "xsd": XSD,
    "id": "@id",
    "type": "@type",
    "label": {"@id": "ex:label", "@container": "@language"},
    "link": {"@id": "ex:link", "@type": "@id"},
    "link2": {"@id": "ex:label", "@type": "@id"},
    "number": {"@id": "ex:number", "@type": "xsd:integer"},
}
X = "http://x.example.net/"
NODES = st.sampled_from([ox.NamedNode(f"{X}{n}") for n in ("s", "a/b", "a/", "a//c", "", "link")]) | st.sampled_from(
    [ox.BlankNode("b0"), ox.BlankNode("b1"), ox.BlankNode("b2"), ox.NamedNode("urn:x:y"), ox.NamedNode(RDF + "nil")]
)
LITERALS = st.builds(ox.Literal, st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=4)) | (
    st.sampled_from(
        [
            ox.Literal("a", language="fr"),
            ox.Literal("b", language="fr"),
            ox.Literal("c", language="en-gb"),
            ox.Literal("01", datatype=ox.NamedNode(XSD + "integer")),
            ox.Literal("x", datatype=ox.NamedNode(XSD + "integer")),
            ox.Literal("true", datatype=ox.NamedNode(XSD + "boolean")),
            ox.Literal("{}", datatype=ox.NamedNode(f"{X}json")),
        ]
    )
)
PREDICATES = st.sampled_from(
    [ox.NamedNode(iri) for iri in (f"{X}label", f"{X}link", f"{X}number", f"{X}a/p", "urn:p", RDF + "type")]
    + [ox.NamedNode(RDF + "first"), ox.NamedNode(RDF + "rest")]
)
TRIPLES = st.lists(st.builds(ox.Triple, NODES, PREDICATES, NODES | LITERALS), max_size=12)


def read_back(document: bytes) -> Graph:
    def offline(url: str, _options: object = None) -> Any:
        raise AssertionError(url)

    text = jsonld.to_rdf(json.loads(document), {"format": "application/n-quads", "documentLoader": offline})
    return Graph().parse(data=str(text), format="nt")


def graph_of(triples: list[ox.Triple]) -> Graph:
    return Graph().parse(data=to_bytes(list(dict.fromkeys(triples)), ox.RdfFormat.N_TRIPLES), format="nt")


@pytest.mark.parametrize("definition", [SMALL, PREFIXES], ids=["terms", "prefixes"])
@given(triples=TRIPLES)
@settings(max_examples=120)
def test_nothing_is_lost(definition: dict[str, Any], triples: list[ox.Triple]) -> None:
    document = Context(definition).compact(triples)
    assert document.isascii()
    assert isomorphic(read_back(document), graph_of(triples))


def test_a_list_is_an_array() -> None:
    text = '@prefix : <http://x.example.net/> . :s :p (1 (2 :a) "x"@fr) , () ; :link (:a) .'
    triples = [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]
    document = PlainContext(SMALL).write(triples)
    graph = json.loads(document)["@graph"]
    assert [list(node) for node in graph] == [["id", "ex:link", "ex:p"]]
    assert graph[0]["ex:link"] == {"@list": [{"id": "ex:a"}]}
    assert isomorphic(read_back(document), graph_of(triples))


def test_texts_numbers_and_links_stand_under_their_terms() -> None:
    text = "@prefix : <http://x.example.net/> . :s a :T ; :label 'un'@fr, 'one'@en, 'none' ; :number 7 ; :link :a, <urn:b> ."
    document = json.loads(PlainContext(SMALL).write([q.triple for q in ox.parse(text, format=ox.RdfFormat.TURTLE)]))
    assert document["@graph"] == [
        {
            "id": "ex:s",
            "type": "ex:T",
            "label": {"fr": "un", "en": "one", "@none": "none"},
            "link": ["ex:a", "urn:b"],
            "number": "7",
        }
    ]
    assert set(document["@context"]) == {"@version", "ex", "xsd", "id", "type", "label", "link", "number"}


def test_the_context_of_the_book_is_plain() -> None:
    PlainContext(json.loads(BOOK.read_text("utf-8"))["@context"])


@pytest.mark.parametrize(
    "entry",
    [
        {"@vocab": X},
        {"@base": X},
        {"@language": "fr"},
        {"p": {"@id": "ex:p", "@container": "@list"}},
        {"p": {"@id": "ex:p", "@type": "@vocab"}},
        {"p": {"@reverse": "ex:p"}},
        {"p": None},
        {"q": "ex:"},
    ],
)
def test_any_other_context_goes_through_the_whole_algorithm(entry: dict[str, Any]) -> None:
    definition = {"@version": 1.1, "ex": X, **entry}
    with pytest.raises(NotPlain):
        PlainContext(definition)
    triple = ox.Triple(ox.NamedNode(f"{X}s"), ox.NamedNode(f"{X}p"), ox.NamedNode(f"{X}o"))
    assert isomorphic(read_back(Context(definition).compact([triple])), graph_of([triple]))


@pytest.mark.parametrize("iri", ["ex:a", "id:a", "label:a"])
def test_an_iri_that_the_context_would_read_as_another_is_not_written_short(iri: str) -> None:
    triple = ox.Triple(ox.NamedNode(iri), ox.NamedNode(f"{X}link"), ox.NamedNode(iri))
    with pytest.raises(NotPlain):
        PlainContext(SMALL).write([triple])
