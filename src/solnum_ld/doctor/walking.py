"""Find a catalogue and walk through its pages as a harvester does, keeping what came back and what was understood."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from rdflib import DCAT, RDF, Graph, Namespace, URIRef
from rdflib.term import Node

from solnum_ld.doctor.asking import Asker, Reply, resolve

HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
NOWHERE = "http://relative.invalid/"
"""The base that pages are parsed with: an IRI that begins so was relative."""

ANY_RDF = "text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.8, application/n-triples;q=0.7"
PARSERS = {
    "text/turtle": "turtle",
    "application/x-turtle": "turtle",
    "text/n3": "n3",
    "application/rdf+xml": "xml",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/ld+json": "json-ld",
    "application/json": "json-ld",
    "application/n-triples": "nt",
    "application/trig": "trig",
}
SUFFIXES = {"ttl": "turtle", "n3": "n3", "nt": "nt", "rdf": "xml", "xml": "xml", "owl": "xml", "trig": "trig", "json": "json-ld", "jsonld": "json-ld"}  # fmt: skip
_GUESSES = ("catalog", "catalog.ttl", "catalog.jsonld", "catalog.rdf", "catalog.xml", "")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a catalogue: the reply, and the graph that was read from it (or why none was)."""

    reply: Reply
    graph: Graph = field(default_factory=Graph)
    fault: str = ""
    remote_context: str = ""

    @property
    def read(self) -> bool:
        """Tell whether the page came and was understood."""
        return self.reply.ok and not (self.fault or self.remote_context)


@dataclass(slots=True)
class Catalogue:
    """A catalogue as it was walked through. ``found`` is where it answers RDF; empty when there is none."""

    found: str = ""
    pages: list[Page] = field(default_factory=list)
    plain: Reply = field(default_factory=lambda: Reply(""))
    head: Reply = field(default_factory=lambda: Reply(""))
    repeated: str = ""
    astray: str = ""
    cut: bool = False

    @property
    def merged(self) -> Graph:
        """Return the statements of all pages."""
        whole = Graph(bind_namespaces="none")
        for page in self.pages:
            for triple in page.graph:
                whole.add(triple)
        return whole


def suffix_of(url: str) -> str:
    """Return the parser that an address's ending stands for; empty when it stands for none.

    >>> suffix_of("http://a/catalog.ttl?page=2"), suffix_of("http://a/catalog")
    ('turtle', '')
    """
    name = urlsplit(url).path.rpartition("/")[2]
    return SUFFIXES.get(name.rpartition(".")[2].lower(), "") if "." in name else ""


def find_catalogue(asker: Asker, url: str, most_pages: int, *, named: bool = False) -> Catalogue:
    """Return the catalogue at ``url``, or below it at the usual names; walk through its pages, ``most_pages`` at most.

    ``named`` tells that it is at ``url`` and nowhere else.
    """
    if named:
        page = _look(asker, url)
        return _walk(asker, url, page, most_pages) if page.reply.ok else Catalogue()
    candidates = [url] if suffix_of(url) or not url.endswith("/") else []
    below = url if url.endswith("/") else url.rpartition("/")[0] + "/"
    candidates += [urljoin(below, name) for name in _GUESSES]
    suspects: list[tuple[str, Page]] = []
    for candidate in dict.fromkeys(candidates):
        page = _look(asker, candidate)
        if _is_catalogue(page):
            return _walk(asker, candidate, page, most_pages)
        if page.reply.ok and (page.fault or page.remote_context):
            suspects.append((candidate, page))
    return _walk(asker, *suspects[0], most_pages) if suspects else Catalogue()


def _look(asker: Asker, url: str) -> Page:
    """Read a page by ``*/*``, and where that gives HTML once more, asking for RDF."""
    page = _read(asker, url, follow=True)
    if page.reply.kind in {"text/html", "application/xhtml+xml"}:
        other = _read(asker, url, follow=True, accept=ANY_RDF)
        return other if other.reply.ok else page
    return page


def _is_catalogue(page: Page) -> bool:
    return page.reply.ok and any((None, RDF.type, kind) in page.graph for kind in (DCAT.Catalog, DCAT.Dataset))


def _walk(asker: Asker, url: str, first: Page, most_pages: int) -> Catalogue:
    catalogue = Catalogue(url, [first], plain=asker.ask(url), head=asker.ask(url, "HEAD"))
    seen, page, here = {url, first.reply.url}, first, url
    while target := next_page(page.graph):
        here = resolve(here, target)
        if not here:
            catalogue.astray = target
            break
        if here in seen:
            catalogue.repeated = here
            break
        if len(catalogue.pages) >= most_pages:
            catalogue.cut = True
            break
        seen.add(here)
        page = _read(asker, here, follow=True)
        catalogue.pages.append(page)
        if not page.reply.ok or page.fault:
            break
    return catalogue


def next_page(graph: Graph) -> str | None:
    """Return where a page says that the next one is (Hydra's two ways)."""
    for kind, following in ((HYDRA.PartialCollectionView, HYDRA.next), (HYDRA.PagedCollection, HYDRA.nextPage)):
        for view in sorted(graph.subjects(RDF.type, kind), key=str):
            target = graph.value(view, following)
            if target is not None:
                return str(target).removeprefix(NOWHERE)
    return None


def read_page(asker: Asker, url: str) -> Page:
    """Return the page at an address, asked for without a preference, redirects not followed."""
    return _read(asker, url, follow=False)


def _read(asker: Asker, url: str, *, follow: bool, accept: str = "*/*") -> Page:
    reply = asker.ask(url, follow=follow, accept=accept)
    form = suffix_of(url) or PARSERS.get(reply.kind, "")
    if not reply.ok or not form or reply.kind in {"text/html", "application/xhtml+xml"}:
        return Page(reply)
    return parse(reply, form)


def parse(reply: Reply, form: str) -> Page:
    """Return a reply with what rdflib reads in it; a JSON-LD context is never fetched."""
    graph = Graph(bind_namespaces="none")
    if form == "json-ld":
        remote = _remote_context(reply.body)
        if remote:
            return Page(reply, graph, remote_context=remote)
    try:
        with _quiet():
            graph.parse(data=reply.body, format=form, publicID=NOWHERE)
    except Exception as error:  # noqa: BLE001 - parsers of six formats raise whatever they like; the page is unreadable
        return Page(reply, Graph(), fault=" ".join(str(error).split())[:200] or type(error).__name__)
    return Page(reply, graph)


def _remote_context(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return next(_contexts(document), "")


def _contexts(document: object) -> Iterator[str]:
    queue = [document]
    while queue:
        value = queue.pop()
        if isinstance(value, list):
            queue += value
        elif isinstance(value, dict):
            context = value.get("@context")
            for item in context if isinstance(context, list) else [context]:
                if isinstance(item, str):
                    yield item
                elif isinstance(item, dict) and isinstance(item.get("@import"), str):
                    yield item["@import"]
            queue += value.values()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep rdflib from warning about what the rules tell better."""
    logger = logging.getLogger("rdflib.term")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


_FORBIDDEN = re.compile(r"[\x00-\x20<>\"{}|\\^`]")


def broken_iris(graph: Graph) -> list[str]:
    """Return the IRIs with a character that none may hold."""
    terms: set[Node] = {term for triple in graph for term in triple}
    return sorted(str(term) for term in terms if isinstance(term, URIRef) and _FORBIDDEN.search(term))
