"""Files of the release: dumps with their sums, the validation report, what pages load. Names come from the manifest."""

from __future__ import annotations

import asyncio
import json

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from solnum_ld.errors import NotFound
from solnum_ld.manifest import Dump
from solnum_ld.mediatypes import HTML, JSON, TEXT, TURTLE, Format
from solnum_ld.web.cache import generation_of, matches
from solnum_ld.web.html import CSP, assets, render
from solnum_ld.web.http import CACHE, choose_format, choose_language, header, represent

router = APIRouter()
READ = ["GET", "HEAD"]
SUMS = "SHA256SUMS"
_REPORT: tuple[Format, ...] = (TURTLE, JSON, TEXT)


@router.api_route("/dumps/{name}", methods=READ, summary="All data as one file")
async def dump(request: Request, name: str) -> Response:
    """Answer with a dump, or with the SHA-256 sums of all; ranges are served."""
    generation = generation_of(request.scope)
    if name == SUMS:
        return represent(await asyncio.to_thread((generation.path / "dumps" / SUMS).read_bytes), TEXT)
    known: dict[str, Dump] = {dump.name: dump for dump in generation.manifest.dumps}
    if name not in known:
        raise NotFound("There is no dump of this name.")
    etag = f'"{known[name].sha256[:32]}"'
    if matches((header(request, "if-none-match") or "").encode("latin-1"), etag.encode()):
        return Response(status_code=304, headers={"etag": etag, "cache-control": CACHE})
    form = next(
        (f for f in (TURTLE,) if f.media_type == known[name].media_type), Format(known[name].media_type, "", "")
    )
    return FileResponse(
        generation.path / "dumps" / name,
        headers={"content-type": form.content_type, "etag": etag, "cache-control": CACHE},
    )


@router.api_route("/validation", methods=READ, summary="The validation report")
async def validation(request: Request) -> Response:
    """Answer with the report of the release: a page, RDF, JSON or text."""
    generation = generation_of(request.scope)
    offers = (*_REPORT, HTML)
    request.state.offered = tuple((form, f"{generation.manifest.public}validation") for form in offers)
    form = choose_format(request, offers)
    folder = generation.path / "validation"
    if form is not HTML:
        return represent(
            await asyncio.to_thread((folder / f"report.{form.suffix}").read_bytes),
            form,
            vary=("Accept", "Accept-Language"),
        )
    language = choose_language(request)
    report = json.loads(await asyncio.to_thread((folder / "report.json").read_text, "utf-8"))
    body = render(
        "validation.html",
        generation,
        language,
        request,
        report=report,
        canonical=f"{generation.manifest.public}validation",
    )
    return represent(
        body, HTML, vary=("Accept", "Accept-Language"), language=language, headers={"content-security-policy": CSP}
    )


@router.api_route("/static/{name}", methods=READ, include_in_schema=False)
async def static(name: str) -> Response:
    """Answer with a style sheet or script, whose name changes with its content."""
    if name not in assets():
        raise NotFound("There is no file of this name.")
    form, body = assets()[name]
    return represent(body, form, cache="public, max-age=31536000, immutable")
