"""What the tests of the SPARQL endpoint share: formats, ways to send a query, readers of answers, hand-made graphs."""

from __future__ import annotations

import csv
import io
import json
import re
import socket
import threading
import time
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pyoxigraph as ox
import rdflib

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
CSV = "text/csv"
TSV = "text/tab-separated-values"
FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"
UPDATE = "application/sparql-update"
PROBLEM = "application/problem+json"

RESULTS = {"json": JSON, "srj": JSON, "xml": XML, "srx": XML, "csv": CSV, "tsv": TSV}
GRAPHS = {
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "rdf": "application/rdf+xml",
    "jsonld": "application/ld+json",
    "trig": "application/trig",
    "nq": "application/n-quads",
}
"""Short names of ``format=`` and the media types that they stand for."""

SELECT = "PREFIX s: <https://schema.org/> SELECT ?n { ?b a s:Book ; s:numberOfPages ?n }"
ASK = "ASK { ?s ?p 47 }"
CONSTRUCT = "CONSTRUCT { ?s <http://x.example/n> ?n } WHERE { ?s <https://schema.org/numberOfPages> ?n }"
DESCRIBE = "DESCRIBE ?b WHERE { ?b a <https://schema.org/Book> }"
FORMS = {"SELECT": SELECT, "ASK": ASK, "CONSTRUCT": CONSTRUCT, "DESCRIBE": DESCRIBE}
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
WAYS = ("get", "form", "direct")

Parameters = Sequence[tuple[str, str]]


def send(
    client: httpx.Client,
    way: str,
    query: str,
    parameters: Parameters = (),
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Send a query in one of the three ways of SPARQL 1.1 Protocol, 2.1 (or ``head``, which is a GET without a body)."""
    headers = dict(headers or {})
    if way in ("get", "head"):
        address = f"sparql?{urlencode([('query', query), *parameters])}"
        return client.request("HEAD" if way == "head" else "GET", address, headers=headers)
    if way == "form":
        body = urlencode([("query", query), *parameters]).encode()
        return client.post("sparql", content=body, headers={"content-type": FORM, **headers})
    address = f"sparql?{urlencode(parameters)}" if parameters else "sparql"
    return client.post(address, content=query.encode(), headers={"content-type": DIRECT, **headers})


def media_type(answer: httpx.Response) -> str:
    """Return the media type of an answer without its parameters."""
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


# -- readers -----------------------------------------------------------------------------------------------------------

_SRX = "{http://www.w3.org/2005/sparql-results#}"


def read_boolean(body: bytes, kind: str) -> bool:
    """Return the answer of an ASK in any of its formats."""
    if kind == JSON:
        value = json.loads(body)["boolean"]
        assert isinstance(value, bool)
        return value
    if kind == XML:
        text = ET.fromstring(body).findtext(f"{_SRX}boolean")
    else:
        text = body.decode().split()[-1]
    assert text in ("true", "false"), body
    return text == "true"


def read_rows(body: bytes, kind: str) -> list[dict[str, str]]:
    """Return solutions as variable → value, whatever the format; terms are reduced to their text."""
    if kind == JSON:
        document = json.loads(body)
        assert list(document) == ["head", "results"] or set(document) >= {"head", "results"}
        return [{name: cell["value"] for name, cell in row.items()} for row in document["results"]["bindings"]]
    if kind == XML:
        root = ET.fromstring(body)
        assert root.tag == f"{_SRX}sparql"
        return [
            {binding.attrib["name"]: "".join(binding[0].itertext()) for binding in result}
            for result in root.iterfind(f"{_SRX}results/{_SRX}result")
        ]
    if kind == CSV:
        lines = list(csv.reader(io.StringIO(body.decode(), newline="")))
        return [{n: v for n, v in zip(lines[0], line, strict=True) if v} for line in lines[1:]]
    assert kind == TSV, kind
    parsed = ox.parse_query_results(body, format=ox.QueryResultsFormat.TSV)
    assert isinstance(parsed, ox.QuerySolutions)
    names = [variable.value for variable in parsed.variables]
    return [
        {n: getattr(term, "value", str(term)) for n, term in zip(names, row, strict=True) if term is not None}
        for row in parsed
    ]


def read_terms(body: bytes) -> list[dict[str, tuple[str, str, str | None]]]:
    """Return solutions in JSON as variable → (type, value, datatype or language)."""
    return [
        {n: (c["type"], c["value"], c.get("datatype") or c.get("xml:lang")) for n, c in row.items()}
        for row in json.loads(body)["results"]["bindings"]
    ]


def read_graph(body: bytes, kind: str) -> rdflib.Graph:
    """Parse a graph by rdflib, which shares no code with what wrote it; quads are put together."""
    names = {"text/turtle": "turtle", "application/n-triples": "nt", "application/rdf+xml": "xml"}
    names |= {"application/ld+json": "json-ld", "application/trig": "trig", "application/n-quads": "nquads"}
    dataset = rdflib.Dataset(default_union=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's JSON-LD parser uses what rdflib deprecates
        dataset.parse(data=body, format=names[kind], publicID="relative:")
    graph = rdflib.Graph()
    for subject, predicate, value, _ in dataset.quads():
        graph.add((subject, predicate, value))
    return graph


def ask(client: httpx.Client, query: str, parameters: Parameters = (), way: str = "form") -> bool:
    """Return the answer of an ASK."""
    answer = send(client, way, query, parameters)
    assert answer.status_code == 200, answer.text
    return read_boolean(answer.content, JSON)


def rows(client: httpx.Client, query: str, parameters: Parameters = (), way: str = "form") -> list[dict[str, str]]:
    """Return the solutions of a SELECT."""
    answer = send(client, way, query, parameters)
    assert answer.status_code == 200, answer.text
    return read_rows(answer.content, JSON)


def number(client: httpx.Client, query: str, parameters: Parameters = (), way: str = "form") -> int:
    """Return the single value of a SELECT with one variable and one row."""
    (row,) = rows(client, query, parameters, way)
    (value,) = row.values()
    return int(value)


def assert_problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """Check that an answer is an error as machines read it (RFC 9457), usable from a browser's script."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert media_type(answer) == PROBLEM, answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"].strip()
    assert not re.search(r"pyoxigraph|Traceback|\.\.=|\\u\{|/store/|RuntimeError|SyntaxError", json.dumps(problem))
    return problem


# -- who must hear nothing -----------------------------------------------------------------------------------------------


class Listener:
    """A server of the loopback that answers nothing and remembers that it was called."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}/sparql"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    self.heard.append(connection.recv(1000))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                except OSError:
                    self.heard.append(b"(called)")

    def calls(self) -> list[bytes]:
        """Return what was heard, after everything that was sent before has arrived: a call of our own comes last."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as own:
            own.sendall(b"END")
            own.recv(100)
        for _ in range(100):
            if self.heard and self.heard[-1] == b"END":
                break
            time.sleep(0.01)
        return [call for call in self.heard if call != b"END"]

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@contextmanager
def listening() -> Iterator[Listener]:
    """Give a :class:`Listener` and close it."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()


# -- hand-made graphs --------------------------------------------------------------------------------------------------

P = "http://vocab.example.net/p"
NEXT = "http://vocab.example.net/next"
ONE, TWO, THREE = (f"http://graphs.example.net/{name}" for name in ("one", "two", "three"))

_CATALOG = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix void: <http://rdfs.org/ns/void#> .
<http://data.example.org/dataset/graphs> a dcat:Dataset ; dcterms:title "Graphes"@fr ;
  dcterms:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ; dcat:version "1.0" ; void:uriSpace "http://data.example.org/" .
"""
_TRIG = f"""\
@prefix i: <http://data.example.org/id/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
i:nowhere <{P}> 0 .
i:shared <{P}> 9 .
<{ONE}> {{ i:a <{P}> 1 . i:shared <{P}> 9 . i:a <{NEXT}> i:b . <{ONE}> a foaf:Document . }}
<{TWO}> {{ i:b <{P}> 2 . i:shared <{P}> 9 . i:b <{NEXT}> i:c . i:a <{NEXT}> i:b . <{TWO}> a foaf:Document . }}
<{THREE}> {{ i:c <{P}> 3 . <{THREE}> a foaf:Document . }}
<http://data.example.org/graph/ours> {{ i:d <{P}> 4 . }}
"""


def write_graphs(folder: Path, *, extra: str = "") -> Path:
    """Write a source with triples in no graph, in several named graphs, in two at once, and in a triple file.

    ``P`` leads from ``nowhere`` to 0 (no graph), ``a`` to 1 (ONE), ``b`` to 2 (TWO), ``c`` to 3 (THREE), ``d`` to 4
    (a graph under the source's uriSpace), ``e`` to 5 (the file plain.ttl), and ``shared`` to 9 (no graph, ONE and TWO).
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog.ttl").write_text(_CATALOG, "utf-8")
    (folder / "graphs.trig").write_text(_TRIG, "utf-8")
    (folder / "plain.ttl").write_text(f"<http://data.example.org/id/e> <{P}> 5 .\n{extra}", "utf-8")
    return folder
