"""One point that stands for a geometry: for a point itself, for an area one that lies within, for a line one on it.

Read are WKT in longitude and latitude, or the other way round where its system says so (GeoSPARQL 1.1, 8.5.1), GeoJSON
(RFC 7946) and the shapes of schema.org (``GeoShape``: latitude first, no parentheses).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
"""Longitude and latitude; from outside the module they are latitude and longitude, as people say them."""

_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?"
_WKT = re.compile(
    r"\s*(?:<https?://www\.opengis\.net/def/crs/(?:OGC/1\.3/CRS84|EPSG/0/(4326|4258))>)?\s*"
    r"(?:MULTI)?(POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\s*(?:Z|M|ZM)?\s*\((.*)\)\s*",
    re.IGNORECASE | re.DOTALL,
)
_RUN = re.compile(r"[^()]+")
_PAIR = re.compile(rf"\s*({_NUMBER})\s+({_NUMBER})(?:\s+{_NUMBER})*\s*")
_NUMBERS = re.compile(_NUMBER)


def representative_point(text: str) -> Point | None:
    """Return latitude and longitude of a point that stands for a geometry in WKT or GeoJSON; None where it has none.

    >>> representative_point("POINT(-4.25 48.5)"), representative_point("Polygon((0 0, 4 0, 4 2, 0 2, 0 0))")
    ((48.5, -4.25), (1.0, 2.0))
    """
    if text.lstrip().startswith("{"):
        return _turned(_of_json(text))
    found = _WKT.fullmatch(text)
    if found is None:
        return None
    runs = [_pairs(run) for run in _RUN.findall(found[3])]
    if found[1]:
        runs = [[(x, y) for y, x in run] for run in runs]
    return _turned(_stands_for(runs, is_area=found[2].upper() == "POLYGON"))


def shape_point(text: str, *, is_area: bool) -> Point | None:
    """Return latitude and longitude of a point that stands for a ``box``, ``polygon`` or ``line`` of schema.org.

    >>> shape_point("48.0 -4.0 49.0 -3.0", is_area=True), shape_point("48,-4 49,-3 49,-5 48,-4", is_area=True)
    ((48.5, -3.5), (48.666666666666664, -4.0))
    """
    numbers = [float(number) for number in _NUMBERS.findall(text)]
    corners = [(x, y) for y, x in zip(numbers[::2], numbers[1::2], strict=False)]
    if is_area and len(corners) == 2:
        (west, south), (east, north) = corners
        corners = [(west, south), (east, south), (east, north), (west, north)]
    return _turned(_stands_for([corners], is_area=is_area))


def _turned(point: Point | None) -> Point | None:
    return (point[1], point[0]) if point else None


def _pairs(run: str) -> list[Point]:
    pairs = [_PAIR.fullmatch(part) for part in run.split(",") if part.strip()]
    return [(float(pair[1]), float(pair[2])) for pair in pairs if pair] if all(pairs) else []


def _of_json(text: str) -> Point | None:
    try:
        geometry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    while isinstance(geometry, dict) and isinstance(geometry.get("geometry"), dict):
        geometry = geometry["geometry"]
    if not isinstance(geometry, dict):
        return None
    runs: list[list[Point]] = []
    _collect(geometry.get("coordinates"), runs)
    return _stands_for(runs, is_area=str(geometry.get("type")).endswith("Polygon"))


def _collect(level: object, runs: list[list[Point]]) -> None:
    """Add the positions of nested arrays: those of one array are one run."""
    if not isinstance(level, list):
        return
    position = _position(level)
    if position:
        runs.append([position])
    elif level and all(map(_position, level)):
        runs.append([position for entry in level if (position := _position(entry))])
    else:
        for entry in level:
            _collect(entry, runs)


def _position(entry: object) -> Point | None:
    if not isinstance(entry, list) or len(entry) < 2 or not all(type(number) in (int, float) for number in entry):
        return None
    x, y = entry[:2]
    return (float(x), float(y)) if abs(x) <= 180 and abs(y) <= 90 else None


def _stands_for(runs: Sequence[Sequence[Point]], *, is_area: bool) -> Point | None:
    """Return a point within an area whose rings these are, or the one of all points that is nearest to their middle."""
    points = [point for run in runs for point in run]
    if not points or not all(abs(x) <= 180 and abs(y) <= 90 for x, y in points):
        return None
    rings = [run for run in runs if len(run) > 2]
    largest = max(rings, key=lambda ring: abs(_doubled_area(ring)), default=())
    if is_area and largest and _doubled_area(largest):
        return _within(rings, _centroid(largest))
    x, y = (sum(side) / len(points) for side in zip(*points, strict=True))
    return min(points, key=lambda point: (point[0] - x) ** 2 + (point[1] - y) ** 2)


def _edges(ring: Sequence[Point]) -> pairwise[tuple[Point, Point]]:
    return pairwise((*ring, ring[0]))


def _doubled_area(ring: Sequence[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in _edges(ring))


def _centroid(ring: Sequence[Point]) -> Point:
    """Return the centre of gravity, reckoned from the first corner: far from it small areas would be lost in rounding."""
    x0, y0 = ring[0]
    moved = [(x - x0, y - y0) for x, y in ring]
    crosses = [(a, b, a[0] * b[1] - b[0] * a[1]) for a, b in _edges(moved)]
    area = 3 * sum(cross for _, _, cross in crosses)
    if not area:
        return ring[0]
    x = sum((a[0] + b[0]) * cross for a, b, cross in crosses) / area
    y = sum((a[1] + b[1]) * cross for a, b, cross in crosses) / area
    return x + x0, y + y0


def _within(rings: Sequence[Sequence[Point]], middle: Point) -> Point:
    """Return the middle where it is inside, else a point inside at the same height: holes and bays leave others."""
    x, y = middle
    crossings = sorted(
        a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
        for ring in rings
        for a, b in _edges(ring)
        if (a[1] > y) != (b[1] > y)
    )
    spans = list(zip(crossings[::2], crossings[1::2], strict=False))
    if not spans or any(west <= x <= east for west, east in spans):
        return middle
    west, east = max(spans, key=lambda span: span[1] - span[0])
    return (west + east) / 2, y
