"""The native engine: the Rust package ``shacl``, in a process of its own, on a file of N-Triples of any size.

The graph never enters Python, the memory goes back with the process, and a crash of compiled code ends that process only.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

from rdflib import BNode, Graph, URIRef
from rdflib.namespace import SH

from solnum_ld.errors import ReleaseError
from solnum_ld.validation.division import PREFIX
from solnum_ld.validation.reading import term
from solnum_ld.validation.results import Found, written_path

Row = tuple[str, str | None, str, str, str]
T = TypeVar("T")
R = TypeVar("R")

_BLANK = re.compile(r"_:0_b([0-9]+)")


def is_available() -> bool:
    """Tell whether the engine is installed; its wheels are not for every platform."""
    return importlib.util.find_spec("shacl") is not None


def find(data: Path, shapes: Graph) -> list[Found]:
    """Return what the engine finds in a file of N-Triples, as terms.

    Raises ReleaseError when the engine fails or its process ends before its work.
    """
    triples = shapes.serialize(format="nt")
    before = len({term for triple in shapes for term in triple if isinstance(term, BNode)})
    found = []
    for focus, value, source, component, severity in in_process(_rows, (str(data), triples, before)):
        name = term(source)
        stated = shapes.value(name, SH.path)
        anonymous = isinstance(name, URIRef) and name.startswith(PREFIX)
        found.append(
            Found(
                focus=term(focus),
                path=written_path(stated, shapes),
                value=None if value is None else term(value),
                source=BNode(name.removeprefix(PREFIX)) if anonymous else name,
                component=component,
                severity=URIRef(severity),
            )
        )
    return found


def in_process(work: Callable[[T], R], task: T) -> R:
    """Do a piece of work in a process of its own; ReleaseError when that process dies."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        try:
            return process.submit(work, task).result()
        except BrokenProcessPool as error:
            raise ReleaseError(
                "The SHACL engine was stopped, perhaps for want of memory; nothing was validated. "
                "Build again, or with --no-shacl, which is said in the release."
            ) from error


def _rows(task: tuple[str, str, int]) -> list[Row]:
    """Validate, in the engine's process; a panic of Rust, which is no Exception, becomes an error that can be carried."""
    import shacl

    data, shapes, before = task
    try:
        report = shacl.Shapes.from_text(shapes, format="ntriples").validate_file(data)
        results = report.results
    except BaseException as error:
        if isinstance(error, (Exception, KeyboardInterrupt, SystemExit)):
            raise
        raise ReleaseError(
            f"The SHACL engine failed: {error}; nothing was validated. --no-shacl builds without it, and says so."
        ) from None
    named = any(term and term.startswith("_:") for r in results for term in (r.focus_node, r.value))
    labels = list(_blank_nodes(Path(data))) if named else []

    def own(text: str) -> str:
        number = _BLANK.fullmatch(text)
        return f"_:{labels[int(number[1]) - before]}" if number else text

    return [
        (own(r.focus_node), r.value and own(r.value), r.source_shape or "", r.component_iri, r.severity_iri)
        for r in results
    ]


def _blank_nodes(data: Path) -> Iterable[str]:
    """Return the labels of the blank nodes of a file, in the order in which each first stands there.

    The engine numbers them so, after those of the shapes, and keeps no label.
    """
    labels: dict[bytes, None] = {}
    with data.open("rb") as lines:
        for line in lines:
            if b"_:" in line:
                subject, _, value = line.split(b" ", 2)
                for term in (subject, value):
                    if term.startswith(b"_:"):
                        labels[term[2:].split(b" ", 1)[0]] = None
    return [label.decode() for label in labels]
