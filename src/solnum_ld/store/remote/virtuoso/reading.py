"""Virtuoso's answers in the standard's form: results in JSON, in which each solution is a line, and N-Triples."""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Iterable
from decimal import Decimal

from solnum_ld.errors import EngineFault
from solnum_ld.namespaces import XSD
from solnum_ld.store.remote.engine import Reader
from solnum_ld.store.remote.virtuoso.literals import AS_IT_IS

EXACT = "solnum_exact_"
"""What the name of a column begins with that has the digits of the doubles of another."""

_XSD = XSD.encode()
_BLANK = re.compile(rb'"type": "bnode", "value": "nodeID://([^"]*)"')
_BOOLEAN = re.compile(rb'"http://www.w3.org/2001/XMLSchema#boolean", "value": "([01])"')
_NO_VARIABLE = re.compile(rb'"_star_fake"(?:: \{[^{}]*\})?')
_NAMED_OTHERWISE = re.compile(rb'(": "|<)' + AS_IT_IS.encode())
_ZEROS = rb'\.([0-9]*?)0+((?:Z|[-+][0-9:]{5})?"'
_FRACTIONS = (
    re.compile(rb'(#(?:dateTime|time)", "value": "[-0-9T:]+)' + _ZEROS + rb")"),
    re.compile(rb'("[-0-9T:]+)' + _ZEROS + rb"\^\^<%s(?:dateTime|time)> \.)" % _XSD),
)
_NUMBER = re.compile(
    rb'"datatype": "(?P<kept_in_json>%s)?%s(?P<in_json>decimal|double|float)", "value": "(?P<json>[-+.0-9eE]+|-?inf|nan)"'
    rb'|"(?P<nt>[-+.0-9eE]+|-?inf|nan)"\^\^<(?P<kept_in_nt>%s)?%s(?P<in_nt>decimal|double|float)>(?= \.)'
    % (AS_IT_IS.encode(), _XSD, AS_IT_IS.encode(), _XSD)
)
_LARGE = re.compile(rb"-?[0-9]{10,}")
_COLUMN = re.compile(rb', "%s[^"]*"' % EXACT.encode())
_DIGITS = re.compile(rb'\s*, "%s([^"]*)": \{ "type": "literal", "value": "([^"]*)" \}' % EXACT.encode())
_NO_IRI = re.compile(rb'"type": "uri", "value": "(?![A-Za-z][A-Za-z0-9+.-]*:)')


class VirtuosoReader(Reader):
    """Mends what comes line by line. ``truths`` are the columns that hold truth values alone, which are numbers there."""

    def __init__(self, *, asked: bool, truths: Iterable[str]) -> None:
        self._held = b""
        self._asked = asked
        names = b"|".join(re.escape(name.encode()) for name in truths)
        self._truths = re.compile(
            rb'("(?:%s)": \{ "type": "typed-literal", "datatype": "%s)integer", "value": "([01])"' % (names, _XSD)
        ) if names else None  # fmt: skip

    def feed(self, chunk: bytes) -> bytes:
        """Mend the lines that are whole."""
        self._held += chunk
        lines, _, self._held = self._held.rpartition(b"\n") if chunk else (self._held, b"", b"")
        if self._asked:
            self._held = lines + b"\n" + self._held if chunk else b""
            return b"" if chunk else _truth(lines)
        mended = self._mended(lines)
        return mended + b"\n" if chunk and lines else mended

    def _mended(self, lines: bytes) -> bytes:
        if _NO_IRI.search(lines):
            raise EngineFault(
                "The engine gives a text as an IRI, as it does where both stand in one sorted column. "
                "Take STR() of that column, or sort by another."
            )
        if EXACT.encode() in lines:
            lines = b"\n".join(_exact(line) for line in lines.split(b"\n"))
        mended = _NO_VARIABLE.sub(b"", _NAMED_OTHERWISE.sub(rb"\1", _NUMBER.sub(_number, lines)))
        mended = _BLANK.sub(rb'"type":"bnode","value":"\1"', mended)
        if self._truths is not None:
            mended = self._truths.sub(rb'\1boolean", "value": "\2"', mended)
        mended = _BOOLEAN.sub(lambda m: m[0][:-2] + (b'true"' if m[1] == b"1" else b'false"'), mended)
        for fraction in _FRACTIONS:
            mended = fraction.sub(_shorter, mended)
        return mended


def _truth(body: bytes) -> bytes:
    """Return the answer to ASK, which is asked as a SELECT."""
    if not body.rstrip().endswith(b"] } }"):
        return b""
    return b'{"head":{},"boolean":%s}' % (b"false" if b'"bindings": [ ]' in body else b"true")


def _exact(line: bytes) -> bytes:
    """Return a solution, or the head, without the columns of digits: those of doubles stand in the doubles."""
    mended = _COLUMN.sub(b"", line) if line.startswith(b'{ "head"') else _DIGITS.sub(b"", line)
    for name, digits in _DIGITS.findall(line):
        number = rb'("%s": \{ "type": "typed-literal", "datatype": "%s(?:double|float)", "value": ")[^"]*'
        mended = re.sub(number % (re.escape(name), _XSD), lambda m, d=digits: m[1] + d, mended)  # type: ignore[misc]
    return mended


def _shorter(found: re.Match[bytes]) -> bytes:
    """Return a time without the zeros at the end of its fraction."""
    return found[1] + (b"." + found[2] if found[2] else b"") + found[3]


def _number(found: re.Match[bytes]) -> bytes:
    """Return a number as the embedded engine writes it; what is whole and beyond 32 bits was taken for a decimal."""
    kind, written = found["in_json"] or found["in_nt"], found["json"] or found["nt"]
    if kind == b"decimal":
        kept = found["kept_in_json"] or found["kept_in_nt"]
        kind = b"integer" if _LARGE.fullmatch(written) and not kept else kind
    else:
        with contextlib.suppress(ValueError, OverflowError):
            written = _shortest(float(written), single=kind == b"float").encode()
    if found["in_json"]:
        return b'"datatype": "%s%s", "value": "%s"' % (_XSD, kind, written)
    return b'"%s"^^<%s%s>' % (written, _XSD, kind)


def _shortest(value: float, *, single: bool) -> str:
    """Return the fewest digits that tell a number from its neighbours, without an exponent.

    >>> _shortest(48.856612345670001, single=False), _shortest(48.856613159179688, single=True), _shortest(1e21, single=False)
    ('48.85661234567', '48.856613', '1000000000000000000000')
    """
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    digits = repr(value)
    if single:
        told = struct.pack("f", value)
        digits = next(d for n in range(6, 18) if struct.pack("f", float(d := f"{value:.{n}g}")) == told)
    plain = format(Decimal(digits), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
