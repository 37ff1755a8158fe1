"""Pages: the Jinja environment, and what every template can use. Everything is escaped; nothing is loaded from elsewhere."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request

from solnum_ld.manifest import Manifest
from solnum_ld.web.site import Generation
from solnum_ld.web.words import word

CSP = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("solnum_ld.web"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = thousands
    return environment


@cache
def stylesheet() -> tuple[str, bytes]:
    """Return the name of the style sheet, with a fingerprint, and its bytes."""
    body = (files("solnum_ld.web") / "static" / "style.css").read_bytes()
    return f"style.{hashlib.sha256(body).hexdigest()[:12]}.css", body


def thousands(number: int, language: str) -> str:
    """Return a whole number as a reader of ``language`` writes it.

    >>> thousands(1234567, "en")
    '1,234,567'
    """
    return f"{number:,}".replace(",", "\u202f") if language == "fr" else f"{number:,}"


def render(template: str, generation: Generation, language: str, request: Request, **values: object) -> str:
    """Return a page. ``language`` is that of the interface; links carry it on when the reader has asked for it."""
    manifest = generation.manifest
    asked = "lang" in request.query_params
    return (
        _environment()
        .get_template(template)
        .render(
            language=language,
            other="en" if language == "fr" else "fr",
            w=lambda key: word(key, language),
            w_other=lambda key: word(key, "en" if language == "fr" else "fr"),
            keep=lambda href: _with_language(href, language, manifest) if asked else href,
            switch=_switch(request, manifest, "en" if language == "fr" else "fr", values.get("canonical")),
            site_title=localised(manifest.dataset.title, language),
            manifest=manifest,
            public=manifest.public,
            stylesheet=f"{manifest.public}static/{stylesheet()[0]}",
            **values,
        )
    )


def localised(texts: dict[str, str], language: str) -> str:
    """Return a text in ``language``, else in French, English, or whatever there is."""
    for wanted in (language, "fr", "en", ""):
        if wanted in texts:
            return texts[wanted]
    return next(iter(texts.values()), "")


def _with_language(href: str, language: str, manifest: Manifest) -> str:
    """Carry the language on in links to pages of ours."""
    if not href.startswith(manifest.public) or "lang=" in href:
        return href
    address, hash_sign, fragment = href.partition("#")
    return f"{address}{'&' if '?' in address else '?'}lang={language}{hash_sign}{fragment}"


def _switch(request: Request, manifest: Manifest, other: str, canonical: object) -> str:
    """Return the address of this page in the other language; ``canonical`` is its address where it has one."""
    path = request.scope["raw_path"].decode("latin-1").lstrip("/")
    address = str(canonical) if canonical else manifest.public + path
    known = {"property", "inverse", "after"} if canonical else {"iri", "property", "inverse", "after"}
    rest = [(key, value) for key, value in request.query_params.multi_items() if key in known]
    return f"{address}{'&' if '?' in address else '?'}{urlencode([*rest, ('lang', other)])}"
