"""A small server in good health, whose answers a test may make worse one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

CATALOGUE = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<BASEcatalog> a dcat:Catalog ; dct:title "Catalogue"@fr ; dct:description "Tout."@fr ; dct:publisher <BASEorg> ;
  dcat:dataset <BASEdataset/a> ; dcat:service <BASEservice> .
<BASEorg> a foaf:Agent ; foaf:name "Réinventer" .
<BASEdataset/a> a dcat:Dataset ; dct:identifier "BASEdataset/a" ; dct:title "Le jeu A"@fr, "Set A"@en ;
  dct:description "Un jeu."@fr, "A set."@en ; dct:publisher <BASEorg> ; dcat:contactPoint <BASEcontact> ; dcat:theme <BASEtheme> ;
  dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> ; dct:issued "2026-01-01"^^xsd:date ;
  dct:temporal [ a dct:PeriodOfTime ; dcat:startDate "2025-01-01"^^xsd:date ] ; dcat:landingPage <BASEpage/a> ;
  dcat:distribution <BASEdist/ttl>, <BASEdist/csv> .
<BASEcontact> a vcard:Kind ; vcard:fn "Contact" ; vcard:hasEmail <mailto:a@b.example> .
<BASEtheme> a skos:Concept ; skos:prefLabel "Thème"@fr .
<BASEdist/ttl> a dcat:Distribution ; dcat:accessURL <BASEpage/a> ; dcat:downloadURL <BASEdump.ttl> ; dct:format <BASEformat/ttl> ;
  dcat:mediaType <http://www.iana.org/assignments/media-types/text/turtle> ; dcat:byteSize 5 ;
  dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> .
<BASEdist/csv> a dcat:Distribution ; dcat:accessURL <BASEpage/a> ; dcat:downloadURL <BASEdump.csv> ; dct:format <BASEformat/ttl> ;
  dct:license <https://www.etalab.gouv.fr/licence-ouverte-open-licence> .
<BASEformat/ttl> rdfs:label "Turtle" .
<http://www.iana.org/assignments/media-types/text/turtle> rdfs:label "text/turtle" .
<BASEservice> a dcat:DataService ; dct:identifier "BASEservice" ; dct:title "SPARQL"@fr ; dcat:endpointURL <BASEapi> ;
  dcat:servesDataset <BASEdataset/a> .
"""
LANDING = """<!doctype html><html lang="fr"><head><title>A</title><script type="application/ld+json">
{"@context": "https://schema.org/", "@type": "Dataset", "name": "Le jeu A",
 "description": "Un jeu de données dont la description est assez longue pour être montrée.", "license": "https://x.example/l",
 "creator": {"@type": "Organization", "name": "R"}, "distribution": [{"@type": "DataDownload", "contentUrl": "BASEdump.ttl"}]}
</script></head><body><p>A</p></body></html>"""
LINKS = '</dataset/a>; rel="cite-as", </catalog>; rel="describedby", </dump.ttl>; rel="item"'
VOID = "<BASEdataset/a> a <http://rdfs.org/ns/void#Dataset> ."
TURTLE = "text/turtle; charset=utf-8"


@dataclass
class Answer:
    """What is answered at one path."""

    body: str = ""
    kind: str = TURTLE
    status: int = 200
    head: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Answers = dict[str, Answer]


def healthy(base: str) -> Answers:
    """Return what a server in good health answers, by path."""
    answers = {
        "/catalog": Answer(CATALOGUE),
        "/dump.ttl": Answer("<a> ."),
        "/dump.csv": Answer("a,b\n", "text/csv; charset=utf-8"),
        "/dataset/a": Answer("<BASEdataset/a> a <http://www.w3.org/ns/dcat#Dataset> ."),
        "/page/a": Answer(LANDING, "text/html; charset=utf-8", headers={"Link": LINKS}),
        "/robots.txt": Answer("User-agent: *\nDisallow: /api\nSitemap: BASEsitemap.xml\n", "text/plain; charset=utf-8"),
        "/sitemap.xml": Answer(
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>BASEpage/a</loc></url></urlset>',
            "application/xml",
        ),
        "/.well-known/void": Answer(VOID),
    }
    for answer in answers.values():
        answer.body = answer.body.replace("BASE", base)
    return answers


@contextmanager
def patient(*ailments: Callable[[Answers, str], None]) -> Iterator[str]:
    """Serve the answers, made worse by ``ailments``; give the base address."""
    answers: Answers = {}

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path = self.path.partition("?")[0]
            found = answers.get(self.path) or answers.get(path) or Answer("not found", "text/plain", 404, 404)
            body = found.body.encode()
            self.send_response(found.head if self.command == "HEAD" else found.status)
            headers = {"Access-Control-Allow-Origin": "*", "Content-Type": found.kind, "Content-Length": str(len(body))}
            for name, value in {**headers, **found.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = answer  # noqa: N815 - http.server names them

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    base = f"http://127.0.0.1:{server.server_address[1]}/"
    answers |= healthy(base)
    for ailment in ailments:
        ailment(answers, base)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield base
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def catalogue_says(old: str, new: str) -> Callable[[Answers, str], None]:
    """Return the ailment of a catalogue in which ``old`` reads ``new``."""

    def ailment(answers: Answers, base: str) -> None:
        old_text, new_text = old.replace("BASE", base), new.replace("BASE", base)
        assert old_text in answers["/catalog"].body
        answers["/catalog"].body = answers["/catalog"].body.replace(old_text, new_text)

    return ailment


def answers_with(path: str, **changes: object) -> Callable[[Answers, str], None]:
    """Return the ailment of an answer that has these attributes."""

    def ailment(answers: Answers, base: str) -> None:
        answer = answers.setdefault(path, Answer())
        for name, value in changes.items():
            setattr(answer, name, value.replace("BASE", base) if isinstance(value, str) else value)

    return ailment


@dataclass
class Exchange:
    """A request to a real server and its answer, on the way back through a proxy that may spoil it."""

    method: str
    target: str
    status: int
    kind: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def spoilt(server: str, spoil: Callable[[Exchange], None]) -> Iterator[str]:
    """Serve what ``server`` answers, spoilt; give the base address. It calls itself by that address."""
    origin = server.rstrip("/")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: self.headers[name] for name in ("Accept", "Content-Type") if name in self.headers}
            answer = client.request(self.command, origin + self.path, content=sent, headers=headers)
            body = answer.content.replace(server.encode(), base.encode())
            kept = {"Access-Control-Allow-Origin": answer.headers.get("access-control-allow-origin", "")}
            exchange = Exchange(
                self.command, self.path, answer.status_code, answer.headers.get("content-type", ""), kept, body
            )
            spoil(exchange)
            self.send_response(exchange.status)
            length = str(len(exchange.body))
            for name, value in {"Content-Type": exchange.kind, "Content-Length": length, **exchange.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(exchange.body)

        do_GET = do_HEAD = do_POST = answer  # noqa: N815 - http.server names them

        def log_message(self, *_: object) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.daemon_threads = True
    base = f"http://127.0.0.1:{proxy.server_address[1]}/"
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with httpx.Client(trust_env=False, timeout=30) as client:
            yield base
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(10)
