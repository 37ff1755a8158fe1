"""What shapes may not contain: everything by which a shapes graph could reach out of this process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rdflib import Graph
from rdflib.namespace import OWL, SH

from solnum_ld.namespaces import shorten
from solnum_ld.validation.results import shape_name, text_of

_REMOTE = re.compile(r"\b(SERVICE|LOAD|FROM)\b", re.IGNORECASE)


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
            yield Reach(shape_name(subject, shapes), why, str(predicate), text_of(value) or "")
    for predicate in (SH.select, SH.ask, SH.construct, SH.update):
        for subject, value in shapes.subject_objects(predicate):
            if _REMOTE.search(str(value)):
                why = "A query in a shape must not use SERVICE, LOAD or FROM"
                yield Reach(shape_name(subject, shapes), why, str(predicate), str(value))
