"""What a source declares about itself in ``catalog.ttl``, and the defaults where it says nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.iris import is_base
from solnum_ld.manifest import Dataset
from solnum_ld.namespaces import DCAT, DCTERMS, OWL, RDF_TYPE, SCHEMA, SN, VOID

NO_SPACE = "urn:x-source:"
"""Stands in for the uriSpace of a source whose IRIs have nothing in common."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A source's words about itself, and which of them are ours (``defaults``: sentences for the user); ``statements``
    are all that catalog.ttl says, under the source's own names."""

    space: str
    strict: bool
    dataset: Dataset
    defaults: tuple[Default, ...]
    statements: tuple[ox.Triple, ...] = ()


@dataclass(frozen=True, slots=True)
class Default:
    """What was taken because nothing was declared: the sentence that says so, and what to state of the dataset instead."""

    sentence: str
    statement: str


def read_declared(catalog: Iterable[ox.Quad], root: Path, guessed_space: str, base: str = "") -> Declared:
    """Return what the statements of catalog.ttl declare; ``guessed_space`` serves where they name no uriSpace.

    ``base`` is that under which the source is to be published, if any.
    """
    statements = list(catalog)
    node = _dataset_node(statements)

    def texts(*properties: str) -> dict[str, str]:
        found = {}
        for name in reversed(properties):
            for quad in statements:
                if quad.subject == node and quad.predicate.value == name and isinstance(quad.object, ox.Literal):
                    found[quad.object.language or ""] = quad.object.value
        return dict(sorted(found.items()))

    def one(*properties: str) -> str:
        for name in properties:
            values = sorted(
                q.object.value
                for q in statements
                if q.subject == node and q.predicate.value == name and isinstance(q.object, ox.Literal | ox.NamedNode)
            )
            if values:
                return values[0]
        return ""

    defaults = []
    space = one(VOID + "uriSpace")
    if not space:
        space = guessed_space
        said = (
            f"the IRIs under {space} are taken as its own{f', and published under {base}' if base else ''}"
            if space
            else "none of its IRIs is taken as its own; each has its page at /describe"
        )
        defaults.append(Default(f"No void:uriSpace is declared: {said}.", f'void:uriSpace "{space or "http://…/"}"'))
    title = texts(DCTERMS + "title", SCHEMA + "name")
    if not title:
        title = {"": root.name}
        defaults.append(
            Default(f"No title is declared: the folder's name, {root.name!r}, is shown.", 'dcterms:title "…"@fr')
        )
    license_iri = one(DCTERMS + "license", SCHEMA + "license")
    if not license_iri:
        defaults.append(
            Default(
                "No licence is declared: none is published. Portals list such data as not reusable.",
                "dcterms:license <http://…>",
            )
        )
    iri = node.value if isinstance(node, ox.NamedNode) else f"{space or NO_SPACE}dataset/{_slug(root.name)}"
    dataset = Dataset(
        iri=iri,
        title=title,
        description=texts(DCTERMS + "description", SCHEMA + "description"),
        license=license_iri,
        version=one(DCAT + "version", OWL + "versionInfo", SCHEMA + "version"),
        modified=one(DCTERMS + "modified", SCHEMA + "dateModified"),
        languages=tuple(sorted(lang for lang in title if lang)) or ("fr", "en"),
    )
    strict = one(SN + "strictSource") in {"true", "1"}
    triples = tuple(quad.triple for quad in statements)
    return Declared(space or NO_SPACE, strict, dataset, tuple(defaults), triples)


def check_space(space: str) -> str | None:
    """Return what is wrong with a declared uriSpace; None when nothing is."""
    return (
        None
        if space == NO_SPACE or is_base(space)
        else f"void:uriSpace {space!r} must be an http(s) IRI that ends with '/'."
    )


def _dataset_node(statements: list[ox.Quad]) -> ox.NamedNode | None:
    """Return the dataset that has the uriSpace, else the first dcat:Dataset or void:Dataset."""
    spaces = sorted(
        q.subject.value
        for q in statements
        if q.predicate.value == VOID + "uriSpace" and isinstance(q.subject, ox.NamedNode)
    )
    kinds = {DCAT + "Dataset", VOID + "Dataset"}
    typed = sorted(
        q.subject.value
        for q in statements
        if q.predicate.value == RDF_TYPE
        and isinstance(q.object, ox.NamedNode)
        and q.object.value in kinds
        and isinstance(q.subject, ox.NamedNode)
    )
    first = next(iter([*spaces, *typed]), None)
    return ox.NamedNode(first) if first else None


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "dataset"
