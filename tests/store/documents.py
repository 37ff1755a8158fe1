"""The documents of a release as an engine gives them: asked of the application in this process."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx

from solnum_ld.release.folder import ReleaseFolder
from solnum_ld.search.ask import PagesIndex
from solnum_ld.search.build import NAME as PAGES
from solnum_ld.store import open_store
from solnum_ld.web.app import create_app
from solnum_ld.web.site import Site

Document = tuple[str, str, str]
"""Path with query, Accept, Accept-Language."""

ACCEPTS = ("text/html", "text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json")
_ALONE = (
    "carte.geojson",
    "carte.csv",
    "sitemap.xml",
    "oai?verb=Identify",
    "oai?verb=ListSets",
    "oai?verb=ListRecords&metadataPrefix=oai_dc",
    "oai?verb=ListRecords&metadataPrefix=dcat_ap",
    "recherche/suggestions?q=te",
    "recherche.json?q=vi",
    "recherche?q=vi",
)
_NOW = re.compile(rb"<responseDate>[^<]*</responseDate>")
_ITSELF = re.compile(r"https?://[^/<>\"]*/")


def every_document(releases: Path, more: Iterable[str] = ()) -> list[Document]:
    """Return the documents of the live release: what its sitemap lists, further pages of these, what machines ask for.

    ``more`` are IRIs of others that have a page here.
    """
    (sitemap,) = asked(releases, (), [("/sitemap.xml", "*/*", "fr")]).values()
    listed = [_path(address) for address in re.findall(r"<loc>([^<]*)</loc>", sitemap.text)]
    described = [f"/describe?iri={quote(iri, safe='')}" for iri in more]
    negotiated = [*listed, *described, "/sparql", "/shapes", "/.well-known/void"]
    found = [*_negotiated(negotiated)]
    turtle = [document for document in found if document[1] == "text/turtle"]
    texts = [answer.text for answer in asked(releases, (), turtle).values()]
    further = (address for text in texts for address in re.findall(r"<([^<>]*[?&]after=[^<>]*)>", text))
    found += _negotiated(dict.fromkeys(map(_path, further)))
    pages = PagesIndex(ReleaseFolder(releases).current().path / PAGES)
    lists = [f"{page.path}.{suffix}" for page in pages.lists for suffix in ("csv", "json")]
    pages.close()
    return [*found, *((f"/{path}", "*/*", "fr") for path in (*_ALONE, *lists))]


def _negotiated(paths: Iterable[str]) -> Iterator[Document]:
    for path in paths:
        yield from ((path, accept, "fr") for accept in ACCEPTS)
        yield path, "text/html", "en"


def _path(address: str) -> str:
    return _ITSELF.sub("/", address, count=1)


def asked(releases: Path, urls: Sequence[str], documents: Iterable[Document]) -> Mapping[Document, httpx.Response]:
    """Return the answers of the live release where its statements lie in these engines; in none: in the embedded one."""

    async def ask() -> dict[Document, httpx.Response]:
        folder = ReleaseFolder(releases)
        site = Site(folder.current_path, lambda path: open_store(path, urls=urls), folder.hold)
        await site.open()
        transport = httpx.ASGITransport(app=create_app(site), raise_app_exceptions=False)
        found = {}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client:
            for document in documents:
                path, accept, language = document
                headers = {"accept": accept, "accept-language": language, "accept-encoding": "identity"}
                found[document] = await client.get(path, headers=headers)
        await site.aclose()
        return found

    return asyncio.run(ask())


def told(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return what an answer consists of, but for the time at which it was given."""
    at_a_time = b"<responseDate>" in answer.content
    headers = [(name, value) for name, value in answer.headers.multi_items() if not at_a_time or name != "etag"]
    return answer.status_code, sorted(headers), _NOW.sub(b"", answer.content)
