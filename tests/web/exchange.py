"""Requests and answers as the tests over HTTP need them."""

from __future__ import annotations

import re
import socket
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from urllib.parse import quote, urlencode

import httpx
import pyoxigraph as ox
import rdflib
from rdflib.compare import to_isomorphic

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
FORMATS = {
    "ttl": "text/turtle",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
    "nt": "application/n-triples",
    "html": "text/html",
}
RDF_SUFFIXES = [suffix for suffix in FORMATS if suffix != "html"]
PARSERS = {"ttl": "turtle", "jsonld": "json-ld", "rdf": "xml", "nt": "nt"}
LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[a-z]+="[^"]*")*)')


def client_of(base: str) -> httpx.Client:
    """Return a client that sends only the headers a test gives it, and follows no redirect."""
    client = httpx.Client(base_url=base, trust_env=False, timeout=30)
    client.headers.clear()
    return client


def free_port() -> int:
    """Return a port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Return when the condition holds; fail after a bound that only hides a hang."""
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        Event().wait(0.05)
    raise AssertionError(f"still not after {seconds} s: {condition}")


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return all lines of a header as one list, None when it is absent."""
        lines = [value for key, value in self.headers if key == name]
        return ", ".join(lines) if lines else None


def parse_answer(raw: bytes) -> Answer:
    """Return the first answer of what a server sent (identity transfer-coding only)."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    assert re.match(r"HTTP/1\.[01] \d{3}", status), raw[:200]
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return Answer(int(status.split(" ")[1]), tuple(headers), body)


def request_bytes(target: str | bytes, *headers: str, method: str = "GET", host: str = "127.0.0.1") -> bytes:
    """Return a request as it is sent, that asks to close the connection."""
    target = target if isinstance(target, bytes) else target.encode()
    lines = "".join(f"{header}\r\n" for header in headers).encode("utf-8")
    return b"%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n" % (
        method.encode(),
        target,
        host.encode(),
        lines,
    )


def links(answer: httpx.Response) -> list[tuple[str, dict[str, str]]]:
    """Return the targets of the Link header with their parameters (RFC 8288)."""
    found = LINK.findall(answer.headers.get("link", ""))
    return [(target, dict(re.findall(r'([a-z]+)="([^"]*)"', rest))) for target, rest in found]


def linked(answer: httpx.Response, rel: str) -> list[str]:
    """Return the targets of one relation."""
    return [target for target, parameters in links(answer) if parameters.get("rel") == rel]


def graph_of(body: bytes, suffix: str) -> rdflib.Graph:
    """Parse a body strictly: no base, so that a relative IRI stays one and is found."""
    graph = rdflib.Graph(bind_namespaces="none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's JSON-LD parser uses what rdflib deprecates
        graph.parse(data=body, format=PARSERS[suffix], publicID="relative:")
    return graph


def assert_isomorphic(graphs: dict[str, rdflib.Graph]) -> None:
    """Compare graphs as RDF 1.1 does, by value of blank nodes; show what differs."""
    names = list(graphs)
    first = to_isomorphic(graphs[names[0]])
    for name in names[1:]:
        other = to_isomorphic(graphs[name])
        assert first == other, f"{names[0]} and {name} differ: {sorted(set(first) ^ set(other))[:6]}"


def canonical(body: bytes, form: ox.RdfFormat) -> str:
    """Return the canonical N-Triples of a document, by another implementation than the tests' first."""
    dataset = ox.Dataset(ox.parse(body, format=form))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return "\n".join(sorted(str(quad) for quad in dataset))


def describe(iri: str) -> str:
    """Return the path of the description of any IRI."""
    return f"/describe?iri={quote(iri, safe='')}"


def sparql(query: str, **parameters: str) -> str:
    """Return the path of a SPARQL query by GET."""
    return f"/sparql?{urlencode({'query': query, **parameters})}"


def resources_of(client: httpx.Client) -> list[str]:
    """Return the document of every resource of ours that the book's release describes."""
    base = str(client.base_url)
    query = f'SELECT DISTINCT ?s {{ ?s ?p ?o FILTER(STRSTARTS(STR(?s), "{base}id/")) }}'
    rows = client.get("sparql", params={"query": query}).json()["results"]["bindings"]
    assert len(rows) > 50
    return [f"doc/{row['s']['value'].removeprefix(base + 'id/')}" for row in rows]
