"""Errors as answers: one table of statuses, bodies as RFC 9457 problems, text or a page."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import unquote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from solnum_ld.errors import (
    ContentTooLarge,
    EngineFault,
    Gone,
    MalformedQuery,
    MalformedRequest,
    NotAcceptable,
    NotFound,
    QueryTimeout,
    RangeOutside,
    RequestRefused,
    SolnumError,
    StoreUnavailable,
    TooManyRequests,
    UnsupportedContent,
)
from solnum_ld.mediatypes import HTML, PROBLEM, PROBLEM_FORMATS, TEXT, Format
from solnum_ld.messages import listed
from solnum_ld.negotiation import negotiate
from solnum_ld.search.text import words
from solnum_ld.web.cache import GENERATION, VARIANT, generation_of, variant_of
from solnum_ld.web.html import detail_text, render
from solnum_ld.web.http import NO_STORE, choose_language, header, link, represent
from solnum_ld.web.wording import Wording
from solnum_ld.web.words import has_word, word

STATUS: dict[type[SolnumError], int] = {
    Gone: 410,
    NotFound: 404,
    NotAcceptable: 406,
    MalformedRequest: 400,
    UnsupportedContent: 415,
    ContentTooLarge: 413,
    RangeOutside: 416,
    RequestRefused: 403,
    TooManyRequests: 429,
    QueryTimeout: 504,
    EngineFault: 502,
    StoreUnavailable: 503,
    SolnumError: 500,
}
_RETRY = {429: "1", 503: "5"}
log = logging.getLogger("solnum_ld")


def status_of(error: SolnumError) -> int:
    """Return the status of an error, by the most specific class of the table."""
    return next(STATUS[c] for c in type(error).__mro__ if c in STATUS)


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    offers: tuple[tuple[Format, str], ...] = (),
    headers: dict[str, str] | None = None,
    members: dict[str, object] | None = None,
) -> Response:
    """Return an error in the form that the client prefers: problem+json, text, or a page."""
    variant_of(request.scope).offers = PROBLEM_FORMATS
    try:
        form = negotiate(header(request, "accept"), PROBLEM_FORMATS)
    except NotAcceptable:
        form = PROBLEM
    title = HTTPStatus(status).phrase
    language = None
    body: bytes | str
    if form is HTML:
        language = choose_language(request)
        key = str(status) if has_word(str(status)) else "error"
        body = render(
            "error.html",
            generation_of(request.scope),
            language,
            request,
            status=status,
            title=word(key, language),
            detail=detail_text(detail if status not in (404, 410, 500) else "", language),
            explanation=_explanation(key, members or {}, language),
            offers=offers,
            **(_near(request, language) if status == 404 else {}),
        )
    elif form is TEXT:
        listed = "".join(f"\n  {f.media_type}  {address}" for f, address in offers)
        body = f"{status} {title}\n{detail}{listed}\n"
    else:
        data: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        data |= members or {}
        if offers:
            data["offers"] = [{"type": f.media_type, "href": address} for f, address in offers]
        body = json.dumps(data, ensure_ascii=False) + "\n"
    extra = dict(headers or {})
    if status in _RETRY:
        extra.setdefault("retry-after", _RETRY[status])
    cache = "public, max-age=60" if status in (404, 410) else NO_STORE
    return represent(
        body, form, status=status, vary=("Accept", "Accept-Language"), language=language, cache=cache, headers=extra
    )


def _near(request: Request, language: str) -> dict[str, object]:
    """Return the words of an address that leads nowhere, and the pages whose names are near."""
    generation = generation_of(request.scope)
    end = unquote(request.scope["raw_path"].decode("latin-1"), errors="replace").rstrip("/").rpartition("/")[2]
    slug = " ".join(word for _, _, word in words(end.replace("-", " ").replace("_", " ")))[:80]
    wording = Wording(generation.manifest.names, language)
    found = generation.pages.search(slug, "", 1, 5).items
    return {
        "slug": slug,
        "matches": [(wording.text(i.names, i.iri), generation.manifest.names.page(i.iri)) for i in found],
    }


def _explanation(key: str, members: dict[str, object], language: str) -> str:
    """Return what a page says of an error; empty where only its detail tells."""
    if "line" not in members:
        return word(f"{key}_text", language) if has_word(f"{key}_text") else ""
    text = word("syntax_text", language, line=members["line"], column=members["column"])
    expected = members.get("expected")
    if isinstance(expected, list):
        text += " " + word("syntax_expected", language, expected=listed(map(str, expected), language))
    return text


def answer_error(request: Request, error: SolnumError, offered: tuple[tuple[Format, str], ...] = ()) -> Response:
    """Return the answer that an error of this program becomes; ``offered`` is what could be had where nothing pleases."""
    status = status_of(error)
    if status == 500:
        log.error("%s: %s", type(error).__name__, error)
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, TooManyRequests) else {}
    if isinstance(error, NotAcceptable):  # what has no twin in RDF is described, with all else, by the catalogue
        headers["link"] = link(f"{generation_of(request.scope).manifest.public}catalog", "describedby")
    if isinstance(error, RangeOutside):
        headers["content-range"] = f"bytes */{error.size}"
    members: dict[str, object] = {}
    if isinstance(error, MalformedQuery) and error.line is not None:
        members = {"line": error.line, "column": error.column}
        if error.expected:
            members["expected"] = list(error.expected)
    offers = offered if isinstance(error, NotAcceptable) else ()
    return problem(request, status, str(error), offers=offers, headers=headers, members=members)


def method_not_allowed(request: Request, allowed: str) -> Response:
    """Return 405 with the methods that are allowed."""
    detail = f"{request.method[:20]} is not allowed here; {allowed} are."
    return problem(request, 405, detail, headers={"allow": allowed})


READ_METHODS = "GET, HEAD, OPTIONS"


def install(app: FastAPI, methods: Mapping[str, str]) -> None:
    """Register the handlers that turn errors into answers; ``methods`` are those of paths that allow more than reading."""

    @app.exception_handler(SolnumError)
    async def ours(request: Request, error: SolnumError) -> Response:
        return answer_error(request, error, getattr(request.state, "offered", ()))

    @app.exception_handler(HTTPException)
    async def starlette(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            return method_not_allowed(request, methods.get(request.scope["path"], READ_METHODS))
        return problem(request, error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first.get("loc", ()))
        return problem(request, 400, f"{where}: {first.get('msg', 'invalid')}.")

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        log.error("unforeseen %s at %s", type(error).__name__, request.scope["path"][:200], exc_info=error)
        if VARIANT not in request.scope or GENERATION not in request.scope:
            return Response("Internal error\n", 500, media_type="text/plain")
        return problem(request, 500, "The service met an error. It was logged.")
