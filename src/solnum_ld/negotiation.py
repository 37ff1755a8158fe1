"""Proactive content negotiation (RFC 9110, 12.4–12.5): Accept and Accept-Language, without knowledge of any route."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from solnum_ld.errors import NotAcceptable
from solnum_ld.mediatypes import Format

_MAX_HEADER = 4096
_KIN = {
    ("application", "json"): "application/ld+json",
    ("text", "n3"): "text/turtle",
    ("text", "plain"): "application/n-triples",
}
"""Types that contain one of ours: who names one and not ours reads ours, JSON-LD being JSON, Turtle N3, and N-Triples plain text
(which was their type in 2004: rdflib still asks so)."""
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a grammar rule of RFC 9110
_RANGE = re.compile(rf"\s*({_TOKEN}/{_TOKEN}|\*)\s*((?:;.*)?)$", re.DOTALL)
_PARAMETER = re.compile(rf'\s*;\s*(?:({_TOKEN})\s*=\s*("(?:[^"\\]|\\.)*"|{_TOKEN}))?')
_ELEMENT = re.compile(r'((?:[^,"]|"(?:[^"\\]|\\.)*")*)(?:,|$)')
_LANGUAGE = re.compile(r"\s*(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?$")


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header."""

    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...]
    quality: float

    def specificity(self, offer: Format) -> int | None:
        """Return how exactly this range names ``offer``; None when it does not.

        3: type and parameters; 2: type; 1: ``type/*``, or a type that contains it; 0: ``*/*``; -1: the type with a parameter that we do not
        have, which counts only when nothing else names the offer (RFC 9110, 12.5.1: it is another representation,
        but a client that writes ``text/turtle;version=1.2`` is better served by Turtle than by an error).
        """
        main, _, sub = offer.media_type.partition("/")
        if self.type == "*":
            return 0
        if _KIN.get((self.type, self.subtype)) == offer.media_type:
            return 1
        if self.type != main:
            return None
        if self.subtype == "*":
            return 1
        if self.subtype != sub:
            return None
        if not self.parameters:
            return 2
        known = {("charset", "utf-8")} if main == "text" else set()
        return 3 if set(self.parameters) <= known else -1


def _quality(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value <= 1 else None


def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """Return the well-formed ranges of an Accept header; malformed ones are left out.

    >>> [(r.type, r.subtype, r.quality) for r in parse_accept("text/*;q=0.5, TEXT/Turtle, nonsense, a/b;q=7")]
    [('text', '*', 0.5), ('text', 'turtle', 1.0)]
    """
    ranges = []
    for element in _ELEMENT.finditer(header[:_MAX_HEADER]):
        match = _RANGE.match(element[1])
        if not match:
            continue
        kind, _, sub = ("*/*" if match[1] == "*" else match[1]).lower().partition("/")
        if kind == "*" and sub != "*":
            continue
        quality: float | None = 1.0
        parameters = []
        for parameter in _PARAMETER.finditer(match[2]):
            name, value = (parameter[1] or "").lower(), (parameter[2] or "").strip('"')
            if name == "q":
                quality = _quality(value)
                break  # what follows q are extensions, not parameters of the media type
            if name:
                parameters.append((name, value.lower() if name == "charset" else value))
        if quality is not None:
            ranges.append(MediaRange(kind, sub, tuple(parameters), quality))
    return tuple(ranges)


def _rank(ranges: Sequence[MediaRange], offer: Format) -> tuple[float, int]:
    """Return (quality, how exactly it is named: 0 */*, 1 type/* or a type that contains it, 2 by name) by the range that names ``offer`` best."""
    best: tuple[int, float] | None = None
    for candidate in ranges:
        exact = candidate.specificity(offer)
        if exact is not None and (best is None or (exact, candidate.quality) > best):
            best = (exact, candidate.quality)
    return (best[1], best[0] if best[0] in (0, 1) else 2) if best else (0.0, 0)


@lru_cache(maxsize=4096)
def negotiate(accept: str | None, offers: tuple[Format, ...]) -> Format:
    """Return the best offer (RFC 9110, 12.5.1).

    The highest quality wins. Among equals the one that the client names more exactly wins, so that a browser's
    ``text/html, */*`` gets HTML; then the server's order, which puts RDF before HTML, so that a client that ranks
    both equal gets RDF. An absent or wholly malformed header accepts everything.

    >>> from solnum_ld.mediatypes import HTML, JSONLD, TURTLE
    >>> negotiate("text/*;q=0.5, application/ld+json", (TURTLE, JSONLD)).suffix
    'jsonld'
    >>> negotiate("text/html, text/turtle", (TURTLE, HTML)).suffix
    'ttl'
    """
    ranges = parse_accept(accept) if accept else ()
    if not ranges:
        return offers[0]
    ranked = [(*_rank(ranges, offer), -index) for index, offer in enumerate(offers)]
    best = max(ranked)
    if best[0] <= 0:
        raise NotAcceptable(offers)
    return offers[-best[2]]


@lru_cache(maxsize=4096)
def negotiate_language(header: str | None, offers: tuple[str, ...]) -> str:
    """Return the best of ``offers`` by basic filtering (RFC 4647, 3.3.1), or the first: people always get a page.

    >>> negotiate_language("en-GB, fr;q=0.8", ("fr", "en"))
    'en'
    """
    wanted = dict.fromkeys(offers, (-1, 0.0))  # (how exactly it is named, quality)
    for element in (header or "")[:_MAX_HEADER].split(","):
        match = _LANGUAGE.match(element)
        quality = _quality(match[2] or "1") if match else None
        if match is None or quality is None:
            continue
        asked = match[1].lower()
        for offer in offers:
            exact = 1 if asked == offer or asked.startswith(offer + "-") else 0 if asked == "*" else -1
            if exact >= 0 and (exact, quality) > wanted[offer]:
                wanted[offer] = (exact, quality)
    best = max(offers, key=lambda offer: (wanted[offer][1], wanted[offer][0], -offers.index(offer)))
    return best if wanted[best][1] > 0 else offers[0]


def negotiate_coding(header: str | None) -> str:
    """Return ``gzip`` where the client takes it, else ``identity`` (RFC 9110, 12.5.3).

    >>> negotiate_coding("br, gzip;q=0.5"), negotiate_coding("gzip;q=0, *"), negotiate_coding(None)
    ('gzip', 'identity', 'identity')
    """
    return _coding(header) if header else "identity"


@lru_cache(maxsize=1024)
def _coding(header: str) -> str:
    qualities: dict[str, float] = {}
    for element in header[:_MAX_HEADER].lower().split(","):
        name, _, rest = element.strip().partition(";")
        _, _, q = rest.replace(" ", "").partition("q=")
        quality = _quality(q) if q else 1.0
        qualities[name.strip()] = 0.0 if quality is None else quality
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return "gzip" if gzip > 0 and gzip >= qualities.get("identity", 0.0) else "identity"
