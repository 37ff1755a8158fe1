"""Where points stand on a drawing: France in Lambert-93 with its overseas départements, or plainly by degrees elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from solnum_ld.maps.projection import lambert93

_WIDE, _HIGH, _MARGIN = 1000.0, 700.0, 60.0
_METROPOLE = (-5.4, 41.2, 9.8, 51.3)


@dataclass(frozen=True, slots=True)
class Outline:
    """A département: code, name, the path of its borders."""

    code: str
    name: str
    d: str


@dataclass(frozen=True, slots=True)
class Inset:
    """A frame in which an overseas département is drawn."""

    name: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map: its size, what is drawn in the background, and the place of each point in the order given."""

    width: float
    height: float
    outlines: tuple[Outline, ...]
    insets: tuple[Inset, ...]
    points: tuple[tuple[float, float] | None, ...]


def draw(points: Sequence[tuple[float, float]]) -> Drawing:
    """Return the map for points given as (latitude, longitude): that of France when most of them are there."""
    here = [_in_france(latitude, longitude) for latitude, longitude in points]
    if points and sum(place is not None for place in here) * 2 >= len(points):
        data = _france()
        return Drawing(data.width, data.height, data.outlines, data.insets, tuple(here))
    return _plain(points)


def france_svg() -> str:
    """Return the map of France without points, as a file of its own: what small maps stand on."""
    data = _france()
    style = "path{fill:#cbdcdc;stroke:#fbfaf6;stroke-width:1.6}rect{fill:none;stroke:#dcd8cc}"
    dark = "@media(prefers-color-scheme:dark){path{fill:#2c484e;stroke:#15191b}rect{stroke:#3a4347}}"
    frames = "".join(f'<rect x="{i.x}" y="{i.y}" width="{i.width}" height="{i.height}" rx="6"/>' for i in data.insets)
    size = f"0 0 {data.width:.0f} {data.height:.0f}"
    paths = "".join(f'<path d="{outline.d}"/>' for outline in data.outlines)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}"><style>{style}{dark}</style>{paths}{frames}</svg>'


def _plain(points: Sequence[tuple[float, float]]) -> Drawing:
    """Return a map by degrees, without a background, that holds all points."""
    south, north = min((p[0] for p in points), default=-1.0), max((p[0] for p in points), default=1.0)
    west, east = min((p[1] for p in points), default=-1.0), max((p[1] for p in points), default=1.0)
    scale = min((_WIDE - 2 * _MARGIN) / max(east - west, 0.01), (_HIGH - 2 * _MARGIN) / max(north - south, 0.01))
    middle = (south + north) / 2, (west + east) / 2
    placed = (
        (_WIDE / 2 + (longitude - middle[1]) * scale, _HIGH / 2 - (latitude - middle[0]) * scale)
        for latitude, longitude in points
    )
    return Drawing(_WIDE, _HIGH, (), (), tuple((round(x, 1), round(y, 1)) for x, y in placed))


@dataclass(frozen=True, slots=True)
class _France:
    width: float
    height: float
    metres: float
    corner: tuple[float, float]
    outlines: tuple[Outline, ...]
    insets: tuple[Inset, ...]
    frames: tuple[tuple[list[float], list[float]], ...]


@cache
def _france() -> _France:
    data = json.loads((files("solnum_ld.maps") / "france.json").read_text("utf-8"))
    return _France(
        data["size"][0],
        data["size"][1],
        data["metres"],
        (data["corner"][0], data["corner"][1]),
        tuple(Outline(**d) for d in data["departements"]),
        tuple(Inset(inset["name"], *inset["box"]) for inset in data["insets"]),
        tuple((inset["bounds"], inset["place"]) for inset in data["insets"]),
    )


def _in_france(latitude: float, longitude: float) -> tuple[float, float] | None:
    """Return where a point stands on the map of France; None when it lies elsewhere."""
    data = _france()
    west, south, east, north = _METROPOLE
    if west <= longitude <= east and south <= latitude <= north:
        x, y = lambert93(longitude, latitude)
        return round((x - data.corner[0]) / data.metres, 1), round((data.corner[1] - y) / data.metres, 1)
    for (left, bottom, right, top), (east0, north0, across, up, x0, y0) in data.frames:
        if left <= longitude <= right and bottom <= latitude <= top:
            return round(x0 + (longitude - east0) * across, 1), round(y0 - (latitude - north0) * up, 1)
    return None
