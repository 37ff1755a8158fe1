"""The example queries that the source gives for the endpoint: each is answered, and not with nothing."""

from __future__ import annotations

import re

import httpx
import pyoxigraph as ox
import pytest
from exchange import graph_of

from support import ROOT

SH = "http://www.w3.org/ns/shacl#"
SD = "http://www.w3.org/ns/sparql-service-description#"
FORMS = {
    SH + "select": "SELECT",
    SH + "construct": "CONSTRUCT",
    SH + "ask": "ASK",
    "https://purl.expasy.org/sparql-examples/ontology#describe": "DESCRIBE",
}


def examples() -> dict[str, tuple[str, str]]:
    """Return the form and the text of each example query of the source, by its slug, the easiest first."""
    found: dict[str, tuple[str, str]] = {}
    ranks: dict[str, int] = {}
    for quad in ox.parse(path=ROOT / "data" / "queries.ttl", format=ox.RdfFormat.TURTLE):
        slug = quad.subject.value.rpartition("/")[2]
        if quad.predicate.value in FORMS:
            found[slug] = (FORMS[quad.predicate.value], quad.object.value)
        elif quad.predicate.value == "https://schema.org/position":
            ranks[slug] = int(quad.object.value)
    return {slug: found[slug] for slug in sorted(found, key=ranks.__getitem__)}


EXAMPLES = examples()


@pytest.mark.parametrize("slug", EXAMPLES)
def test_example_query_is_answered_by_the_served_book(slug: str, book_http: httpx.Client) -> None:
    form, text = EXAMPLES[slug]
    answer = book_http.post("sparql", data={"query": text})
    assert answer.status_code == 200, answer.text
    if form == "ASK":
        assert answer.json()["boolean"] is True
    elif form == "SELECT":
        rows = answer.json()["results"]["bindings"]
        assert len(rows) > 1
        assert all(row for row in rows)
    else:
        assert len(graph_of(answer.content, "ttl")) > 5


@pytest.mark.parametrize("slug", EXAMPLES)
def test_text_of_an_example_query_has_the_form_it_is_published_as(slug: str) -> None:
    form, text = EXAMPLES[slug]
    body = re.sub(r"^PREFIX [^\n]*\n", "", text, flags=re.MULTILINE)
    assert body.split()[0] == form
    assert re.search(r"\b(SERVICE|FROM|LOAD)\b", body) is None


def test_every_query_form_has_an_example() -> None:
    assert {form for form, _ in EXAMPLES.values()} == set(FORMS.values())
    assert "GRAPH ?" in EXAMPLES["graphes"][1]


def test_examples_can_be_asked_for_as_data(book_http: httpx.Client) -> None:
    query = f"""PREFIX sh: <{SH}> PREFIX schema: <https://schema.org/>
        SELECT ?query ?address {{ ?query a sh:SPARQLExecutable ; schema:target/<{SD}endpoint> ?address }}"""
    rows = book_http.post("sparql", data={"query": query}).json()["results"]["bindings"]
    base = str(book_http.base_url)
    assert {row["query"]["value"] for row in rows} == {f"{base}id/query/{slug}" for slug in EXAMPLES}
    assert {row["address"]["value"] for row in rows} == {f"{base}sparql"}
    page = book_http.get("doc/query/carte", headers={"accept": "text/turtle"})
    assert "SPARQLSelectExecutable" in page.text
    assert book_http.get("doc/service/sparql", headers={"accept": "text/turtle"}).status_code == 200
