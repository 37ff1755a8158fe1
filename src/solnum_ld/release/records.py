"""Records: which resources of a release are offered for harvesting, in which sets, and since when (OAI-PMH 2.0, 2.3, 2.6).

A source declares its sets in RDF: a ``void:class`` and a ``dcterms:identifier`` on a part of the dataset; then the members
of these classes are its records. One that declares none offers every resource, in a set for each class. Datasets are
always records. What is said of time comes from the history of what went live, never from the data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from solnum_ld.ledger import RecordSet
from solnum_ld.manifest import Manifest
from solnum_ld.namespaces import DCAT, DCTERMS, LABELS, OWL, RDF, RDF_TYPE, RDFS, SCHEMA, SD, SH, SKOS, VOID

MOST_SETS = 500
"""Sets of a source that declares none: one for each of its most frequent classes."""

_SPEC = re.compile(r"[A-Za-z0-9\-_.!~*'()]+\Z")
_LANGUAGES = ("fr", "en", "", None)
_DESCRIPTIONS = (DCTERMS + "description", RDFS + "comment", SKOS + "definition", SCHEMA + "description")
_MACHINERY = (OWL, RDF, RDFS, SD, SH, VOID)
"""Vocabularies whose classes are of descriptions, not of what is described."""

_DATASET = DCAT + "Dataset"


@dataclass(frozen=True, slots=True)
class Membership:
    """The sets of a release and which records are in which; those that are datasets are told apart.

    ``elsewhere`` are datasets none of whose files is of the release, so that they do not change with its content.
    ``everything`` tells that every resource is a record, be it in a set or not.
    """

    known: tuple[RecordSet, ...]
    sets: Mapping[str, tuple[str, ...]]
    datasets: frozenset[str]
    elsewhere: frozenset[str]
    everything: bool

    def kept(self, iri: str, digest: str) -> Kept:
        """Return what the history keeps of a resource whose statements have this hash."""
        record = self.everything or iri in self.sets or iri in self.datasets
        sets = self.sets.get(iri, ()) if record else None
        return Kept(digest, sets, iri in self.datasets, iri in self.elsewhere)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the history keeps of a live resource: the hash of its statements, its sets (None: no record), if it is a dataset,
    and if that has its files elsewhere."""

    hash: str
    sets: tuple[str, ...] | None
    dataset: bool
    elsewhere: bool = False

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Kept:
        """Return what a line of the history says."""
        sets = tuple(line["sets"]) if "sets" in line else None
        return cls(line["hash"], sets, bool(line.get("dataset")), bool(line.get("elsewhere")))

    def as_dict(self) -> dict[str, Any]:
        """Return it for a line of the history."""
        sets = {} if self.sets is None else {"sets": self.sets}
        told = {name: True for name in ("dataset", "elsewhere") if getattr(self, name)}
        return {"hash": self.hash, **sets, **told}


def membership(release: Path, manifest: Manifest) -> Membership:
    """Return the sets of a release and their members, read from its store."""
    base = manifest.base
    store = ox.Store.read_only(str(release / "store"))
    declared = _declared(store)
    members = (
        {iri: list(_members(store, iri, base)) for iri in declared.values()} if declared else _by_class(store, base)
    )
    classes = declared or _named(members)
    datasets = frozenset(members.get(_DATASET) or _members(store, _DATASET, base))
    if datasets and _DATASET not in classes.values():
        classes.setdefault("dataset", _DATASET)
    sets: dict[str, list[str]] = {}
    for spec, iri in sorted(classes.items()):
        for member in datasets if iri == _DATASET else members[iri]:
            sets.setdefault(member, []).append(spec)
    known = tuple(
        RecordSet(spec, _text(store, node, LABELS) or _last(node), _text(store, node, _DESCRIPTIONS))
        for spec, node in _nodes(store, classes).items()
    )
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # most resources are in the same few sets
    return Membership(
        known,
        {iri: shared.setdefault(specs, specs) for iri, specs in ((iri, tuple(own)) for iri, own in sets.items())},
        datasets,
        datasets - {manifest.dataset.iri} - {file.dataset for file in manifest.dumps},
        not declared,
    )


def _declared(store: ox.Store) -> dict[str, str]:
    """Return the classes that the source declares to be sets, by the sets' names."""
    found = {}
    for quad in store.quads_for_pattern(None, ox.NamedNode(VOID + "class"), None, ox.DefaultGraph()):
        spec = _value(store, quad.subject, DCTERMS + "identifier")
        if spec and _SPEC.match(spec) and isinstance(quad.object, ox.NamedNode):
            found[spec] = quad.object.value
    return found


def _by_class(store: ox.Store, base: str) -> dict[str, list[str]]:
    """Return the members of the most frequent classes."""
    members: dict[str, list[str]] = {}
    for quad in store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), None, ox.DefaultGraph()):
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
            iri = quad.subject.value
            if iri.startswith(base) and not quad.object.value.startswith(_MACHINERY):
                members.setdefault(quad.object.value, []).append(iri)
    return dict(sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_SETS])


def _named(members: Mapping[str, list[str]]) -> dict[str, str]:
    """Return classes by names made from the ends of their IRIs."""
    classes: dict[str, str] = {}
    for iri in sorted(members):
        local = re.sub(r"[^A-Za-z0-9_-]+", "-", re.split(r"[/#:]", iri.rstrip("/#"))[-1]).strip("-") or "class"
        spec = local if local not in classes else f"{local}-{hashlib.sha256(iri.encode()).hexdigest()[:6]}"
        classes[spec] = iri
    return classes


def _value(store: ox.Store, node: ox.NamedNode | ox.BlankNode | ox.Triple, predicate: str) -> str:
    quads = store.quads_for_pattern(node, ox.NamedNode(predicate), None, ox.DefaultGraph())
    return min((quad.object.value for quad in quads if isinstance(quad.object, ox.Literal)), default="")


def _members(store: ox.Store, class_iri: str, base: str) -> Iterator[str]:
    quads = store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), ox.NamedNode(class_iri), ox.DefaultGraph())
    for quad in quads:
        if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(base):
            yield quad.subject.value


def _nodes(store: ox.Store, classes: Mapping[str, str]) -> dict[str, ox.NamedNode]:
    """Return what names each set: the declared part of the dataset, else the class."""
    nodes = {spec: ox.NamedNode(iri) for spec, iri in classes.items()}
    for spec in nodes:
        literal = ox.Literal(spec)
        for quad in store.quads_for_pattern(None, ox.NamedNode(DCTERMS + "identifier"), literal, ox.DefaultGraph()):
            if isinstance(quad.subject, ox.NamedNode) and _is_part(store, quad.subject, classes[spec]):
                nodes[spec] = quad.subject
    return nodes


def _is_part(store: ox.Store, node: ox.NamedNode, class_iri: str) -> bool:
    quads = store.quads_for_pattern(node, ox.NamedNode(VOID + "class"), ox.NamedNode(class_iri), ox.DefaultGraph())
    return next(iter(quads), None) is not None


def _text(store: ox.Store, node: ox.NamedNode, properties: Iterable[str]) -> str:
    """Return what the first of these properties says of a node, in French where it can."""
    for predicate in properties:
        quads = store.quads_for_pattern(node, ox.NamedNode(predicate), None, ox.DefaultGraph())
        texts = {quad.object.language: quad.object.value for quad in quads if isinstance(quad.object, ox.Literal)}
        if texts:
            return next((texts[language] for language in _LANGUAGES if language in texts), min(texts.values()))
    return ""


def _last(node: ox.NamedNode) -> str:
    return re.split(r"[/#]", node.value.rstrip("/#"))[-1]
