"""Which engine validates what: the reference engine up to a size, the native one beyond it, as far as shapes allow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rdflib import Graph

from solnum_ld.validation import native, reference
from solnum_ld.validation.division import divide_shapes
from solnum_ld.validation.reading import read_graph
from solnum_ld.validation.results import Result, present, shape_name

NATIVE_FROM = 20_000
"""Triples from which the native engine is used. Below, a book as ours is validated in some seconds by the reference engine,
which then judges alone; from there on its time and memory grow beyond what a build may take (bench/README.md)."""

MANY = 300_000
"""Triples above which the reference engine takes minutes and gigabytes; said before it starts."""


def validate_file(data: Path, triples: int, shapes: Graph, note: Callable[[str], None]) -> list[Result]:
    """Return every result of validating a file of N-Triples against ``shapes``, in a stable order.

    ``triples`` is how many it holds, about; ``note`` hears what is worth knowing of the engines. The report does not depend on
    them. Raises ValueError for shapes that cannot be used, ReleaseError when the native engine fails.
    """
    if triples < NATIVE_FROM:
        return reference.validate(read_graph(data), shapes)
    if not native.is_available():
        note("The native SHACL engine has no build for this platform; pyshacl validates alone.")
        _warn(triples, note)
        return reference.validate(read_graph(data), shapes)
    divided = divide_shapes(shapes)
    if divided.kept:
        names = ", ".join(dict.fromkeys(shape_name(shape, shapes) for shape in divided.kept))
        note(f"Left to pyshacl, being beyond what the native SHACL engine is given: {names}.")
        _warn(triples, note)
    # without targets of its own pyshacl still refuses shapes that are not well-formed
    found = reference.find(read_graph(data) if divided.kept else Graph(), divided.reference)
    if divided.shared:
        found += native.find(data, divided.native)
    return present(found, shapes)


def _warn(triples: int, note: Callable[[str], None]) -> None:
    if triples > MANY:
        note(f"SHACL on {triples:,} quads takes long; --no-shacl builds without it, and says so.")
