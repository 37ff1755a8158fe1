"""List pages that the source declares: filters as a form, counts, pages of fifty; the same selection as CSV and JSON."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pyoxigraph as ox
from fastapi import Request
from starlette.responses import Response

from solnum_ld.errors import MalformedRequest, NotFound
from solnum_ld.mediatypes import CSV, HTML, JSON
from solnum_ld.resources.view import Text, Value, natural
from solnum_ld.search.ask import PAGE_SIZE, FacetValue, Item, ListInfo, Listing
from solnum_ld.web.html import CSP, render
from solnum_ld.web.http import choose_format, choose_language, represent
from solnum_ld.web.site import Generation
from solnum_ld.web.wording import Wording, parsed_term

OFFERS = (HTML, JSON, CSV)
_BY_SUFFIX = {form.suffix: form for form in (JSON, CSV)}
_MAX_PAGE = 100_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet as the form shows it."""

    key: str
    text: Text
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter of the form."""

    name: str
    label: Text
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of the list as the table shows it."""

    name: Text
    href: str
    summary: Text | None
    cells: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that a page lists: its name and page, what is said of it, a number."""

    value: Value
    about: Text | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """A chosen value that a filter does not have, and where the selection is without this filter."""

    field: Text
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of a list is asked for: a term for each chosen field, words, a page.

    ``unknown`` are the names of chosen fields whose term is none of their values.
    """

    page: ListInfo
    chosen: Mapping[str, str]
    text: str
    number: int
    unknown: frozenset[str] = frozenset()

    def without(self, name: str) -> Selection:
        """Return the selection, from its first page, without one of its filters."""
        chosen = {field: term for field, term in self.chosen.items() if field != name}
        return replace(self, chosen=chosen, number=1, unknown=self.unknown - {name})

    def query(self, wording: Wording, **more: str) -> str:
        """Return the query string that asks for it again, ``?`` included."""
        pairs = {name: wording.key(term) for name, term in sorted(self.chosen.items())}
        if self.text:
            pairs["q"] = self.text
        pairs |= more
        return f"?{urlencode(pairs)}" if pairs else ""


def list_entries(generation: Generation, language: str) -> list[Entry]:
    """Return the list pages of a release, with how many things stand on each."""
    wording = Wording(generation.manifest.names, language)
    public, counts = generation.manifest.public, generation.pages.counts
    return [
        Entry(
            Value(wording.text(page.label, page.iri), public + page.path),
            wording.text(page.intro) if page.intro else None,
            counts.get(page.number, 0),
        )
        for page in generation.pages.lists
    ]


async def answer_list(request: Request, generation: Generation, page: ListInfo, suffix: str = "") -> Response:
    """Answer with a list page: HTML, JSON or CSV."""
    names = generation.manifest.names
    address = names.public + page.path
    alternates = {HTML: address, JSON: f"{address}.json", CSV: f"{address}.csv"}
    request.state.offered = tuple(alternates.items())
    if suffix and suffix not in _BY_SUFFIX:
        raise NotFound("Nothing is described at this address.")
    form = _BY_SUFFIX[suffix] if suffix else choose_format(request, OFFERS)
    language = choose_language(request)
    wording = Wording(names, language)
    selection = await asyncio.to_thread(read_selection, request, generation, page)
    vary = ("Accept", "Accept-Language") if not suffix else ("Accept-Language",)
    links = [f'<{other}>; rel="alternate"; type="{f.media_type}"' for f, other in alternates.items() if f is not form]
    pages = generation.pages
    if form is not HTML:
        found = await asyncio.to_thread(pages.all_items, page, selection.chosen, selection.text)
        body = await asyncio.to_thread(_as_csv if form is CSV else _as_json, selection, found, wording)
        return represent(body, form, vary=vary, links=links, language=language)
    found = await asyncio.to_thread(pages.listing, page, selection.chosen, selection.text, selection.number)
    last = max(1, -(-found.total // PAGE_SIZE))
    if selection.number > last:
        raise NotFound("The list has no such page.")
    query = selection.query(wording)
    request.state.facets = frozenset(f.name for f in page.facets)
    body = render(
        "list.html",
        generation,
        language,
        request,
        canonical=address,
        info=page,
        title=wording.text(page.label, page.iri),
        intro=wording.text(page.intro) if page.intro else None,
        facets=_facets(page, found, selection, wording),
        columns=[wording.text(f.label, f.name) for f in page.columns],
        rows=_rows(page, found, wording),
        total=found.total,
        selection=selection,
        unknown=unknown_of(selection, address, wording),
        narrowed=bool(selection.chosen or selection.text),
        downloads=[(form, f"{alternates[form]}{selection.query(wording, lang=language)}") for form in (CSV, JSON)],
        on_map=f"{names.public}carte{selection.query(wording, liste=page.path)}" if page.number in pages.mapped else "",
        before=address + selection.query(wording, page=str(selection.number - 1)) if selection.number > 1 else "",
        after=address + selection.query(wording, page=str(selection.number + 1)) if selection.number < last else "",
        last=last,
        reset=address,
        here_list=address + query,
    )
    return represent(body, HTML, vary=vary, links=links, language=language, headers={"content-security-policy": CSP})


def read_selection(request: Request, generation: Generation, page: ListInfo) -> Selection:
    """Return what the parameters of a request select; what no thing has is looked for as it is, and found nowhere."""
    base = generation.manifest.base
    chosen, unknown = {}, set()
    for field in page.facets:
        key = request.query_params.get(field.name, "").strip()[:2000]
        if key:
            spelt = _spellings(key, base)
            known = generation.pages.value_of(page, field.name, spelt)
            chosen[field.name] = known or spelt[0]
            unknown |= set() if known else {field.name}
    text = request.query_params.get("q", "").strip()[:500]
    number = request.query_params.get("page", "1")
    if not (number.isdecimal() and 1 <= int(number[:9]) <= _MAX_PAGE):
        raise MalformedRequest("The parameter page must be a whole number from 1.")
    return Selection(page, chosen, text, int(number), frozenset(unknown))


def unknown_of(selection: Selection, address: str, wording: Wording, **more: str) -> list[Unknown]:
    """Return the chosen values that do not exist; ``address`` is that of the page, ``more`` what else it is asked."""
    return [
        Unknown(
            wording.text(field.label, field.name),
            wording.key(selection.chosen[field.name]),
            address + selection.without(field.name).query(wording, **more),
        )
        for field in selection.page.facets
        if field.name in selection.unknown
    ]


def _spellings(key: str, base: str) -> list[str]:
    """Return the terms that a key in an address may stand for."""
    spelt = []
    for iri in (f"{base}id/{key}", base + key, key):
        try:
            spelt.append(str(ox.NamedNode(iri)))
        except ValueError:
            continue
    spelt += [str(ox.Literal(key)), *(str(ox.Literal(key, language=tag)) for tag in ("fr", "en"))]
    types = ("integer", "decimal", "boolean", "date", "gYear", "gYearMonth", "dateTime", "double")
    spelt += [str(ox.Literal(key, datatype=ox.NamedNode(f"http://www.w3.org/2001/XMLSchema#{t}"))) for t in types]
    return spelt


def facets_of(
    page: ListInfo, found: Mapping[str, tuple[FacetValue, ...]], selection: Selection, wording: Wording
) -> list[Facet]:
    """Return the filters of a list as a form shows them, values in the order of the alphabet; the useless are left out."""
    shown = []
    for field in page.facets:
        choices = []
        for value in wording.in_language(found.get(field.name, ())):
            text = wording.value(value).text
            chosen = selection.chosen.get(field.name) == value.term
            choices.append(Choice(wording.key(value.term), text, value.count, chosen))
        if len(choices) > 1 or field.name in selection.chosen:
            choices.sort(key=lambda c: natural(c.text.value))
            shown.append(Facet(field.name, wording.text(field.label, field.name), tuple(choices)))
    return shown


def _facets(page: ListInfo, found: Listing, selection: Selection, wording: Wording) -> list[Facet]:
    return facets_of(page, found.facets, selection, wording)


def _rows(page: ListInfo, found: Listing, wording: Wording) -> list[Row]:
    return [_row(page, found, item, wording) for item in found.items]


def _row(page: ListInfo, found: Listing, item: Item, wording: Wording) -> Row:
    cells = tuple(_cell(found.cells.get((item.id, f.name), ()), wording) for f in page.columns)
    said = {value.text.value for values in cells for value in values}
    summary = wording.text(item.summaries) if item.summaries else None
    if summary is not None and summary.value in said:
        summary = None
    return Row(wording.text(item.names, item.iri), wording.names.page(item.iri), summary, cells)


def _cell(values: tuple[FacetValue, ...], wording: Wording) -> tuple[Value, ...]:
    said = {value.text.value: value for value in map(wording.value, wording.in_language(values))}
    return tuple(said[text] for text in sorted(said, key=natural))


def _as_csv(selection: Selection, found: Listing, wording: Wording) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    page = selection.page
    writer.writerow(["iri", "name", *(f.name for f in page.columns)])
    for item in found.items:
        cells = (
            " | ".join(_datum(v, wording) for v in wording.in_language(found.cells.get((item.id, f.name), ())))
            for f in page.columns
        )
        writer.writerow([item.iri, wording.text(item.names, item.iri).value, *cells])
    return out.getvalue()


def _datum(value: FacetValue, wording: Wording) -> str:
    """Return a value for a machine that reads words: names in the reader's language, literals as the data write them."""
    term = parsed_term(value.term)
    return term.value if isinstance(term, ox.Literal) else wording.value(value).text.value


def _as_json(selection: Selection, found: Listing, wording: Wording) -> str:
    page = selection.page
    items = []
    for item in found.items:
        fields = {
            f.name: [
                {"iri": v.iri, "name": v.text.value} if v.iri else {"value": _datum(raw, wording)}
                for raw in wording.in_language(found.cells.get((item.id, f.name), ()))
                for v in (wording.value(raw),)
            ]
            for f in page.columns
        }
        items.append({"iri": item.iri, "name": wording.text(item.names, item.iri).value, **fields})
    data = {
        "title": wording.text(page.label, page.iri).value,
        "filters": {name: wording.key(term) for name, term in sorted(selection.chosen.items())},
        "unknown": sorted(selection.unknown),
        "text": selection.text,
        "total": found.total,
        "items": items,
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
