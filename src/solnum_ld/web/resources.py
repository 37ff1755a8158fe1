"""Dereferencing: ``/id/…`` and every other name under the base redirect (303) to the document about the thing; documents,
the vocabulary, the shapes and ``/describe`` answer with what the client prefers (RFC 9110, 12; Cool URIs for the SemWeb)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import pyoxigraph as ox
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from solnum_ld.errors import Gone, MalformedRequest, NotAcceptable, NotFound
from solnum_ld.iris import is_absolute, spellings
from solnum_ld.mediatypes import BY_SUFFIX, HTML, JSONLD, RDF_FORMATS, TURTLE, Format
from solnum_ld.namespaces import OWL, RDF, RDF_TYPE, RDFS, SD, SH, SN, VOID, shorten
from solnum_ld.resources.holding import with_holders
from solnum_ld.resources.representation import next_pages, rdf_offers, serialise, triples_of
from solnum_ld.resources.schema_org import site, structured
from solnum_ld.resources.signposting import LINKSET, MANY, linkset, signposts
from solnum_ld.resources.view import Text, Viewer
from solnum_ld.store.protocol import Description, Window
from solnum_ld.web.atlas import view_of
from solnum_ld.web.cache import generation_of
from solnum_ld.web.departures import missing
from solnum_ld.web.diagram import draw_classes
from solnum_ld.web.html import CSP, home_title, localised, render
from solnum_ld.web.http import choose_format, choose_language, encoded_address, link, represent, without_slash
from solnum_ld.web.lists import answer_list, list_entries
from solnum_ld.web.problems import problem
from solnum_ld.web.records import Download, Surroundings, facts_apart, mentions_apart, surround
from solnum_ld.web.site import Generation
from solnum_ld.web.statistics import read_statistics
from solnum_ld.web.usage import usage_of
from solnum_ld.web.vocabulary import Vocabulary, read_vocabulary
from solnum_ld.web.wording import Wording

router = APIRouter(include_in_schema=True)
READ = ["GET", "HEAD"]
VARY = ("Accept", "Accept-Language")
MAX_CLASSES = 60
HOME_SPOTS = 400
MACHINERY = (OWL, RDF, RDFS, SH, SD, VOID)
_WITHDRAWAL = ox.NamedNode(SN + "Withdrawal")
_THREAD_FROM = 200
_ABOVE = """SELECT DISTINCT ?kind ?above {
  ?kind <http://www.w3.org/2000/01/rdf-schema#subClassOf>+ ?above FILTER(isIRI(?above))
} LIMIT 20"""


@router.api_route("/", methods=READ, summary="The home page, or the dataset's description in RDF")
async def home(request: Request) -> Response:
    """Answer 200 in place: people get the home page, machines the description of the dataset."""
    generation = generation_of(request.scope)
    manifest = generation.manifest
    description = await generation.store.describe(manifest.dataset.iri, Window())
    if description is None:
        raise NotFound("The release does not describe its dataset.")
    subject = _Subject(generation, description, manifest.public, fixed=None)
    return await _answer(request, subject, template="home.html")


@router.api_route("/doc/{path:path}", methods=READ, summary="The document about a thing")
async def document(request: Request, path: str) -> Response:
    """Answer with the description of a thing; a suffix (.ttl .nt .jsonld .rdf .html) fixes the representation."""
    del path  # decoded: the raw path tells / from %2F
    generation = generation_of(request.scope)
    rest = _raw(request).removeprefix("doc/")
    found, fixed = await _read(generation, rest, _window(request))
    address = generation.manifest.names.document(found.iri) or generation.manifest.names.describe(found.iri)
    return await _answer(request, _Subject(generation, found, address, fixed))


@router.api_route("/linkset/{path:path}", methods=READ, summary="The typed links of a document (RFC 9264)")
async def links_of_document(request: Request, path: str) -> Response:
    """Answer with the links of the document about a thing, for documents with more than a header should hold."""
    del path
    generation = generation_of(request.scope)
    rest = _raw(request).removeprefix("linkset/")
    found = await _find(generation, rest, Window())
    if found is None:
        raise await _missing(generation, rest)
    address = generation.manifest.names.document(found.iri) or generation.manifest.names.describe(found.iri)
    subject = _Subject(generation, found, address, None)
    posts = signposts(found, subject.address, subject.alternates(""), generation.manifest)
    return represent(linkset(subject.address, posts), LINKSET)


@router.api_route("/describe", methods=READ, summary="The description of any IRI of the data")
async def describe(request: Request, iri: str = "") -> Response:
    """Answer with what the store holds of an IRI; nothing is ever fetched. IRIs with a document of their own redirect."""
    generation = generation_of(request.scope)
    if not iri or not is_absolute(iri):
        raise MalformedRequest(
            "The parameter iri must be one absolute IRI, percent-encoded: /describe?iri=https%3A%2F%2Fschema.org%2FBook"
        )
    names = generation.manifest.names
    own = None if names.is_vocabulary(iri) else names.document(iri)
    if own is not None and (await generation.store.exists(iri)) and not await _overshadowed(generation, iri):
        return _see_other(request, own)
    description = await generation.store.describe(iri, _window(request))
    if description is None:
        missed = await missing(generation, [iri.removeprefix(names.base)] if iri.startswith(names.base) else [])
        raise missed if isinstance(missed, Gone) else NotFound("The data say nothing about this IRI.")
    return await _answer(request, _Subject(generation, description, names.describe(iri), None))


@router.api_route("/def", methods=READ, summary="The vocabulary")
@router.api_route("/def.{suffix}", methods=READ, include_in_schema=False)
async def definition(request: Request, suffix: str = "") -> Response:
    """Answer with the whole vocabulary: RDF, or a page with every term as a fragment."""
    return await _vocabulary(request, "def", suffix)


@router.api_route("/def/context.jsonld", methods=READ, summary="The JSON-LD context")
async def context(request: Request) -> Response:
    """Answer with the context against which JSON-LD is compacted."""
    path = generation_of(request.scope).path / "ontology" / "context.jsonld"
    if not path.is_file():
        raise NotFound("This source has no JSON-LD context of its own.")
    return represent(await asyncio.to_thread(path.read_bytes), JSONLD)


@router.api_route(
    "/def/{version:path}", methods=READ, summary="A frozen version of the vocabulary, or one of its terms"
)
async def definition_version(request: Request, version: str) -> Response:
    """Answer with the vocabulary as it was in one version, or with a term of a vocabulary whose names end in a path."""
    return await _vocabulary(request, f"def/{version}", "")


@router.api_route("/shapes", methods=READ, summary="All SHACL shapes")
@router.api_route("/shapes/", methods=READ, include_in_schema=False)
@router.api_route("/shapes.{suffix}", methods=READ, include_in_schema=False)
async def shapes(request: Request, suffix: str = "") -> Response:
    """Answer with all shapes of the source."""
    return await _vocabulary(request, "shapes", suffix)


@router.api_route("/shapes/{path:path}", methods=READ, summary="One shape")
async def shape(request: Request, path: str) -> Response:
    """Answer with the description of a shape, which is a document itself: 200, not 303."""
    del path
    subject = await _kept(request)
    if subject is None:
        raise NotFound("There is no shape of this name.")
    return await _answer(request, subject)


async def _kept(request: Request) -> _Subject | None:
    """Return what keeps its name everywhere, a term or a shape, as a document of its own; None when there is none."""
    generation = generation_of(request.scope)
    names = generation.manifest.names
    if not names.space:
        return None
    rest = _raw(request)
    stem, _, suffix = rest.rpartition(".")
    fixed = BY_SUFFIX.get(suffix)
    for spelling, form in ((rest, None), *(((stem, fixed),) if fixed else ())):
        found = await generation.store.describe(names.space + spelling, _window(request))
        if found is not None:
            return _Subject(generation, found, names.page(found.iri), form)
    return None


@router.api_route("/{path:path}", methods=READ, summary="A thing's own name: 303 to the document about it")
async def thing(request: Request, path: str) -> Response:
    """Redirect a name under the base to the document about what it names."""
    generation = generation_of(request.scope)
    stem, _, suffix = path.partition(".")
    page = generation.pages.list_of(stem)
    if page is not None and (suffix or stem == path):
        return await answer_list(request, generation, page, suffix)
    names = generation.manifest.names
    for spelling in spellings(_raw(request)):
        iri = names.base + spelling
        if names.path_of(iri) is not None and await generation.store.exists(iri):
            own = None if await _overshadowed(generation, iri) else names.document(iri)
            return _see_other(request, own or names.describe(iri))
    if path.endswith("/") and generation.pages.list_of(path[:-1]) is not None:
        return without_slash(request.scope, generation.manifest.public)
    missed = await missing(generation, spellings(_raw(request)))
    if not isinstance(missed, Gone):
        for spelling in spellings(_raw(request)):
            iri = names.base + spelling
            if names.path_of(iri) is not None and await generation.store.describe(iri, Window()) is not None:
                return _see_other(request, names.document(iri) or names.describe(iri))
    raise missed


async def _overshadowed(generation: Generation, iri: str) -> bool:
    """Tell whether the document that ``iri`` would have is that of ``{base}id/…`` with the same end."""
    names = generation.manifest.names
    path = names.path_of(iri)
    if path is None or path.startswith("id/"):
        return False
    return await generation.store.exists(f"{names.base}id/{path}")


# -- finding -----------------------------------------------------------------------------------------------------------


def _raw(request: Request) -> str:
    """Return the path as it was sent, without the leading slash."""
    path: str = request.scope["raw_path"].decode("latin-1")
    return path[1:]


def _window(request: Request) -> Window:
    parameters = request.query_params
    chosen = parameters.get("property")
    if chosen is None:
        return Window()
    if not is_absolute(chosen):
        raise MalformedRequest("The parameter property must be an absolute IRI.")
    return Window(chosen, parameters.get("inverse") in {"1", "true"}, parameters.get("after"))


async def _read(generation: Generation, rest: str, window: Window) -> tuple[Description, Format | None]:
    """Return what ``/doc/{rest}`` is about, and the representation that its suffix fixes.

    What nothing is stated of, but other things mention, is found after all that was published once (410).
    """
    stem, _, suffix = rest.rpartition(".")
    form = BY_SUFFIX.get(suffix)
    readings = ((rest, None), *(((stem, form),) if form and stem else ()))
    for spelling, fixed in readings:
        found = await _find(generation, spelling, window)
        if found is not None:
            return found, fixed
    missed = await _missing(generation, *(spelling for spelling, _ in readings))
    if not isinstance(missed, Gone):
        for spelling, fixed in readings:
            found = await _find(generation, spelling, window, mentioned=True)
            if found is not None:
                return found, fixed
    raise missed


async def _find(generation: Generation, rest: str, window: Window, *, mentioned: bool = False) -> Description | None:
    """Return the description of what ``/doc/{rest}`` is about: ``{base}id/{rest}``, else ``{base}{rest}``.

    What is only mentioned, by other things, is found where that is asked for.
    """
    names = generation.manifest.names
    if not rest:
        return None
    for spelling in spellings(rest):
        for iri in (f"{names.base}id/{spelling}", f"{names.base}{spelling}"):
            if names.path_of(iri) is None:
                continue
            description = await generation.store.describe(iri, window)
            if description is not None and (mentioned or description.outgoing or description.parts or window.property):
                return description
    return None


async def _missing(generation: Generation, *rests: str) -> NotFound:
    """Return the error that tells of documents of which none is there; ``rests`` are what may follow ``/doc/``."""
    names = (place + name for rest in rests for name in spellings(rest) for place in ("id/", ""))
    return await missing(generation, names)


def _see_other(request: Request, location: str) -> Response:
    location = encoded_address(location)
    response = represent(f"{location}\n", BY_TEXT, status=303, vary=VARY, links=[link(location, "describedby")])
    response.headers["location"] = location
    del request
    return response


# -- answering -----------------------------------------------------------------------------------------------------------


class _Subject:
    """A description on its way out: where its document is, and which representation is fixed by the address."""

    def __init__(
        self,
        generation: Generation,
        description: Description,
        address: str,
        fixed: Format | None,
        triples: list[ox.Triple] | None = None,
    ) -> None:
        self.generation, self.description, self.address, self.fixed = (
            generation,
            description,
            encoded_address(address),
            fixed,
        )
        self.triples = triples_of(description, self.address, generation.manifest) if triples is None else triples
        self.rdf = rdf_offers(self.triples)

    def write(self, form: Format) -> bytes:
        """Return the RDF of the document."""
        return serialise(self.triples, form, self.generation.context, self.generation.manifest.names)

    @property
    def withdrawn(self) -> bool:
        """Tell whether this is a tombstone."""
        return _WITHDRAWAL in self.description.values_of("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")

    def alternates(self, query: str) -> dict[Format, str]:
        """Return the address of each representation; none for pages of a long description."""
        if "?" in self.address or self.address.endswith("/") or query:
            return {}
        return {form: f"{self.address}.{form.suffix}" for form in (*self.rdf, HTML)}


async def _answer(
    request: Request,
    subject: _Subject,
    *,
    template: str = "resource.html",
    write: Callable[[Format], bytes] | None = None,
) -> Response:
    write, generation = write or subject.write, subject.generation
    query = "&".join(f"{k}={v}" for k, v in request.query_params.multi_items() if k in {"property", "after", "inverse"})
    alternates = subject.alternates(query)
    request.state.offered = tuple(alternates.items()) or tuple((form, subject.address) for form in (*subject.rdf, HTML))
    if subject.fixed is not None:
        if subject.fixed not in (*subject.rdf, HTML):
            request.state.offered = tuple(alternates.items())
            raise NotAcceptable((*subject.rdf, HTML))
        form = subject.fixed
    else:
        form = choose_format(request, (*subject.rdf, HTML))
    status = 410 if subject.withdrawn else 200
    links = _links(subject, alternates, form)
    vary: tuple[str, ...] = VARY if subject.fixed is None else ("Accept-Language",) if form is HTML else ()
    location = alternates.get(form) if subject.fixed is None else None
    if form is HTML:
        language = choose_language(request)
        classes = await used_classes(generation, language) if template == "home.html" else []
        shown = await with_holders(generation.store, subject.description, whole=not query)
        around = await surround(generation, subject.description, language, alternates, write)
        block = await _structured(subject, language, template)
        body = _page(request, subject, shown, language, template, around, classes, block)
        if location and "lang" in request.query_params:
            location = f"{location}?lang={language}"
        return represent(
            body,
            HTML,
            status=status,
            vary=vary,
            links=links,
            location=location,
            language=language,
            headers={"content-security-policy": CSP},
        )
    if (form is JSONLD and not generation.context.quick) or len(subject.triples) > _THREAD_FROM:
        data = await asyncio.to_thread(write, form)
    else:
        data = write(form)
    return represent(data, form, status=status, vary=vary, links=links, location=location)


async def answer_page(
    request: Request,
    generation: Generation,
    description: Description,
    address: str,
    triples: list[ox.Triple],
    write: Callable[[Format], bytes],
) -> Response:
    """Answer with the page about a description; its RDF, ``triples`` as ``write`` has them, is another route's."""
    response = await _answer(request, _Subject(generation, description, address, HTML, triples), write=write)
    response.headers["vary"] = ", ".join(VARY)
    return response


def _links(subject: _Subject, alternates: dict[Format, str], form: Format) -> list[str]:
    manifest = subject.generation.manifest
    links = [
        link(address, "alternate", type=other.media_type) for other, address in alternates.items() if other is not form
    ]
    links.append(link(subject.address, "canonical"))
    links.append(link(encoded_address(subject.description.iri), "about"))
    posts = signposts(subject.description, subject.address, alternates, manifest)
    if form is not HTML:
        links.append(link(subject.address, "describes"))
        posts = [post for post in posts if post.rel in ("collection", "license")]
    elif len(links) + len(posts) > MANY:
        address = _linkset_address(subject)
        links += [link(address, "linkset", type=LINKSET.media_type)] if address else []
        posts = [post for post in posts if post.rel in ("cite-as", "type", "license")]
    links.extend(
        link(encoded_address(post.target), post.rel, **({"type": post.type} if post.type else {})) for post in posts
    )
    links.extend(link(page.address, "next") for page in next_pages(subject.description, subject.address))
    return links


def _linkset_address(subject: _Subject) -> str | None:
    """Return where all links of a document stand; None for documents that have no path of their own."""
    document = subject.generation.manifest.public + "doc/"
    rest = subject.address.removeprefix(document)
    return f"{subject.generation.manifest.public}linkset/{rest}" if rest != subject.address else None


async def _structured(subject: _Subject, language: str, template: str) -> str:
    """Return the block of a page for search engines; a tombstone has none."""
    manifest = subject.generation.manifest
    if template == "home.html":
        return site(manifest, localised(manifest.dataset.title, language), language)
    if subject.withdrawn:
        return ""
    above = [
        str(row["above"].value)  # type: ignore[union-attr]  # an IRI, by the filter
        for kind in subject.description.values_of(RDF_TYPE)
        if isinstance(kind, ox.NamedNode)
        for row in await subject.generation.store.rows(_ABOVE, kind=kind)
    ]
    return structured(subject.description, subject.address, manifest, language, above)


def _page(
    request: Request,
    subject: _Subject,
    description: Description,
    language: str,
    template: str,
    around: Surroundings,
    classes: list[tuple[Text, str, int, str]],
    structured_data: str,
) -> str:
    generation = subject.generation
    viewer = Viewer(generation.manifest.names, language, home_title(generation, language))
    view = viewer.view(description, subject.address)
    home = home_of(generation, language) if template == "home.html" else {}
    return render(
        template,
        generation,
        language,
        request,
        view=view,
        facts=facts_apart(view, around),
        mentions=mentions_apart(view, around),
        around=around,
        trail=around.trail,
        canonical=subject.address,
        classes=classes,
        **home,
        about=localised(generation.manifest.dataset.description, language),
        withdrawn=subject.withdrawn,
        structured=Markup(structured_data),  # noqa: S704 - JSON with < and & escaped
    )


def home_of(generation: Generation, language: str) -> dict[str, object]:
    """Return what the home page shows beside the dataset: its lists, and a map of the first that has one."""
    pages, wording = generation.pages, Wording(generation.manifest.names, language)
    mapped = next((p for p in pages.lists if p.number in pages.mapped), None)
    spots = pages.spots(mapped, {}, "")[0] if pages.has_spots else []
    return {
        "lists": list_entries(generation, language),
        "map_view": view_of(spots[:HOME_SPOTS], (), wording) if spots else None,
    }


async def used_classes(generation: Generation, language: str) -> list[tuple[Text, str, int, str]]:
    """Return the classes of the data, the most used first, those of RDF's own machinery last.

    Each is (label, address, number, short name); the short name is "" where the label tells it from the others.
    """
    counts = (await asyncio.to_thread(read_statistics, generation))["classes"]
    ranked = sorted(counts, key=lambda iri: (iri.startswith(MACHINERY), -counts[iri], iri))[:MAX_CLASSES]
    labels = await generation.store.labels(ranked)
    viewer = Viewer(generation.manifest.names, language)
    named = [(iri, viewer.term(iri, labels.get(iri, ()))) for iri in ranked]
    often = Counter(name.value for _, name in named)
    return [
        (name, generation.manifest.names.describe(iri), counts[iri], shorten(iri) if often[name.value] > 1 else "")
        for iri, name in named
    ]


# -- vocabulary and shapes -------------------------------------------------------------------------------------------------


async def _vocabulary(request: Request, name: str, suffix: str) -> Response:
    generation = generation_of(request.scope)
    address = generation.manifest.public + name
    vocabulary = await read_vocabulary(generation, name)
    if vocabulary is None and "." in name:
        stem, _, ending = name.rpartition(".")
        vocabulary = await read_vocabulary(generation, stem)
        suffix, address = ending, generation.manifest.public + stem
    if vocabulary is None or (suffix and suffix not in BY_SUFFIX):
        subject = await _kept(request)
        if subject is None:
            raise NotFound("There is no vocabulary of this name.")
        return await _answer(request, subject)
    rdf = rdf_offers(vocabulary.triples)
    alternates = {form: f"{address}.{form.suffix}" for form in (*rdf, HTML)}
    request.state.offered = tuple(alternates.items())
    form = BY_SUFFIX[suffix] if suffix else choose_format(request, (*rdf, HTML))
    if form not in alternates:
        raise NotAcceptable(tuple(alternates))
    links = [link(other, "alternate", type=f.media_type) for f, other in alternates.items() if f is not form]
    links.append(link(address, "canonical"))
    if generation.manifest.dataset.license:
        links.append(link(generation.manifest.dataset.license, "license"))
    vary: Sequence[str] = () if suffix and form is not HTML else ("Accept-Language",) if suffix else VARY
    location = None if suffix else alternates[form]
    if form is HTML:
        return await _vocabulary_page(request, generation, vocabulary, address, alternates, vary, links, location)
    data = await asyncio.to_thread(serialise, vocabulary.triples, form, generation.context, generation.manifest.names)
    return represent(data, form, vary=vary, links=links, location=location)


async def _vocabulary_page(
    request: Request,
    generation: Generation,
    vocabulary: Vocabulary,
    address: str,
    alternates: dict[Format, str],
    vary: Sequence[str],
    links: list[str],
    location: str | None,
) -> Response:
    language = choose_language(request)
    downloads = [Download(form, other, 0) for form, other in alternates.items() if form is not HTML]
    title, sections = vocabulary.sections(language)
    current = address.endswith("/def")
    terms = [term for _, members in sections for term in members]
    usage = await usage_of(generation, [term.iri for term in terms], language) if current else {}
    viewer = Viewer(generation.manifest.names, language)
    mentioned = {t.object.value for t in vocabulary.triples if isinstance(t.object, ox.NamedNode)}
    names = {
        iri: viewer.name(iri, vocabulary.labels.get(iri, ())) for iri in mentioned.union(term.iri for term in terms)
    }
    body = render(
        "vocabulary.html",
        generation,
        language,
        request,
        title=title,
        sections=sections,
        usage=usage,
        diagram=draw_classes(vocabulary.triples, names) if "/def" in address else None,
        downloads=downloads,
        canonical=address,
        identifier=generation.manifest.names.space + address[len(generation.manifest.public) :]
        if generation.manifest.space
        else address,
        versions=generation.manifest.ontology_versions if current else (),
    )
    return represent(
        body,
        HTML,
        vary=vary,
        links=links,
        location=location,
        language=language,
        headers={"content-security-policy": CSP},
    )


BY_TEXT = Format("text/plain", "txt", "Text")
__all__ = ["RDF_FORMATS", "TURTLE", "problem", "router"]
