"""The reference engine: SHACL Core and SHACL-SPARQL by pyshacl (W3C Recommendation of 2017), on graphs in memory."""

from __future__ import annotations

import logging
import re

from rdflib import Graph, Literal
from rdflib.namespace import SH

from solnum_ld.validation.results import Found, Result, present, written_path


def validate(data: Graph, shapes: Graph) -> list[Result]:
    """Return every result of validating ``data`` against ``shapes``, in a stable order.

    No inference, no import, no rule of either graph is run. Raises ValueError for shapes that cannot be used.
    """
    return present(find(data, shapes), shapes)


def find(data: Graph, shapes: Graph) -> list[Found]:
    """Return what pyshacl finds, as terms. Raises ValueError for shapes that cannot be used."""
    import pyshacl

    logging.getLogger("pyshacl.validate").setLevel(logging.CRITICAL)
    try:
        _, report, text = pyshacl.validate(
            data,
            shacl_graph=Graph(bind_namespaces="none") + shapes,  # a copy: pyshacl writes classes of its own into it
            inference="none",
            advanced=False,
            js=False,
            meta_shacl=False,
            do_owl_imports=False,
            allow_warnings=False,  # a node conforms to an inner shape only without any result (SHACL, 3.4.1)
        )
    except (
        pyshacl.errors.ReportableRuntimeError,
        pyshacl.errors.ConstraintLoadError,
        pyshacl.errors.ShapeLoadError,
        re.error,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise ValueError(str(error)) from error
    if not isinstance(report, Graph):
        raise TypeError(str(text))
    return [
        Found(
            focus=report.value(node, SH.focusNode),
            path=written_path(report.value(node, SH.resultPath), report),
            value=report.value(node, SH.value),
            source=report.value(node, SH.sourceShape),
            component=str(report.value(node, SH.sourceConstraintComponent) or ""),
            severity=report.value(node, SH.resultSeverity),
            said=tuple(m for m in report.objects(node, SH.resultMessage) if isinstance(m, Literal)),
        )
        for node in report.objects(None, SH.result)  # not what sh:detail adds: it explains a result, and is none
    ]
