"""What link checkers and search engines meet: downloads, landing pages, robots.txt, sitemap (schema.org, RFC 9309, sitemaps.org)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin
from urllib.robotparser import RobotFileParser

from lxml import etree, html
from rdflib import DCAT, DCTERMS, Graph, URIRef

from solnum_ld.doctor.asking import Asker, Reply, is_address
from solnum_ld.doctor.graphs import addresses_of, typed
from solnum_ld.doctor.rules import Outcome, Text, absent, judge, say
from solnum_ld.doctor.walking import ANY_RDF, PARSERS, parse

MOST_DOWNLOADS = 30
MOST_PAGES = 5
MOST_SITEMAPS = 10
GOOGLEBOT = "Googlebot"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
_MEDIA_TYPES = "www.iana.org/assignments/media-types/"


def examine_files(asker: Asker, graph: Graph) -> Iterator[Outcome]:
    """Yield outcomes about the files that a catalogue offers, as a link checker asks for them."""
    addresses = addresses_of(graph, DCAT.downloadURL)[:MOST_DOWNLOADS]
    if not addresses:
        yield absent("downloads", "Il n’y a pas de dcat:downloadURL.", "There is no dcat:downloadURL.")
        yield absent("download-facts", "Il n’y a pas de dcat:downloadURL.", "There is no dcat:downloadURL.")
        return
    replies = {url: asker.ask(url, "HEAD", follow=True, accept_encoding="identity") for url in addresses}
    dead = [(url, reply) for url, reply in replies.items() if not reply.ok]
    yield judge("downloads", (say(f"HEAD {url} : {reply.said}", f"HEAD {url}: {reply.said}") for url, reply in dead))
    yield judge("download-facts", _facts(graph, replies))


def _facts(graph: Graph, replies: dict[str, Reply]) -> Iterator[Text]:
    for part in typed(graph, DCAT.Distribution):
        for url in addresses_of(graph, DCAT.downloadURL, [part]):
            reply = replies.get(url)
            if reply is None or not reply.ok:
                continue
            size, length = graph.value(part, DCAT.byteSize), reply.header("content-length")
            if size is not None and length and str(size) != length:
                yield say(
                    f"{url} : {size} octets annoncés, {length} servis.",
                    f"{url}: {size} bytes announced, {length} served.",
                )
            kind = str(graph.value(part, DCAT.mediaType) or "").partition(_MEDIA_TYPES)[2]
            if kind and kind != reply.kind:
                yield say(
                    f"{url} : {kind} annoncé, {reply.kind} servi.", f"{url}: {kind} announced, {reply.kind} served."
                )


def examine_names(asker: Asker, graph: Graph) -> Iterator[Outcome]:
    """Yield the outcome about what the datasets' IRIs lead to, as rdflib asks."""
    titled = [node for node in typed(graph, DCAT.Dataset) if (node, DCTERMS.title, None) in graph]
    names = [node for node in titled if is_address(str(node))]
    yield judge("dereferencing", (problem for node in names[:MOST_PAGES] for problem in _led_to(asker, str(node))))


def _led_to(asker: Asker, iri: str) -> Iterator[Text]:
    reply = asker.ask(iri.partition("#")[0], accept=ANY_RDF, follow=True)
    form = PARSERS.get(reply.kind, "")
    if not reply.ok or not form:
        yield say(f"{iri} : {reply.said}, {reply.kind or '∅'}", f"{iri}: {reply.said}, {reply.kind or '∅'}")
    elif (URIRef(iri), None, None) not in parse(reply, form).graph:
        yield say(f"{iri} n’est pas décrit à {reply.url}.", f"{iri} is not described at {reply.url}.")


def examine_pages(asker: Asker, graph: Graph, base: str) -> Iterator[Outcome]:
    """Yield outcomes about the datasets' pages, as a search engine visits them."""
    pages = addresses_of(graph, DCAT.landingPage) or [
        str(node) for node in typed(graph, DCAT.Dataset) if str(node).startswith("http")
    ]
    if not pages:
        for name in ("schema-org", "schema-org-recommended", "signposting", "robots", "sitemap"):
            yield absent(name, "Aucun jeu de données n’a de page.", "No dataset has a page.")
        return
    visited = {url: asker.ask(url, follow=True, accept="text/html") for url in pages[:MOST_PAGES]}
    found = {url: _datasets(reply) for url, reply in visited.items()}
    yield judge("schema-org", _required(visited, found))
    yield judge("schema-org-recommended", _recommended(found))
    yield judge("signposting", _signposts(visited))
    yield from _robots(asker, base, [reply.url for reply in visited.values()])


def _datasets(reply: Reply) -> list[dict[str, object]]:
    """Return the nodes of type Dataset in the JSON-LD blocks of a page."""
    if not reply.ok or not reply.body.strip():
        return []
    try:
        document = html.fromstring(reply.body)
    except (etree.LxmlError, ValueError):
        return []
    found: list[dict[str, object]] = []
    for block in document.iter("script"):
        if block.get("type") == "application/ld+json":
            try:
                found += _typed_dataset(json.loads(block.text or ""))
            except (ValueError, RecursionError):
                continue
    return found


def _typed_dataset(document: object) -> Iterator[dict[str, object]]:
    queue = [document]
    while queue:
        value = queue.pop()
        if isinstance(value, list):
            queue += value
        elif isinstance(value, dict):
            kinds = value.get("@type")
            names = {
                str(kind).rpartition("/")[2].rpartition(":")[2]
                for kind in (kinds if isinstance(kinds, list) else [kinds])
            }
            if "Dataset" in names:
                yield value
            queue += value.values()


def _required(visited: dict[str, Reply], found: dict[str, list[dict[str, object]]]) -> Iterator[Text]:
    for url, nodes in found.items():
        if not visited[url].ok:
            yield say(f"{url} : {visited[url].said}", f"{url}: {visited[url].said}")
        elif not nodes:
            yield say(f"{url} : pas de Dataset en JSON-LD.", f"{url}: no Dataset in JSON-LD.")
        elif not any(_text(node, "name") and 50 <= len(_text(node, "description")) <= 5000 for node in nodes):
            yield say(f"{url} : name ou description manquent, ou n’ont pas la longueur voulue.", f"{url}: name or description are missing, or not of the length wanted.")  # fmt: skip


def _recommended(found: dict[str, list[dict[str, object]]]) -> Iterator[Text]:
    for url, nodes in found.items():
        missing = [
            name
            for name in ("license", "creator", "distribution")
            if nodes and not any(_key(node, name) for node in nodes)
        ]
        if missing:
            yield say(f"{url} : pas de {', '.join(missing)}.", f"{url}: no {', '.join(missing)}.")


def _signposts(visited: dict[str, Reply]) -> Iterator[Text]:
    for url, reply in visited.items():
        relations = set(re.findall(r'rel="?([a-z-]+)', reply.header("link")))
        missing = [name for name in ("cite-as", "describedby", "item") if name not in relations]
        if reply.ok and missing and "linkset" not in relations:
            yield say(f"{url} : pas de lien {', '.join(missing)}.", f"{url}: no link {', '.join(missing)}.")


def _key(node: dict[str, object], name: str) -> object:
    return next((node[key] for key in (name, f"schema:{name}", f"https://schema.org/{name}") if key in node), None)


def _text(node: dict[str, object], name: str) -> str:
    """Return the longest text of a property: plain, with a language, or one of several."""
    value = _key(node, name)
    texts = [
        item.get("@value", "") if isinstance(item, dict) else item
        for item in (value if isinstance(value, list) else [value])
    ]
    return max((text for text in texts if isinstance(text, str)), key=len, default="")


# -- robots.txt and sitemap ---------------------------------------------------------------------------------------------------


def _robots(asker: Asker, base: str, pages: list[str]) -> Iterator[Outcome]:
    address = urljoin(base, "/robots.txt")
    reply = asker.ask(address, follow=True)
    parser = RobotFileParser()
    parser.parse(reply.body.decode("utf-8", "replace").splitlines() if reply.ok else [])
    forbidden = [url for url in pages if reply.ok and not parser.can_fetch(GOOGLEBOT, url)]
    yield judge("robots", (say(f"{address} interdit {url}.", f"{address} forbids {url}.") for url in forbidden))
    maps = list(parser.site_maps() or []) if reply.ok else []
    if not maps:
        yield judge("sitemap", [say(f"{address} ne nomme pas de plan (Sitemap).", f"{address} names no Sitemap.")])
        return
    listed = set(_listed(asker, maps))
    lost = [url for url in pages if url not in listed]
    yield judge("sitemap", (say(f"{url} n’est pas dans le plan.", f"{url} is not in the sitemap.") for url in lost))


def _listed(asker: Asker, maps: Iterable[str]) -> Iterator[str]:
    """Yield the addresses of sitemaps, through their indexes."""
    queue, seen = list(maps), set[str]()
    while queue and len(seen) < MOST_SITEMAPS:
        address = queue.pop(0)
        if address in seen or not is_address(address):
            continue
        seen.add(address)
        reply = asker.ask(address, follow=True)
        if not reply.ok:
            continue
        try:
            root = etree.fromstring(reply.body, _PARSER)
        except (etree.XMLSyntaxError, ValueError):
            continue
        found = [(element.text or "").strip() for element in root.iter("{*}loc")]
        if etree.QName(root).localname == "sitemapindex":
            queue += found
        else:
            yield from found
