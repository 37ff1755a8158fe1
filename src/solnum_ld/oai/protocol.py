"""What a harvester asks: the arguments of a request, checked (OAI-PMH 2.0, 3.3, 3.6 and 4). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from solnum_ld.oai.tokens import Token, read_token


class Verb(StrEnum):
    """The six requests."""

    IDENTIFY = "Identify"
    LIST_FORMATS = "ListMetadataFormats"
    LIST_SETS = "ListSets"
    LIST_IDENTIFIERS = "ListIdentifiers"
    LIST_RECORDS = "ListRecords"
    GET_RECORD = "GetRecord"


class Fault(Exception):
    """A request that is answered by an error of the protocol, ``code``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in order. ``start`` and ``end`` are to the second; ``arguments`` are as they were sent."""

    verb: Verb
    arguments: tuple[tuple[str, str], ...]
    prefix: str = ""
    identifier: str = ""
    set: str = ""
    start: str = ""
    end: str = ""
    token: Token | None = None


_LISTS = (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), True)
_ARGUMENTS: dict[Verb, tuple[frozenset[str], frozenset[str], bool]] = {
    Verb.IDENTIFY: (frozenset(), frozenset(), False),
    Verb.LIST_FORMATS: (frozenset(), frozenset({"identifier"}), False),
    Verb.LIST_SETS: (frozenset(), frozenset(), True),
    Verb.LIST_IDENTIFIERS: _LISTS,
    Verb.LIST_RECORDS: _LISTS,
    Verb.GET_RECORD: (frozenset({"identifier", "metadataPrefix"}), frozenset(), False),
}
"""For each verb: the arguments required, those optional, and whether a resumption token may stand alone instead."""

_PREFIX = re.compile(r"[A-Za-z0-9\-_.!~*'()]+\Z")
_SET = re.compile(r"[A-Za-z0-9\-_.!~*'()]+(:[A-Za-z0-9\-_.!~*'()]+)*\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)


def parse_request(arguments: Sequence[tuple[str, str]]) -> Asked:
    """Return what is asked; raise :class:`Fault` with badVerb, badArgument or badResumptionToken.

    >>> parse_request([("verb", "ListRecords"), ("metadataPrefix", "oai_dc"), ("until", "2026-01-31")]).end
    '2026-01-31T23:59:59Z'
    """
    verb = _verb([value for name, value in arguments if name == "verb"])
    given = [(name, value) for name, value in arguments if name != "verb"]
    names = [name for name, _ in given]
    required, optional, resumable = _ARGUMENTS[verb]
    for name in names:
        if names.count(name) > 1:
            raise Fault("badArgument", f"The argument {name!r} is given more than once.")
        if name not in required | optional and not (resumable and name == "resumptionToken"):
            raise Fault("badArgument", f"{verb} takes no argument {name[:100]!r}.")
    values = dict(given)
    if "resumptionToken" in values:
        if len(values) > 1:
            raise Fault("badArgument", "A resumptionToken is an exclusive argument: no other stands beside it.")
        token = read_token(values["resumptionToken"])
        if token is None or token.verb != verb:
            raise Fault("badResumptionToken", f"This is no resumptionToken of {verb} of this repository.")
        return Asked(verb, tuple(arguments), token.prefix, "", token.set, token.start, token.end, token)
    for name, syntax in (("set", _SET), ("metadataPrefix", _PREFIX)):
        if name in values and not syntax.match(values[name]):
            raise Fault("badArgument", f"{name!r} has a character that stands in no {name}.")
    for name in sorted(required - values.keys()):
        raise Fault("badArgument", f"{verb} needs the argument {name!r}.")
    start, end = _dates(values)
    return Asked(
        verb,
        tuple(arguments),
        values.get("metadataPrefix", ""),
        values.get("identifier", ""),
        values.get("set", ""),
        start,
        end,
    )


def _verb(values: Sequence[str]) -> Verb:
    if len(values) != 1:
        raise Fault("badVerb", "A request needs the argument 'verb', once.")
    try:
        return Verb(values[0])
    except ValueError:
        raise Fault("badVerb", f"The verbs are {', '.join(Verb)}.") from None


def _dates(values: dict[str, str]) -> tuple[str, str]:
    """Return the bounds to the second; both must be of one granularity, days or seconds (OAI-PMH 2.0, 3.3)."""
    start, end = values.get("from"), values.get("until")
    for name, value in (("from", start), ("until", end)):
        if value is not None and not _is_date(value):
            raise Fault("badArgument", f"{name!r} must be like 2026-01-31 or 2026-01-31T12:00:00Z.")
    if start is not None and end is not None:
        if len(start) != len(end):
            raise Fault("badArgument", "'from' and 'until' must have the same granularity.")
        if start > end:
            raise Fault("badArgument", "'from' is later than 'until'.")
    if start is not None and len(start) == len("2026-01-31"):
        start += "T00:00:00Z"
    if end is not None and len(end) == len("2026-01-31"):
        end += "T23:59:59Z"
    return start or "", end or ""


def _is_date(value: str) -> bool:
    if not (_DAY.match(value) or _SECOND.match(value)):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
