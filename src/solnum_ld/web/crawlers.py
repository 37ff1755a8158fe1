"""What crawlers look for: ``/robots.txt`` (RFC 9309), ``/sitemap.xml`` (Sitemaps 0.90), ``/.well-known/security.txt`` (RFC 9116)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Request
from starlette.responses import Response

from solnum_ld.errors import NotFound
from solnum_ld.mediatypes import TEXT, Format
from solnum_ld.web.cache import generation_of
from solnum_ld.web.http import NO_STORE, encoded_address, represent
from solnum_ld.web.site import Generation

router = APIRouter()
READ = ["GET", "HEAD"]
PER_MAP = 50_000
"""Addresses that one sitemap may hold (Sitemaps 0.90)."""

_XML = Format("application/xml", "xml", "XML")
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_EXPIRES = timedelta(days=180)


@router.api_route("/robots.txt", methods=READ, summary="What crawlers may fetch")
async def robots(request: Request) -> Response:
    """Answer with the rules: everything but queries, whose answers are without number, and the sitemap's address.

    Catalogue and records are there to be walked, page after page.
    """
    public = generation_of(request.scope).manifest.public
    root = urlsplit(public).path
    lines = [
        "User-agent: *",
        f"Disallow: {root}sparql",
        f"Disallow: {root}recherche",
        f"Disallow: {root}describe",
        f"Disallow: {root}*?",
        f"Allow: {root}catalog",
        f"Allow: {root}oai?",
        f"Allow: {root}*?lang=",
        "",
        f"Sitemap: {public}sitemap.xml",
    ]
    return represent("\n".join(lines) + "\n", TEXT)


@router.api_route(
    "/sitemap.xml", methods=READ, summary="The addresses of all documents, with the date of their last change"
)
@router.api_route("/sitemap-{number}.xml", methods=READ, include_in_schema=False)
async def sitemap(request: Request, number: str = "") -> Response:
    """Answer with the sitemap, or with the index of several when there are more addresses than one may hold."""
    generation = generation_of(request.scope)
    entrances = _entrances(generation)
    maps = -(-(len(entrances) + _count(generation.path / "records.tsv")) // PER_MAP)
    if number and not (number.isdigit() and 0 < int(number[:9]) <= maps > 1):
        raise NotFound("There is no such sitemap.")
    if maps > 1 and not number:
        addresses = [(f"{generation.manifest.public}sitemap-{n}.xml", "") for n in range(1, maps + 1)]
        return represent(_xml("sitemapindex", "sitemap", addresses), _XML)
    body = await asyncio.to_thread(_sitemap, generation, entrances, int(number or 1))
    return represent(body, _XML)


@router.api_route("/.well-known/security.txt", methods=READ, summary="Whom to tell of a weakness")
async def security(request: Request) -> Response:
    """Answer with the contact of the deployment, where there is one."""
    manifest = generation_of(request.scope).manifest
    if not manifest.contact:
        raise NotFound("This deployment names no contact.")
    expires = (datetime.now(UTC) + _EXPIRES).strftime("%Y-%m-%dT00:00:00Z")
    lines = [
        f"Contact: mailto:{manifest.contact}",
        f"Expires: {expires}",
        "Preferred-Languages: fr, en",
        f"Canonical: {manifest.public}.well-known/security.txt",
    ]
    return represent("\n".join(lines) + "\n", TEXT, cache=NO_STORE)


# -- the sitemap -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _count(records: Path) -> int:
    with records.open("rb") as lines:
        return sum(1 for _ in lines)


@lru_cache(maxsize=4)
def _has(records: Path, iri: str) -> bool:
    begin = f"{iri}\t".encode()
    with records.open("rb") as lines:
        return any(line.startswith(begin) for line in lines)


def _entrances(generation: Generation) -> list[str]:
    """Return the paths of the pages that are about no one thing, and that of the dataset where the source does not state it."""
    own = ["", "donnees", "catalog", "validation", "a-propos", "accessibilite", "mentions-legales", "plan-du-site"]
    own += ["def"] if generation.manifest.ontology else []
    own += ["carte"] if generation.pages.has_spots else []
    manifest = generation.manifest
    document = manifest.names.document(manifest.dataset.iri)
    if document is not None and not _has(generation.path / "records.tsv", manifest.dataset.iri):
        own.append(document.removeprefix(manifest.public))
    return [*own, *(page.path for page in generation.pages.lists)]


def _sitemap(generation: Generation, entrances: list[str], number: int) -> bytes:
    """Return the sitemap of one stretch of the records; the entrances stand in front of the first.

    Hash IRIs share a document, whose date is that of the latest of them.
    """
    manifest, start = generation.manifest, (number - 1) * PER_MAP
    with (generation.path / "records.tsv").open(encoding="utf-8") as lines:
        records = (line.partition("\t")[0] for line in lines)
        stretch = list(islice(records, max(0, start - len(entrances)), max(0, start + PER_MAP - len(entrances))))
    changed, latest = _changes(generation.path.parent / "history.jsonl", generation.id, frozenset(stretch))
    addresses = dict.fromkeys((manifest.public + path for path in entrances), latest) if number == 1 else {}
    for iri in stretch:
        document = manifest.names.document(iri)
        if document and "#" not in document:
            address = encoded_address(document)
            addresses[address] = max(addresses.get(address, ""), changed.get(iri, ""))
    return _xml("urlset", "url", addresses.items())


def _changes(history: Path, release: str, wanted: frozenset[str]) -> tuple[dict[str, str], str]:
    """Return when each of these records was last new or changed, up to when ``release`` went live, and when any was.

    Dates are true or there are none.
    """
    found: dict[str, str] = {}
    latest = ""
    try:
        with history.open(encoding="utf-8") as lines:
            for line in lines:
                if not line.endswith("\n"):
                    break
                entry = json.loads(line)
                if entry["event"] in ("new", "changed", "gone"):
                    latest = entry["at"]
                    if entry["iri"] in wanted:
                        found[entry["iri"]] = latest
                elif entry["event"] == "live" and entry["release"] == release:
                    break
    except FileNotFoundError:
        return {}, ""
    return found, latest


def _xml(root: str, item: str, addresses: Iterable[tuple[str, str]]) -> bytes:
    tree = ET.Element(root, xmlns=_NAMESPACE)
    for address, changed in addresses:
        entry = ET.SubElement(tree, item)
        ET.SubElement(entry, "loc").text = address
        if changed:
            ET.SubElement(entry, "lastmod").text = changed
    written: bytes = ET.tostring(tree, encoding="utf-8", xml_declaration=True)
    return written
