"""The map: what stands where, drawn by the server with real links; the same as a table, GeoJSON (RFC 7946) and CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from solnum_ld.errors import NotFound
from solnum_ld.maps.drawing import Drawing, draw
from solnum_ld.mediatypes import CSV, HTML, Format
from solnum_ld.resources.typography import number_text
from solnum_ld.resources.view import Text, natural
from solnum_ld.search.ask import Item, ListInfo, Spot
from solnum_ld.web.cache import generation_of
from solnum_ld.web.html import CSP, render
from solnum_ld.web.http import READ, choose_format, choose_language, link, represent
from solnum_ld.web.lists import Selection, Unknown, facets_of, read_selection, unknown_of
from solnum_ld.web.site import Generation
from solnum_ld.web.wording import Wording

router = APIRouter()
GEOJSON = Format("application/geo+json", "geojson", "GeoJSON")
OFFERS = (HTML, GEOJSON, CSV)
_NEAR = 20.0
"""Points of the drawing that stand nearer than this share a marker."""


@dataclass(frozen=True, slots=True)
class Named:
    """A thing or place with its page."""

    text: Text
    href: str
    status: Text | None = None


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place of the table, and what is there. ``anchor`` names the marker that stands for it."""

    place: Named
    things: tuple[Named, ...]
    coordinates: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Marker:
    """One point on the drawing. ``unsure`` tells that no place under it is certain."""

    x: float
    y: float
    size: float
    count: int
    label: str
    href: str
    unsure: bool


@dataclass(frozen=True, slots=True)
class MapView:
    """A drawing with its markers, the table of places, and what has no place on it."""

    drawing: Drawing
    markers: tuple[Marker, ...]
    places: tuple[PlaceRow, ...]
    nowhere: tuple[Named, ...]


@router.api_route("/carte", methods=READ, summary="The map: a page, GeoJSON or CSV")
@router.api_route("/carte.{suffix}", methods=READ, include_in_schema=False)
async def show_map(request: Request, suffix: str = "") -> Response:
    """Answer with what stands where; ``liste`` and the filters of that list choose it."""
    generation = generation_of(request.scope)
    pages = generation.pages
    if not pages.has_spots:
        raise NotFound("Nothing in these data has a place with coordinates.")
    by_suffix = {form.suffix: form for form in (GEOJSON, CSV)}
    if suffix and suffix not in by_suffix:
        raise NotFound("Nothing is described at this address.")
    address = f"{generation.manifest.public}carte"
    request.state.offered = ((HTML, address), (GEOJSON, f"{address}.geojson"), (CSV, f"{address}.csv"))
    form = by_suffix[suffix] if suffix else choose_format(request, OFFERS)
    language = choose_language(request)
    wording = Wording(generation.manifest.names, language)
    page = _chosen_list(generation, request.query_params.get("liste", ""))
    selection = await asyncio.to_thread(read_selection, request, generation, page) if page else None
    chosen, text = (selection.chosen, selection.text) if selection else ({}, "")
    spots, nowhere = await asyncio.to_thread(pages.spots, page, chosen, text)
    vary = ("Accept-Language",) if suffix else ("Accept", "Accept-Language")
    links = [link(other, "alternate", type=f.media_type) for f, other in request.state.offered if f is not form]
    if form is not HTML:
        body = (_as_geojson if form is GEOJSON else _as_csv)(spots, wording)
        return represent(body, form, vary=vary, links=links, language=language)
    body = await _page(request, generation, wording, address, page, selection, spots, nowhere)
    return represent(body, HTML, vary=vary, links=links, language=language, headers={"content-security-policy": CSP})


async def _page(
    request: Request,
    generation: Generation,
    wording: Wording,
    address: str,
    page: ListInfo | None,
    selection: Selection | None,
    spots: Sequence[Spot],
    nowhere: Sequence[Item],
) -> str:
    facets, query = [], ""
    unknown: list[Unknown] = []
    if page is not None and selection is not None:
        request.state.facets = frozenset(f.name for f in page.facets)
        found = await asyncio.to_thread(generation.pages.facets, page, selection.chosen, selection.text)
        facets = facets_of(page, found, selection, wording)
        unknown = unknown_of(selection, address, wording, liste=page.path)
        query = selection.query(wording, liste=page.path, lang=wording.language)
    others = [p for p in generation.pages.lists if p.number in generation.pages.mapped and p is not page]
    return render(
        "map.html",
        generation,
        wording.language,
        request,
        canonical=address,
        view=view_of(spots, nowhere, wording),
        title=wording.text(page.label, page.iri) if page else None,
        info=page,
        facets=facets,
        selection=selection,
        unknown=unknown,
        narrowed=bool(selection and (selection.chosen or selection.text)),
        reset=f"{address}?liste={page.path}" if page else address,
        others=[(wording.text(p.label, p.iri), f"{address}?liste={p.path}") for p in others],
        downloads=[(form, f"{address}.{form.suffix}{query}") for form in (GEOJSON, CSV)],
    )


def _chosen_list(generation: Generation, path: str) -> ListInfo | None:
    """Return the list that is drawn: the one asked for, else the first whose things lie elsewhere than they are."""
    pages = generation.pages
    if path:
        page = pages.list_of(path)
        if page is None or page.number not in pages.mapped:
            raise NotFound("There is no map of this list.")
        return page
    return next((p for p in pages.lists if p.number in pages.mapped), None)


def view_of(spots: Sequence[Spot], nowhere: Iterable[Item], wording: Wording) -> MapView:
    """Return the map of spots: one row a place, one marker for places that stand too near each other to be told apart."""
    by_place: dict[str, list[Spot]] = {}
    for spot in spots:
        by_place.setdefault(spot.place, []).append(spot)
    places = sorted(by_place.values(), key=lambda here: natural(_place(here[0], wording).text.value))
    drawing = draw([(here[0].latitude, here[0].longitude) for here in places])
    groups = _groups(drawing.points)
    ordered = [(number, places[i]) for number, group in enumerate(groups, 1) for i in group]
    rows = tuple(_row(here, f"lieu-{number}", wording) for number, here in ordered)
    markers = tuple(
        _marker(number, [places[i] for i in group], [drawing.points[i] for i in group], wording)
        for number, group in enumerate(groups, 1)
        if drawing.points[group[0]] is not None
    )
    return MapView(drawing, markers, rows, tuple(_named(item, wording) for item in nowhere))


def _groups(points: Sequence[tuple[float, float] | None]) -> list[list[int]]:
    """Return the numbers of points by marker: each joins the first marker that it stands near to."""
    groups: list[list[int]] = []
    for i, point in enumerate(points):
        near = next((g for g in groups if _is_near(points[g[0]], point)), None)
        if near is None:
            groups.append([i])
        else:
            near.append(i)
    return groups


def _is_near(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 < _NEAR**2


def _marker(
    number: int, places: Sequence[list[Spot]], points: Sequence[tuple[float, float] | None], wording: Wording
) -> Marker:
    known = [point for point in points if point is not None]
    spots = [spot for here in places for spot in here]
    names = ", ".join(dict.fromkeys(_place(here[0], wording).text.value for here in places))
    only = spots[0]
    single = len({spot.item.id for spot in spots}) == 1
    title = wording.text(only.item.names, only.item.iri).value
    label = f"{title} ({names})" if single and title != names else f"{names} ({len(spots)})" if not single else names
    return Marker(
        x=round(sum(x for x, _ in known) / len(known), 1),
        y=round(sum(y for _, y in known) / len(known), 1),
        size=min(22.0, 9.0 + 2.5 * (len(spots) - 1)),
        count=len(spots),
        label=label,
        href=wording.names.page(only.item.iri) if single else f"#lieu-{number}",
        unsure=all(spot.item.status for spot in spots),
    )


def _row(here: Sequence[Spot], anchor: str, wording: Wording) -> PlaceRow:
    first = here[0]
    things = tuple(_named(spot.item, wording) for spot in here if spot.item.iri != spot.place)
    north, east = (number_text(f"{value:.4f}", wording.language) for value in (first.latitude, first.longitude))
    return PlaceRow(_place(first, wording), things, f"{north}\u00a0; {east}", anchor)


def _place(spot: Spot, wording: Wording) -> Named:
    return Named(wording.text(spot.names, spot.place), wording.names.page(spot.place))


def _named(item: Item, wording: Wording) -> Named:
    status = wording.text(item.status) if item.status else None
    return Named(wording.text(item.names, item.iri), wording.names.page(item.iri), status)


def _as_geojson(spots: Sequence[Spot], wording: Wording) -> str:
    features = [
        {
            "type": "Feature",
            "id": f"{spot.item.iri}#{number}",
            "geometry": {"type": "Point", "coordinates": [spot.longitude, spot.latitude]},
            "properties": {
                "iri": spot.item.iri,
                "name": wording.text(spot.item.names, spot.item.iri).value,
                "place": spot.place,
                "placeName": wording.text(spot.names, spot.place).value,
                "placeStatus": wording.text(spot.item.status).value if spot.item.status else "",
            },
        }
        for number, spot in enumerate(spots, 1)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def _as_csv(spots: Sequence[Spot], wording: Wording) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["iri", "name", "place", "place_name", "latitude", "longitude", "place_status"])
    for spot in spots:
        name, place = wording.text(spot.item.names, spot.item.iri).value, wording.text(spot.names, spot.place).value
        status = wording.text(spot.item.status).value if spot.item.status else ""
        writer.writerow([spot.item.iri, name, spot.place, place, spot.latitude, spot.longitude, status])
    return out.getvalue()
