"""FAIR Signposting (profile of RFC 8288): typed links from a landing page to the name, the kind, the authors, the metadata
and the files of what it is about; as a linkset (RFC 9264) where they are too many for a header."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.manifest import Manifest
from solnum_ld.mediatypes import HTML, Format
from solnum_ld.namespaces import DCTERMS, RDF_TYPE, SCHEMA
from solnum_ld.store.protocol import Description

MANY = 15
"""Links from which a header refers to a linkset."""

LINKSET = Format("application/linkset+json", "json", "Linkset (RFC 9264)")
_AUTHORS = (SCHEMA + "author", DCTERMS + "creator", DCTERMS + "publisher")


@dataclass(frozen=True, slots=True)
class Signpost:
    """One typed link; ``type`` is the media type of its target where it is known."""

    target: str
    rel: str
    type: str = ""


def signposts(
    description: Description, landing: str, alternates: Mapping[Format, str], manifest: Manifest
) -> list[Signpost]:
    """Return the links of the landing page about a thing."""
    return list(_signposts(description, landing, alternates, manifest))


def _signposts(
    description: Description, landing: str, alternates: Mapping[Format, str], manifest: Manifest
) -> Iterator[Signpost]:
    if description.iri != landing:
        yield Signpost(description.iri, "cite-as")
    yield Signpost(f"{SCHEMA}AboutPage", "type")
    for kind in description.values_of(RDF_TYPE):
        if isinstance(kind, ox.NamedNode) and kind.value.startswith(SCHEMA):
            yield Signpost(kind.value, "type")
    if manifest.dataset.license:
        yield Signpost(manifest.dataset.license, "license")
    for author in next((found for name in _AUTHORS if (found := description.values_of(name))), ()):
        if isinstance(author, ox.NamedNode):
            yield Signpost(author.value, "author")
    for form, address in alternates.items():
        if form is not HTML:
            yield Signpost(address, "describedby", form.media_type)
    files = [dump for dump in manifest.dumps if (dump.dataset or manifest.dataset.iri) == description.iri]
    for dump in files:
        yield Signpost(f"{manifest.public}dumps/{dump.name}", "item", dump.media_type)
    if description.iri != manifest.dataset.iri:
        yield Signpost(manifest.names.page(manifest.dataset.iri), "collection", HTML.media_type)


def linkset(landing: str, posts: Sequence[Signpost]) -> bytes:
    """Return the links of one page as a linkset document in JSON (RFC 9264, 4.2).

    >>> linkset("http://a/", [Signpost("http://a/x", "item", "text/csv")]).decode().replace(chr(10), " ")
    '{"linkset": [{"anchor": "http://a/", "item": [{"href": "http://a/x", "type": "text/csv"}]}]} '
    """
    context: dict[str, object] = {"anchor": landing}
    for rel in dict.fromkeys(post.rel for post in posts):
        context[rel] = [
            {"href": post.target, **({"type": post.type} if post.type else {})} for post in posts if post.rel == rel
        ]
    return (json.dumps({"linkset": [context]}) + "\n").encode()
