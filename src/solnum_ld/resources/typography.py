"""How numbers, dates and sizes are written for readers of French and of English (data keep their own forms)."""

from __future__ import annotations

import re
from itertools import pairwise

_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "en": "January February March April May June July August September October November December".split(),
}
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[012])(?:Z|[+-]\d\d:\d\d)?\Z")
_DATE = re.compile(r"(-?\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d).*|Z|[+-]\d\d:\d\d)?\Z")
_BOX = re.compile(
    r"(?:<http://www\.opengis\.net/def/crs/OGC/1\.3/CRS84>\s*)?POLYGON\s*\(\(([^()]*)\)\)\Z", re.IGNORECASE
)
_DECIMAL = re.compile(r"[+-]?\d+\.\d+\Z")


def thousands(number: int, language: str) -> str:
    """Return a whole number as a reader of ``language`` writes it.

    >>> thousands(1234567, "en")
    '1,234,567'
    """
    return f"{number:,}".replace(",", "\u202f") if language == "fr" else f"{number:,}"


def number_text(lexical: str, language: str) -> str:
    """Return the lexical form of a number with the decimal mark of a language; whole numbers may be codes and stay.

    >>> number_text("43.29695", "fr"), number_text("2011", "fr")
    ('43,29695', '2011')
    """
    return lexical.replace(".", ",") if language == "fr" and _DECIMAL.match(lexical) else lexical


def date_text(lexical: str, language: str) -> str:
    """Return a date as it is read aloud; what is no date stays as it is.

    >>> date_text("2026-11-01", "fr"), date_text("2026-11-24", "en"), date_text("bientôt", "fr")
    ('1er novembre 2026', '24 November 2026', 'bientôt')
    """
    found = _DATE.match(lexical)
    if not found or not 1 <= int(found[2]) <= 12:
        return lexical
    day = str(int(found[3]))
    if language == "fr" and day == "1":
        day = "1er"
    text = f"{day} {_MONTHS['fr' if language == 'fr' else 'en'][int(found[2]) - 1]} {found[1]}"
    return f"{text}, {found[4]}" if found[4] else text


def box_text(wkt: str, language: str) -> str:
    """Return a polygon in longitude and latitude in words where it is a box along the axes; "" for any other.

    >>> box_text("POLYGON((-4.5 43.29,7.76 43.29,7.76 50.64,-4.5 50.64,-4.5 43.29))", "en")
    'latitude 43.29° to 50.64°, longitude −4.5° to 7.76°'
    """
    found = _BOX.match(wkt.strip())
    points = [point.split() for point in found[1].split(",")] if found else []
    if len(points) != 5 or points[0] != points[4] or any(len(point) != 2 for point in points):
        return ""
    x, y = zip(*points[:4], strict=True)
    if not (len(set(x)) == len(set(y)) == 2 and all(a == c or b == d for (a, b), (c, d) in pairwise(points))):
        return ""
    try:
        (west, east), (south, north) = (sorted(set(side), key=float) for side in (x, y))
    except ValueError:
        return ""
    to = "à" if language == "fr" else "to"
    sides = [number_text(side, language).replace("-", "\u2212") for side in (south, north, west, east)]
    return "latitude {}° {to} {}°, longitude {}° {to} {}°".format(*sides, to=to)


def month_text(lexical: str, language: str) -> str:
    """Return a month of a year as it is read aloud.

    >>> month_text("2026-11", "fr"), month_text("2026-13", "en")
    ('novembre 2026', '2026-13')
    """
    found = _MONTH.match(lexical)
    return f"{_MONTHS['fr' if language == 'fr' else 'en'][int(found[2]) - 1]} {found[1]}" if found else lexical


def size_text(size: int, language: str) -> str:
    """Return a number of bytes as a file manager shows it.

    >>> size_text(812, "fr"), size_text(15_400, "fr"), size_text(2_500_000, "en")
    ('812 octets', '15,4 Ko', '2.5 MB')
    """
    if size < 1000:
        return f"{size} {'octets' if language == 'fr' else 'bytes'}"
    units = ("Ko", "Mo", "Go") if language == "fr" else ("kB", "MB", "GB")
    power = 1 if size < 1_000_000 else 2 if size < 1_000_000_000 else 3
    text = f"{size / 1000**power:.1f}".removesuffix(".0")
    return f"{text.replace('.', ',') if language == 'fr' else text} {units[power - 1]}"
