"""The diagram of a vocabulary: one box a class, with what it is a kind of and what leads from it to other things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from solnum_ld.namespaces import OWL, RDF_TYPE, RDFS, SCHEMA
from solnum_ld.resources.view import Text

_WIDTH, _GAP, _COLUMNS = 330, 22, 3
_LINE, _HEAD = 22, 58
_LETTERS = 42
_CLASSES = frozenset({OWL + "Class", RDFS + "Class"})
_DOMAINS = (RDFS + "domain", SCHEMA + "domainIncludes")
_RANGES = (RDFS + "range", SCHEMA + "rangeIncludes")


@dataclass(frozen=True, slots=True)
class Box:
    """One class as it is drawn."""

    x: int
    y: int
    height: int
    title: str
    anchor: str
    above: str
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Diagram:
    """The boxes and the size of the drawing that holds them."""

    width: int
    height: int
    box: int
    boxes: tuple[Box, ...]


def draw_classes(triples: Sequence[ox.Triple], names: dict[str, Text]) -> Diagram | None:
    """Return the diagram of the classes that these triples define; None when they define none. ``names`` label IRIs."""
    said: dict[tuple[str, str], list[str]] = {}
    for triple in triples:
        if isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.NamedNode):
            said.setdefault((triple.subject.value, triple.predicate.value), []).append(triple.object.value)
    classes = sorted(
        {iri for (iri, predicate), kinds in said.items() if predicate == RDF_TYPE and _CLASSES.intersection(kinds)}
    )
    if not classes:
        return None
    leading: dict[str, list[str]] = {}
    for (iri, predicate), domains in sorted(said.items()):
        if predicate in _DOMAINS:
            ends = [end for name in _RANGES for end in said.get((iri, name), ())]
            text = (
                f"{_name(iri, names)} → {', '.join(_name(end, names) for end in ends)}" if ends else _name(iri, names)
            )
            for domain in domains:
                leading.setdefault(domain, []).append(_short(text))
    bottoms = [0] * _COLUMNS
    boxes = []
    for iri in sorted(classes, key=lambda c: -len(leading.get(c, ()))):
        column = bottoms.index(min(bottoms))
        lines = leading.get(iri, [])
        height = _HEAD + _LINE * len(lines) + (10 if lines else 0)
        above = ", ".join(_name(parent, names) for parent in sorted(said.get((iri, RDFS + "subClassOf"), ())))
        y = bottoms[column]
        placed = tuple((y + _HEAD + _LINE * n + 14, line) for n, line in enumerate(lines))
        anchor = iri.replace("#", "/").rpartition("/")[2]
        x = column * (_WIDTH + _GAP)
        boxes.append(Box(x + 1, y + 1, height, _short(_name(iri, names)), anchor, _short(above), placed))
        bottoms[column] += height + _GAP
    return Diagram(_COLUMNS * (_WIDTH + _GAP) - _GAP + 2, max(bottoms), _WIDTH, tuple(boxes))


def _name(iri: str, names: dict[str, Text]) -> str:
    return names[iri].value if iri in names else iri.replace("#", "/").rpartition("/")[2]


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
