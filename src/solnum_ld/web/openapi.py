"""The OpenAPI document: that of the routes, and the SPARQL endpoint, which is no route of the framework."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from solnum_ld.sparql import OFFERS
from solnum_ld.sparql.protocol import DIRECT, FORM
from solnum_ld.web.sparql import PATH

_TEXT = {"type": "string"}
_GRAPHS = {"type": "array", "items": {"type": "string", "format": "iri"}}
_FIELDS: dict[str, dict[str, Any]] = {
    "query": {**_TEXT, "description": "A query in SPARQL 1.1."},
    "default-graph-uri": {**_GRAPHS, "description": "Graphs whose merge is the default graph."},
    "named-graph-uri": {**_GRAPHS, "description": "Graphs that GRAPH sees."},
    "format": {**_TEXT, "description": "A format's short name or media type; goes before Accept."},
}
_PROBLEMS = {
    "400": "The query or the request is malformed; with line and column where that is known.",
    "403": "An update, a SERVICE or a graph that is not here.",
    "406": "No format that is accepted can be had.",
    "413": "The query is too long.",
    "415": "The body is neither a form nor a query.",
    "429": "The client asks too much at once.",
    "503": "The service is busy.",
    "504": "The query took too long.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of the service."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schema["paths"][PATH] = _sparql()
        app.openapi_schema = schema
    return app.openapi_schema


def _sparql() -> dict[str, Any]:
    formats = dict.fromkeys(form.media_type for offers in OFFERS.values() for form in offers)
    problem = {"application/problem+json": {"schema": {"type": "object"}}}
    responses = {"200": {"description": "The answer.", "content": {kind: {} for kind in formats}}}
    responses |= {status: {"description": text, "content": problem} for status, text in _PROBLEMS.items()}
    beside = {name: schema for name, schema in _FIELDS.items() if name != "query"}
    return {
        "get": {
            "summary": "Answer a query; without one, describe the service",
            "operationId": "sparql_get",
            "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in _FIELDS.items()],
            "responses": responses,
        },
        "post": {
            "summary": "Answer a query",
            "operationId": "sparql_post",
            "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in beside.items()],
            "requestBody": {
                "required": True,
                "content": {
                    FORM: {"schema": {"type": "object", "properties": _FIELDS, "required": ["query"]}},
                    DIRECT: {"schema": _TEXT},
                },
            },
            "responses": responses,
        },
    }
