"""Validation results (SHACL, 3.6.2) in one form and one order, whichever engine found them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Node

_SEVERITIES = {SH.Violation: "violation", SH.Warning: "warning", SH.Info: "info"}

_RANGES = {f"{SH}{side}{end}ConstraintComponent" for side in ("Min", "Max") for end in ("Inclusive", "Exclusive")}

_WORDS = {
    "And": ("Not every condition of the shape is met.", "Toutes les conditions de la forme ne sont pas remplies."),
    "Class": ("The value is not of the class asked for.", "La valeur n'est pas de la classe demandée."),
    "Closed": ("The shape does not allow this property.", "La forme n'admet pas cette propriété."),
    "Datatype": ("The value is not of the datatype asked for.", "La valeur n'est pas du type de données demandé."),
    "Disjoint": ("Two properties share a value.", "Deux propriétés ont une valeur en commun."),
    "Equals": ("Two properties differ in their values.", "Deux propriétés n'ont pas les mêmes valeurs."),
    "HasValue": ("The value asked for is missing.", "La valeur demandée manque."),
    "In": ("The value is not one of those listed.", "La valeur n'est pas de celles de la liste."),
    "LanguageIn": ("The language is not one of those listed.", "La langue n'est pas de celles de la liste."),
    "MaxCount": ("There are too many values.", "Il y a trop de valeurs."),
    "MaxExclusive": ("The value is too large.", "La valeur est trop grande."),
    "MaxInclusive": ("The value is too large.", "La valeur est trop grande."),
    "MaxLength": ("The value is too long.", "La valeur est trop longue."),
    "MinCount": ("There are too few values.", "Il y a trop peu de valeurs."),
    "MinExclusive": ("The value is too small.", "La valeur est trop petite."),
    "MinInclusive": ("The value is too small.", "La valeur est trop petite."),
    "MinLength": ("The value is too short.", "La valeur est trop courte."),
    "Node": ("The value does not conform to the shape asked for.", "La valeur n'est pas conforme à la forme demandée."),
    "NodeKind": ("The value is not of the kind of node asked for.", "La valeur n'est pas du genre de nœud demandé."),
    "Not": ("The value meets a condition that it must not meet.", "La valeur remplit une condition exclue."),
    "Or": ("No condition of the shape is met.", "Aucune condition de la forme n'est remplie."),
    "Pattern": ("The value is not of the form asked for.", "La valeur n'a pas la forme demandée."),
    "QualifiedMaxCount": ("Too many values are of one kind.", "Trop de valeurs sont d'un même genre."),
    "QualifiedMinCount": ("Too few values are of the kind asked for.", "Trop peu de valeurs sont du genre demandé."),
    "UniqueLang": ("A language has more than one value.", "Une langue a plus d'une valeur."),
    "Xone": ("Not exactly one condition is met.", "Il n'y a pas exactement une condition remplie."),
}
"""What is said, in English and French, where the shape has no sh:message: engines word it each in their own way."""


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
class Found:
    """What an engine reports of one result, as terms; ``said`` are the messages that are the engine's or a query's."""

    focus: Node | None
    path: str | None
    value: Node | None
    source: Node | None
    component: str
    severity: Node | None
    said: tuple[Literal, ...] = ()

    @property
    def place(self) -> tuple[Node | None, ...]:
        """Return what tells one value of one shape from all others."""
        return self.focus, self.source, self.value


def present(found: Iterable[Found], shapes: Graph) -> list[Result]:
    """Return the results in the form and the order that do not depend on the engine.

    Of a value that is not of the datatype asked for it is not told as well that it is out of range: engines differ on that.
    """
    found = list(found)
    untyped = {each.place for each in found if each.component == str(SH.DatatypeConstraintComponent)}
    results = [_result(each, shapes) for each in found if each.component not in _RANGES or each.place not in untyped]
    return sorted(results, key=lambda r: (r.focus, r.path or "", r.shape, r.value or "", r.constraint, r.severity))


def _result(found: Found, shapes: Graph) -> Result:
    constraint = found.component.removeprefix(str(SH)).removesuffix("ConstraintComponent")
    stated = [m for m in shapes.objects(found.source, SH.message) if isinstance(m, Literal)]
    messages = {(m.language or "en"): str(m) for m in stated}
    if not messages and constraint in _WORDS:
        messages = dict(zip(("en", "fr"), _WORDS[constraint], strict=True))
    messages = messages or {(m.language or "en"): str(m) for m in found.said}
    return Result(
        severity=_SEVERITIES.get(found.severity, "violation") if isinstance(found.severity, URIRef) else "violation",
        focus=text_of(found.focus) or "",
        path=found.path,
        value=text_of(found.value),
        shape=shape_name(found.source, shapes),
        constraint=constraint,
        messages=messages or {"en": "The shape is not satisfied."},
    )


def text_of(node: Node | None) -> str | None:
    """Return an IRI, a ``_:`` label or a lexical form."""
    return None if node is None else f"_:{node}" if isinstance(node, BNode) else str(node)


def shape_name(shape: Node | None, shapes: Graph) -> str:
    """Return the IRI of a shape; of an anonymous property shape, that of the shape that has it."""
    seen: set[Node] = set()
    while isinstance(shape, BNode) and shape not in seen:
        seen.add(shape)
        owners = [s for s, p in shapes.subject_predicates(shape) if p != RDFS.isDefinedBy]
        shape = min(owners, key=str, default=shape)
    return str(shape)


def written_path(path: Node | None, graph: Graph) -> str | None:
    """Return a property path as SPARQL writes it (SHACL, 2.3.1)."""
    if path is None or isinstance(path, URIRef):
        return None if path is None else str(path)
    if (path, RDF.first, None) in graph:
        return "/".join(written_path(item, graph) or "" for item in Collection(graph, path))
    for predicate, before, after in (
        (SH.inversePath, "^", ""),
        (SH.zeroOrMorePath, "", "*"),
        (SH.oneOrMorePath, "", "+"),
        (SH.zeroOrOnePath, "", "?"),
    ):
        inner = graph.value(path, predicate)
        if inner is not None:
            return f"{before}{written_path(inner, graph)}{after}"
    alternative = graph.value(path, SH.alternativePath)
    return (
        "|".join(written_path(item, graph) or "" for item in Collection(graph, alternative))
        if alternative is not None
        else str(path)
    )
