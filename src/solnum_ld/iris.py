"""IRIs: which are well formed, what they are called in a deployment, and where they answer (RFC 3986, RFC 3987).

A *source* names its things under its ``void:uriSpace``. A *deployment* has a ``base`` that names them in turn (rebase)
and a ``public`` address where documents answer. ``{base}id/x`` is a thing; ``{public}doc/x`` is the document about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

FILES = frozenset(
    f"{name}.{suffix}" for name in ("def", "shapes", "catalog") for suffix in ("ttl", "jsonld", "rdf", "nt", "html")
)
"""Documents of ours in one format, which have no document about them."""

RESERVED: frozenset[str] = FILES | frozenset(
    "doc def shapes describe sparql health version validation dumps static catalog linkset oai robots.txt sitemap.xml "
    "favicon.ico .well-known carte recherche donnees vocabulaire a-propos "
    "accessibilite mentions-legales plan-du-site metrics openapi.json".split()
)
"""First path segments that are ours: an IRI under one of them is not dereferenced by the general rule."""

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!#)[^\x00-\x20<>\"{}|\\^`#]*(?:#[^\x00-\x20<>\"{}|\\^`#]*)?(?<!:)\Z")
_HTTP = re.compile(r"https?://[^/?#@\s]+(?:/[^?#\s]*)?\Z")
_UNRESERVED = re.compile(r"%(2[DdEe]|5[Ff]|7[Ee]|3[0-9]|4[1-9A-Fa-f]|5[0-9Aa]|6[1-9A-Fa-f]|7[0-9Aa])")
_KEEP = "!$&'()*+,;=:@/~-._%"


def is_absolute(iri: str) -> bool:
    """Tell whether ``iri`` can stand as an absolute IRI in RDF (RDF 1.1 Concepts, 3.2).

    >>> is_absolute("https://schema.org/name"), is_absolute("name"), is_absolute("http://a/b c")
    (True, False, False)
    """
    return _ABSOLUTE.match(iri) is not None


def is_base(iri: str) -> bool:
    """Tell whether ``iri`` can be a base or a public address: http(s), no user, query or fragment, ends with ``/``."""
    return _HTTP.match(iri) is not None and iri.endswith("/")


def is_public(base: str) -> bool:
    """Tell whether others than this machine can mean ``base``: its host is neither loopback nor a test name.

    >>> is_public("https://w3id.org/solnum/"), is_public("http://127.0.0.1:8000/")
    (True, False)
    """
    authority = base.split("/")[2].lower()
    host = authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]
    return not (
        host in {"localhost", "::1", "0.0.0.0"}  # noqa: S104 - compared with, not bound to
        or host.startswith("127.")
        or host.endswith((".localhost", ".test", ".example", ".invalid", "example.org", "example.com", "example.net"))
    )


def readable(path: str) -> str:
    """Return a URI path in IRI form: percent-encoded UTF-8 beyond ASCII is decoded (RFC 3987, 3.2).

    >>> readable("caf%C3%A9/a%2Fb%20c")
    'café/a%2Fb%20c'
    """

    def decode(match: re.Match[str]) -> str:
        try:
            text = unquote_to_bytes(match[0]).decode()
        except UnicodeDecodeError:
            return match[0]
        return text if text.isprintable() else match[0]

    return re.sub(r"(?:%[89A-Fa-f][0-9A-Fa-f])+", decode, path)


def encoded(path: str) -> str:
    """Return an IRI path in URI form, percent-encodings in capitals (RFC 3986, 6.2.2.1).

    >>> encoded("café/a%2fb")
    'caf%C3%A9/a%2Fb'
    """
    return re.sub(r"%[0-9A-Fa-f]{2}", lambda m: m[0].upper(), quote(path, safe=_KEEP))


def unreserved(path: str) -> str:
    """Return a path with those percent-encodings decoded that mean the character itself (RFC 3986, 6.2.2.2).

    >>> unreserved("%64oc%2Fx")
    'doc%2Fx'
    """
    return _UNRESERVED.sub(lambda m: chr(int(m[1], 16)), path)


def spellings(path: str) -> tuple[str, ...]:
    """Return the ways in which a requested path may be spelt in the data: as sent, in IRI form, in URI form.

    Only equivalent spellings are given: ``%2F`` never becomes ``/``, ``..`` and ``//`` stay.
    """
    plain = unreserved(path)
    capital = encoded(path)
    return tuple(
        dict.fromkeys((path, readable(path), capital, readable(capital), encoded(plain), readable(encoded(plain))))
    )


@dataclass(frozen=True, slots=True)
class Names:
    """How a deployment names things and where its documents answer.

    ``space`` is the source's uriSpace (empty: none), ``base`` the deployment's, ``public`` where documents answer.
    """

    space: str
    base: str
    public: str

    def is_vocabulary(self, iri: str) -> bool:
        """Tell whether ``iri`` keeps its name everywhere: the source's vocabulary or shapes (DESIGN, section 2)."""
        if not self.space or not iri.startswith(self.space):
            return False
        rest = iri[len(self.space) :]
        return rest in {"def", "shapes"} or rest.startswith(("def#", "def/", "shapes/"))

    def rebase(self, iri: str) -> str:
        """Return the deployment's name of a canonical IRI.

        >>> n = Names("https://w3id.org/solnum/", "http://h/", "http://h/")
        >>> n.rebase("https://w3id.org/solnum/id/book/x"), n.rebase("https://w3id.org/solnum/def#Section")
        ('http://h/id/book/x', 'https://w3id.org/solnum/def#Section')
        """
        if self.space and iri.startswith(self.space) and not self.is_vocabulary(iri):
            return self.base + iri[len(self.space) :]
        return iri

    def canonical(self, iri: str) -> str:
        """Return the source's name of a deployed IRI: the inverse of :meth:`rebase`."""
        if self.space and iri.startswith(self.base) and not self.is_vocabulary(iri):
            return self.space + iri[len(self.base) :]
        return iri

    def document(self, iri: str) -> str | None:
        """Return the address of the document about ``iri``; None when only ``/describe`` can show it.

        >>> n = Names("https://w3id.org/solnum/", "http://h/", "http://h/")
        >>> n.document("http://h/id/book/x"), n.document("http://h/graph/book"), n.document("http://other/x")
        ('http://h/doc/book/x', 'http://h/doc/graph/book', None)
        """
        iri, _, fragment = iri.partition("#")
        if self.is_vocabulary(iri):
            rest = iri[len(self.space) :]
            return self.public + rest + ("#" + fragment if fragment else "")
        path = self.path_of(iri)
        if path is None:
            return None
        rest = path[3:] if path.startswith("id/") and len(path) > len("id/") else path
        return self.public + "doc/" + encoded(rest)

    def path_of(self, iri: str) -> str | None:
        """Return the path below the base by which the general rule serves ``iri``; None where it does not."""
        iri = iri.partition("#")[0]
        if not iri.startswith(self.base) or "?" in iri:
            return None
        path = iri[len(self.base) :]
        segments = path.split("/")
        if not path or segments[0] in RESERVED or not {".", ".."}.isdisjoint(segments):  # clients resolve dots
            return None
        return path

    def describe(self, iri: str) -> str:
        """Return the address of the page about any IRI that the general rule does not serve."""
        return f"{self.public}describe?iri={quote(iri, safe='')}"

    def page(self, iri: str) -> str:
        """Return where a person or client reads about ``iri`` in this deployment."""
        if iri.startswith(self.public) and iri[len(self.public) :] in FILES:
            return iri
        return self.document(iri) or self.describe(iri)
