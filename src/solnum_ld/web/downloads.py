"""Files of the release: dumps with their sums, the validation report, what pages load. Names come from the manifest."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send

from solnum_ld.errors import NotFound, RangeOutside
from solnum_ld.manifest import Dump, Manifest
from solnum_ld.mediatypes import HTML, JSON, TEXT, TURTLE, Format
from solnum_ld.negotiation import negotiate_coding
from solnum_ld.web.cache import generation_of, matches
from solnum_ld.web.html import CSP, assets, render
from solnum_ld.web.http import CACHE, choose_format, choose_language, encoded_address, header, link, represent

router = APIRouter()
READ = ["GET", "HEAD"]
SUMS = "SHA256SUMS"
_RANGE = rb"(?:\d{1,18}-\d{0,18}|-\d{1,18})"
_RANGES = re.compile(rb"bytes=[ \t]*" + _RANGE + rb"(?:[ \t]*,[ \t]*" + _RANGE + rb")*", re.IGNORECASE)
_SPAN = re.compile(rb"(\d+)-(\d*)")
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
    path, coding = generation.path / "dumps" / name, ""
    if negotiate_coding(header(request, "accept-encoding")) == "gzip":
        packed = path.with_name(f"{name}.gz")
        path, coding = (packed, "-gzip") if await asyncio.to_thread(packed.is_file) else (path, "")
    etag = f'"{known[name].sha256[:32]}{coding}"'
    common = {"etag": etag, "cache-control": CACHE, "vary": "Accept-Encoding"}
    if matches((header(request, "if-none-match") or "").encode("latin-1"), etag.encode()):
        return Response(status_code=304, headers=common)
    form = Format(known[name].media_type, "", "")
    return _File(
        path,
        headers={
            **common,
            "content-type": form.content_type,
            "link": ", ".join(_links(known, known[name], generation.manifest)),
            **({"content-encoding": "gzip"} if coding else {}),
        },
    )


class _File(FileResponse):
    """A file sent in large pieces: each one costs a change of thread."""

    chunk_size = 1024 * 1024

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or ranges of it; a Range that is none is ignored (RFC 9110, 14.2), and not refused.

        Raises RangeOutside where the file ends before.
        """

        async def send_unless_outside(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 416:
                raise RangeOutside((await asyncio.to_thread(Path(self.path).stat)).st_size)
            await send(message)

        headers = [(name, value) for name, value in scope["headers"] if name != b"range" or asks_ranges(value)]
        await super().__call__({**scope, "headers": headers}, receive, send_unless_outside)


def asks_ranges(value: bytes) -> bool:
    """Tell whether a Range header asks for ranges of bytes as RFC 9110, 14.1.1 writes them.

    >>> [asks_ranges(value) for value in (b"bytes=0-1, -5", b"items=0-1", b"bytes=abc", b"bytes=5-2")]
    [True, False, False, False]
    """
    if not _RANGES.fullmatch(value):
        return False
    return all(not last or int(first) <= int(last) for first, last in _SPAN.findall(value))


def _links(known: dict[str, Dump], file: Dump, manifest: Manifest) -> Iterator[str]:
    """Yield where a file belongs (FAIR Signposting, level 1) and what describes it."""
    collection = manifest.names.page(file.dataset or manifest.dataset.iri)
    yield link(encoded_address(collection), "collection", type=HTML.media_type)
    if manifest.dataset.license:
        yield link(manifest.dataset.license, "license")
    described = f"{file.name}-metadata.json"
    if described in known:
        yield link(f"{manifest.public}dumps/{described}", "describedby", type=known[described].media_type)


@router.api_route("/validation", methods=READ, summary="The validation report")
@router.api_route("/validation.{suffix}", methods=READ, include_in_schema=False)
async def validation(request: Request, suffix: str = "") -> Response:
    """Answer with the report of the release: a page, RDF, JSON or text."""
    generation = generation_of(request.scope)
    offers = (*_REPORT, HTML)
    request.state.offered = tuple((form, f"{generation.manifest.public}validation") for form in offers)
    by_suffix = {form.suffix: form for form in _REPORT}
    if suffix and suffix not in by_suffix:
        raise NotFound("The report does not exist in this format.")
    form = by_suffix[suffix] if suffix else choose_format(request, offers)
    folder = generation.path / "validation"
    if form is not HTML:
        return represent(
            await asyncio.to_thread((folder / f"report.{form.suffix}").read_bytes),
            form,
            vary=() if suffix else ("Accept", "Accept-Language"),
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
