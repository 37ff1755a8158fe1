"""The catalogue as harvesters take it: what udata, CKAN, piveau, spreadsheets and crawlers send, and what they need back."""

from __future__ import annotations

import asyncio
import csv
import gzip
import hashlib
import io
import json
import re
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import geojson
import httpx
import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from datasets import HOSTILE, MANY, write_many
from exchange import PARSERS, RDF_SUFFIXES, client_of
from protego import Protego
from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, VOID, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from solnum_ld.namespaces import SD
from solnum_ld.store import open_store
from solnum_ld.web import crawlers
from solnum_ld.web.app import create_app
from solnum_ld.web.site import Site
from support import SHARED, Server, serving

with warnings.catch_warnings():  # old spellings in what these readers import
    warnings.simplefilter("ignore")
    import pandas
    from csvw import CSVW
    from usp.tree import sitemap_from_str

HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SH = Namespace("http://www.w3.org/ns/shacl#")
AUTHORITY = "http://publications.europa.eu/resource/authority/"
ETALAB = URIRef("https://www.etalab.gouv.fr/licence-ouverte-open-licence")
SEMIC = ("shapes", "range", "shapes_recommended", "mdr-vocabularies.shape")
ADDRESSES = ["catalog", *(f"catalog.{suffix}" for suffix in RDF_SUFFIXES)]


def graph_of(answer: httpx.Response, form: str) -> rdflib.Graph:
    """Parse an answer as a harvester does: its bytes alone, with a base that must not show."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's JSON-LD parser uses what rdflib deprecates
        graph = rdflib.Graph().parse(data=answer.content, format=form, publicID="urn:none:")
    assert "urn:none:" not in graph.serialize(format="nt")
    return graph


@pytest.fixture(scope="module")
def catalogue(book_http: httpx.Client) -> rdflib.Graph:
    """The catalogue of the book."""
    return graph_of(book_http.get("catalog.ttl"), "turtle")


# -- the ten rules ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*ADDRESSES, "dumps/dataset.ttl", "dumps/initiatives.csv", ".well-known/void"])
def test_head_is_answered_like_get(book_http: httpx.Client, address: str) -> None:
    head, get = book_http.head(address), book_http.get(address)
    assert (head.status_code, get.status_code) == (200, 200)
    assert head.content == b""
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers["access-control-allow-origin"] == "*"


def test_a_client_that_takes_anything_gets_rdf_in_place(book_http: httpx.Client) -> None:
    for accept in ({}, {"accept": "*/*"}):
        answer = book_http.get("catalog", headers=accept)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
        assert {"Accept", "Accept-Language"} <= set(answer.headers["vary"].split(", "))
    page = book_http.get("catalog", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Catalogue" in page.text


def test_every_format_holds_the_same_triples(book_http: httpx.Client, catalogue: rdflib.Graph) -> None:
    for suffix in RDF_SUFFIXES:
        assert isomorphic(graph_of(book_http.get(f"catalog.{suffix}"), PARSERS[suffix]), catalogue), suffix
    assert isomorphic(graph_of(book_http.get("catalog"), "turtle"), catalogue)


@pytest.mark.parametrize("suffix", ["jsonld", "rdf", "nt"])
def test_what_has_no_charset_is_right_under_every_decoding(book_http: httpx.Client, suffix: str) -> None:
    assert book_http.get(f"catalog.{suffix}").content.isascii()


def test_identifiers_are_the_iris_each_once(catalogue: rdflib.Graph) -> None:
    named = [*catalogue.subjects(RDF.type, DCAT.Dataset), *catalogue.subjects(RDF.type, DCAT.DataService)]
    assert len(named) == 3
    for node in named:
        assert list(catalogue.objects(node, DCTERMS.identifier)) == [Literal(str(node))]


def test_every_dataset_is_whole_where_it_stands(catalogue: rdflib.Graph) -> None:
    for dataset in catalogue.objects(None, DCAT.dataset):
        assert {title.language for title in catalogue.objects(dataset, DCTERMS.title)} == {"fr", "en"}
        for single in (DCTERMS.publisher, DCTERMS.license, DCTERMS.accrualPeriodicity, DCTERMS.modified):
            assert len(list(catalogue.objects(dataset, single))) == 1, single
        publisher, contact = catalogue.value(dataset, DCTERMS.publisher), catalogue.value(dataset, DCAT.contactPoint)
        assert catalogue.value(publisher, FOAF.name)
        assert catalogue.value(contact, VCARD.hasEmail) == URIRef("mailto:contact@example.org")
        for theme in catalogue.objects(dataset, DCAT.theme):
            assert {label.language for label in catalogue.objects(theme, SKOS.prefLabel)} == {"fr", "en"}
    typed = set(catalogue.subjects(RDF.type, DCAT.Dataset))
    assert typed == set(catalogue.objects(None, DCAT.dataset))


def test_what_harms_a_portal_is_not_there(catalogue: rdflib.Graph) -> None:
    spdx = "http://spdx.org/rdf/terms#"
    assert not [p for p in catalogue.predicates() if str(p).startswith(spdx)]
    assert not list(catalogue.subject_objects(DCAT.accessService))
    assert not list(catalogue.subject_objects(DCTERMS.hasPart))
    assert all(isinstance(period, rdflib.BNode) for period in catalogue.objects(None, DCTERMS.temporal))
    for labelled in catalogue.subjects(RDFS.label, None):
        kinds = set(catalogue.objects(labelled, RDF.type))
        assert not kinds & {DCTERMS.LicenseDocument, DCTERMS.Frequency}


def test_licence_and_title_are_those_that_portals_know(catalogue: rdflib.Graph) -> None:
    assert set(catalogue.objects(None, DCTERMS.license)) == {ETALAB}
    assert str(catalogue.value(ETALAB, DCTERMS.title)) == "Licence Ouverte / Open Licence version 2.0"


def test_the_endpoint_is_a_service_and_a_distribution(book: Server, catalogue: rdflib.Graph) -> None:
    service = URIRef(f"{book.base}service/sparql")
    assert (URIRef(f"{book.base}catalog"), DCAT.service, service) in catalogue
    assert (service, DCAT.servesDataset, URIRef(f"{book.base}dataset/solnum")) in catalogue
    endpoint = catalogue.value(service, DCAT.endpointURL)
    assert str(endpoint) == f"{book.base}sparql"
    assert endpoint in set(catalogue.objects(None, DCAT.accessURL))
    described = httpx.get(str(catalogue.value(service, DCAT.endpointDescription)), trust_env=False)
    assert described.headers["content-type"].startswith("text/turtle")


def test_the_date_of_change_is_that_of_the_data_and_not_to_come(catalogue: rdflib.Graph) -> None:
    declared = rdflib.Graph().parse(Path(__file__).parents[2] / "data" / "catalog.ttl")
    dates = {str(value) for value in declared.objects(None, DCTERMS.modified)}
    assert {str(value) for value in catalogue.objects(None, DCTERMS.modified)} == dates
    assert max(dates) <= date.today().isoformat()


def test_every_address_of_the_catalogue_answers_without_a_redirect(
    book_http: httpx.Client, catalogue: rdflib.Graph
) -> None:
    for predicate in (DCAT.downloadURL, DCAT.accessURL, DCAT.landingPage, FOAF.homepage, DCAT.endpointURL):
        for address in set(catalogue.objects(None, predicate)):
            assert book_http.head(str(address)).status_code == 200, address


@pytest.mark.skipif(not (SHARED / "dcat-ap").is_dir(), reason="the official shapes are not beside the repository")
def test_the_official_shapes_of_dcat_ap_find_no_violation(catalogue: rdflib.Graph) -> None:
    shapes = rdflib.Graph()
    for name in SEMIC:
        shapes.parse(SHARED / "dcat-ap" / f"3.0.1-html_shacl_{name}.ttl")
    _, report, _ = pyshacl.validate(catalogue, shacl_graph=shapes, inference="none", advanced=False)
    results = [
        (
            report.value(result, SH.focusNode),
            report.value(result, SH.resultPath),
            report.value(result, SH.resultMessage),
        )
        for result in report.objects(None, SH.result)  # not the details of what is a warning
        if (result, SH.resultSeverity, SH.Violation) in report
    ]
    assert results == []


# -- dumps -----------------------------------------------------------------------------------------------------------------


def test_sizes_and_sums_are_those_of_the_files(book_http: httpx.Client, catalogue: rdflib.Graph) -> None:
    sums = dict(line.split("  ")[::-1] for line in book_http.get("dumps/SHA256SUMS").text.splitlines())
    sized = list(catalogue.subject_objects(DCAT.downloadURL))
    assert len(sized) == 8
    for distribution, where in sized:
        address, size = str(where), catalogue.value(distribution, DCAT.byteSize)
        answer = book_http.get(address, headers={"accept-encoding": "identity"})
        media_type = str(catalogue.value(distribution, DCAT.mediaType)).rpartition("media-types/")[2]
        assert len(answer.content) == int(size) == int(answer.headers["content-length"])
        assert answer.headers["content-type"].partition(";")[0] == media_type
        if "/dumps/" in address:  # the vocabulary is a document of its own
            assert hashlib.sha256(answer.content).hexdigest() == sums[address.rpartition("/")[2]]


def test_dumps_come_compressed_in_ranges_and_conditionally(book_http: httpx.Client) -> None:
    plain = book_http.get("dumps/dataset.ttl")
    with book_http.stream("GET", "dumps/dataset.ttl", headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) == int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.headers["etag"] != plain.headers["etag"]
    part = book_http.get("dumps/dataset.ttl", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, plain.content[10:20])
    for wrong in ("items=0-1", "bytes=abc", "bytes=5-2", "bytes=", "bytes=0-1,x"):
        whole = book_http.get("dumps/dataset.ttl", headers={"range": wrong})
        assert (whole.status_code, whole.content) == (200, plain.content), wrong
    again = book_http.get("dumps/dataset.ttl", headers={"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/problem+json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
    ],
)
def test_a_range_outside_of_a_dump_is_refused_like_all_else_that_is(
    book_http: httpx.Client, accept: str, kind: str
) -> None:
    size = len(book_http.get("dumps/dataset.ttl").content)
    asked = {"range": f"bytes={size}-", "accept": accept, "accept-language": "fr"}
    for method in ("GET", "HEAD"):
        refused = book_http.request(method, "dumps/dataset.ttl", headers=asked)
        assert (refused.status_code, refused.headers["content-type"]) == (416, kind)
        assert refused.headers["content-range"] == f"bytes */{size}"
        assert refused.headers["cache-control"] == "no-store"
        told = f"Le fichier a {size} octets" if accept == "text/html" else f"The file has {size} bytes"
        assert (told in refused.text) == (method == "GET")


def test_a_dump_says_where_it_belongs_and_what_describes_it(book: Server, book_http: httpx.Client) -> None:
    links = book_http.head("dumps/initiatives.csv").headers["link"]
    assert f'<{book.base}doc/dataset/initiatives>; rel="collection"' in links
    described = f"{book.base}dumps/initiatives.csv-metadata.json"
    assert f'<{described}>; rel="describedby"; type="application/csvm+json"' in links
    assert book_http.get(described).headers["content-type"] == "application/csvm+json"


# -- tables ----------------------------------------------------------------------------------------------------------------

_INITIATIVES = """PREFIX sn: <https://w3id.org/solnum/def#> PREFIX schema: <https://schema.org/>
SELECT ?iri ?name (COUNT(DISTINCT ?place) AS ?places) {
  ?iri a sn:Initiative ; schema:name ?name OPTIONAL { ?iri schema:location ?place } } GROUP BY ?iri ?name"""


@pytest.fixture(scope="module")
def initiatives(book_http: httpx.Client) -> dict[str, tuple[str, int]]:
    """The initiatives by IRI: name and number of places, as the endpoint answers."""
    answer = book_http.get("sparql", params={"query": _INITIATIVES, "format": "json"}).json()
    rows = answer["results"]["bindings"]
    return {row["iri"]["value"]: (row["name"]["value"], int(row["places"]["value"])) for row in rows}


def test_the_table_has_one_row_for_each_initiative(
    book_http: httpx.Client, initiatives: dict[str, tuple[str, int]]
) -> None:
    answer = book_http.get("dumps/initiatives.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert {row["iri"]: row["initiative"] for row in rows} == {iri: name for iri, (name, _) in initiatives.items()}
    assert len(rows) == len(initiatives) == 27
    for row in rows:
        places = initiatives[row["iri"]][1]
        assert bool(row["geometry"]) == bool(places)
        assert row["geometry"].startswith("MULTIPOINT") == (places > 1)
        assert bool(row["latitude"]) == (places == 1)


def test_the_page_of_a_table_leads_to_its_file(book: Server, book_http: httpx.Client) -> None:
    page = book_http.get("doc/table/initiatives", headers={"accept": "text/html"})
    assert f'href="{book.base}dumps/initiatives.csv"' in page.text


def test_pandas_reads_the_table_with_its_types(book_http: httpx.Client) -> None:
    frame = pandas.read_csv(io.BytesIO(book_http.get("dumps/initiatives.csv").content), dtype={"code_insee": str})
    assert frame.shape == (27, 14)
    assert frame["latitude"].dtype == frame["longitude"].dtype == float
    assert frame["latitude"].dropna().between(41, 52).all()
    assert not frame["iri"].duplicated().any()
    brest = frame[frame["commune"] == "Brest"]
    assert set(brest["code_insee"]) == {"29019"}
    assert set(brest["departement"]) == {"Finistère"}


def test_csv_on_the_web_reads_the_table_by_its_metadata(
    book_http: httpx.Client, tmp_path: Path, initiatives: dict[str, tuple[str, int]]
) -> None:
    metadata = book_http.get("dumps/initiatives.csv-metadata.json").json()
    (tmp_path / "initiatives.csv").write_bytes(book_http.get("dumps/initiatives.csv").content)
    (tmp_path / "initiatives.csv-metadata.json").write_text(json.dumps({**metadata, "url": "initiatives.csv"}), "utf-8")
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        table = CSVW(str(tmp_path / "initiatives.csv-metadata.json"), validate=True)
        assert table.is_valid, [str(doubt.message) for doubt in doubts]
        rows = list(table.tables[0])
    assert {row["iri"].unsplit() for row in rows} == set(initiatives)
    shared = next(row for row in rows if row["iri"].unsplit().endswith("/ouvrir-sa-porte"))
    assert shared["commune"] == ["Longjumeau", "Paris 11e Arrondissement", "Évry-Courcouronnes"]
    assert shared["code_insee"] == ["91345", "75111", "91228"]


def test_the_map_layer_is_geojson_with_every_place(
    book_http: httpx.Client, initiatives: dict[str, tuple[str, int]]
) -> None:
    answer = book_http.get("dumps/initiatives.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    layer = geojson.loads(answer.text)
    assert layer.is_valid, layer.errors()
    assert {feature["id"] for feature in layer["features"]} == set(initiatives)
    for feature in layer["features"]:
        places = initiatives[feature["id"]][1]
        kinds = {0: None, 1: "Point"}
        assert (feature["geometry"] or {}).get("type") == kinds.get(places, "MultiPoint")
        for x, y in geojson.utils.coords(feature) if feature["geometry"] else ():
            assert (-6 < x < 10) and (41 < y < 52)  # longitude first (RFC 7946, 3.1.1)


_TOWNS = """PREFIX igeo: <http://rdf.insee.fr/def/geo#> PREFIX schema: <https://schema.org/>
SELECT ?code ?name ?department ?x ?y {
  ?town igeo:codeINSEE ?code ; schema:name ?name ; schema:longitude ?x ; schema:latitude ?y .
  OPTIONAL { ?town schema:containedInPlace+ [ a igeo:Departement ; schema:name ?department ] } }"""


def test_what_is_said_of_several_places_pairs_from_cell_to_cell_and_with_the_points(book_http: httpx.Client) -> None:
    answer = book_http.get("sparql", params={"query": _TOWNS, "format": "json"}).json()
    rows = [{name: term["value"] for name, term in row.items()} for row in answer["results"]["bindings"]]
    towns = {row["code"]: (row["name"], row.get("department"), float(row["x"]), float(row["y"])) for row in rows}
    several = [
        feature
        for feature in book_http.get("dumps/initiatives.geojson").json()["features"]
        if (feature["geometry"] or {}).get("type") == "MultiPoint"
    ]
    assert several
    for feature in several:
        said, points = feature["properties"], feature["geometry"]["coordinates"]
        departments = said["departement"]
        if not isinstance(departments, list):  # one value holds for all places
            departments = [departments] * len(points)
        found = [
            (name, department, *point)
            for name, department, point in zip(said["commune"], departments, points, strict=True)
        ]
        assert found == [towns[code] for code in said["code_insee"]]


# -- statistics ------------------------------------------------------------------------------------------------------------


def test_statistics_are_those_of_the_dump(book: Server, book_http: httpx.Client) -> None:
    void = graph_of(book_http.get(".well-known/void"), "turtle")
    dataset = URIRef(f"{book.base}dataset/solnum")
    triples = {
        quad.triple for quad in ox.parse(book_http.get("dumps/dataset.nt").content, format=ox.RdfFormat.N_TRIPLES)
    }
    kinds = Counter(t.object.value for t in triples if t.predicate.value == str(RDF.type))
    properties = Counter(t.predicate.value for t in triples)
    assert int(void.value(dataset, VOID.triples)) == len(triples)
    assert int(void.value(dataset, VOID.entities)) == len(
        {t.subject for t in triples if isinstance(t.subject, ox.NamedNode)}
    )
    stated = {
        str(void.value(p, VOID["class"])): int(void.value(p, VOID.entities))
        for p in void.objects(dataset, VOID.classPartition)
    }
    assert stated == kinds
    stated = {
        str(void.value(p, VOID.property)): int(void.value(p, VOID.triples))
        for p in void.objects(dataset, VOID.propertyPartition)
    }
    assert stated == properties
    links = {
        str(void.value(void.value(s, VOID.objectsTarget), VOID.uriSpace)): int(void.value(s, VOID.triples))
        for s in void.objects(dataset, VOID.subset)
    }
    same = [t.object.value for t in triples if t.predicate.value.endswith("#sameAs")]
    for space in ("https://sws.geonames.org/", "http://www.wikidata.org/"):
        assert links[space] == sum(target.startswith(space) for target in same)


def test_the_description_of_the_statistics_names_endpoint_dumps_and_examples(
    book: Server, book_http: httpx.Client
) -> None:
    void = graph_of(book_http.get(".well-known/void"), "turtle")
    dataset = URIRef(f"{book.base}dataset/solnum")
    assert (URIRef(f"{book.base}.well-known/void"), RDF.type, VOID.DatasetDescription) in void
    assert void.value(dataset, VOID.sparqlEndpoint) == URIRef(f"{book.base}sparql")
    assert URIRef("https://schema.org/") in set(void.objects(dataset, VOID.vocabulary))
    examples = list(void.objects(dataset, VOID.exampleResource))
    assert examples
    for address in [*void.objects(dataset, VOID.dataDump), *examples]:
        assert book_http.head(str(address)).status_code in (200, 303)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_of_the_statistics_has_every_figure(book_http: httpx.Client, language: str) -> None:
    void = graph_of(book_http.get(".well-known/void"), "turtle")
    page = book_http.get(".well-known/void", headers={"accept": "text/html", "accept-language": language})
    assert page.headers["content-type"].startswith("text/html")
    rows = re.findall(r'<small>([^<]*)</small></th><td[^>]* class="number">([^<]*)</td>', page.text)
    shown = {(name, int(re.sub(r"\D", "", number))) for name, number in rows}
    for kind, unit in ((VOID["class"], VOID.entities), (VOID.property, VOID.triples)):
        for part, term in void.subject_objects(kind):
            assert (str(void.value(part, RDFS.label)), int(void.value(part, unit))) in shown, term
    for linkset in void.subjects(RDF.type, VOID.Linkset):
        target = void.value(void.value(linkset, VOID.objectsTarget), VOID.uriSpace)
        assert str(target) in page.text
    for graph in void.subjects(RDF.type, URIRef(f"{SD}Graph")):
        assert str(graph).partition("/graph/")[2] in page.text


def test_the_statistics_stand_at_an_address_in_every_format(book_http: httpx.Client) -> None:
    negotiated = book_http.get(".well-known/void")
    assert negotiated.headers["content-location"] == f"{book_http.base_url}.well-known/void.ttl"
    for suffix in RDF_SUFFIXES:
        answer = book_http.get(f".well-known/void.{suffix}", headers={"accept": "text/html"})
        assert isomorphic(graph_of(answer, PARSERS[suffix]), graph_of(negotiated, "turtle")), suffix
    assert book_http.get(".well-known/void.html").headers["content-type"].startswith("text/html")
    assert book_http.get(".well-known/void.xyz").status_code == 404


# -- crawlers ----------------------------------------------------------------------------------------------------------------


def test_robots_may_fetch_documents_and_not_ask_queries(book: Server, book_http: httpx.Client) -> None:
    rules = Protego.parse(book_http.get("robots.txt").text)
    assert list(rules.sitemaps) == [f"{book.base}sitemap.xml"]
    allowed = (
        "",
        "doc/dataset/solnum",
        "doc/dataset/solnum?lang=en",
        "catalog",
        "catalog.ttl?page=2",
        "oai?verb=ListRecords&metadataPrefix=oai_dc",
        "dumps/dataset.ttl",
    )
    for path in allowed:
        assert rules.can_fetch(f"{book.base}{path}", "Googlebot"), path
    for path in ("sparql", "sparql?query=ASK{}", "describe?iri=urn:x", "recherche?q=x", "doc/x?property=urn:x"):
        assert not rules.can_fetch(f"{book.base}{path}", "Googlebot"), path


def test_the_sitemap_lists_the_dataset_of_a_source_that_does_not_describe_it(tmp_path: Path) -> None:
    source = tmp_path / "birds"
    source.mkdir()
    (source / "a.nt").write_text('<http://data.example.org/id/a> <http://www.w3.org/2000/01/rdf-schema#label> "A" .\n')
    with serving(source, tmp_path / "releases") as running:
        found = re.findall("<loc>(.*?)</loc>", httpx.get(f"{running.base}sitemap.xml", trust_env=False).text)
    assert {f"{running.base}doc/dataset/birds", f"{running.base}doc/a"} <= set(found)
    assert len(found) == len(set(found))


def test_the_sitemap_lists_every_document_with_its_true_date(book: Server, book_http: httpx.Client) -> None:
    answer = book_http.get("sitemap.xml")
    assert answer.headers["content-type"] == "application/xml"
    pages = list(sitemap_from_str(answer.text).all_pages())
    addresses = re.findall("<loc>(.*?)</loc>", answer.text)  # the library leaves out what it has seen
    assert len(addresses) == len(set(addresses)) > 200
    assert set(addresses) == {page.url for page in pages}
    assert {
        f"{book.base}{path}" for path in ("", "catalog", "donnees", "carte", "initiatives", "doc/dataset/solnum")
    } <= set(addresses)
    history = [json.loads(line) for line in (book.releases / "history.jsonl").read_text("utf-8").splitlines()]
    seen = {entry["at"] for entry in history if entry["event"] != "live"}
    assert {page.last_modified.strftime("%Y-%m-%dT%H:%M:%SZ") for page in pages} <= seen
    rules = Protego.parse(book_http.get("robots.txt").text)
    assert all(rules.can_fetch(address, "Googlebot") for address in addresses)
    for address in addresses[:: len(addresses) // 12]:
        assert book_http.head(address).status_code == 200


def test_without_a_contact_there_is_no_security_txt(book_http: httpx.Client) -> None:
    assert book_http.get(".well-known/security.txt").status_code == 404


# -- in this process ---------------------------------------------------------------------------------------------------------


def answers_of(release: Path, *paths: str) -> list[httpx.Response]:
    """Ask an application in this process, which may be changed for the purpose."""

    async def ask() -> list[httpx.Response]:
        site = Site(lambda: release, open_store)
        await site.open()
        transport = httpx.ASGITransport(app=create_app(site), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            found = [await client.get(path) for path in paths]
        await site.aclose()
        return found

    return asyncio.run(ask())


def test_more_addresses_than_one_map_may_hold_are_divided(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    release = (server.releases / "current").resolve()
    (whole,) = answers_of(release, "/sitemap.xml")
    expected = [page.url for page in sitemap_from_str(whole.text).all_pages()]
    monkeypatch.setattr(crawlers, "PER_MAP", 400)
    (index,) = answers_of(release, "/sitemap.xml")
    assert "<sitemapindex" in index.text
    maps = re.findall(r"<loc>[^<]*(/sitemap-\d+\.xml)</loc>", index.text)
    found = answers_of(release, *maps, f"/sitemap-{len(maps) + 1}.xml", "/sitemap-0.xml", "/sitemap-x.xml")
    parts = [[page.url for page in sitemap_from_str(part.text).all_pages()] for part in found[: len(maps)]]
    assert [address for part in parts for address in part] == expected
    assert len(parts) == 7
    assert max(map(len, parts)) <= 400
    assert [answer.status_code for answer in found[len(maps) :]] == [404, 404, 404]


def test_a_catalogue_that_cannot_be_read_is_an_error_and_never_empty(server: Server, tmp_path: Path) -> None:
    for name, break_it in (("gone", shutil.rmtree), ("broken", lambda folder: (folder / "1.nt").write_text("<a"))):
        release = tmp_path / name
        shutil.copytree((server.releases / "current").resolve(), release)
        break_it(release / "catalogue")
        for answer in answers_of(release, "/catalog", "/catalog.ttl"):
            assert answer.status_code == 500


# -- a large and a hostile source --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server of a thousand datasets, which names a contact."""
    folder = tmp_path_factory.mktemp("many")
    with (
        serving(write_many(folder / "source"), folder / "releases", "--contact", "team@example.net") as running,
        client_of(running.base) as client,
    ):
        yield client


def walk(client: httpx.Client, start: str, limit: int = 50) -> list[rdflib.Graph]:
    """Follow hydra:next as a harvester does."""
    pages, address = [], start
    while address:
        answer = client.get(address)
        assert answer.status_code == 200
        graph = graph_of(answer, {"ttl": "turtle", "jsonld": "json-ld", "nt": "nt"}[start.rpartition(".")[2]])
        pages.append(graph)
        views = list(graph.subjects(RDF.type, HYDRA.PartialCollectionView))
        assert len(views) == 1
        following = list(graph.objects(views[0], HYDRA.next))
        assert len(following) <= 1
        address = str(following[0]) if following else ""
        assert len(pages) < limit
    return pages


def test_a_walk_over_the_pages_finds_every_dataset_once(many: httpx.Client) -> None:
    pages = walk(many, "catalog.nt")
    found = [str(dataset) for page in pages for dataset in sorted(page.objects(None, DCAT.dataset))]
    assert found == sorted(set(found))
    assert len(found) == MANY
    assert not any("untitled" in iri for iri in found)
    assert len(pages) == 10
    for page in pages:
        assert {int(total) for total in page.objects(None, HYDRA.totalItems)} == {MANY}
        assert set(page.subjects(RDF.type, DCAT.Dataset)) == set(page.objects(None, DCAT.dataset))
        for dataset in page.objects(None, DCAT.dataset):
            publisher, contact = page.value(dataset, DCTERMS.publisher), page.value(dataset, DCAT.contactPoint)
            assert page.value(publisher, FOAF.name) == Literal("Nous", lang="fr")
            assert page.value(contact, VCARD.hasEmail) == URIRef("mailto:team@example.net")


def test_the_size_of_a_vocabulary_is_that_of_what_is_served(many: httpx.Client) -> None:
    described = many.get("doc/distribution/main-vocabulary.nt").text
    about = rdflib.Graph().parse(data=described, format="nt")
    ((distribution, size),) = about.subject_objects(DCAT.byteSize)
    served = many.get(str(about.value(distribution, DCAT.downloadURL)), headers={"accept-encoding": "identity"})
    assert '"Été"@fr' in served.text
    assert int(size) == len(served.content) == int(served.headers["content-length"])


def test_hostile_titles_come_through_every_format(many: httpx.Client) -> None:
    for suffix in RDF_SUFFIXES:
        page = graph_of(many.get(f"catalog.{suffix}", params={"page": 5}), PARSERS[suffix])
        node = next(s for s in page.subjects(RDF.type, DCAT.Dataset) if str(s).endswith("d0500"))
        assert str(page.value(node, DCTERMS.title)) == HOSTILE.replace("\\\\", "\\") + "x" * 10_000


def test_a_walk_that_another_catalogue_interrupts_ends_with_an_error(many: httpx.Client) -> None:
    assert many.get("catalog.ttl", params={"page": 2, "snapshot": "0" * 16}).status_code == 410


@pytest.mark.parametrize(
    ("page", "status"), [("0", 400), ("-1", 400), ("x", 400), ("²", 400), ("11", 404), ("9" * 30, 404)]
)
def test_a_page_that_is_not_there_is_never_an_empty_one(many: httpx.Client, page: str, status: int) -> None:
    assert many.get("catalog.ttl", params={"page": page}).status_code == status


def test_the_contact_is_published_for_reports_of_weaknesses(many: httpx.Client) -> None:
    answer = many.get(".well-known/security.txt")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert fields["Contact"] == "mailto:team@example.net"
    assert date.fromisoformat(fields["Expires"][:10]) > date.today()
    assert many.get(".well-known/security.txt").status_code == 200
