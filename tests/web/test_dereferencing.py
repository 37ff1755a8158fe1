"""Names and documents: a name redirects to the document about it, a document negotiates, a suffix fixes the format."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest
import rdflib
from exchange import FIREFOX, FORMATS, RDF_SUFFIXES, describe, free_port, graph_of, linked
from rdflib.namespace import FOAF, RDFS

from support import Server

ENCODED = "caf%C3%A9/%C3%A0%2Fb"


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("id/book", "doc/book"),
        ("id/chapter/1", "doc/chapter/1"),
        (f"id/{ENCODED}", f"doc/{ENCODED}"),
        ("id/caf%c3%a9/%c3%a0%2fb", f"doc/{ENCODED}"),
        ("id/%62ook", "doc/book"),
        ("id/v1.ttl", "doc/v1.ttl"),
        ("other/path", "doc/other/path"),
        ("page", "doc/page"),
        ("dataset/small", "doc/dataset/small"),
        ("graph/things", "doc/graph/things"),
        ("id/gone", "doc/gone"),
    ],
)
@pytest.mark.parametrize("accept", [None, "text/html", "application/ld+json", "image/png"])
def test_a_name_redirects_to_its_document_whatever_is_accepted(
    http: httpx.Client, name: str, document: str, accept: str | None
) -> None:
    answer = http.get(name, headers={"accept": accept} if accept else {})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{http.base_url}{document}")


def test_a_name_never_shows_the_document_of_another(http: httpx.Client) -> None:
    answer = http.get("odd")
    page = answer.headers["location"]
    assert (answer.status_code, page) == (303, f"{http.base_url}describe?iri={quote(f'{http.base_url}odd', safe='')}")
    assert b"not under id/" in http.get(page).content
    assert http.get("id/odd").headers["location"] == f"{http.base_url}doc/odd"
    assert b"not under id/" not in http.get("doc/odd").content


@pytest.mark.parametrize(("suffix", "status"), [("", 200), (".ttl", 200), (".html", 200), ("x", 404)])
def test_a_term_whose_name_ends_in_a_path_is_a_document_itself(http: httpx.Client, suffix: str, status: int) -> None:
    answer = http.get(f"def/Kind{suffix}", headers={"accept": "text/turtle" if suffix != ".html" else "text/html"})
    assert answer.status_code == status
    assert (b"A term whose name ends in a path" in answer.content) == (status == 200)


@pytest.mark.parametrize("path", ["id/nothing", "doc/nothing", "id/", "doc/", "doc/nothing.ttl", "doc/book.xyz", "x"])
def test_what_nothing_is_said_of_is_not_found(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("book", "id/book"),
        ("chapter/2", "id/chapter/2"),
        (ENCODED, "id/caf\u00e9/\u00e0%2Fb"),
        ("caf%c3%a9/%c3%a0%2fb", "id/caf\u00e9/\u00e0%2Fb"),
        ("v1.ttl", "id/v1.ttl"),
        ("other/path", "other/path"),
        ("dataset/small", "dataset/small"),
        ("graph/things", "graph/things"),
    ],
)
def test_a_document_says_what_it_is_about(http: httpx.Client, document: str, name: str) -> None:
    answer = http.get(f"doc/{document}")
    graph = graph_of(answer.content, "ttl")
    topic = rdflib.URIRef(f"{http.base_url}{name}")
    assert answer.status_code == 200
    assert list(graph.objects(None, FOAF.primaryTopic)) == [topic]
    assert list(graph.objects(topic, RDFS.label))


def test_an_encoded_slash_is_not_a_slash(http: httpx.Client) -> None:
    assert http.get("doc/caf%C3%A9/%C3%A0/b").status_code == 404
    assert http.get("doc/chapter%2F1").status_code == 404
    assert http.get("id/chapter%2F1").status_code == 404


@pytest.mark.parametrize(("suffix", "media_type"), FORMATS.items())
def test_a_suffix_fixes_the_representation_whatever_is_accepted(
    http: httpx.Client, suffix: str, media_type: str
) -> None:
    bodies = set()
    for accept in ("image/png", "text/html", "application/n-triples", "*/*;q=0"):
        answer = http.get(f"doc/book.{suffix}", headers={"accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == media_type
        bodies.add(answer.content)
    assert len(bodies) == 1


@pytest.mark.parametrize(("suffix", "media_type"), FORMATS.items())
def test_a_document_negotiates_and_names_the_representation(http: httpx.Client, suffix: str, media_type: str) -> None:
    answer = http.get("doc/book", headers={"accept": media_type})
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["content-location"] == f"{http.base_url}doc/book.{suffix}"
    assert answer.content == http.get(answer.headers["content-location"]).content


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [(None, "text/turtle"), ("*/*", "text/turtle"), (FIREFOX, "text/html"), ("nonsense", "text/turtle")],
)
def test_a_document_without_preference_is_turtle_and_a_page_for_browsers(
    http: httpx.Client, accept: str | None, media_type: str
) -> None:
    answer = http.get("doc/book", headers={"accept": accept} if accept else {})
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"


def test_an_exact_subject_wins_over_a_suffix(http: httpx.Client) -> None:
    page = http.get("doc/v1.ttl", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "Name that ends like a suffix" in page.text
    assert http.get("doc/v1.ttl.ttl").headers["content-type"].startswith("text/turtle")


def test_a_hash_iri_is_described_in_its_document(http: httpx.Client) -> None:
    graph = graph_of(http.get("doc/page").content, "ttl")
    part = rdflib.URIRef(f"{http.base_url}page#part")
    assert (part, RDFS.label, rdflib.Literal("A hash IRI")) in graph


@pytest.mark.parametrize("path", ["doc/reserved", "doc/doc/reserved"])
def test_a_name_under_a_reserved_segment_is_at_describe_only(http: httpx.Client, path: str) -> None:
    answer = http.get(describe(f"{http.base_url}doc/reserved"))
    assert answer.status_code == 200
    assert "Under a reserved segment" in answer.text
    assert http.get(path).status_code == 404


def test_another_s_iri_is_described_from_the_store(http: httpx.Client) -> None:
    answer = http.get(describe("http://elsewhere.example.net/x"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/turtle; charset=utf-8")
    assert "Another's IRI" in answer.text


def test_describe_of_an_iri_with_a_document_redirects_to_it(http: httpx.Client) -> None:
    answer = http.get(describe(f"{http.base_url}id/chapter/1"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{http.base_url}doc/chapter/1")


@pytest.mark.parametrize("iri", ["", "book", "/id/book", "http://a/ b", "http://a/<b>", "http://a/%0a\n"])
def test_describe_wants_one_absolute_iri(http: httpx.Client, iri: str) -> None:
    assert http.get(describe(iri)).status_code == 400


def test_describe_fetches_nothing(http: httpx.Client) -> None:
    port = free_port()
    assert http.get(describe(f"http://127.0.0.1:{port}/secret")).status_code == 404


def test_the_home_page_is_the_description_of_the_dataset_in_place(http: httpx.Client) -> None:
    page, data = http.get("", headers={"accept": FIREFOX}), http.get("")
    assert (page.status_code, data.status_code) == (200, 200)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert rdflib.URIRef(f"{http.base_url}dataset/small") in set(graph_of(data.content, "ttl").subjects())


# -- the book: vocabulary, shapes, datasets, named graphs ----------------------------------------------------------------


DEF = "https://w3id.org/solnum/def"


@pytest.mark.parametrize("path", ["def", "shapes"])
@pytest.mark.parametrize("suffix", FORMATS)
def test_the_vocabulary_and_the_shapes_negotiate_and_have_suffixes(
    book_http: httpx.Client, path: str, suffix: str
) -> None:
    negotiated = book_http.get(path, headers={"accept": FORMATS[suffix]})
    fixed = book_http.get(f"{path}.{suffix}")
    assert (negotiated.status_code, fixed.status_code) == (200, 200)
    assert negotiated.headers["content-type"].partition(";")[0] == FORMATS[suffix]
    assert negotiated.content == fixed.content


def test_every_term_of_the_vocabulary_is_a_fragment_of_its_page(book_http: httpx.Client) -> None:
    graph = graph_of(book_http.get("def.ttl").content, "ttl")
    terms = {str(s) for s in graph.subjects() if str(s).startswith(f"{DEF}#")}
    assert len(terms) > 20
    for language in ("fr", "en"):
        page = book_http.get("def", params={"lang": language}, headers={"accept": "text/html"}).text
        missing = [term for term in terms if f'id="{term.partition("#")[2]}"' not in page]
        assert not missing


def test_every_shape_of_the_shapes_answers_by_itself(book_http: httpx.Client) -> None:
    graph = graph_of(book_http.get("shapes.ttl").content, "ttl")
    space = "https://w3id.org/solnum/shapes/"
    shapes = sorted({str(s) for s in graph.subjects() if str(s).startswith(space)})
    assert len(shapes) > 20
    for iri in shapes[:: len(shapes) // 20]:
        answer = book_http.get(f"shapes/{iri.removeprefix(space)}")
        assert answer.status_code == 200
        assert rdflib.URIRef(iri) in set(graph_of(answer.content, "ttl").subjects())


def test_each_named_graph_and_dataset_of_the_book_dereferences(book_http: httpx.Client) -> None:
    base = str(book_http.base_url)
    graph = graph_of(book_http.get("").content, "ttl")
    parts = {str(s) for s in graph.subjects() if str(s).startswith((f"{base}graph/", f"{base}dataset/"))}
    assert any("graph/" in iri for iri in parts)
    assert any("dataset/" in iri for iri in parts)
    for iri in parts:
        answer = book_http.get(iri)
        assert answer.status_code == 303
        assert book_http.get(answer.headers["location"]).status_code == 200


# -- base and public address apart -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ld(apart: Server) -> httpx.Client:
    with httpx.Client(base_url=apart.base, trust_env=False, timeout=30) as client:
        yield client


NAMES = "https://w3id.example.org/x/"


def test_names_are_the_base_s_and_documents_are_the_public_address_s(ld: httpx.Client) -> None:
    for suffix in RDF_SUFFIXES:
        graph = graph_of(ld.get(f"doc/book.{suffix}").content, suffix)
        assert (rdflib.URIRef(f"{ld.base_url}doc/book"), FOAF.primaryTopic, rdflib.URIRef(f"{NAMES}id/book")) in graph
        assert not [t for t in graph.all_nodes() if str(t).startswith(f"{ld.base_url}id/")]
        assert not [t for t in graph.all_nodes() if str(t).startswith(f"{NAMES}doc/")]


def test_redirects_links_and_pages_stay_on_the_public_address(ld: httpx.Client) -> None:
    assert ld.get("id/book").headers["location"] == f"{ld.base_url}doc/book"
    answer = ld.get("doc/book", headers={"accept": "text/html"})
    assert linked(answer, "canonical") == [f"{ld.base_url}doc/book"]
    assert linked(answer, "about") == [f"{NAMES}id/book"]
    assert f'href="{ld.base_url}doc/chapter/1"' in answer.text
    assert f'href="{NAMES}' not in answer.text
    assert re.search(rf"<code[^>]*>{NAMES}id/book</code>", answer.text)


def test_describe_takes_the_name_that_the_base_gives(ld: httpx.Client) -> None:
    answer = ld.get(f"describe?iri={quote(f'{NAMES}id/book', safe='')}")
    assert answer.headers["location"] == f"{ld.base_url}doc/book"


@pytest.mark.parametrize(
    "path", ["sparql", "catalog", "oai", "recherche", "donnees", "health/ready", ".well-known/void"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_with_a_slash_too_many_is_found(ld: httpx.Client, path: str, method: str) -> None:
    answer = ld.request(method, f"{path}/?query=ASK%20%7B%7D&x=a%2Fb")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"{ld.base_url}{path}?query=ASK%20%7B%7D&x=a%2Fb"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_query_posted_to_a_slash_too_many_is_answered(ld: httpx.Client) -> None:
    answer = ld.post("sparql/", data={"query": "ASK {}"}, follow_redirects=True)
    assert answer.json()["boolean"] is True


def test_a_list_page_with_a_slash_too_many_is_found_and_a_name_with_one_is_another_name(
    book_http: httpx.Client,
) -> None:
    assert book_http.get("initiatives/?q=x").headers["location"] == f"{book_http.base_url}initiatives?q=x"
    assert book_http.get("shapes/").status_code == 200
    for name in ("id/initiative/kaina-tv/", "doc/initiative/kaina-tv/", "nothing/", "initiatives//", "/"):
        assert book_http.get(f"{book_http.base_url}{name}").status_code == 404


def test_the_folder_of_dumps_leads_to_their_page(book_http: httpx.Client) -> None:
    assert book_http.get("dumps/", follow_redirects=True).url == f"{book_http.base_url}donnees"


def test_the_public_address_s_path_is_taken_off_once(ld: httpx.Client) -> None:
    assert ld.get("doc/other/path").status_code == 200
    assert ld.get(f"{str(ld.base_url).rstrip('/')}/ld/doc/book").status_code == 404
    assert ld.get("health/ready").status_code == 200


def test_the_style_sheet_of_a_page_is_found(ld: httpx.Client) -> None:
    page = ld.get("", headers={"accept": "text/html"}).text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = ld.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
