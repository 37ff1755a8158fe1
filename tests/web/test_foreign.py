"""A source on another subject is published with pages as good: its own lists, filters, places and words."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from exchange import FIREFOX, client_of
from foreign import LONG
from rdflib import Graph, Literal, URIRef

from support import Server


@pytest.fixture(scope="module")
def stars(foreign: Server) -> Iterator[httpx.Client]:
    with client_of(foreign.base) as client:
        yield client


def test_its_lists_follow_paths_over_its_own_properties_which_were_rebased(stars: httpx.Client) -> None:
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(stars.get("telescopes.csv?lang=en").text))}
    assert rows["Very Large Telescope"]["at"] == "Paranal"
    assert rows["Very Large Telescope"]["mirror"] == "8.2"
    chosen = stars.get("telescopes.json", params={"country": "South Africa", "lang": "en"}).json()
    assert {item["name"] for item in chosen["items"]} == {"Southern African Large Telescope", "nameless"}
    page = stars.get("telescopes?lang=en", headers={"accept": FIREFOX}).text
    assert '<option value="Chile"' in page


def test_a_list_page_is_a_page_json_or_csv_and_nothing_else(stars: httpx.Client) -> None:
    for accept, kind in (("application/json", "application/json"), ("text/csv", "text/csv"), ("*/*", "text/html")):
        assert stars.get("telescopes", headers={"accept": accept}).headers["content-type"].startswith(kind)
    refused = stars.get("telescopes", headers={"accept": "text/turtle"})
    assert refused.status_code == 406
    assert f'<{stars.base_url}catalog>; rel="describedby"' in refused.headers["link"]
    assert stars.get("telescopes.ttl").status_code == 404
    assert stars.get("telescopes?page=2").status_code == 404
    assert stars.get("telescopes?page=x").status_code == 400


def test_its_places_are_drawn_wherever_they_are(stars: httpx.Client) -> None:
    features = stars.get("carte.geojson").json()["features"]
    assert {tuple(f["geometry"]["coordinates"]) for f in features} >= {(-70.4042, -24.6272), (20.8105, -32.3783)}
    page = stars.get("carte", headers={"accept": FIREFOX}).text
    assert page.count("<circle") >= 6
    assert "<path" not in page  # no outlines of France
    assert stars.get("carte?liste=telescopes").status_code == 404


def test_its_names_are_found_and_completed(stars: httpx.Client) -> None:
    found = stars.get("recherche.json", params={"q": "telescopes tres grand"}).json()
    assert found["items"][0]["iri"].endswith("/vlt")
    assert stars.get("recherche/suggestions", params={"q": "kec"}).json() == ["kec", ["Keck"]]
    odd = "\U000514a9\n½q\U0010bd7d!»"  # letters that the index takes for none
    assert stars.get("recherche/suggestions", params={"q": odd}).json()[1] == []
    description = stars.get("recherche/description.xml")
    assert description.headers["content-type"].startswith("application/opensearchdescription+xml")
    assert "{searchTerms}" in description.text


def test_filters_are_part_of_what_the_cache_tells_apart(stars: httpx.Client) -> None:
    answers = {
        stars.get("telescopes.json", params={"country": c}).json()["total"] for c in ("Chile", "Hawaii", "nowhere", "")
    }
    assert answers == {6, 1, 0, 9}


def test_a_value_that_a_filter_does_not_have_is_said_and_can_be_taken_off(stars: httpx.Client) -> None:
    asked = "q=keck&lang={0}&country=Atlantis+%3Cb%3E"
    page = stars.get(f"telescopes?{asked.format('en')}", headers={"accept": FIREFOX}).text
    assert "The filter “Country” has no value “Atlantis &lt;b&gt;”." in page
    assert f'<a href="{stars.base_url}telescopes?q=keck&amp;lang=en">Remove this filter</a>' in page
    assert "Nothing meets" not in page
    french = stars.get(f"telescopes?{asked.format('fr')}", headers={"accept": FIREFOX}).text
    assert "Le filtre «\u00a0Country\u00a0» n’a pas de valeur «\u00a0Atlantis &lt;b&gt;\u00a0»." in french
    assert stars.get(f"telescopes.json?{asked}").json()["unknown"] == ["country"]


def test_a_value_that_nothing_has_under_other_filters_is_not_said_to_be_unknown(stars: httpx.Client) -> None:
    page = stars.get("telescopes?q=keck&lang=en&country=Chile", headers={"accept": FIREFOX}).text
    assert "Nothing meets these filters." in page and "has no value" not in page
    assert stars.get("telescopes.json?q=keck&country=Chile").json()["unknown"] == []


def test_a_very_long_name_is_whole_on_its_own_page_and_short_elsewhere(stars: httpx.Client) -> None:
    assert LONG.strip() in stars.get("doc/long", headers={"accept": FIREFOX}).text
    assert len(stars.get("telescopes", headers={"accept": FIREFOX}).text) < 40_000


def test_no_word_of_the_book_stands_in_another_source(stars: httpx.Client) -> None:
    for path in (
        "",
        "donnees",
        "a-propos",
        "plan-du-site",
        "mentions-legales",
        "accessibilite",
        "sparql",
        "telescopes",
    ):
        text = stars.get(path, headers={"accept": FIREFOX, "accept-language": "fr"}).text
        assert not [
            word for word in ("Solidarit", "politique de la ville", "initiative", "quartier") if word in text
        ], path


def test_terms_without_a_name_are_spoken(stars: httpx.Client) -> None:
    page = stars.get("doc/nameless", headers={"accept": FIREFOX, "accept-language": "en"}).text
    assert "first light</span>" in page and "built by</span>" in page and "firstLight</" not in page
    assert ">space telescope<" in stars.get("doc/control", headers={"accept": FIREFOX, "accept-language": "en"}).text


def test_characters_that_html_forbids_are_replaced_on_pages_alone(stars: httpx.Client) -> None:
    page = stars.get("doc/control", headers={"accept": FIREFOX}).text
    assert "bell \ufffd \ufffd</h1>" in page and "\x07" not in page
    graph = Graph().parse(data=stars.get("doc/control.nt").content, format="nt")
    assert Literal("bell \x07 \x85", lang="en") in set(graph.objects())


def test_what_is_only_mentioned_leads_to_what_mentions_it(stars: httpx.Client) -> None:
    moved = stars.get("workshop", headers={"accept": "text/turtle"})
    assert (moved.status_code, moved.headers["location"]) == (303, f"{stars.base_url}doc/workshop")
    graph = Graph().parse(data=stars.get("doc/workshop.ttl").text, format="turtle")
    assert list(graph.subjects(URIRef(f"{stars.base_url}ns/builtBy"), URIRef(f"{stars.base_url}workshop")))
    page = stars.get("doc/workshop", headers={"accept": FIREFOX})
    assert page.status_code == 200
    assert f'href="{stars.base_url}doc/nameless"' in page.text
    assert stars.get("workshops").status_code == stars.get("doc/workshops.ttl").status_code == 404


def test_a_blank_name_is_no_name(stars: httpx.Client) -> None:
    page = stars.get("doc/paranal", headers={"accept": FIREFOX}).text
    assert re.search('href="[^"]*/doc/blank"[^>]*>blank<', page)
    assert ">blank</h1>" in stars.get("doc/blank", headers={"accept": FIREFOX}).text


def test_a_list_is_a_list_on_the_page(stars: httpx.Client) -> None:
    page = stars.get("doc/nameless?lang=en", headers={"accept": FIREFOX}).text
    (items,) = re.findall(r'<ol class="items">(.*?)</ol>', page, re.DOTALL)
    assert re.findall(r"(First|Second) owner", items) == ["First", "Second"]
    facts = page.split('class="facts"')[1].split("<pre")[0]
    assert "nil (w3.org)" not in facts


def test_a_person_is_called_by_given_and_family_name_wherever_one_is_named(stars: httpx.Client) -> None:
    person = f"{stars.base_url}caroline"
    query = f"SELECT ?who {{ BIND(<{person}> AS ?who) }}"
    for path in ("doc/caroline", "doc/nameless", "recherche?q=herschel", f"sparql?query={quote(query)}"):
        page = stars.get(path, headers={"accept": FIREFOX}).text
        assert "Caroline Herschel" in re.sub("</?mark>", "", page.split("<h1")[1]), path


def test_every_name_is_on_the_page_with_its_language_and_html_is_told_of_real_ones_alone(stars: httpx.Client) -> None:
    page = stars.get("doc/coded?lang=en", headers={"accept": FIREFOX}).text
    names = re.findall(r'<span( lang="[^"]*")? dir="auto">(Code name|Name|Nom|Nome)</span>(?: <small>\((.*?)\))?', page)
    assert names == [
        (' lang=""', "Code name", "x-private"),
        (' lang="fr"', "Nom", "French"),
        (' lang="it"', "Nome", "Italian"),
    ]
    assert re.search(r'<span lang="" dir="auto">Etwas<', page)
    assert set(re.findall(r'\blang="([^"]*)"', page)) == {"", "en", "fr", "it"}


def test_answers_to_queries_speak_as_pages_do(stars: httpx.Client) -> None:
    query = f"""SELECT * {{ VALUES ?x {{ <http://x.example/a/1> <http://x.example/b/1> <{stars.base_url}ns/firstLight> <{stars.base_url}>
      "-0043"^^<http://www.w3.org/2001/XMLSchema#gYear> true }} }}"""
    page = stars.get("sparql", params={"query": query, "lang": "en"}, headers={"accept": FIREFOX}).text
    cells = [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", page, re.DOTALL)]
    assert [cell.partition(" (external")[0].strip() for cell in cells] == [
        "x.example/a/1",
        "x.example/b/1",
        "first light",
        "Telescopes",
        "44\u00a0BC",
        "yes",
    ]


def test_a_member_of_a_list_is_mentioned_by_what_has_the_list(stars: httpx.Client) -> None:
    page = stars.get("doc/workshop?lang=en", headers={"accept": FIREFOX}).text
    mentions = page.split('class="mentions"')[1].split("</section>")[0]
    said = [re.sub("<[^>]*>", "", part).split() for part in re.findall("<h3>.*?(?=<h3>|$)", mentions, re.DOTALL)]
    assert [" ".join(words) for words in said] == [
        "Named as “built by” by (1) nameless",
        "Named as “owners” by (1) nameless",
    ]
    turned = "doc/workshop?inverse=1&property=http%3A%2F%2Fwww.w3.org%2F1999%2F02%2F22-rdf-syntax-ns%23first"
    assert "[ ]" not in stars.get(turned, headers={"accept": FIREFOX}).text.split("<pre")[0]


def test_well_known_terms_and_languages_are_said_in_french(stars: httpx.Client) -> None:
    page = stars.get("doc/caroline?lang=fr", headers={"accept": FIREFOX}).text
    facts = [re.sub("<[^>]*>", "", fact).split() for fact in re.findall("<dt>.*?</dd>", page, re.DOTALL)]
    assert [" ".join(words) for words in facts] == [
        "langue allemand (lien externe)",
        "nom de famille Herschel",
        "prénom Caroline",
    ]


def test_statistics_are_not_what_mentions_a_class(stars: httpx.Client) -> None:
    person = quote("http://xmlns.com/foaf/0.1/Person", safe="")
    page = stars.get(f"describe?iri={person}&lang=en", headers={"accept": FIREFOX}).text
    mentions = page.split('class="mentions"')[1].split("</section>")[0]
    assert re.findall(r"<h3><span[^>]*>(.*?)<", mentions) == ["Examples in the data"]


def test_what_the_build_has_computed_says_so_in_the_readers_language(stars: httpx.Client) -> None:
    for language, said in (("fr", "calculé à la publication"), ("en", "computed by the build")):
        page = stars.get("doc/graph/statistics", params={"lang": language}, headers={"accept": FIREFOX}).text
        assert re.findall(r'<dd><span dir="auto">(c[^<]*)</span>', page) == [said]


def test_a_number_alone_is_no_title(stars: httpx.Client) -> None:
    assert ">survey/7</h1>" in stars.get("doc/survey/7", headers={"accept": FIREFOX}).text
