"""Records: which resources of a release are offered for harvesting, in which sets, and since when (OAI-PMH 2.0, 2.3, 2.6).

A source declares its sets in RDF: a ``void:class`` and a ``dcterms:identifier`` on a part of the dataset; then the members
of these classes are its records. One that declares none offers every resource, in a set for each class. Datasets are
always records. What is said of time comes from the history of what went live, never from the data.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox

from solnum_ld.errors import LedgerUnreadable
from solnum_ld.ledger import NAME, Entry, Ledger, RecordSet, write_ledger
from solnum_ld.namespaces import DCAT, DCTERMS, LABELS, RDF_TYPE, RDFS, SCHEMA, SKOS, VOID

MOST_SETS = 500
"""Sets of a source that declares none: one for each of its most frequent classes."""

_SPEC = re.compile(r"[A-Za-z0-9\-_.!~*'()]+\Z")
_LANGUAGES = ("fr", "en", "", None)
_DESCRIPTIONS = (DCTERMS + "description", RDFS + "comment", SKOS + "definition", SCHEMA + "description")
_DATASET = DCAT + "Dataset"


@dataclass(frozen=True, slots=True)
class Membership:
    """The sets of a release and which records are in which; those that are datasets are told apart.

    ``everything`` tells that every resource is a record, be it in a set or not.
    """

    known: tuple[RecordSet, ...]
    sets: Mapping[str, tuple[str, ...]]
    datasets: frozenset[str]
    everything: bool

    def kept(self, iri: str, digest: str) -> Kept:
        """Return what the history keeps of a resource whose statements have this hash."""
        record = self.everything or iri in self.sets
        return Kept(digest, self.sets.get(iri, ()) if record else None, iri in self.datasets)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the history keeps of a live resource: the hash of its statements, its sets (None: no record), if it is a dataset."""

    hash: str
    sets: tuple[str, ...] | None
    dataset: bool

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> Kept:
        """Return what a line of the history says."""
        return cls(line["hash"], tuple(line["sets"]) if "sets" in line else None, bool(line.get("dataset")))

    def as_dict(self) -> dict[str, Any]:
        """Return it for a line of the history."""
        sets = {} if self.sets is None else {"sets": self.sets}
        return {"hash": self.hash, **sets, **({"dataset": True} if self.dataset else {})}


@dataclass(slots=True)
class _Published:
    """What the history tells of one resource. It is ``gone`` when described no longer; a record that is none any more is
    ``deleted``, and keeps the sets that it was in. ``sets`` is None for what never was a record."""

    stamp: str
    sets: tuple[str, ...] | None
    dataset: bool
    deleted: bool = False
    gone: bool = False


@dataclass(slots=True)
class _Told:
    """What the history tells: the records, how often a release went live, which was the last, when its content changed."""

    records: dict[str, _Published] = field(default_factory=dict)
    lives: int = 0
    release: str = ""
    earliest: str = ""
    content: str = ""
    content_since: str = ""


def membership(release: Path, base: str) -> Membership:
    """Return the sets of a release and their members, read from its store."""
    store = ox.Store.read_only(str(release / "store"))
    declared = _declared(store)
    classes = declared or _most_frequent(store, base)
    sets: dict[str, list[str]] = {}
    for spec, iri in classes.items():
        for member in _members(store, iri, base):
            sets.setdefault(member, []).append(spec)
    datasets = frozenset(_members(store, _DATASET, base))
    if _DATASET not in classes.values() and datasets:
        classes["dataset"] = _DATASET
        for member in datasets:
            sets.setdefault(member, []).append("dataset")
    known = tuple(
        RecordSet(spec, _text(store, node, LABELS) or _last(node), _text(store, node, _DESCRIPTIONS))
        for spec, node in _nodes(store, classes).items()
    )
    return Membership(known, {iri: tuple(sorted(specs)) for iri, specs in sets.items()}, datasets, not declared)


def _declared(store: ox.Store) -> dict[str, str]:
    """Return the classes that the source declares to be sets, by the sets' names."""
    found = {}
    for quad in store.quads_for_pattern(None, ox.NamedNode(VOID + "class"), None, ox.DefaultGraph()):
        spec = _value(store, quad.subject, DCTERMS + "identifier")
        if spec and _SPEC.match(spec) and isinstance(quad.object, ox.NamedNode):
            found[spec] = quad.object.value
    return found


def _value(store: ox.Store, node: ox.NamedNode | ox.BlankNode | ox.Triple, predicate: str) -> str:
    quads = store.quads_for_pattern(node, ox.NamedNode(predicate), None, ox.DefaultGraph())
    return min((quad.object.value for quad in quads if isinstance(quad.object, ox.Literal)), default="")


def _most_frequent(store: ox.Store, base: str) -> dict[str, str]:
    counts: Counter[str] = Counter()
    for quad in store.quads_for_pattern(None, ox.NamedNode(RDF_TYPE), None, ox.DefaultGraph()):
        if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(base):
            counts[quad.object.value if isinstance(quad.object, ox.NamedNode) else ""] += 1
    del counts[""]
    classes: dict[str, str] = {}
    for iri in sorted(iri for iri, _ in counts.most_common(MOST_SETS)):
        local = re.sub(r"[^A-Za-z0-9_-]+", "-", re.split(r"[/#:]", iri.rstrip("/#"))[-1]).strip("-") or "class"
        spec = local if local not in classes else f"{local}-{hashlib.sha256(iri.encode()).hexdigest()[:6]}"
        classes[spec] = iri
    return classes


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


# -- the ledger ------------------------------------------------------------------------------------------------------------


def refresh_ledger(folder: Path, release: Path, base: str, history: Iterable[Mapping[str, Any]]) -> None:
    """Make the ledger of a folder say what its history says, with the sets of ``release``, which is live.

    ``history`` is the folder's, line by line; a ledger that says so already is left as it is.
    """
    told = _told(history)
    state = f"{told.lives}-{told.release}"
    if _is_at(folder / NAME, state):
        return
    member_of = membership(release, base)
    entries = list(_entries(told))
    used = {spec for entry in entries for spec in entry.sets}
    sets = [one for one in member_of.known if one.spec in used or not member_of.everything]
    departed = ((iri, record.stamp) for iri, record in told.records.items() if record.gone)
    write_ledger(folder / NAME, entries, sets, departed, release=told.release, state=state, earliest=told.earliest)


def _is_at(path: Path, state: str) -> bool:
    try:
        with Ledger(path) as ledger:
            return ledger.state == state
    except LedgerUnreadable:
        return False


def _told(history: Iterable[Mapping[str, Any]]) -> _Told:
    told = _Told()
    for line in history:
        event, at = line["event"], line["at"]
        told.earliest = min(told.earliest or at, at)
        if event == "live":
            told.lives, told.release = told.lives + 1, line["release"]
            content = line.get("content", "")
            if content != told.content:
                told.content, told.content_since = content, at
        else:
            old, now = told.records.get(line["iri"]), Kept("", None, dataset=False)
            if event != "gone":
                now = Kept.read(line)
            told.records[line["iri"]] = _published(at, old, now, gone=event == "gone")
    return told


def _published(at: str, old: _Published | None, now: Kept, *, gone: bool) -> _Published:
    """Return what is known of a resource after a line of the history."""
    if now.sets is None and old is not None and old.sets is not None:
        return _Published(old.stamp if old.deleted else at, old.sets, old.dataset, deleted=True, gone=gone)
    return _Published(at, now.sets, now.dataset, deleted=False, gone=gone)


def _entries(told: _Told) -> Iterator[Entry]:
    """Yield what is or was a record, in order of IRI."""
    taken: set[str] = set()
    for iri, record in sorted(told.records.items()):
        if record.sets is None:
            continue
        stamp = max(record.stamp, told.content_since) if record.dataset and not record.deleted else record.stamp
        identifier = oai_identifier(iri)
        if identifier in taken:  # two spellings of one address
            identifier = iri
        taken.add(identifier)
        yield Entry(identifier, iri, stamp, record.deleted, record.dataset, record.sets)


def oai_identifier(iri: str) -> str:
    """Return the identifier of a record, in the form ``oai:domain:local`` (OAI Identifier Format, 2.1).

    >>> oai_identifier("https://w3id.org/solnum/id/chapter/2"), oai_identifier("http://127.0.0.1:8000/id/café#x")
    ('oai:w3id.org:solnum/id/chapter/2', 'oai:127.0.0.1:id/caf%C3%A9%23x')
    """
    _, _, rest = iri.partition("://")
    authority, _, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    host = host.partition("]")[0].strip("[").replace(":", "-") if host.startswith("[") else host.partition(":")[0]
    return f"oai:{host}:{quote(path, safe='/!$&()*+,;=:@~-._%')}"
