"""What a release calls its things, and by which statements: a label, else the parts of a person's name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from solnum_ld.namespaces import LABELS
from solnum_ld.naming import PARTS_OF_NAMES, full_names
from solnum_ld.store.protocol import PropertyValues

MAX_LABELS = 20
"""Statements of one property that are looked at."""


@dataclass(frozen=True, slots=True)
class Named:
    """The names of a thing in all languages, and the statements that tell them; both empty where it has none."""

    literals: tuple[ox.Literal, ...] = ()
    triples: tuple[ox.Triple, ...] = ()


def used_parts(folder: Path) -> tuple[str, ...]:
    """Return the properties for parts of names that a release uses: looking for others would be in vain."""
    properties: dict[str, int] = json.loads((folder / "statistics.json").read_text("utf-8"))["properties"]
    return tuple(name for name in PARTS_OF_NAMES if name in properties)


def mentioned(node: ox.NamedNode, groups: Iterable[PropertyValues], nested: Iterable[ox.Triple]) -> list[ox.NamedNode]:
    """Return the IRIs of a description that may have a name, each once, in the order in which they are told of."""
    found: dict[ox.NamedNode, None] = {}
    for group in groups:
        found[group.predicate] = None
        found |= dict.fromkeys(value for value in group.values if isinstance(value, ox.NamedNode))
    inner = (term for triple in nested for term in (triple.predicate, triple.object))
    found |= dict.fromkeys(sorted((term for term in inner if isinstance(term, ox.NamedNode)), key=str))
    return list(found | {node: None})


def named_by(statements: Mapping[str, Sequence[ox.Triple]]) -> Named:
    """Return what statements with literals, by property, call a thing: in all languages of the best property."""
    for name in LABELS:
        if statements.get(name):
            triples = tuple(sorted(statements[name], key=str)[:MAX_LABELS])
            return Named(_literals(triples), triples)
    parts = {name: statements[name] for name in PARTS_OF_NAMES if statements.get(name)}
    names = full_names({name: _literals(triples) for name, triples in parts.items()})
    return Named(names, tuple(triple for triples in parts.values() for triple in sorted(triples, key=str)[:MAX_LABELS]))


def _literals(triples: Sequence[ox.Triple]) -> tuple[ox.Literal, ...]:
    return tuple(triple.object for triple in triples if isinstance(triple.object, ox.Literal))
