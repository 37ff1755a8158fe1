"""Harvesting: the catalogue (DCAT-AP 3.0.1, paged by Hydra) and the statistics (VoID, 6.2: ``/.well-known/void``).

Written for what harvesters send: 200 in place and RDF for ``*/*``, since udata refuses redirects and sends nothing else;
ASCII bytes where a media type has no charset parameter, since clients guess one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import Response

from solnum_ld.errors import Gone, MalformedRequest, NotAcceptable, NotFound, ReleaseError
from solnum_ld.mediatypes import BY_SUFFIX, HTML, NTRIPLES, RDFXML, Format
from solnum_ld.namespaces import DCTERMS, FOAF, HYDRA, RDF_TYPE, VOID
from solnum_ld.resources.representation import rdf_offers, serialise
from solnum_ld.store.protocol import Window
from solnum_ld.web.cache import generation_of
from solnum_ld.web.figures import read_tables
from solnum_ld.web.html import CSP, render
from solnum_ld.web.http import choose_format, choose_language, link, represent
from solnum_ld.web.records import Download
from solnum_ld.web.resources import VARY, answer_page
from solnum_ld.web.site import Generation

router = APIRouter()
READ = ["GET", "HEAD"]


@router.api_route("/catalog", methods=READ, summary="The catalogue for portals (DCAT-AP), paged above 100 datasets")
@router.api_route("/catalog.{suffix}", methods=READ, include_in_schema=False)
async def catalog(request: Request, suffix: str = "", page: str = "1", snapshot: str = "") -> Response:
    """Answer with a page of the catalogue: 200 in place, RDF unless HTML is asked for."""
    generation = generation_of(request.scope)
    pages = await asyncio.to_thread(read_pages, generation.path / "catalogue")
    if snapshot and snapshot != pages.snapshot:
        raise Gone("The catalogue has changed since this walk began. Begin again at its first page.")
    number = _number(page)
    if number > len(pages.files):
        raise NotFound("The catalogue has no such page.")
    address = f"{generation.manifest.public}catalog"
    triples = [*await asyncio.to_thread(_parse, pages.files[number - 1])]
    triples += _view(f"{address}.{suffix}" if suffix else address, pages, number)
    return await _answer(request, generation, triples, address, suffix, f"{generation.manifest.base}catalog")


@router.api_route("/.well-known/void", methods=READ, summary="The statistics of the dataset (VoID)")
@router.api_route("/.well-known/void.{suffix}", methods=READ, include_in_schema=False)
async def void(request: Request, suffix: str = "") -> Response:
    """Answer with what the release counts of itself: RDF, or a page."""
    generation = generation_of(request.scope)
    manifest = generation.manifest
    document = ox.NamedNode(f"{manifest.public}.well-known/void")
    triples = await generation.store.graph([manifest.statistics_graph])
    triples.append(_link(document, RDF_TYPE, VOID + "DatasetDescription"))
    triples.append(_link(document, FOAF + "primaryTopic", manifest.dataset.iri))
    if manifest.dataset.license:
        triples.append(_link(ox.NamedNode(manifest.dataset.iri), DCTERMS + "license", manifest.dataset.license))
    return await _answer(request, generation, triples, document.value, suffix, None)


async def _answer(
    request: Request, generation: Generation, triples: list[ox.Triple], address: str, suffix: str, topic: str | None
) -> Response:
    """Answer with the triples in the format asked for, or with the page about ``topic``, without which it is that of figures."""
    forms = (*rdf_offers(triples), HTML)
    request.state.offered = tuple((form, f"{address}.{form.suffix}") for form in forms)
    if suffix and suffix not in BY_SUFFIX:
        raise NotFound("There is nothing at this address.")

    def write(form: Format) -> bytes:
        return in_ascii(serialise(triples, form, generation.context, generation.manifest.names), form)

    form = BY_SUFFIX[suffix] if suffix else choose_format(request, forms)
    if form not in forms:
        raise NotAcceptable(forms)
    links = [link(a, "alternate", type=f.media_type) for f, a in request.state.offered if f is not form]
    links.append(link(address, "canonical"))
    if generation.manifest.dataset.license:
        links.append(link(generation.manifest.dataset.license, "license"))
    if form is HTML and topic is None:
        return await _figures(request, generation, triples, address, write, links)
    if form is HTML and topic is not None:
        description = await generation.store.describe(topic, Window())
        if description is None:
            raise NotFound("There is nothing at this address.")
        return await answer_page(request, generation, description, address, triples, write)
    body = await asyncio.to_thread(write, form)
    location = f"{address}.{form.suffix}" if not suffix and not request.query_params else None
    return represent(body, form, vary=() if suffix else VARY, links=links, location=location)


async def _figures(
    request: Request,
    generation: Generation,
    triples: list[ox.Triple],
    address: str,
    write: Callable[[Format], bytes],
    links: list[str],
) -> Response:
    """Answer with the statistics as a page, in place."""
    language = choose_language(request)
    tables = await read_tables(generation, triples, language)
    sizes = await asyncio.to_thread(lambda: {form: len(write(form)) for form in rdf_offers(triples)})
    body = render(
        "statistics.html",
        generation,
        language,
        request,
        canonical=address,
        tables=tables,
        downloads=[Download(form, f"{address}.{form.suffix}", size) for form, size in sizes.items()],
    )
    links.append(link(generation.manifest.names.page(generation.manifest.dataset.iri), "describedby"))
    return represent(body, HTML, vary=VARY, links=links, language=language, headers={"content-security-policy": CSP})


def in_ascii(body: bytes, form: Format) -> bytes:
    """Return RDF in which nothing is left to guess: N-Triples and RDF/XML written with escapes beyond ASCII.

    >>> in_ascii('<http://a> <http://b> "é" .'.encode(), NTRIPLES)
    b'<http://a> <http://b> "\\\\u00E9" .'
    """
    if form is RDFXML:
        return body.decode().encode("ascii", "xmlcharrefreplace")
    if form is NTRIPLES:
        return "".join(c if c < "\x80" else _escape(ord(c)) for c in body.decode()).encode("ascii")
    return body


def _escape(code: int) -> str:
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


# -- pages -------------------------------------------------------------------------------------------------------------


class Pages:
    """The pages of a release's catalogue, and what tells this catalogue from another."""

    def __init__(self, files: tuple[Path, ...], snapshot: str) -> None:
        self.files, self.snapshot = files, snapshot


@lru_cache(maxsize=4)
def read_pages(folder: Path) -> Pages:
    """Return the pages of a release, which never change; an error, never an empty catalogue, when they are not there."""
    files = tuple(sorted(folder.glob("*.nt"), key=lambda path: int(path.stem)))
    if not files:
        raise ReleaseError("The catalogue of the release is not there.")
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return Pages(files, digest.hexdigest()[:16])


def _number(page: str) -> int:
    if not page.isascii() or not page.isdigit() or not int(page[:9]) > 0:
        raise MalformedRequest("The parameter page must be a whole number from 1 on.")
    return int(page[:9])


def _parse(path: Path) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(path=str(path), format=ox.RdfFormat.N_TRIPLES)]


def _view(address: str, pages: Pages, number: int) -> Iterator[ox.Triple]:
    """Yield the page's own node, when there is more than one page: every link absolute, none beyond the last page.

    The links hold what the walk began with, so that a release in between ends the walk instead of losing datasets.
    """
    last = len(pages.files)
    if last < 2:
        return

    def at(position: int) -> str:
        return f"{address}?page={position}&snapshot={pages.snapshot}"

    view = ox.NamedNode(at(number))
    yield _link(view, RDF_TYPE, HYDRA + "PartialCollectionView")
    yield _link(view, HYDRA + "first", at(1))
    yield _link(view, HYDRA + "last", at(last))
    if number > 1:
        yield _link(view, HYDRA + "previous", at(number - 1))
    if number < last:
        yield _link(view, HYDRA + "next", at(number + 1))


def _link(subject: ox.NamedNode, predicate: str, target: str) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), ox.NamedNode(target))
