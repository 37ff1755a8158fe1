"""Real clients of SPARQL endpoints, and requests as sent by those that cannot run here."""

from __future__ import annotations

import json
import shutil
import subprocess
import warnings

import httpx
import pyoxigraph as ox
import pytest
import rdflib
from endpoint import DIRECT, FORM, JSON, RESULTS, read_boolean, read_graph, read_rows
from rdflib.namespace import RDFS
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV, JSONLD, N3, POST, POSTDIRECTLY, RDFXML, TSV, TURTLE, URLENCODED, XML, SPARQLWrapper
from SPARQLWrapper import JSON as WRAPPER_JSON

from support import ROOT, Server

CLIENTS = ROOT / "tests" / "clients"
NODE, CURL = shutil.which("node"), shutil.which("curl")
SN = "PREFIX sn: <https://w3id.org/solnum/def#> "
COUNT = SN + "SELECT (COUNT(*) AS ?n) { ?i a sn:Initiative }"
NAMES = (
    SN
    + "PREFIX schema: <https://schema.org/> SELECT ?i ?name { ?i a sn:Initiative ; schema:name ?name } ORDER BY ?name"
)
CHAPTERS = "CONSTRUCT WHERE { ?c a <https://schema.org/Chapter> }"


# -- Python ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "way"), [("GET", URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)])
def test_sparqlwrapper_reads_every_format(method: str, way: str, book: Server) -> None:
    client = SPARQLWrapper(f"{book.base}sparql")
    client.setMethod(method)
    client.setRequestMethod(way)
    client.setQuery(COUNT)
    client.setReturnFormat(WRAPPER_JSON)
    assert client.queryAndConvert()["results"]["bindings"][0]["n"]["value"] == "27"
    client.setReturnFormat(XML)
    assert "27" in client.queryAndConvert().toxml()
    for name in (CSV, TSV):
        client.setReturnFormat(name)
        assert b"27" in client.queryAndConvert()
    client.setQuery("ASK {}")
    client.setReturnFormat(WRAPPER_JSON)
    assert client.queryAndConvert()["boolean"] is True


def test_sparqlwrapper_reads_graphs(book: Server) -> None:
    client = SPARQLWrapper(f"{book.base}sparql")
    for query in (CHAPTERS, "DESCRIBE ?c WHERE { ?c a <https://schema.org/Chapter> }"):
        client.setQuery(query)
        for name in (RDFXML, JSONLD):
            client.setReturnFormat(name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of rdflib's JSON-LD parser
                assert len(client.queryAndConvert()) >= 4
        for name in (TURTLE, N3):
            client.setReturnFormat(name)
            assert len(rdflib.Graph().parse(data=client.queryAndConvert(), format="turtle")) >= 4


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
@pytest.mark.parametrize("kind", ["json", "xml", "csv", "tsv"])
def test_rdflib_reads_the_endpoint_as_a_store(method: str, kind: str, book: Server) -> None:
    graph = rdflib.Graph(SPARQLStore(f"{book.base}sparql", method=method, returnFormat=kind))
    found = list(graph.query(NAMES))
    assert len(found) == 27
    assert any("Kaina TV" in str(row[1]) for row in found)
    initiative = rdflib.URIRef(f"{book.base}id/initiative/kaina-tv")
    assert any("Kaina TV" in label for label in graph.objects(initiative, RDFS.label))
    assert (initiative, None, None) in graph


def test_rdflib_federates_with_the_endpoint(book: Server) -> None:
    query = f"SELECT ?i ?name {{ SERVICE <{book.base}sparql> {{ ?i a <https://w3id.org/solnum/def#Initiative> ; <https://schema.org/name> ?name }} }}"
    assert len(list(rdflib.Graph().query(query))) == 27


@pytest.mark.parametrize("silent", ["", "SILENT "])
def test_oxigraph_federates_with_the_endpoint(silent: str, book: Server) -> None:
    """The engine's own client: what another Oxigraph sends when its user federates with us."""
    store = ox.Store()
    mine = ox.NamedNode(f"{book.base}id/initiative/kaina-tv")
    store.add(ox.Quad(mine, ox.NamedNode("http://x.example/note"), ox.Literal("seen")))
    query = f"SELECT ?i ?name {{ ?i <http://x.example/note> ?note . SERVICE {silent}<{book.base}sparql> {{ ?i <https://schema.org/name> ?name }} }}"
    (row,) = store.query(query)
    assert "Kaina TV" in row["name"].value
    everything = f"SELECT (COUNT(*) AS ?n) {{ SERVICE {silent}<{book.base}sparql> {{ ?i a <https://w3id.org/solnum/def#Initiative> }} }}"
    assert next(iter(store.query(everything)))["n"].value == "27"


# -- requests as others send them ------------------------------------------------------------------------------------------

RDF4J_TABLE = (
    "application/x-binary-rdf-results-table;q=0.8, application/sparql-results+json;q=0.8, application/json;q=0.8, "
    "application/sparql-results+xml;q=0.8, application/xml;q=0.8, text/tab-separated-values;q=0.8, text/csv;q=0.8"
)
RDF4J_GRAPH = (
    "text/turtle, application/ld+json;q=0.8, application/n-quads;q=0.8, application/n-triples;q=0.8, application/rdf+json;q=0.5, "
    "application/rdf+xml;q=0.8, application/trig;q=0.8, application/trix;q=0.8, application/x-binary-rdf;q=0.8, text/n3;q=0.8"
)


def test_graphdb_federates_with_the_endpoint(book_http: httpx.Client) -> None:
    """RDF4J's SPARQLRepository, which GraphDB evaluates SERVICE with: POST form, VALUES for what it knows already."""
    headers = {"content-type": f"{FORM}; charset=UTF-8", "user-agent": "Apache-HttpClient/4.5.14 (Java/17)"}
    query = f"""{SN} SELECT ?name ?__rowIdx WHERE {{ ?i <https://schema.org/name> ?name . ?i a sn:Initiative }}
        VALUES (?i ?__rowIdx) {{ (<{book_http.base_url}id/initiative/kaina-tv> "0") (<{book_http.base_url}id/initiative/creartis> "1") }}"""
    for accept in (RDF4J_TABLE, f"application/sparql-results+xml, {RDF4J_TABLE}"):
        answer = book_http.post(
            "sparql", data={"query": query, "infer": "true", "timeout": "0"}, headers={**headers, "accept": accept}
        )
        assert answer.status_code == 200, answer.text
        found = read_rows(answer.content, answer.headers["content-type"].partition(";")[0])
        assert {row["__rowIdx"] for row in found} == {"0", "1"}
    ask = "ASK WHERE { ?s ?p ?o }"
    answer = book_http.post(
        "sparql", data={"query": ask}, headers={**headers, "accept": f"text/boolean, {RDF4J_TABLE}"}
    )
    assert read_boolean(answer.content, answer.headers["content-type"].partition(";")[0])
    answer = book_http.post("sparql", data={"query": CHAPTERS}, headers={**headers, "accept": RDF4J_GRAPH})
    assert len(read_graph(answer.content, answer.headers["content-type"].partition(";")[0])) == 4


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        (NAMES, "application/sparql-results+json,*/*;q=0.9"),
        (NAMES, "application/sparql-results+json, application/sparql-results+xml;q=0.8, */*;q=0.1"),
        (CHAPTERS, "text/turtle,*/*;q=0.9"),
        (CHAPTERS, "application/n-triples,*/*;q=0.9"),
    ],
)
def test_yasgui_asks_from_another_site(query: str, accept: str, book_http: httpx.Client) -> None:
    headers = {
        "accept": accept,
        "content-type": f"{FORM}; charset=UTF-8",
        "origin": "https://yasgui.triply.cc",
        "referer": "https://yasgui.triply.cc/",
        "sec-fetch-mode": "cors",
        "sec-fetch-site": "cross-site",
    }
    answer = book_http.post("sparql", data={"query": query}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind == accept.partition(",")[0]
    assert len(read_rows(answer.content, kind) if kind in RESULTS.values() else read_graph(answer.content, kind)) in {
        4,
        27,
    }
    error = book_http.post("sparql", data={"query": "SELECT"}, headers=headers)
    assert (error.status_code, error.headers["access-control-allow-origin"]) == (400, "*")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/sparql-results+json, application/sparql-results+xml", DIRECT),
        (
            "application/sparql-results+json;q=1.0,application/sparql-results+xml;q=0.9,text/tab-separated-values;q=0.8",
            DIRECT,
        ),
        ("application/sparql-results+json,text/csv;q=0.5,*/*;q=0.1", FORM),
        ("application/sparql-results+xml, text/xml;q=0.5", FORM),
    ],
    ids=["Oxigraph", "weighed", "Jena", "old"],
)
def test_engines_get_what_their_header_prefers(accept: str, kind: str, book_http: httpx.Client) -> None:
    body = {"data": {"query": COUNT}} if kind == FORM else {"content": COUNT.encode()}
    answer = book_http.post("sparql", headers={"accept": accept, "content-type": kind}, **body)
    wanted = accept.partition(",")[0].partition(";")[0]
    assert answer.headers["content-type"].partition(";")[0] == wanted
    assert read_rows(answer.content, wanted) == [{"n": "27"}]


# -- programs --------------------------------------------------------------------------------------------------------------

comunica = pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules" / "@comunica").is_dir(),
    reason="Node.js or Comunica is not installed: run tests/prepare.sh",
)


@comunica
@pytest.mark.parametrize("kind", ["", "sparql"])
def test_comunica_takes_the_endpoint_as_a_source(kind: str, book: Server) -> None:
    """Told that it is an endpoint, or left to find it out from the service description."""
    query = (
        SN + "SELECT ?name { ?i a sn:Initiative ; <https://schema.org/name> ?name FILTER(CONTAINS(?name, 'Kaina')) }"
    )
    done = subprocess.run(
        [str(NODE), str(CLIENTS / "source.mjs"), f"{book.base}sparql", query, *([kind] if kind else [])],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=CLIENTS,
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert "Kaina TV" in row["name"]


@pytest.mark.skipif(CURL is None, reason="curl is not installed: run tests/prepare.sh")
def test_curl_asks_in_each_way_and_reads_errors(book: Server) -> None:
    endpoint = f"{book.base}sparql"

    def curl(*arguments: str) -> tuple[str, str]:
        done = subprocess.run(
            [str(CURL), "-s", "-w", "\n%{http_code} %{content_type}", *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        body, _, status = done.stdout.rpartition("\n")
        return status, body

    for way in (
        ["-G", endpoint, "--data-urlencode", f"query={COUNT}"],
        [endpoint, "--data-urlencode", f"query={COUNT}"],
        [endpoint, "-H", f"Content-Type: {DIRECT}", "--data-binary", COUNT],
    ):
        status, body = curl(*way)
        assert status == f"200 {JSON}"
        assert read_rows(body.encode(), JSON) == [{"n": "27"}]
        status, body = curl(*way, "-H", "Accept: text/csv")
        assert (status, body.split()) == ("200 text/csv; charset=utf-8", ["n", "27"])
    status, body = curl(endpoint, "--data-urlencode", "query=SELECT *\n{ ?s ?p")
    assert status.startswith("400 ")
    assert "line 2" in body.lower()
    status, body = curl(endpoint, "--data-urlencode", "update=CLEAR ALL")
    assert status.startswith("403 ")
    assert "read-only" in body
