"""From the parts of an HTTP request to what it asks (SPARQL 1.1 Protocol, 2.1). Knows no web framework."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from solnum_ld.errors import MalformedQuery, MalformedRequest, RequestRefused, UnsupportedContent
from solnum_ld.iris import is_absolute

FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-query"
UPDATE = "application/sparql-update"
MAX_FIELDS = 1000
_PLAIN = frozenset({FORM, DIRECT})


@dataclass(frozen=True, slots=True)
class SparqlRequest:
    """What is asked: ``query`` is None when there is none, which on GET asks for the service description.

    ``default_graphs`` and ``named_graphs`` are absolute IRIs, ``format`` the names or media types that go before Accept,
    separated by commas: SPARQLWrapper sends several.
    """

    query: str | None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    format: str | None = None


def read_get(query_string: bytes) -> SparqlRequest:
    """Return what a GET asks.

    >>> read_get(b"query=ASK%20%7B%7D&default-graph-uri=http://a/g")
    SparqlRequest(query='ASK {}', default_graphs=('http://a/g',), named_graphs=(), format=None)
    """
    fields = _fields(query_string, "address")
    if any(name == "update" for name, _ in fields):
        raise MalformedRequest("An update is sent by POST (SPARQL 1.1 Protocol, 2.2); and this service is read-only.")
    return _request(fields)


def read_post(query_string: bytes, content_type: str, body: bytes) -> SparqlRequest:
    """Return what a POST asks, as a form or as the query itself; raise UnsupportedContent for other bodies."""
    kind = media_type_of(content_type)
    fields = _fields(query_string, "address")
    if kind == FORM:
        if any(name in ("query", "update") for name, _ in fields):
            raise MalformedRequest("The query of a form stands in its body, not in the address.")
        fields += _fields(body, "form")
    elif kind == DIRECT:
        fields.append(("query", _text(body, "query")))
    elif kind == UPDATE:
        raise RequestRefused("This service is read-only: updates are not done here.")
    request = _request(fields)
    if request.query is None:
        raise MalformedQuery("The field query is missing: there is nothing to answer.")
    return request


_WELL_ENCODED = re.compile(rb"(?:[^%\r\n]++|%[0-9A-Fa-f]{2})*+")


def media_type_of(content_type: str) -> str:
    """Return the media type of a body; raise UnsupportedContent when it, or its charset, is not read here.

    >>> media_type_of("Application/SPARQL-Query; charset=UTF-8")
    'application/sparql-query'
    """
    if content_type in _PLAIN:
        return content_type
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    charset = next(
        (
            v.strip().strip('"').lower()
            for k, _, v in (p.partition("=") for p in parameters.split(";"))
            if k.strip().lower() == "charset"
        ),
        "utf-8",
    )
    if kind not in (FORM, DIRECT, UPDATE):
        raise UnsupportedContent(f"Send the query as {FORM} in the field query, or as {DIRECT}.")
    if charset not in ("utf-8", "utf8"):
        raise UnsupportedContent("Send the query in UTF-8.")
    return kind


def _request(fields: list[tuple[str, str]]) -> SparqlRequest:
    queries = [value for name, value in fields if name == "query"]
    updates = sum(name == "update" for name, _ in fields)
    if updates and queries:
        raise MalformedRequest("A query and an update were sent together; one request asks one thing.")
    if updates:
        raise RequestRefused("This service is read-only: updates are not done here.")
    if len(queries) > 1:
        raise MalformedQuery(f"One query is needed; {len(queries)} were sent.")
    formats = [value for name, value in fields if name == "format" and value]
    return SparqlRequest(
        queries[0] if queries else None,
        _graphs(fields, "default-graph-uri"),
        _graphs(fields, "named-graph-uri"),
        ",".join(formats) or None,
    )


def _graphs(fields: list[tuple[str, str]], name: str) -> tuple[str, ...]:
    graphs = tuple(dict.fromkeys(value for field, value in fields if field == name))
    for graph in graphs:
        if not is_absolute(graph):
            raise MalformedRequest(f"{name} {graph[:200]!r} is not an absolute IRI.")
    return graphs


def _fields(data: bytes, what: str) -> list[tuple[str, str]]:
    """Return the fields of an ``application/x-www-form-urlencoded`` text; percent-encodings are decoded once."""
    if not data:
        return []
    if data.count(b"&") >= MAX_FIELDS:
        raise MalformedRequest(f"The {what} has more than {MAX_FIELDS:,} fields.")
    pairs = (field.partition(b"=") for field in data.split(b"&") if field)
    return [(_decoded(name, what), _decoded(value, what)) for name, _, value in pairs]


def _decoded(part: bytes, what: str) -> str:
    try:
        return _unquoted(part.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"The {what} is not UTF-8.") from error


def _unquoted(part: bytes) -> bytes:
    """Return a text with its percent-encodings decoded (URL Standard, 1.3).

    Quoted-printable text (RFC 2045, 6.7) differs by its sign alone where it has no lines, and is decoded in C.

    >>> _unquoted(b"a%20b=%C3%A9"), _unquoted(b"%zz%2"), _unquoted(b"a=20%0A")
    (b'a b=\\xc3\\xa9', b'%zz%2', b'a=20\\n')
    """
    if b"%" not in part:
        return part
    if _WELL_ENCODED.fullmatch(part) is None:
        return unquote_to_bytes(part)
    return binascii.a2b_qp(part.replace(b"=", b"%3D").replace(b"%", b"="))


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"The {what} is not UTF-8: byte {error.start}.") from error
