"""Is it alive, is it ready, what does it serve: for balancers and for people who operate it."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from starlette.responses import Response

from solnum_ld.mediatypes import JSON, TEXT
from solnum_ld.web.cache import generation_of
from solnum_ld.web.http import NO_STORE, represent

router = APIRouter()
READ = ["GET", "HEAD"]


@router.api_route("/health/live", methods=READ, summary="The process answers")
async def live() -> Response:
    """Answer 200 as long as the process answers at all."""
    return represent("alive\n", TEXT, cache=NO_STORE)


@router.api_route("/health/ready", methods=READ, summary="The store answers")
async def ready(request: Request) -> Response:
    """Answer 200 when the live release's store answers; 503 otherwise."""
    await generation_of(request.scope).store.ready()
    return represent("ready\n", TEXT, cache=NO_STORE)


@router.api_route("/version", methods=READ, summary="Which release is live")
async def version(request: Request) -> Response:
    """Answer with the identities of the release and of the program."""
    manifest = generation_of(request.scope).manifest
    data = {
        "release": manifest.release,
        "content": manifest.content,
        "version": manifest.dataset.version,
        "program": manifest.program,
        "base": manifest.base,
        "counts": manifest.counts,
    }
    return represent(json.dumps(data, ensure_ascii=False, indent=1) + "\n", JSON, cache=NO_STORE)
