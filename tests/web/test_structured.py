"""What pages say to search engines and to machines that follow links: schema.org blocks and FAIR Signposting."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from exchange import client_of, linked, links

from support import Server, serving

with warnings.catch_warnings():  # old spellings in what the reader imports
    warnings.simplefilter("ignore")
    import extruct

SCHEMA = "https://schema.org/"
HTML = {"accept": "text/html"}
EVIL = "</script><script>alert(1)</script> & <b> ' \u2028 שלום 👩🏽‍💻"


def blocks(answer: httpx.Response) -> list[dict]:
    """Return the JSON-LD blocks of a page as a search engine extracts them."""
    assert answer.status_code == 200
    found: list[dict] = extruct.extract(answer.text, syntaxes=["json-ld"])["json-ld"]
    return found


def block_of(client: httpx.Client, path: str, language: str = "fr") -> dict:
    (block,) = blocks(client.get(path, headers=HTML, params={"lang": language}))
    assert block["@context"] == SCHEMA
    return block


def test_a_dataset_meets_what_google_dataset_search_asks(book: Server, book_http: httpx.Client) -> None:
    block = block_of(book_http, "doc/dataset/solnum")
    assert block["@type"] == "Dataset"
    assert block["@id"] == block["identifier"] == f"{book.base}dataset/solnum"
    assert block["url"] == f"{book.base}doc/dataset/solnum"
    assert 50 <= len(block["description"]) <= 5000
    assert block["license"] == "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
    assert block["creator"]["name"]
    assert block["temporalCoverage"] == "2001/2011"
    assert block["isAccessibleForFree"] is True
    assert set(block["inLanguage"]) == {"fr", "en"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", block["dateModified"])
    south, west, north, east = map(float, block["spatialCoverage"]["geo"]["box"].split())
    assert 41 < south < north < 52
    assert -6 < west < east < 10
    for file in block["distribution"]:
        head = book_http.head(file["contentUrl"])
        assert head.headers["content-type"].partition(";")[0] == file["encodingFormat"]
        assert file["contentSize"] == f"{head.headers['content-length']} B"


def test_a_table_is_a_dataset_of_its_own_files(book_http: httpx.Client) -> None:
    block = block_of(book_http, "doc/dataset/initiatives", "en")
    assert block["name"] == "Initiatives of the book, as a table"
    assert {file["encodingFormat"] for file in block["distribution"]} >= {"text/csv", "application/geo+json"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("doc/book/solidarites-numeriques", "Book"),
        ("doc/chapter/2", "Chapter"),
        ("doc/section/2-3", "CreativeWork"),
        ("doc/initiative/kaina-tv", "Project"),
        ("doc/place/29019", "City"),
        ("doc/organization/vecam", "Organization"),
    ],
)
def test_a_page_names_its_thing_by_the_nearest_class_of_schema_org(
    book_http: httpx.Client, path: str, kind: str
) -> None:
    block = block_of(book_http, path)
    assert kind in ([block["@type"]] if isinstance(block["@type"], str) else block["@type"])
    assert block["@id"].endswith(path.removeprefix("doc"))
    assert block["name"]
    assert block["description"]


def test_a_place_has_its_point_and_its_names_elsewhere(book_http: httpx.Client) -> None:
    block = block_of(book_http, "doc/place/29019")
    assert block["geo"] == {"@type": "GeoCoordinates", "latitude": 48.40844, "longitude": -4.49959}
    assert "http://www.wikidata.org/entity/Q12193" in block["sameAs"]
    assert block["containedInPlace"]["name"] == "Finistère"


def test_the_home_page_is_a_site_about_the_dataset(book: Server, book_http: httpx.Client) -> None:
    block = block_of(book_http, "")
    assert block["@type"] == "WebSite"
    assert block["about"]["@id"] == f"{book.base}dataset/solnum"


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a source whose names attack pages, one of them larger than a block may be."""
    folder = tmp_path_factory.mktemp("evil")
    source = folder / "source"
    source.mkdir()
    name = json.dumps(EVIL, ensure_ascii=False)
    parts = " , ".join(f"<http://data.example.org/id/part/{n}>" for n in range(900))
    (source / "data.ttl").write_text(
        f"""@prefix schema: <https://schema.org/> .
<http://data.example.org/id/evil> a schema:Book ; schema:name {name}@fr ; schema:description {name}@fr .
<http://data.example.org/id/large> a schema:Book ; schema:name "{"N" * 30_000}" ; schema:description "{"d" * 30_000}" ;
  schema:hasPart {parts} ; schema:url <http://data.example.org/id/{"u" * 9000}> .
""",
        "utf-8",
    )
    with serving(source, folder / "releases") as running, client_of(running.base) as client:
        yield client


def test_names_cannot_leave_the_block(evil: httpx.Client) -> None:
    answer = evil.get("doc/evil", headers=HTML)
    (block,) = blocks(answer)
    assert block["name"] == block["description"] == EVIL
    assert "<script>alert" not in answer.text


def test_a_block_is_bounded_and_still_names_its_thing(evil: httpx.Client) -> None:
    answer = evil.get("doc/large", headers=HTML)
    raw = re.search(r'<script type="application/ld\+json">(.*?)</script>', answer.text, re.DOTALL)
    assert raw is not None
    assert len(raw[1].encode()) <= 16 * 1024
    block = json.loads(raw[1])
    assert (block["@type"], block["name"][:3]) == ("Book", "NNN")


# -- signposting -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_landing_page_is_signposted(book: Server, book_http: httpx.Client, method: str) -> None:
    answer = book_http.request(method, "doc/chapter/2", headers=HTML)
    assert linked(answer, "cite-as") == [f"{book.base}id/chapter/2"]
    assert linked(answer, "type") == [f"{SCHEMA}AboutPage", f"{SCHEMA}Chapter"]
    assert linked(answer, "license") == ["https://www.etalab.gouv.fr/licence-ouverte-open-licence"]
    described = {
        target: parameters["type"] for target, parameters in links(answer) if parameters["rel"] == "describedby"
    }
    assert len(described) == 4
    for target, media_type in described.items():
        metadata = book_http.head(target)
        assert metadata.headers["content-type"].partition(";")[0] == media_type
        assert linked(metadata, "describes") == [f"{book.base}doc/chapter/2"]
    assert linked(answer, "collection") == [f"{book.base}doc/dataset/solnum"]


def test_more_links_than_a_header_should_hold_are_a_linkset(book: Server, book_http: httpx.Client) -> None:
    answer = book_http.head("doc/dataset/solnum", headers=HTML)
    (address,) = linked(answer, "linkset")
    assert len(links(answer)) <= 15
    found = book_http.get(address)
    assert found.headers["content-type"] == "application/linkset+json"
    (context,) = found.json()["linkset"]
    assert context["anchor"] == f"{book.base}doc/dataset/solnum"
    assert context["cite-as"] == [{"href": f"{book.base}dataset/solnum"}]
    names = {urlsplit(item["href"]).path.rpartition("/")[2] for item in context["item"]}
    assert names == {Path(f"dataset.{suffix}").name for suffix in ("nq", "ttl", "nt", "jsonld", "rdf")}
    for item in context["item"]:
        file = book_http.head(item["href"])
        assert file.headers["content-type"].partition(";")[0] == item["type"]
        assert linked(file, "collection") == [context["anchor"]]
    assert book_http.get("linkset/nothing").status_code == 404
