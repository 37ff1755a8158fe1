"""How numbers, dates and sizes are written for readers of French and of English (data keep their own forms)."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from math import isinf

from solnum_ld.namespaces import XSD

_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "en": "January February March April May June July August September October November December".split(),
}
_ZONE = r"(?:Z|[+-]\d\d:\d\d)?\Z"
_YEAR = re.compile(rf"(-?\d{{4,9}}){_ZONE}")
_MONTH = re.compile(rf"(-?\d{{4,9}})-(\d\d){_ZONE}")
_DATE = re.compile(r"(-?\d{4,9})-(\d\d)-(\d\d)(?:T(\d\d:\d\d).*|Z|[+-]\d\d:\d\d)?\Z")
_MONTH_DAY = re.compile(rf"--(\d\d)-(\d\d){_ZONE}")
_MONTH_ALONE = re.compile(rf"--(\d\d)(?:--)?{_ZONE}")
_DAY_ALONE = re.compile(rf"---(\d\d){_ZONE}")
_BOX = re.compile(
    r"(?:<http://www\.opengis\.net/def/crs/OGC/1\.3/CRS84>\s*)?POLYGON\s*\(\(([^()]*)\)\)\Z", re.IGNORECASE
)
_DECIMAL = re.compile(r"[+-]?\d+\.\d+\Z")
_DURATION = re.compile(
    r"(-?)P(?=.)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?"
    r"(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?\Z"
)
_UNITS = (
    ("an", "year"),
    ("mois", "month"),
    ("jour", "day"),
    ("heure", "hour"),
    ("minute", "minute"),
    ("seconde", "second"),
)
_TIME = re.compile(rf"([01]\d|2[0-4]):([0-5]\d):(\d\d)(?:\.\d+)?{_ZONE}")
_FLOAT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NO_NUMBERS = {
    "INF": ("infini", "infinity"),
    "+INF": ("infini", "infinity"),
    "-INF": ("moins l’infini", "minus infinity"),
    "NaN": ("pas un nombre", "not a number"),
}
_DECIMALS = frozenset(
    XSD + name
    for name in (
        "decimal integer long int short byte nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger "
        "unsignedLong unsignedInt unsignedShort unsignedByte"
    ).split()
)


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


def float_text(lexical: str, language: str) -> str:
    """Return a number of limited precision as people write it, and in words what is no number.

    >>> [float_text(lexical, "fr") for lexical in ("8.2E0", "1.5E-7", "42", "-INF", "NaN", "x")]
    ['8,2', '1,5 × 10⁻⁷', '42', 'moins l’infini', 'pas un nombre', 'x']
    """
    if lexical in _NO_NUMBERS:
        return _NO_NUMBERS[lexical][0 if language == "fr" else 1]
    if not _FLOAT.match(lexical) or isinf(float(lexical)):
        return lexical
    mantissa, _, exponent = repr(float(lexical)).removesuffix(".0").partition("e")
    text = number_text(mantissa, language)
    return f"{text} × 10{str(int(exponent)).translate(_RAISED)}" if exponent else text


def year_text(lexical: str, language: str) -> str:
    """Return a year as it is read aloud; years before the first are counted as XSD 1.1 does, where 0000 is 1 BC.

    >>> year_text("-0043", "fr"), year_text("0000", "en"), year_text("0079Z", "en"), year_text("44", "en")
    ('44 av.\xa0J.-C.', '1\xa0BC', '79', '44')
    """
    found = _YEAR.match(lexical)
    return _year(found[1], language) if found else lexical


def _year(digits: str, language: str) -> str:
    number = int(digits)
    if number > 0:
        return str(number)
    return f"{1 - number} av.\u00a0J.-C." if language == "fr" else f"{1 - number}\u00a0BC"


def month_text(lexical: str, language: str) -> str:
    """Return a month, of a year or of any, as it is read aloud.

    >>> month_text("2026-11", "fr"), month_text("--07", "en"), month_text("2026-13", "en")
    ('novembre 2026', 'July', '2026-13')
    """
    found = _MONTH.match(lexical)
    year, number = (found[1], found[2]) if found else ("", "")
    if alone := _MONTH_ALONE.match(lexical):
        number = alone[1]
    month = _month(number, language)
    return f"{month} {_year(year, language)}" if month and year else month or lexical


def _month(digits: str, language: str) -> str:
    months = _MONTHS["fr" if language == "fr" else "en"]
    return months[int(digits) - 1] if digits and 1 <= int(digits) <= 12 else ""


def date_text(lexical: str, language: str) -> str:
    """Return a date as it is read aloud; what is no date stays as it is.

    >>> date_text("2026-11-01", "fr"), date_text("-0043-03-15", "en"), date_text("bientôt", "fr")
    ('1er novembre 2026', '15 March 44\xa0BC', 'bientôt')
    """
    found = _DATE.match(lexical)
    day = _day_of_month(found[2], found[3], language) if found else ""
    if not found or not day:
        return lexical
    text = f"{day} {_year(found[1], language)}"
    return f"{text}, {found[4]}" if found[4] else text


def day_text(lexical: str, language: str) -> str:
    """Return a day of any year, or of any month, as it is read aloud.

    >>> day_text("--07-14", "fr"), day_text("---01", "fr"), day_text("---05", "en"), day_text("--02-45", "en")
    ('14 juillet', 'le 1er du mois', 'day 5 of the month', '--02-45')
    """
    if found := _MONTH_DAY.match(lexical):
        return _day_of_month(found[1], found[2], language) or lexical
    found = _DAY_ALONE.match(lexical)
    day = _day(found[1], language) if found else ""
    if not day:
        return lexical
    return f"le {day} du mois" if language == "fr" else f"day {day} of the month"


def _day_of_month(month: str, day: str, language: str) -> str:
    said = _day(day, language), _month(month, language)
    return " ".join(said) if all(said) else ""


def _day(digits: str, language: str) -> str:
    number = int(digits)
    return "" if not 1 <= number <= 31 else "1er" if number == 1 and language == "fr" else str(number)


def duration_text(lexical: str, language: str) -> str:
    """Return a duration as it is read aloud.

    >>> duration_text("P14D", "fr"), duration_text("-P1Y2MT1M0.5S", "en"), duration_text("PT0S", "en"), duration_text("P", "fr")
    ('14 jours', '−1 year 2 months 1 minute 0.5 seconds', '0 seconds', 'P')
    """
    found = _DURATION.match(lexical)
    if not found:
        return lexical
    counted = [(float(number), words) for number, words in zip(found.groups()[1:], _UNITS, strict=True) if number]
    said = [_counted(number, words, language) for number, words in counted if number] or [
        _counted(number, words, language) for number, words in counted[-1:]
    ]
    return ("\u2212" if found[1] else "") + " ".join(said)


def _counted(number: float, words: tuple[str, str], language: str) -> str:
    one = number < 2 if language == "fr" else number == 1
    unit = words[0] if language == "fr" else words[1]
    return f"{float_text(repr(number), language)} {unit if one or unit == 'mois' else unit + 's'}"


def time_text(lexical: str, language: str) -> str:
    """Return a time of day as it is read aloud, without seconds where there are none.

    >>> time_text("08:30:00Z", "fr"), time_text("08:30:15.5", "en"), time_text("8h", "fr")
    ('8 h 30', '08:30:15', '8h')
    """
    found = _TIME.match(lexical)
    if not found:
        return lexical
    hours, minutes, seconds = found.groups()
    if language == "fr":
        return f"{int(hours)} h {minutes}" + (f" min {int(seconds)} s" if int(seconds) else "")
    return f"{hours}:{minutes}" + (f":{seconds}" if int(seconds) else "")


def literal_text(lexical: str, datatype: str, language: str) -> str:
    """Return the text of a literal for readers; what its datatype does not know stays as it is.

    >>> literal_text("true", XSD + "boolean", "fr"), literal_text("2011Z", XSD + "gYear", "fr")
    ('oui', '2011')
    """
    write = _WRITERS.get(datatype)
    return write(lexical, language) if write else lexical


def _truth_text(lexical: str, language: str) -> str:
    words = ("oui", "non") if language == "fr" else ("yes", "no")
    return {"true": words[0], "1": words[0], "false": words[1], "0": words[1]}.get(lexical, lexical)


_WRITERS: dict[str, Callable[[str, str], str]] = {
    **dict.fromkeys(_DECIMALS, number_text),
    **dict.fromkeys((XSD + "double", XSD + "float"), float_text),
    **dict.fromkeys((XSD + "date", XSD + "dateTime", XSD + "dateTimeStamp"), date_text),
    **dict.fromkeys((XSD + "gYearMonth", XSD + "gMonth"), month_text),
    **dict.fromkeys((XSD + "gMonthDay", XSD + "gDay"), day_text),
    **dict.fromkeys((XSD + "duration", XSD + "dayTimeDuration", XSD + "yearMonthDuration"), duration_text),
    XSD + "gYear": year_text,
    XSD + "string": date_text,  # many write dates as plain text
    XSD + "time": time_text,
    XSD + "boolean": _truth_text,
}
READ_ALOUD = frozenset(_WRITERS)
"""Datatypes of which readers see the value in words or as it is, and no name."""


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
