"""The one writer of RDF source files: Turtle in the canonical form of rdflib's longturtle, so that a diff shows facts alone."""

from __future__ import annotations

import re
from pathlib import Path

from rdflib import Graph, Literal

from solnum_ld.errors import SourceError
from solnum_ld.namespaces import PREFIXES

_COMMENT = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*\'\'\'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|<[^<>\s]*>|(#[^\n]*)',
    re.DOTALL,
)


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
    used = {term for triple in graph for term in triple} | {
        o.datatype for o in graph.objects() if isinstance(o, Literal) and o.datatype
    }
    fresh = Graph(bind_namespaces="none")
    for prefix, namespace in sorted({**own, **PREFIXES}.items()):
        if any(str(term).startswith(namespace) for term in used):
            fresh.bind(prefix, namespace, override=True, replace=True)
    for triple in graph:
        fresh.add(triple)
    return str(fresh.serialize(format="longturtle", canon=True)).strip() + "\n"


def format_file(path: Path, *, check: bool, drop_comments: bool = False) -> bool:
    """Bring a file into canonical form, or only tell; return whether it was already.

    Raises :class:`SourceError` for a file that is not Turtle, or whose comments would be lost.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    lost = comments(text)
    if lost and not drop_comments:
        raise SourceError(
            f"{path} has comments, which the canonical form does not keep ({lost[0][:60]!r}). Write them as skos:editorialNote, or give --drop-comments."
        )
    try:
        formatted = format_turtle(text)
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from error
    if formatted == text:
        return True
    if not check:
        draft = path.with_name(f".{path.name}.new")
        draft.write_text(formatted, "utf-8")
        draft.replace(path)
    return False
