"""Geometries in words: a reader is told where and what, not a thousand numbers."""

from __future__ import annotations

import re

from solnum_ld.resources.typography import box_text, number_text, thousands
from solnum_ld.search.geometry import representative_point

_KIND = re.compile(r"(?:<[^<>]*>)?\s*((?:MULTI)?(?:POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\b", re.IGNORECASE)
_WORDS = {
    "LINESTRING": ("ligne", "line"),
    "POLYGON": ("surface", "area"),
    "MULTIPOINT": ("ensemble de points", "set of points"),
    "MULTILINESTRING": ("ensemble de lignes", "set of lines"),
    "MULTIPOLYGON": ("ensemble de surfaces", "set of areas"),
    "GEOMETRYCOLLECTION": ("ensemble de formes", "set of shapes"),
}


def geometry_text(wkt: str, language: str) -> str:
    """Return a geometry in words, with a point that stands for it; "" for what has none.

    >>> geometry_text("POINT(-4.25 48.5)", "fr")
    'latitude 48,5°, longitude −4,25°'
    >>> geometry_text("POLYGON((0 0, 6 0, 6 6, 0 0))", "en")
    'area of 4 points, around latitude 2°, longitude 4°'
    """
    box = box_text(wkt, language)
    point, kind = representative_point(wkt), _KIND.match(wkt)
    if box or point is None or kind is None:
        return box
    north, east = (number_text(f"{round(degrees, 5):.12g}", language).replace("-", "\u2212") for degrees in point)
    where = f"latitude {north}°, longitude {east}°"
    words = _WORDS.get(kind[1].upper())
    if words is None:
        return where
    count = thousands(wkt.count(",") + 1, language)
    french, english = words
    return (
        f"{french} de {count} points, vers {where}"
        if language == "fr"
        else f"{english} of {count} points, around {where}"
    )
