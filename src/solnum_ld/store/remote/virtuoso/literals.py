"""Literals that Virtuoso would not give back as they are: it is given them under another datatype, which it leaves alone.

It reads shapes in single precision, XML and durations into values of its own, makes ``0`` of an integer that is none, cuts
decimals after fifteen digits of their fraction, takes large ones without a fraction for integers, and writes years before the first in fewer digits, or one later. Of literals of
one property that are equal in value and written otherwise (``1`` and ``1.0``) it keeps one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from solnum_ld.namespaces import XSD

AS_IT_IS = "urn:x-solnum:as-it-is:"
"""What the datatype of such a literal begins with there."""

MISREAD = frozenset(
    (
        "http://www.opengis.net/ont/geosparql#wktLiteral",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral",
        f"{XSD}duration",
        f"{XSD}dayTimeDuration",
        f"{XSD}yearMonthDuration",
    )
)
"""Datatypes none of whose literals it is given."""

_INTEGERS = """integer int long short byte unsignedInt unsignedLong unsignedShort unsignedByte
    nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger""".split()
_DATED = ["date", "dateTime", "gYear", "gYearMonth"]
_DIGITS = "[0-9]"
_KEPT = (
    (_INTEGERS, rf"[-+]?{_DIGITS}+"),
    (
        ["decimal"],
        rf"[-+]?(?:{_DIGITS}{{1,9}}(?:\.{_DIGITS}{{0,15}})?|{_DIGITS}{{10,20}}\.{_DIGITS}{{0,14}}[1-9]|\.{_DIGITS}{{1,15}})",
    ),
    (["double", "float"], rf"[-+]?(?:{_DIGITS}+(?:\.{_DIGITS}*)?|\.{_DIGITS}+)(?:[eE][-+]?{_DIGITS}+)?|-?INF|NaN"),
    (["boolean"], "true|false|1|0"),
    (_DATED, r"(?!-|0000)[^\"\\]*"),
)
"""Datatypes, and how a literal of them is written that it gives back."""


def _altered() -> str:
    """Return the pattern of what stands between the quotation mark that begins such a literal and the end of its datatype."""
    body = r"(?:[^\"\\]|\\.)*+"
    others = "|".join(map(re.escape, sorted(MISREAD)))
    alternatives = [rf'{body}"\^\^<(?:{others})>']
    for names, written in _KEPT:
        alternatives.append(rf'(?!(?:{written})"){body}"\^\^<{re.escape(XSD)}(?:{"|".join(names)})>')
    return "|".join(alternatives)


_ALTERED = re.compile(_altered())
_LINE = re.compile(rb"^(\S+ \S+ \"(?=(?:%s)))((?:[^\"\\]|\\.)*+\"\^\^<)" % _altered().encode(), re.MULTILINE)
_COMPARED = "|".join(("boolean", "decimal", "double", "float", *_INTEGERS, *_DATED, "time"))
_VALUED = rf'"[^"]*"\^\^<{re.escape(XSD)}(?:{_COMPARED})>.*\n'
_RUN = re.compile(rf"^(?P<of>\S+ \S+ ){_VALUED}(?:(?P=of){_VALUED})+".encode(), re.MULTILINE)
_VALUE = re.compile(rb'^\S+ \S+ "([^"]*)"\^\^<([^>]*)>')
_MOMENT = re.compile(
    r"(?:([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?)?T?([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)?(Z|[-+][0-9:]{5})?"
)


def is_altered(lexical: str, datatype: str) -> bool:
    """Tell whether a literal, as it is written between quotation marks, would come back otherwise.

    >>> is_altered("1.5", XSD + "decimal"), is_altered("1.1234567890123456", XSD + "decimal"), is_altered("one", XSD + "integer")
    (False, True, True)
    """
    return _ALTERED.fullmatch(f'{lexical}"^^<{datatype}>') is not None


def kept_as_they_are(lines: bytes) -> bytes:
    """Return lines of N-Triples or N-Quads with another datatype where the engine would alter a literal.

    Of literals of one property that are equal in value the first alone keeps its own; they stand in lines one after another.

    >>> kept_as_they_are(b'<a:a> <b:b> "-0044"^^<http://www.w3.org/2001/XMLSchema#gYear> .\\n')
    b'<a:a> <b:b> "-0044"^^<urn:x-solnum:as-it-is:http://www.w3.org/2001/XMLSchema#gYear> .\\n'
    """
    return _RUN.sub(_once, _LINE.sub(rb"\1\2" + AS_IT_IS.encode(), lines))


def _once(run: re.Match[bytes]) -> bytes:
    seen: set[object] = set()
    lines = run[0].splitlines(keepends=True)
    for number, line in enumerate(lines):
        found = _VALUE.match(line)
        value = None if found is None else _value(found[1].decode(), found[2].decode())
        if found is not None and value is not None and value in seen:
            lines[number] = line[: found.start(2)] + AS_IT_IS.encode() + line[found.start(2) :]
        seen.add(value)
    return b"".join(lines)


def _value(lexical: str, datatype: str) -> object:
    """Return what the engine compares a literal by: a number, or a moment; None where that is not known.

    >>> _value("true", XSD + "boolean") == _value("1.0", XSD + "decimal")
    True
    >>> _value("2001-01", XSD + "gYearMonth") == _value("2001", XSD + "gYear")
    True
    """
    kind = datatype.removeprefix(XSD)
    try:
        if kind == "boolean":
            return Decimal(lexical in ("true", "1"))
        if kind not in (*_DATED, "time"):
            return Decimal(lexical)
        found = _MOMENT.fullmatch(lexical)
        if found is None:
            return None
        year, month, day, time, zone = found.groups()
        moment = f"{year or 2000}-{month or '01'}-{day or '01'}T{time or '00:00:00'}{zone or ''}"
        return datetime.fromisoformat(moment)
    except (ValueError, ArithmeticError):
        return None


__all__: Sequence[str] = ("AS_IT_IS", "MISREAD", "is_altered", "kept_as_they_are")
