"""Content codings of answers: gzip, of a whole body or of one that is sent as it comes (RFC 9110, 8.4.1.3 and 12.5.3)."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Sequence
from functools import lru_cache

from starlette.types import Message, Send

from solnum_ld.negotiation import negotiate_coding
from solnum_ld.web.prepared import quick_start

Headers = list[tuple[bytes, bytes]]
Fields = tuple[tuple[bytes, bytes], ...]

_FROM = 1024
_IN_THREAD_FROM = 256 * 1024
_LEVEL = 5
"""Of what is kept, and so compressed once."""

_STREAM_LEVEL = 1
"""Of what is sent as it comes: 200 MB a second, to a twelfth (JSON of SPARQL)."""

_GZIP = (b"content-encoding", b"gzip")
_GZIP_FRAME = 16 + zlib.MAX_WBITS
_TEXTUAL = (b"json", b"xml", b"n-triples", b"n-quads", b"trig")


def is_compressible(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Tell whether an answer is of a textual media type and has no content coding yet."""
    kind = next((value for name, value in headers if name == b"content-type"), b"")
    coded = any(name == b"content-encoding" for name, _ in headers)
    return not coded and (kind.startswith(b"text/") or any(word in kind for word in _TEXTUAL))


async def encode(headers: Headers, body: bytes, accept_encoding: str | None) -> tuple[Headers, bytes]:
    """Return the headers and the whole body in the coding that the client takes, where that is shorter."""
    if len(body) < _FROM or not is_compressible(headers):
        return headers, body
    headers = vary(headers, b"Accept-Encoding")
    packed = await _packed(body, accept_encoding)
    return (headers, body) if packed is None else ([*headers, _GZIP], packed)


async def _packed(body: bytes, accept_encoding: str | None) -> bytes | None:
    """Return the body in gzip; None where the client does not take that, or it is no shorter."""
    if negotiate_coding(accept_encoding) != "gzip":
        return None
    packed = await asyncio.to_thread(_gzip, body) if len(body) > _IN_THREAD_FROM else _gzip(body)
    return packed if len(packed) < len(body) else None


@lru_cache(maxsize=256)
def _varied(fields: Fields) -> Fields | None:
    """Return header fields that say that the coding was negotiated; None for what has no other coding."""
    return tuple(vary(list(fields), b"Accept-Encoding")) if is_compressible(fields) else None


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


def vary(headers: Headers, field: bytes) -> Headers:
    """Return the headers with ``field`` named in Vary."""
    for index, (name, value) in enumerate(headers):
        if name == b"vary":
            named = value if field.lower() in value.lower() else value + b", " + field
            return [*headers[:index], (name, named), *headers[index + 1 :]]
    return [*headers, (b"vary", field)]


class Coding:
    """A ``send`` that gives an answer, whole or in parts, the coding that the client takes, and passes every part on at once.

    The start is sent with the first part. An answer that is cut off lacks the end that gzip has, as it lacks that of HTTP.
    """

    def __init__(self, send: Send, accept_encoding: str | None, *, head: bool = False) -> None:
        self._send, self._accept_encoding, self._head = send, accept_encoding, head
        self._start: Message | None = None
        self._deflate: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            await self._part(message)
        else:
            await self._send(message)

    async def _part(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is not None:
            start, self._start = self._start, None
            if more:
                await self._send({**start, "headers": self._begin(list(start["headers"]))})
            else:
                start, body = await self._whole(start, body)
                await self._send(start)
        if self._head:
            body = b""
        elif self._deflate is not None:
            packed = self._deflate.compress(body)
            body = packed + self._deflate.flush(zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _whole(self, start: Message, body: bytes) -> tuple[Message, bytes]:
        headers = start["headers"]
        fields = tuple([field for field in headers if field[0] != b"content-length"])
        has_length = len(fields) < len(headers)
        varied = _varied(fields) if len(body) >= _FROM else None
        if varied is not None:
            fields = varied
            packed = await _packed(body, self._accept_encoding)
            if packed is not None:
                fields, body = (*fields, _GZIP), packed
        if not has_length:  # there is no length to tell, as with 204
            return {**start, "headers": list(fields)}, body
        return quick_start(start["status"], fields, len(body)), body

    def _begin(self, headers: Headers) -> Headers:
        if not is_compressible(headers):
            return headers
        headers = vary(headers, b"Accept-Encoding")
        if negotiate_coding(self._accept_encoding) != "gzip":
            return headers
        self._deflate = zlib.compressobj(_STREAM_LEVEL, zlib.DEFLATED, _GZIP_FRAME)
        return [*(pair for pair in headers if pair[0] != b"content-length"), _GZIP]
