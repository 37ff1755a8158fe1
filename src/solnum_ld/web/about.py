"""Pages about the site: the data and how to take them, the method, accessibility, legal terms, the plan of the site.

What they say of the source comes from its data; what they say of the service is in the catalogues of words.
"""

from __future__ import annotations

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import Response

from solnum_ld.mediatypes import HTML
from solnum_ld.namespaces import DCTERMS, PROV, RDFS, SCHEMA, SN
from solnum_ld.resources.view import Text, Value, Viewer, choose, natural
from solnum_ld.store.protocol import Window
from solnum_ld.web.cache import generation_of
from solnum_ld.web.html import CSP, localised, render
from solnum_ld.web.http import READ, choose_format, choose_language, encoded_address, link, represent
from solnum_ld.web.lists import Entry, list_entries
from solnum_ld.web.resources import used_classes
from solnum_ld.web.site import Generation

router = APIRouter()
_MAX = 200
_DEGREES = f"SELECT ?degree (COUNT(?thing) AS ?n) {{ ?thing <{SN}placeStatus> ?degree }} GROUP BY ?degree"
_SOURCES = f"SELECT ?source (COUNT(?thing) AS ?n) {{ ?thing <{PROV}wasDerivedFrom> ?source }} GROUP BY ?source"
_QUESTIONS = f"SELECT ?question {{ ?question a <{SN}OpenQuestion> }} LIMIT {_MAX}"
_TEXTS = {
    "degree": (RDFS + "comment", SCHEMA + "description"),
    "question": (SCHEMA + "description", RDFS + "comment"),
    "source": (SCHEMA + "description", DCTERMS + "description"),
}


@router.api_route("/vocabulaire", methods=READ, summary="The vocabulary, by its French name: 303 to /def")
async def vocabulary(request: Request) -> Response:
    """Redirect to the vocabulary."""
    return _elsewhere(request, "def")


@router.api_route("/dumps", methods=READ, summary="The files: 303 to the page that lists them")
async def files(request: Request) -> Response:
    """Redirect to the data page."""
    return _elsewhere(request, "donnees")


def _elsewhere(request: Request, page: str) -> Response:
    address = encoded_address(f"{generation_of(request.scope).manifest.public}{page}")
    return Response(status_code=303, headers={"location": address, "cache-control": "public"})


@router.api_route("/donnees", methods=READ, summary="The data, for people: what they are and how to take them")
async def data(request: Request) -> Response:
    """Answer with the catalogue as a page."""
    generation = generation_of(request.scope)
    manifest = generation.manifest
    language = _language(request, "donnees")
    description = await generation.store.describe(manifest.dataset.iri, Window())
    view = Viewer(manifest.names, language).view(description, manifest.public) if description else None
    example = next((page for page in generation.pages.lists), None)
    return _page(
        request,
        generation,
        language,
        "data.html",
        "donnees",
        view=view,
        about=localised(manifest.dataset.description, language),
        lists=list_entries(generation, language),
        example=f"{manifest.public}{example.path}.csv" if example else "",
    )


@router.api_route("/a-propos", methods=READ, summary="About the method, how sure the data are, what they leave open")
async def about(request: Request) -> Response:
    """Answer with how the data came about, from what they say of themselves."""
    generation = generation_of(request.scope)
    language = _language(request, "a-propos")
    return _page(
        request,
        generation,
        language,
        "about.html",
        "a-propos",
        about=localised(generation.manifest.dataset.description, language),
        degrees=await _entries(generation, language, "degree", _DEGREES),
        sources=await _entries(generation, language, "source", _SOURCES),
        questions=await _entries(generation, language, "question", _QUESTIONS),
    )


@router.api_route("/accessibilite", methods=READ, summary="Accessibility: what was checked and what was not")
async def accessibility(request: Request) -> Response:
    """Answer with the accessibility statement."""
    generation = generation_of(request.scope)
    language = _language(request, "accessibilite")
    publishers = await _publishers(generation, language)
    return _page(request, generation, language, "accessibility.html", "accessibilite", publishers=publishers)


@router.api_route("/mentions-legales", methods=READ, summary="Publisher, licence, privacy")
async def legal(request: Request) -> Response:
    """Answer with who publishes, under which licence, and what is known of visitors."""
    generation = generation_of(request.scope)
    language = _language(request, "mentions-legales")
    publishers = await _publishers(generation, language)
    return _page(request, generation, language, "legal.html", "mentions-legales", publishers=publishers)


@router.api_route("/plan-du-site", methods=READ, summary="The plan of the site")
async def plan(request: Request) -> Response:
    """Answer with every page that is not about one thing, and the classes of things."""
    generation = generation_of(request.scope)
    language = _language(request, "plan-du-site")
    classes = await used_classes(generation, language)
    return _page(
        request,
        generation,
        language,
        "plan.html",
        "plan-du-site",
        lists=list_entries(generation, language),
        classes=classes,
    )


def _language(request: Request, path: str) -> str:
    """Negotiate a page that has no twin in RDF; return its language."""
    request.state.offered = ((HTML, f"{generation_of(request.scope).manifest.public}{path}"),)
    choose_format(request, (HTML,))
    return choose_language(request)


def _page(
    request: Request, generation: Generation, language: str, template: str, path: str, **values: object
) -> Response:
    canonical = generation.manifest.public + path
    body = render(template, generation, language, request, canonical=canonical, **values)
    links = [
        link(canonical, "canonical"),
        link(generation.manifest.names.page(generation.manifest.dataset.iri), "describedby"),
    ]
    return represent(
        body,
        HTML,
        vary=("Accept", "Accept-Language"),
        links=links,
        language=language,
        headers={"content-security-policy": CSP},
    )


async def _publishers(generation: Generation, language: str) -> list[Value]:
    """Return who publishes the dataset, as links."""
    names = generation.manifest.names
    description = await generation.store.describe(generation.manifest.dataset.iri, Window())
    if description is None:
        return []
    terms = [v for v in description.values_of(DCTERMS + "publisher") if isinstance(v, ox.NamedNode)]
    viewer = Viewer(names, language)
    return [Value(viewer.name(t.value, description.labels.get(t.value, ())), names.page(t.value)) for t in terms]


async def _entries(generation: Generation, language: str, name: str, query: str) -> list[Entry]:
    """Return the things that a query gives, with their names and what is said of them."""
    rows = (await generation.store.rows(query))[:_MAX]
    counts = {row[name].value: row.get("n") for row in rows if isinstance(row.get(name), ox.NamedNode)}  # type: ignore[union-attr]  # named
    labels = await generation.store.labels(sorted(map(str, counts)))
    viewer = Viewer(generation.manifest.names, language)
    entries = []
    for iri, number in counts.items():
        description = await generation.store.describe(str(iri), Window(_TEXTS[name][0]))
        texts = [v for v in description.values_of(_TEXTS[name][0]) if isinstance(v, ox.Literal)] if description else []
        text = choose(texts, language)
        value = Value(viewer.name(str(iri), labels.get(str(iri), ())), generation.manifest.names.page(str(iri)))
        said = Text(text.value, text.language or "") if text else None
        entries.append(Entry(value, said, int(number.value) if isinstance(number, ox.Literal) else 0))
    return sorted(entries, key=lambda e: (-e.count, natural(e.value.text.value)))
