"""Search: one box over names, other names and descriptions; the thing itself first, by kind, with words marked.

Completion answers in the form of OpenSearch suggestions; the description document lets browsers add the search.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request
from starlette.responses import Response

from solnum_ld.errors import MalformedRequest
from solnum_ld.mediatypes import HTML, JSON, Format
from solnum_ld.resources.view import Text, Viewer
from solnum_ld.search.ask import Found, Item
from solnum_ld.search.text import marked
from solnum_ld.web.cache import generation_of
from solnum_ld.web.html import CSP, localised, render
from solnum_ld.web.http import READ, choose_format, choose_language, link, represent
from solnum_ld.web.site import Generation
from solnum_ld.web.wording import Wording

router = APIRouter()
PAGE = 20
SUGGESTIONS = Format("application/x-suggestions+json", "json", "OpenSearch suggestions")
DESCRIPTION = Format("application/opensearchdescription+xml", "xml", "OpenSearch")
_MAX_TEXT = 300
_MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: its name and the passage that speaks of it, in pieces, and whether each is marked."""

    name: list[tuple[str, bool]]
    name_language: str
    href: str
    kind: Text | None
    passage: list[tuple[str, bool]]
    passage_language: str


@dataclass(frozen=True, slots=True)
class Kind:
    """How many of one class were found."""

    label: Text
    count: int
    href: str
    chosen: bool


@router.api_route("/recherche", methods=READ, summary="Search: a page or JSON")
@router.api_route("/recherche.json", methods=READ, include_in_schema=False)
async def search(request: Request, q: str = "", type: str = "", page: str = "1") -> Response:  # noqa: A002  # names of parameters
    """Answer with what a text finds, twenty at a time."""
    generation = generation_of(request.scope)
    address = f"{generation.manifest.public}recherche"
    request.state.offered = ((HTML, address), (JSON, f"{address}.json"))
    fixed = request.scope["path"].endswith(".json")
    form = JSON if fixed else choose_format(request, (HTML, JSON))
    language = choose_language(request)
    if not (page.isdecimal() and 1 <= int(page[:9]) <= _MAX_PAGE):
        raise MalformedRequest(f"The parameter page must be a whole number from 1 to {_MAX_PAGE}.")
    text = " ".join(q.split())[:_MAX_TEXT]
    found = await asyncio.to_thread(generation.pages.search, text, type, int(page), PAGE)
    vary = ("Accept-Language",) if fixed else ("Accept", "Accept-Language")
    links = [link(f"{address}.json?{urlencode({'q': text})}", "alternate", type=JSON.media_type)]
    wording = Wording(generation.manifest.names, language)
    if form is JSON:
        return represent(await _as_json(generation, text, found, wording), JSON, vary=vary, language=language)
    body = await _page(request, generation, wording, address, _Asked(text, type, int(page)), found)
    return represent(body, HTML, vary=vary, links=links, language=language, headers={"content-security-policy": CSP})


@router.api_route("/recherche/suggestions", methods=READ, summary="Completion of a search (OpenSearch suggestions)")
async def suggestions(request: Request, q: str = "") -> Response:
    """Answer with names that have words beginning as those of a text do."""
    generation = generation_of(request.scope)
    language = choose_language(request)
    wording = Wording(generation.manifest.names, language)
    items = await asyncio.to_thread(generation.pages.complete, q[:_MAX_TEXT])
    names = list(dict.fromkeys(wording.text(item.names, item.iri).value for item in items))
    body = json.dumps([q[:_MAX_TEXT], names], ensure_ascii=False) + "\n"
    return represent(body, SUGGESTIONS, vary=("Accept-Language",), language=language)


@router.api_route("/recherche/description.xml", methods=READ, summary="The OpenSearch description")
async def opensearch(request: Request) -> Response:
    """Answer with the OpenSearch description, by which browsers add this search."""
    manifest = generation_of(request.scope).manifest
    language = choose_language(request)
    title = localised(manifest.dataset.title, language)
    public = escape(manifest.public)
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
<ShortName>{escape(title[:16].strip())}</ShortName>
<Description>{escape(title[:1024])}</Description>
<InputEncoding>UTF-8</InputEncoding>
<Language>{language}</Language>
<Url type="text/html" template="{public}recherche?q={{searchTerms}}&amp;lang={language}"/>
<Url type="application/json" template="{public}recherche.json?q={{searchTerms}}"/>
<Url type="application/x-suggestions+json" template="{public}recherche/suggestions?q={{searchTerms}}"/>
</OpenSearchDescription>
"""
    return represent(body, DESCRIPTION, vary=("Accept-Language",), language=language)


@dataclass(frozen=True, slots=True)
class _Asked:
    text: str
    kind: str
    number: int

    def address(self, base: str, **changes: str) -> str:
        pairs = {"q": self.text, "type": self.kind, **changes}
        return f"{base}?{urlencode({key: value for key, value in pairs.items() if value})}"


async def _page(
    request: Request, generation: Generation, wording: Wording, address: str, asked: _Asked, found: Found
) -> str:
    labels = await _kind_labels(generation, found, wording)
    last = max(1, -(-found.total // PAGE))
    return render(
        "search.html",
        generation,
        wording.language,
        request,
        canonical=address,
        query_text=asked.text,
        found=found,
        hits=[_hit(item, found, labels, wording) for item in found.items],
        kinds=[
            Kind(labels.get(name, Text("…")), count, asked.address(address, type=name), name == asked.kind)
            for name, count in found.kinds
        ],
        everything=asked.address(address, type=""),
        all_count=sum(count for _, count in found.kinds),
        chosen=asked.kind,
        hint=found.hint,
        hint_address=f"{address}?{urlencode({'q': found.hint})}",
        before=asked.address(address, page=str(asked.number - 1)) if asked.number > 1 else "",
        after=asked.address(address, page=str(asked.number + 1)) if asked.number < last else "",
        number=asked.number,
        last=last,
        lists=[(wording.text(p.label, p.iri), generation.manifest.public + p.path) for p in generation.pages.lists],
    )


async def _kind_labels(generation: Generation, found: Found, wording: Wording) -> dict[str, Text]:
    iris = [name for name, _ in found.kinds if name]
    labels = await generation.store.labels(iris)
    viewer = Viewer(generation.manifest.names, wording.language)
    return {iri: viewer.name(iri, labels.get(iri, ())) for iri in iris}


def _hit(item: Item, found: Found, labels: Mapping[str, Text], wording: Wording) -> Hit:
    name, summary = wording.text(item.names, item.iri), wording.text(item.summaries) if item.summaries else Text("")
    return Hit(
        marked(name.value, found.asked, 400),
        name.language,
        wording.names.page(item.iri),
        labels.get(item.kind),
        marked(summary.value, found.asked) if summary.value else [],
        summary.language,
    )


async def _as_json(generation: Generation, text: str, found: Found, wording: Wording) -> str:
    labels = await _kind_labels(generation, found, wording)
    data = {
        "query": text,
        "total": found.total,
        "everyWord": found.every,
        "hint": found.hint,
        "kinds": [
            {"class": name, "name": labels[name].value if name in labels else "", "count": n} for name, n in found.kinds
        ],
        "items": [
            {
                "iri": item.iri,
                "page": wording.names.page(item.iri),
                "name": wording.text(item.names, item.iri).value,
                "class": item.kind,
                "description": wording.text(item.summaries).value if item.summaries else "",
            }
            for item in found.items
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
