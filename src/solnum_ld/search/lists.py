"""The list pages that a source declares (vocabulary 1.1.0: ``sn:ListPage``, ``sn:ListField``), checked and ready to be asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.errors import SourceInvalid
from solnum_ld.findings import Finding, violation
from solnum_ld.iris import RESERVED
from solnum_ld.namespaces import LABELS, PREFIXES, RDF_TYPE, SCHEMA, SN

Texts = Mapping[str, str]

_DEFAULT = ox.DefaultGraph()
_PATH = re.compile(r"(?:<[^<>\"{}|^`\\\s]+>|[A-Za-z][\w-]*:[\w-]+|\ba\b|[/|*+?^!()\s])+\Z")
_IRI = re.compile(r"<([^<>]*)>")
_SEGMENT = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*\Z")
KNOWN = frozenset({"q", "page", "lang", "sort", "format", "type", "iri", "query", "property", "inverse", "after"})
"""Parameters that a field cannot be named after."""

PROLOGUE = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())


@dataclass(frozen=True, slots=True)
class Field:
    """What a list shows in a column or filters by. Texts are by language."""

    name: str
    label: Texts
    path: str
    value_class: str = ""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page that lists the things of some classes."""

    path: str
    iri: str
    label: Texts
    intro: Texts
    classes: tuple[str, ...]
    facets: tuple[Field, ...]
    columns: tuple[Field, ...]


def read_lists(store: ox.Store, rebase: Callable[[str], str]) -> tuple[ListPage, ...]:
    """Return the pages that the statements of a store declare, in the order of their positions.

    ``rebase`` gives the deployment's name of an IRI: paths are literals, in which the source's own names stand.
    Raises :class:`SourceInvalid` when a declaration cannot be served.
    """
    reader = _Reader(store, rebase)
    nodes = sorted({q.subject for q in reader.about(None, RDF_TYPE, ox.NamedNode(SN + "ListPage"))}, key=reader.rank)
    pages = tuple(reader.page(node) for node in nodes if isinstance(node, ox.NamedNode))
    seen: set[str] = set()
    for page in pages:
        if page.path in seen:
            reader.refuse(page.iri, f"Two list pages have the path {page.path!r}.", "Give each a path of its own.")
        seen.add(page.path)
    if reader.findings:
        raise SourceInvalid("The list pages cannot be served as they are declared.", reader.findings)
    return pages


class _Reader:
    """Reads declarations and collects what is wrong with them."""

    def __init__(self, store: ox.Store, rebase: Callable[[str], str]) -> None:
        self._store, self._rebase = store, rebase
        self.findings: list[Finding] = []

    def about(self, subject: object, predicate: str, target: object = None) -> list[ox.Quad]:
        return list(self._store.quads_for_pattern(subject, ox.NamedNode(predicate), target, _DEFAULT))  # type: ignore[arg-type]  # terms or None

    def refuse(self, iri: str, message: str, remedy: str) -> None:
        self.findings.append(violation("list-page", f"{iri}: {message}", remedy, iri=iri))

    def rank(self, node: object) -> tuple[int, str]:
        positions = [q.object.value for q in self.about(node, SCHEMA + "position") if isinstance(q.object, ox.Literal)]
        numbers = [int(value) for value in positions if value.isdecimal()]
        return (min(numbers, default=10**6), str(node))

    def page(self, node: ox.NamedNode) -> ListPage:
        path = self._one(node, "pagePath")
        if not _SEGMENT.match(path) or path in RESERVED or path == "id":
            self.refuse(
                node.value,
                f"sn:pagePath {path!r} is no free path segment.",
                "Use lower-case letters, digits and hyphens, and no segment of the program.",
            )
        classes = tuple(
            sorted(q.object.value for q in self.about(node, SN + "listedClass") if isinstance(q.object, ox.NamedNode))
        )
        if not classes:
            self.refuse(node.value, "it lists no class.", "State sn:listedClass.")
        return ListPage(
            path,
            node.value,
            self._texts(node, *LABELS),
            self._texts(node, SCHEMA + "description"),
            classes,
            self._fields(node, "facet"),
            self._fields(node, "column"),
        )

    def _fields(self, node: ox.NamedNode, kind: str) -> tuple[Field, ...]:
        targets = sorted({q.object for q in self.about(node, SN + kind)}, key=self.rank)
        return tuple(self._field(target) for target in targets if isinstance(target, ox.NamedNode))

    def _field(self, node: ox.NamedNode) -> Field:
        name, path = self._one(node, "fieldName"), self._one(node, "valuePath")
        if not _SEGMENT.match(name) or name in KNOWN:
            self.refuse(node.value, f"sn:fieldName {name!r} cannot stand in an address.", "Choose another short name.")
        if not _PATH.match(path) or not _parses(path):
            self.refuse(
                node.value,
                f"sn:valuePath {path!r} is no property path that can be read here.",
                "Write a SPARQL property path with usual prefixes or whole IRIs.",
            )
            path = "rdf:type"
        path = _IRI.sub(lambda m: f"<{self._rebase(m[1])}>", path)
        kinds = [q.object.value for q in self.about(node, SN + "valueClass") if isinstance(q.object, ox.NamedNode)]
        return Field(name, self._texts(node, *LABELS), path, min(kinds, default=""))

    def _one(self, node: ox.NamedNode, name: str) -> str:
        values = sorted(q.object.value for q in self.about(node, SN + name) if isinstance(q.object, ox.Literal))
        return values[0] if values else ""

    def _texts(self, node: ox.NamedNode, *properties: str) -> Texts:
        for name in properties:
            found = {
                q.object.language or "": q.object.value
                for q in self.about(node, name)
                if isinstance(q.object, ox.Literal)
            }
            if found:
                return dict(sorted(found.items()))
        return {}


def _parses(path: str) -> bool:
    try:
        ox.Store().query(f"{PROLOGUE}ASK {{ ?item {path} ?value }}")
    except SyntaxError:
        return False
    return True
