"""Which shapes the native engine takes, read from the shapes graph alone; the reference engine keeps all others.

A target is handed over only together with every shape that it reaches, and only if each is written in that part of SHACL Core
on which both engines are known, by test, to report the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SH, XSD
from rdflib.term import Node

_TARGETS = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)
_INNER = (SH.property, SH.node, SH["not"], SH.qualifiedValueShape)
_LISTED = (SH["and"], SH["or"], SH.xone)
_SAID = {SH.name, SH.description, SH.message, SH.order, SH.group, SH.defaultValue}
_STEPS = (SH.inversePath, SH.zeroOrMorePath, SH.oneOrMorePath, SH.zeroOrOnePath, SH.alternativePath)
_OF_PATHS = {
    SH.minCount,
    SH.maxCount,
    SH.uniqueLang,
    SH.qualifiedMinCount,
    SH.qualifiedMaxCount,
    SH.qualifiedValueShape,
}
_KINDS = {SH.IRI, SH.BlankNode, SH.Literal, SH.BlankNodeOrIRI, SH.BlankNodeOrLiteral, SH.IRIOrLiteral}

_PATTERN = re.compile(
    r"(?:[A-Za-z0-9 _/:#@,;=!~%&'\"<>-]|\\[.\-/+*?()\[\]{}|^$]|\."
    r"|\[\^?(?:[A-Za-z0-9 _./:+#]|\\[.\-\]]|-)+\]|\((?!\?)|[)|^$]|(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??(?![*+?{]))*"
)
"""Regular expressions that mean the same to Python and to Rust: ASCII, no classes by letter, no looking around."""

PREFIX = "urn:solnum-ld:shape:"
"""Begins the name that an anonymous shape is given on its way through the native engine."""

_RANGES = {SH.minInclusive, SH.maxInclusive, SH.minExclusive, SH.maxExclusive}
_COMPARABLE = {XSD.integer, XSD.decimal, XSD.nonNegativeInteger, XSD.positiveInteger}


class _Beyond(Exception):
    """A shape is beyond what is handed to the native engine."""


@dataclass(frozen=True, slots=True)
class Division:
    """The shapes of each engine: ``native`` and ``reference`` are shapes graphs, ``kept`` names the targets kept back."""

    native: Graph
    reference: Graph
    kept: tuple[Node, ...]

    @property
    def shared(self) -> bool:
        """Tell whether the native engine has anything to do."""
        return len(self.native) > 0


def divide_shapes(shapes: Graph) -> Division:
    """Divide the targets of a shapes graph among the two engines."""
    native = Graph(bind_namespaces="none")
    reference = native + shapes
    roots = {subject for target in _TARGETS for subject in shapes.subjects(target)}
    implicit = {
        subject
        for kind in (RDFS.Class, OWL.Class)
        for subject in shapes.subjects(RDF.type, kind)
        if _is_shape(subject, shapes)
    }
    general = (
        (None, RDF.type, SH.ConstraintComponent) in shapes
        or (None, SH.parameter, None) in shapes
        or (None, RDFS.subClassOf, RDFS.Class) in shapes
    )
    kept = []
    for root in sorted(roots | implicit | set(shapes.subjects(SH.target)), key=str):
        try:
            if general or root in implicit:
                raise _Beyond
            reached = _Reading(shapes).reach(root)
        except _Beyond:
            kept.append(root)
            continue
        for triple in reached:
            native.add(triple)
        for target in _TARGETS:
            for value in shapes.objects(root, target):
                native.add((_named(root), target, value))
            reference.remove((root, target, None))
    return Division(native, reference, tuple(kept))


def _is_shape(node: Node, shapes: Graph) -> bool:
    return any((node, RDF.type, kind) in shapes for kind in (SH.NodeShape, SH.PropertyShape))


def _named(shape: Node) -> Node:
    return URIRef(PREFIX + shape) if isinstance(shape, BNode) else shape


class _Reading:
    """Reads one target's shapes; every triple that the native engine needs comes out, or ``_Beyond`` is raised."""

    def __init__(self, shapes: Graph) -> None:
        self._shapes = shapes
        self._done: set[Node] = set()
        self._open: list[Node] = []

    def reach(self, shape: Node) -> list[tuple[Node, Node, Node]]:
        """Return the triples of a shape and of all that it reaches, without targets."""
        if shape in self._open or len(self._open) > 50 or isinstance(shape, Literal):
            raise _Beyond  # SHACL leaves recursion to the engine (3.4.3)
        if shape in self._done:
            return []
        if (shape, None, None) not in self._shapes:
            raise _Beyond
        self._open.append(shape)
        triples = list(self._triples(shape))
        self._open.pop()
        self._done.add(shape)
        return triples

    def _triples(self, shape: Node) -> Iterator[tuple[Node, Node, Node]]:
        name, shapes = _named(shape), self._shapes
        has_path = (shape, SH.path, None) in shapes
        yield name, RDF.type, SH.PropertyShape if has_path else SH.NodeShape
        for predicate in set(shapes.predicates(shape)):
            values = list(shapes.objects(shape, predicate))
            if predicate in _SAID or predicate in _TARGETS or not str(predicate).startswith(str(SH)):
                if predicate == RDF.type and (SH.PropertyShape if not has_path else SH.NodeShape) in values:
                    raise _Beyond
                if predicate == SH.targetNode and any(isinstance(value, BNode) for value in values):
                    raise _Beyond
                continue
            if predicate in _OF_PATHS and not has_path:
                raise _Beyond
            if predicate in _INNER:
                if predicate == SH.qualifiedValueShape:
                    self._only(values)
                for value in values:
                    if (predicate == SH.property) != ((value, SH.path, None) in shapes):
                        raise _Beyond
                    yield name, predicate, _named(value)
                    yield from self.reach(value)
            elif predicate in _LISTED:
                members = self._members(self._only(values))
                for member in members:
                    yield from self.reach(member)
                yield from self._list(name, predicate, [_named(member) for member in members])
            elif predicate == SH.path:
                path = self._only(values)
                yield name, predicate, path
                yield from self._path(path)
            elif predicate in (SH["in"], SH.languageIn):
                members = self._members(self._only(values))
                if any(isinstance(member, BNode) for member in members):
                    raise _Beyond
                yield from self._list(name, predicate, members)
            elif predicate in _CHECKS:
                value = self._only(values)
                if predicate in _RANGES and shapes.value(shape, SH.datatype) not in _COMPARABLE:
                    raise _Beyond  # values that cannot be compared break the range (4.5), which pyshacl does not see
                if not _CHECKS[predicate](value):
                    raise _Beyond
                yield name, predicate, value
            else:
                raise _Beyond

    @staticmethod
    def _only(values: list[Node]) -> Node:
        if len(values) != 1:
            raise _Beyond
        return values[0]

    def _members(self, head: Node) -> list[Node]:
        members: list[Node] = []
        seen: set[Node] = set()
        while head != RDF.nil:
            first, rest = list(self._shapes.objects(head, RDF.first)), list(self._shapes.objects(head, RDF.rest))
            if head in seen:
                raise _Beyond
            seen.add(head)
            members.append(self._only(first))
            head = self._only(rest)
        if not members:
            raise _Beyond
        return members

    @staticmethod
    def _list(subject: Node, predicate: Node, members: list[Node]) -> Iterator[tuple[Node, Node, Node]]:
        for member in members:
            link = BNode()
            yield subject, predicate, link
            yield link, RDF.first, member
            subject, predicate = link, RDF.rest
        yield subject, predicate, RDF.nil

    def _path(self, path: Node, depth: int = 0) -> Iterator[tuple[Node, Node, Node]]:
        if isinstance(path, URIRef):
            return
        stated = list(self._shapes.predicate_objects(path))
        if isinstance(path, Literal) or depth > 1:
            raise _Beyond
        if {predicate for predicate, _ in stated} == {RDF.first, RDF.rest}:
            members = self._members(path)
            if len(members) < 2:
                raise _Beyond
            link: Node = path
            while link != RDF.nil:
                yield from ((link, predicate, value) for predicate, value in self._shapes.predicate_objects(link))
                link = self._only(list(self._shapes.objects(link, RDF.rest)))
        elif len(stated) == 1 and stated[0][0] in _STEPS:
            yield path, stated[0][0], stated[0][1]
            step, inner = stated[0]
            if step == SH.alternativePath:
                yield from self._path(inner, depth)
                return
            if step == SH.inversePath and not isinstance(inner, URIRef):
                raise _Beyond
            members = [inner]
        else:
            raise _Beyond
        for member in members:
            yield from self._path(member, depth + 1)


def _is_iri(value: Node) -> bool:
    return isinstance(value, URIRef)


def _is_count(value: Node) -> bool:
    return isinstance(value, Literal) and value.datatype == XSD.integer and str(value).isdecimal()


def _is_number(value: Node) -> bool:
    numbers = (XSD.integer, XSD.decimal)
    return isinstance(value, Literal) and value.datatype in numbers and not value.ill_typed


def _is_true(value: Node) -> bool:
    return isinstance(value, Literal) and value.datatype == XSD.boolean and str(value) == "true"


def _is_pattern(value: Node) -> bool:
    if not isinstance(value, Literal) or value.datatype not in (None, XSD.string) or not _PATTERN.fullmatch(str(value)):
        return False
    try:
        re.compile(str(value))
    except re.error:
        return False
    return True


_CHECKS: dict[Node, Callable[[Node], bool]] = {
    SH["class"]: _is_iri,
    SH.datatype: _is_iri,
    SH.nodeKind: lambda value: value in _KINDS,
    SH.severity: lambda value: value in (SH.Violation, SH.Warning, SH.Info),
    SH.minCount: _is_count,
    SH.maxCount: _is_count,
    SH.qualifiedMinCount: _is_count,
    SH.qualifiedMaxCount: _is_count,
    SH.minLength: lambda value: _is_count(value) and str(value).strip("0") != "",
    SH.maxLength: _is_count,
    SH.minInclusive: _is_number,
    SH.maxInclusive: _is_number,
    SH.minExclusive: _is_number,
    SH.maxExclusive: _is_number,
    SH.uniqueLang: _is_true,
    SH.pattern: _is_pattern,
    SH.hasValue: lambda value: not isinstance(value, BNode),
    SH.equals: _is_iri,
    SH.disjoint: _is_iri,
}
"""Parameters that have one value each, and which values are handed over."""
