"""The one writer of RDF source files: Turtle in the canonical form of rdflib's longturtle, so that a diff shows facts."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

from rdflib import Graph, Literal
from rdflib.compare import to_canonical_graph
from rdflib.namespace import XSD
from rdflib.plugins.serializers.longturtle import LongTurtleSerializer
from rdflib.term import Node, URIRef

from solnum_ld.errors import SourceError
from solnum_ld.namespaces import PREFIXES

_COMMENT = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*\'\'\'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|<[^<>\s]*>|\\.|(#[^\n]*)',
    re.DOTALL,
)
_BARE = {
    XSD.integer: re.compile(r"[+-]?\d+\Z"),
    XSD.decimal: re.compile(r"[+-]?\d*\.\d+\Z"),
    XSD.double: re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+\Z"),
    XSD.boolean: re.compile(r"(?:true|false)\Z"),
}
"""Literals that Turtle writes without quotes (RDF 1.1 Turtle, 2.5.2, 2.5.3), by their own spelling."""


class _Writer(LongTurtleSerializer):
    """rdflib's longturtle, but every literal keeps its author's spelling, and no prefix is made up."""

    def get_pname(self, uri: Node, gen_prefix: bool = True) -> str | None:  # noqa: ARG002 - of the base class
        """Return the prefixed name of an IRI, or None.

        A prefix that rdflib makes up for a predicate whose name cannot be shortened in the end (``0.``) has no
        declaration, but is used all the same for the IRI of its namespace.
        """
        name = super().get_pname(uri, gen_prefix=False)  # type: ignore[no-untyped-call]  # rdflib
        return None if name is None else str(name)

    def label(self, node: Node, position: int) -> str:
        if isinstance(node, Literal):
            bare = _BARE.get(node.datatype) if node.datatype else None
            if bare is not None and bare.match(str(node)):
                return str(node)
            written = str(node._quote_encode())
            if node.language:
                return f"{written}@{node.language}"
            return f"{written}^^{self._qname(node.datatype)}" if node.datatype else written
        return str(super().label(node, position))  # type: ignore[no-untyped-call]  # rdflib

    def _qname(self, iri: URIRef) -> str:
        return self.get_pname(iri) or iri.n3()


def comments(text: str) -> list[str]:
    """Return the ``#`` comments of a Turtle text.

    >>> comments('<http://a#b> <c:d> "# no" . # yes')
    ['# yes']
    """
    return [match[1] for match in _COMMENT.finditer(text) if match[1]]


def format_turtle(text: str) -> str:
    """Return a Turtle text in canonical form: sorted, prefixes of the table first, no comments.

    Raises :class:`SourceError` when it cannot be parsed.
    """
    graph = Graph(bind_namespaces="none")
    try:
        graph.parse(data=text, format="turtle")
    except Exception as error:
        first = next((line for line in str(error).splitlines() if line.strip()), "not Turtle")
        raise SourceError(first.strip()) from error
    own = {prefix: str(namespace) for prefix, namespace in graph.namespaces()}
    used = {term for triple in graph for term in triple}
    used |= {term.datatype for term in graph.objects() if isinstance(term, Literal) and term.datatype}
    fresh = Graph(bind_namespaces="none")
    for prefix, namespace in sorted({**own, **PREFIXES}.items()):
        if any(str(term).startswith(namespace) for term in used):
            fresh.bind(prefix, namespace, override=True, replace=True)
    for triple in to_canonical_graph(graph):
        fresh.add(triple)
    out = io.BytesIO()
    _Writer(fresh).serialize(out, encoding="utf-8")  # type: ignore[no-untyped-call]  # rdflib
    return out.getvalue().decode().strip() + "\n"


def format_file(path: Path, *, check: bool, drop_comments: bool = False) -> bool:
    """Bring a file into canonical form, or only tell; return whether it was already.

    Raises :class:`SourceError` for a file that is not Turtle, or whose comments would be lost.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    lost = comments(text)
    if lost and not drop_comments:
        raise SourceError(
            f"{path} has comments, which the canonical form does not keep ({lost[0][:60]!r}). "
            "Write them as skos:editorialNote, or give --drop-comments."
        )
    try:
        formatted = format_turtle(text)
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from error
    if formatted.encode() == data:
        return True
    if not check:
        draft = path.with_name(f".{path.name}.new")
        draft.write_text(formatted, "utf-8")
        shutil.copymode(path, draft)
        draft.replace(path)
    return False
