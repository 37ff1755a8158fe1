"""The door for harvesters of records: OAI-PMH 2.0 at ``/oai``, by GET and by POST (3.1.1)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import Response

from solnum_ld.errors import ContentTooLarge, LedgerUnreadable, StoreBusy, UnsupportedContent
from solnum_ld.mediatypes import Format
from solnum_ld.oai.protocol import Verb
from solnum_ld.oai.repository import FORMATS, Repository
from solnum_ld.web.cache import generation_of
from solnum_ld.web.http import NO_STORE, represent

router = APIRouter()
PATH = "/oai"
METHODS = "GET, HEAD, POST, OPTIONS"
_XML = Format("text/xml", "xml", "XML")
_FORM = "application/x-www-form-urlencoded"
_MOST_BYTES = 64 * 1024


_ARGUMENTS: dict[str, dict[str, Any]] = {  # values of JSON
    "verb": {"enum": [str(verb) for verb in Verb], "description": "What is asked."},
    "metadataPrefix": {"description": f"The form of the records: {', '.join(FORMATS)}."},
    "identifier": {"description": "One record."},
    "set": {"description": "One set, of those that ListSets names."},
    "from": {"description": "Changed at this time or later; 2026-01-31 or 2026-01-31T12:00:00Z."},
    "until": {"description": "Changed at this time or before."},
    "resumptionToken": {"description": "Where a list goes on; stands alone beside the verb."},
}
_PROPERTIES = {name: {"type": "string", **schema} for name, schema in _ARGUMENTS.items()}
_PARAMETERS = [{"name": name, "in": "query", "schema": schema} for name, schema in _PROPERTIES.items()]
_BODY = {
    "required": True,
    "content": {_FORM: {"schema": {"type": "object", "properties": _PROPERTIES, "required": ["verb"]}}},
}


@router.api_route(
    PATH,
    methods=["GET", "HEAD"],
    summary="OAI-PMH 2.0: records for harvesters",
    openapi_extra={"parameters": _PARAMETERS},
)
async def oai(request: Request) -> Response:
    """Answer a request of the protocol; its errors too are answers with status 200."""
    return await _answer(request, request.scope["query_string"])


@router.post(PATH, summary="OAI-PMH 2.0, arguments as a form", openapi_extra={"requestBody": _BODY})
async def oai_form(request: Request) -> Response:
    """Answer a request of the protocol whose arguments are a form."""
    return await _answer(request, await _form(request))


async def _answer(request: Request, text: bytes) -> Response:
    arguments: list[tuple[str, str]] | None
    try:
        arguments = parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        arguments = None
    generation = generation_of(request.scope)
    try:
        ledger = await asyncio.to_thread(generation.ledger)
    except LedgerUnreadable as error:
        raise StoreBusy("The records are being counted anew. Ask again in a few seconds.") from error
    repository = Repository(ledger, generation.store, generation.manifest, datetime.now(UTC))
    return represent(await repository.answer(arguments), _XML, cache=NO_STORE)


async def _form(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise UnsupportedContent(f"Arguments are sent as {_FORM}.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise ContentTooLarge(f"The arguments of a request are {_MOST_BYTES} bytes at most.")
    return body
