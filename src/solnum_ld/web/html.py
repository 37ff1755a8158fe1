"""Pages: the Jinja environment, and what every template can use. Everything is escaped; nothing is loaded from elsewhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request

from solnum_ld.manifest import Manifest
from solnum_ld.maps.drawing import france_svg
from solnum_ld.mediatypes import TEXT, Format
from solnum_ld.messages import in_language
from solnum_ld.resources.languages import html_language
from solnum_ld.resources.terms import term_label
from solnum_ld.resources.typography import date_text, size_text, thousands
from solnum_ld.resources.view import Group, Text, place_on_the_web
from solnum_ld.web.site import Generation
from solnum_ld.web.words import has_word, is_one, word

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CSS = Format("text/css", "css", "CSS")
JAVASCRIPT = Format("text/javascript", "js", "JavaScript")
SVG = Format("image/svg+xml", "svg", "SVG")
_ASSETS = {"style.css": CSS, "pages.js": JAVASCRIPT, "icon.svg": SVG, "editor.css": CSS, "editor.js": JAVASCRIPT}
_VENDOR = {"yasqe.css": CSS, "yasqe.js": JAVASCRIPT, "LICENSES.txt": TEXT}
"""What is fetched when the program is installed, and may be missing: the editor of the query page."""

_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
"""Characters that labels may have and HTML may not (HTML, 3.2.5 of the Living Standard's text content)."""

MENU_LISTS = 5
"""List pages that the main navigation names; the site map has them all."""

CARRIED = frozenset({"property", "inverse", "after", "iri", "q", "type", "query", "page", "liste"})
"""Query parameters that the link to the other language carries on."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("solnum_ld.web"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "thousands": thousands,
        "size": size_text,
        "date": date_text,
        "in_language": in_language,
        "lang": lang_attribute,
        "web_name": lambda iri, language: term_label(iri, language) or place_on_the_web(iri),
    }
    environment.globals["inverse_label"] = inverse_label
    return environment


@cache
def has_editor() -> bool:
    """Return whether the editor of the query page has been fetched: its lock file comes last."""
    vendor = files("solnum_ld.web") / "static" / "vendor"
    return all((vendor / name).is_file() for name in (*_VENDOR, "package-lock.json"))


@cache
def assets() -> dict[str, tuple[Format, bytes]]:
    """Return the static files by the name under which they are served, which holds a fingerprint of the content."""
    found = {}
    static = files("solnum_ld.web") / "static"
    named = [(static / name, form) for name, form in _ASSETS.items()]
    named += [(static / "vendor" / name, form) for name, form in _VENDOR.items() if has_editor()]
    for file, form in named:
        body = file.read_bytes()
        found[_fingerprinted(file.name, body)] = form, body
    body = france_svg().encode()
    found[_fingerprinted("france.svg", body)] = SVG, body
    return found


def _fingerprinted(name: str, body: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}.{suffix}"


@cache
def _asset_names() -> dict[str, str]:
    return {f"{name.partition('.')[0]}.{name.rpartition('.')[2]}": name for name in assets()}


def inverse_label(group: Group, language: str) -> Text:
    """Return what stands over the things that mention this one by a property."""
    name = group.iri.replace("#", "/").rpartition("/")[2]
    if has_word(f"inverse_{name}"):
        return Text(word(f"inverse_{name}", language), language)
    return Text(word("mentioned_by", language, label=group.label.value), language)


def lang_attribute(tag: str, language: str) -> Markup:
    """Return the attribute for words that are in another language than the page, or in none that HTML knows; else nothing.

    >>> lang_attribute("de", "fr"), lang_attribute("fr", "fr"), lang_attribute("", "fr"), lang_attribute("x-private", "fr")
    (Markup(' lang="de"'), Markup(''), Markup(''), Markup(' lang=""'))
    """
    return Markup("") if tag in ("", language) else Markup(' lang="{}"').format(html_language(tag))


def render(template: str, generation: Generation, language: str, request: Request, **values: object) -> str:
    """Return a page. ``language`` is that of the interface; links carry it on when the reader has asked for it."""
    manifest = generation.manifest
    asked = "lang" in request.query_params
    other = "en" if language == "fr" else "fr"
    names = _asset_names()
    common: dict[str, object] = {
        "language": language,
        "other": other,
        "asked": asked,
        "one": lambda count: is_one(count, language),
        "w": lambda key, **inside: word(key, language, **inside),
        "keep": lambda href: _with_language(href, language, manifest) if asked else href,
        "switch": _switch(request, manifest, other, values.get("canonical")),
        "here": _switch(request, manifest, language, values.get("canonical")),
        "site_title": localised(manifest.dataset.title, language),
        "site_language": _language_of(manifest.dataset.title, language),
        "manifest": manifest,
        "public": manifest.public,
        "asset": lambda name: f"{manifest.public}static/{names[name]}",
        "trail": (),
        "menu": _menu(generation, language),
        "foot": _foot(generation, language),
        "query_text": "",
    }
    page = _environment().get_template(template).render(**(common | values))
    return _CONTROLS.sub("\ufffd", page)


def _menu(generation: Generation, language: str) -> list[tuple[Text, str]]:
    """Return the entries of the main navigation: what this release has."""
    public, pages = generation.manifest.public, generation.pages
    lists = [(_said(page.label, language, page.path), public + page.path) for page in pages.lists[:MENU_LISTS]]
    entries = [("map", "carte")] if pages.has_spots else []
    entries += [("data", "donnees"), ("sparql", "sparql")]
    return [*lists, *((Text(word(key, language), language), public + path) for key, path in entries)]


def _foot(generation: Generation, language: str) -> list[tuple[Text, str]]:
    public = generation.manifest.public
    entries = [("vocabulary", "def")] if generation.manifest.ontology else []
    entries += [
        ("catalogue", "catalog.html"),
        ("validation", "validation"),
        ("about_title", "a-propos"),
        ("plan", "plan-du-site"),
    ]
    entries += [("legal", "mentions-legales"), ("a11y_short", "accessibilite")]
    return [(Text(word(key, language), language), public + path) for key, path in entries]


def _said(texts: Mapping[str, str], language: str, fallback: str) -> Text:
    tag = _language_of(texts, language)
    return Text(texts[tag], tag) if texts else Text(fallback)


def home_title(generation: Generation, language: str) -> Text:
    """Return what the home page is called: the title of the dataset, else its address."""
    return _said(generation.manifest.dataset.title, language, generation.manifest.public)


def detail_text(sentence: str, language: str) -> Text:
    """Return what an error says of itself, in a language where there is a translation, else in English."""
    said = in_language(sentence, language)
    return Text(said, language if said != sentence else "en")


def localised(texts: Mapping[str, str], language: str) -> str:
    """Return a text in ``language``, else in French, English, or whatever there is."""
    return texts.get(_language_of(texts, language), "")


def _language_of(texts: Mapping[str, str], language: str) -> str:
    return next((wanted for wanted in (language, "fr", "en", "", *texts) if wanted in texts), "")


def _with_language(href: str, language: str, manifest: Manifest) -> str:
    """Carry the language on in links to pages of ours."""
    if not href.startswith(manifest.public) or "lang=" in href:
        return href
    address, hash_sign, fragment = href.partition("#")
    return f"{address}{'&' if '?' in address else '?'}lang={language}{hash_sign}{fragment}"


def _switch(request: Request, manifest: Manifest, other: str, canonical: object) -> str:
    """Return the address of this page in a language; ``canonical`` is its address where it has one."""
    path = request.scope["raw_path"].decode("latin-1").lstrip("/")
    address = str(canonical) if canonical else manifest.public + path
    known = CARRIED - {"iri"} if canonical and "?" in str(canonical) else CARRIED
    facets: frozenset[str] = getattr(request.state, "facets", frozenset())
    rest = [(key, value) for key, value in request.query_params.multi_items() if key in known or key in facets]
    return f"{address}{'&' if '?' in address else '?'}{urlencode([*rest, ('lang', other)])}"
