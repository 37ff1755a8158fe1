"""SHACL Core and SHACL-SPARQL by pyshacl (W3C Recommendation of 2017), on graphs given as N-Triples."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS, SH
from rdflib.term import Node

from solnum_ld.namespaces import shorten

_SEVERITIES = {SH.Violation: "violation", SH.Warning: "warning", SH.Info: "info"}
_REMOTE = re.compile(r"\b(SERVICE|LOAD|FROM)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """One validation result (SHACL, 3.6.2). Terms are IRIs, ``_:`` labels or lexical forms."""

    severity: str
    focus: str
    path: str | None
    value: str | None
    shape: str
    constraint: str
    messages: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reach:
    """A statement of a shapes graph that could reach out of this process: the shape, why, and what is written."""

    shape: str
    why: str
    predicate: str
    value: str


def check_shapes(shapes: Graph) -> Iterator[Reach]:
    """Yield everything in a shapes graph that could reach out of this process."""
    for predicate in (SH.js, SH.jsFunctionName, SH.jsLibrary, SH.jsLibraryURL, OWL.imports):
        for subject, value in shapes.subject_objects(predicate):
            why = f"{shorten(str(predicate))} is not allowed in shapes"
            yield Reach(_shape_name(subject, shapes), why, str(predicate), _text(value) or "")
    for predicate in (SH.select, SH.ask, SH.construct, SH.update):
        for subject, value in shapes.subject_objects(predicate):
            if _REMOTE.search(str(value)):
                why = "A query in a shape must not use SERVICE, LOAD or FROM"
                yield Reach(_shape_name(subject, shapes), why, str(predicate), str(value))


def validate(data: Graph, shapes: Graph) -> list[Result]:
    """Return every result of validating ``data`` against ``shapes``, in a stable order.

    No inference, no import, no rule of either graph is run. Raises ValueError for shapes that cannot be used.
    """
    import pyshacl

    logging.getLogger("pyshacl.validate").setLevel(logging.CRITICAL)
    try:
        _, report, text = pyshacl.validate(
            data,
            shacl_graph=shapes,
            inference="none",
            advanced=False,
            js=False,
            meta_shacl=False,
            do_owl_imports=False,
            allow_warnings=True,
        )
    except (
        pyshacl.errors.ReportableRuntimeError,
        pyshacl.errors.ConstraintLoadError,
        pyshacl.errors.ShapeLoadError,
        re.error,
        OverflowError,
        RecursionError,
    ) as error:
        raise ValueError(str(error)) from error
    if not isinstance(report, Graph):
        raise TypeError(str(text))
    results = [_result(node, report, shapes) for node in report.subjects(RDF.type, SH.ValidationResult)]
    return sorted(results, key=lambda r: (r.focus, r.path or "", r.shape, r.value or "", r.constraint))


def _result(node: Node, report: Graph, shapes: Graph) -> Result:
    def value(predicate: URIRef) -> Node | None:
        return report.value(node, predicate)

    source = value(SH.sourceShape)
    messages = {(m.language or "en"): str(m) for m in shapes.objects(source, SH.message) if isinstance(m, Literal)}
    if not messages:
        messages = {
            (m.language or "en"): str(m) for m in report.objects(node, SH.resultMessage) if isinstance(m, Literal)
        }
    severity = value(SH.resultSeverity)
    offending = value(SH.value)
    return Result(
        severity=_SEVERITIES.get(severity, "violation") if isinstance(severity, URIRef) else "violation",
        focus=_text(value(SH.focusNode)) or "",
        path=_path(value(SH.resultPath), report),
        value=_text(offending),
        shape=_shape_name(source, shapes),
        constraint=str(value(SH.sourceConstraintComponent) or "")
        .removeprefix(str(SH))
        .removesuffix("ConstraintComponent"),
        messages=messages or {"en": "The shape is not satisfied."},
    )


def _text(node: Node | None) -> str | None:
    return None if node is None else f"_:{node}" if isinstance(node, BNode) else str(node)


def _shape_name(shape: Node | None, shapes: Graph) -> str:
    """Return the IRI of a shape; of an anonymous property shape, that of the shape that has it."""
    seen: set[Node] = set()
    while isinstance(shape, BNode) and shape not in seen:
        seen.add(shape)
        shape = next((s for s, p in shapes.subject_predicates(shape) if p != RDFS.isDefinedBy), shape)
    return str(shape)


def _path(path: Node | None, graph: Graph) -> str | None:
    """Return a property path as SPARQL writes it (SHACL, 2.3.1)."""
    if path is None or isinstance(path, URIRef):
        return None if path is None else str(path)
    if (path, RDF.first, None) in graph:
        return "/".join(_path(item, graph) or "" for item in Collection(graph, path))
    for predicate, before, after in (
        (SH.inversePath, "^", ""),
        (SH.zeroOrMorePath, "", "*"),
        (SH.oneOrMorePath, "", "+"),
        (SH.zeroOrOnePath, "", "?"),
    ):
        inner = graph.value(path, predicate)
        if inner is not None:
            return f"{before}{_path(inner, graph)}{after}"
    alternative = graph.value(path, SH.alternativePath)
    return (
        "|".join(_path(item, graph) or "" for item in Collection(graph, alternative))
        if alternative is not None
        else str(path)
    )
