"""The SPARQL endpoint, minimal: GET and form POST; SELECT, ASK and CONSTRUCT (SPARQL 1.1 Protocol, 2.1)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import Response

from solnum_ld.errors import ContentTooLarge, MalformedQuery, UnsupportedContent
from solnum_ld.mediatypes import HTML, Format
from solnum_ld.sparql import SparqlQuery, parse_query
from solnum_ld.store.protocol import Limits
from solnum_ld.web.cache import generation_of
from solnum_ld.web.html import CSP, render
from solnum_ld.web.http import CACHE, NO_STORE, choose_format, choose_language, represent

router = APIRouter()
MAX_BODY = 1024 * 1024
_CHANGING = re.compile(r"\b(RAND|NOW|UUID|STRUUID|BNODE)\s*\(", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_EXAMPLE = """PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?type (COUNT(?s) AS ?n) (SAMPLE(?name) AS ?label) WHERE {
  ?s a ?type .
  OPTIONAL { ?type rdfs:label ?name }
}
GROUP BY ?type
ORDER BY DESC(?n)
LIMIT 50
"""


@router.api_route("/sparql", methods=["GET", "HEAD"], summary="Ask a SPARQL query")
async def ask(request: Request) -> Response:
    """Answer the query of the parameter ``query``; without one, a form for people."""
    queries = request.query_params.getlist("query")
    if not queries:
        if "update" in request.query_params:
            raise MalformedQuery("This service is read-only: there is nothing to update.")
        return _form(request)
    return await _answer(request, queries)


@router.post("/sparql", summary="Ask a SPARQL query by form")
async def post(request: Request) -> Response:
    """Answer the query of an ``application/x-www-form-urlencoded`` body."""
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise UnsupportedContent(f"Send the query as {_FORM}, in the field query.")
    body = await _body(request)
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise MalformedQuery(f"The form cannot be read: {error}.") from error
    return await _answer(request, [value for name, value in fields if name == "query"])


async def _body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise ContentTooLarge(f"A query may be {MAX_BODY} bytes long at most.")
        chunks.append(chunk)
    return b"".join(chunks)


def _form(request: Request) -> Response:
    generation = generation_of(request.scope)
    language = choose_language(request)
    endpoint = f"{generation.manifest.public}sparql"
    body = render("sparql.html", generation, language, request, endpoint=endpoint, example=_EXAMPLE, canonical=endpoint)
    return represent(body, HTML, vary=("Accept-Language",), language=language, headers={"content-security-policy": CSP})


async def _answer(request: Request, queries: list[str]) -> Response:
    if len(queries) != 1:
        raise MalformedQuery(
            f"One query is needed; {len(queries)} were sent." if queries else "The field query is missing."
        )
    query = parse_query(queries[0])
    generation = generation_of(request.scope)
    form = _format(request, query)
    limits: Limits = request.app.state.limits
    answer = await generation.store.answer(query.text, form, limits)
    cache = NO_STORE if request.method == "POST" or _CHANGING.search(query.text) else CACHE
    return represent(answer.body, form, vary=("Accept",), cache=cache)


def _format(request: Request, query: SparqlQuery) -> Format:
    asked = request.query_params.get("format")
    named = next(
        (
            form
            for form in query.offers
            if asked in (form.suffix, form.media_type) or (asked == "json" and form.suffix == "srj")
        ),
        None,
    )
    if named is not None:
        return named
    request.state.offered = tuple(
        (form, f"{generation_of(request.scope).manifest.public}sparql?format={form.suffix}") for form in query.offers
    )
    chosen = choose_format(request, (*query.offers, HTML))
    return query.offers[0] if chosen is HTML else chosen  # a browser that sends the form gets the first, to save
