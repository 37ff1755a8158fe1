"""Small pieces that every route answers with: negotiation of a request, links, and the headers of a representation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from solnum_ld.iris import encoded
from solnum_ld.mediatypes import Format
from solnum_ld.negotiation import negotiate, negotiate_language
from solnum_ld.web.cache import variant_of

LANGUAGES = ("fr", "en")
READ = ["GET", "HEAD"]
CACHE = "public, max-age=300"
NO_STORE = "no-store"


def header(request: Request, name: str) -> str | None:
    """Return all lines of a header as one list, None when it is absent."""
    wanted = name.encode("latin-1")
    lines = [value[:4096].decode("latin-1") for field, value in request.scope["headers"] if field == wanted]
    return ", ".join(lines) if lines else None


def choose_format(request: Request, offers: tuple[Format, ...]) -> Format:
    """Negotiate the media type, and note that the answer depends on it."""
    variant_of(request.scope).offers = offers
    return negotiate(header(request, "accept"), offers)


def choose_language(request: Request) -> str:
    """Return the page's language: ``?lang``, then Accept-Language, then French (DESIGN, section 5)."""
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        return str(asked)
    variant_of(request.scope).languages = LANGUAGES
    return negotiate_language(header(request, "accept-language"), LANGUAGES)


def encoded_address(address: str) -> str:
    """Return an address as a URI, for a header."""
    scheme, _, rest = address.partition("://")
    path, mark, query = rest.partition("?")
    path, sharp, fragment = path.partition("#")
    return f"{scheme}://{encoded(path)}{sharp}{encoded(fragment)}{mark}{query}"


def without_slash(scope: Scope, public: str) -> Response:
    """Return the redirect (308) to a page whose address was given a slash too many; its query goes along."""
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    address = f"{public}{path[1:-1]}{'?' if query else ''}{query}"
    return Response(status_code=308, headers={"location": encoded_address(address)})


def link(target: str, rel: str, **parameters: str) -> str:
    """Return one value of a Link header (RFC 8288).

    >>> link("http://a/x.ttl", "alternate", type="text/turtle")
    '<http://a/x.ttl>; rel="alternate"; type="text/turtle"'
    """
    rest = "".join(f'; {name}="{value}"' for name, value in parameters.items())
    return f'<{target}>; rel="{rel}"{rest}'


def is_page(response: Response) -> bool:
    """Tell whether an answer is a page for people."""
    return response.headers.get("content-type", "").startswith("text/html")


def represent(
    body: bytes | str,
    form: Format,
    *,
    status: int = 200,
    vary: Sequence[str] = (),
    links: Iterable[str] = (),
    location: str | None = None,
    language: str | None = None,
    cache: str = CACHE,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an answer with the headers that its representation calls for; ``location`` is its own address."""
    response = Response(body, status, headers, media_type=None)
    response.headers["content-type"] = form.content_type
    response.headers["cache-control"] = cache
    if vary:
        response.headers["vary"] = ", ".join(vary)
    if location:
        response.headers["content-location"] = location
    if language:
        response.headers["content-language"] = language
    joined = ", ".join(links)
    if joined:
        response.headers["link"] = joined
    return response
