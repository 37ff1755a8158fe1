"""Queries in words that Virtuoso answers as SPARQL means them: the tree of a query tells what is to be said otherwise.

What it gives back otherwise and cannot be asked otherwise is told to the reader of its answer: which columns are truth values,
which hold the digits of doubles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import cast
from urllib.parse import urljoin

import pyoxigraph as ox

from solnum_ld.namespaces import XSD
from solnum_ld.sparql import order
from solnum_ld.sparql.kept import SHORT, kept
from solnum_ld.sparql.scan import bounded, names, replaced, scan
from solnum_ld.sparql.tree import Node, joined, reworded, tree
from solnum_ld.store.remote.layout import NONE
from solnum_ld.store.remote.virtuoso.expressions import (
    LONGEST,
    call_of,
    exact,
    has_aggregate,
    is_truth,
    product_of,
    sum_of,
    truth_of,
    value_of,
)
from solnum_ld.store.remote.virtuoso.literals import AS_IT_IS, MISREAD, is_altered
from solnum_ld.store.remote.virtuoso.reading import EXACT

_NO_GROUP = re.compile(r"\bGRAPH\s*([?$]\w+)\s*\{\s*\}", re.IGNORECASE)
_SOME_GROUP = r"{ SELECT DISTINCT \1 { GRAPH \1 { ?solnum_s ?solnum_p ?solnum_o } } }"
_FILTER_ALONE = re.compile(r"(?:WHERE\s*)?\{\s*(?=FILTER\b)", re.IGNORECASE)
_EMPTY = f"{{ [] <{NONE}> [] . "
_VARIABLE = re.compile(r"[?$]\w")
_CHANGING = frozenset(("RAND", "UUID", "STRUUID", "NOW", "BNODE"))
_OF_NUMBERS = frozenset("ABS CEIL FLOOR ROUND IF COALESCE SAMPLE MIN MAX SUM AVG".split())
_TRIPLES = ("PathTriples", "SameSubject", "PathNode", "TriplesNode")
_OWN = "solnum_own_"
_AT_ONCE = 32
"""Short queries whose trees are kept, which are large."""

_ANY_BASE = "http://localhost/"
NOTHING = "{ FILTER(false) "
"""What is put before the pattern of a query that is to be read and not evaluated."""


@kept
def sent(query: str, rows: int, graphs: frozenset[str], base: str, kinds: tuple[tuple[str, str], ...] = ()) -> str:
    """Return a query as it is sent: ``rows`` solutions of it at most (0: all), GRAPH sees ``graphs``.

    ``kinds`` are those of variables that it sorts by, as far as they are known.
    """
    form = parsed(query).form
    query = _Words(query, base, dict(kinds)).said()
    query = replaced(_renamed(query, graphs), _NO_GROUP, _SOME_GROUP)
    if not rows:
        return query
    if form == "ASK":  # its own is true of graphs that are not there
        seen = scan(query)
        wanted = "*" if _VARIABLE.search(query, seen.body) else "(1 AS ?x)"
        alone = _FILTER_ALONE.match(query, seen.body)
        at = alone.end() if alone else seen.body
        one = "VALUES ?solnum_one { 1 } " if alone else ""
        query = f"{query[: seen.start]}SELECT {wanted} {query[seen.start + 3 : at]}{one}{query[at:]}"
    return bounded(query, rows)


def _renamed(query: str, graphs: frozenset[str]) -> str:
    """Return the query with its own names for datatypes, and a pattern without solutions in place of graphs that are not there."""
    parts: list[str] = []
    end = 0
    for name in names(query):
        if name.graph is not None and name.iri not in graphs:
            parts += (query[end : name.graph[0]], _EMPTY)
            end = name.graph[1]
        elif name.iri in MISREAD:
            parts += (query[end : name.start], f"<{AS_IT_IS}{name.iri}>")
            end = name.end
    return "".join([*parts, query[end:]])


class Parsed:
    """A query taken apart: its tree, its form in capitals, the place of its pattern, the variables that have truth values alone."""

    def __init__(self, query: str) -> None:
        self.nodes = tree(query)
        self._by_symbol: dict[str, list[Node]] = {}
        for node in self.nodes:
            self._by_symbol.setdefault(node.symbol, []).append(node)
        form = next(part for part in self.nodes[-1].parts if part.symbol.endswith("Query"))
        self.form = form.symbol.removesuffix("Query").upper()
        group = next((_group(part) for part in form.parts if part.symbol in ("Group", "Where")), form)
        self.pattern = group.start, group.end
        self.truths = frozenset(self._truths())

    def all(self, *symbols: str) -> Iterator[Node]:
        """Yield the nodes of these kinds."""
        for symbol in symbols:
            yield from self._by_symbol.get(symbol, ())

    def variables(self, *symbols: str) -> set[str]:
        """Return the names of the variables in nodes of these kinds."""
        return {var.text[1:] for node in self.all(*symbols) for var in node.within("var")}

    def _truths(self) -> Iterator[str]:
        """Yield the names of the variables that have truth values alone, which it gives back as numbers."""
        truths: dict[str, bool] = {}
        for node in self.all("SelectClause", "NotTriples", "GroupCondition"):
            for expression, name in _given(node):
                truths[name] = truths.get(name, True) and is_truth(expression)
        if any(truths.values()):
            taken = self.variables(*_TRIPLES, "DataBlock")
            yield from (name for name, truth in truths.items() if truth and name not in taken)


def parsed(query: str) -> Parsed:
    """Return a query taken apart, once for all that is asked about it; raise GrammarLeft where it is none.

    >>> sorted(parsed("SELECT ?n (?n > 1 AS ?many) ?few { ?s ?p ?n BIND(!(?n > 1) AS ?few) BIND(3 AS ?three) }").truths)
    ['few', 'many']
    """
    return _parsed_short(query) if len(query) <= SHORT else _parsed_long(query)


_parsed_short, _parsed_long = lru_cache(maxsize=_AT_ONCE)(Parsed), lru_cache(maxsize=4)(Parsed)


def _group(where: Node) -> Node:
    """Return the braces of a pattern, without WHERE."""
    return where if where.symbol == "Group" else where.parts[1]


def _given(node: Node) -> Iterator[tuple[Node, str]]:
    """Yield the expressions of a SELECT clause, BIND or GROUP BY with the name of the variable that is given their value."""
    for at, part in enumerate(node.parts):
        if part.symbol == "AS":
            yield node.parts[at - 1], node.parts[at + 1].text[1:]


class _Words:
    """One query, and what its nodes are to be in other words."""

    def __init__(self, query: str, base: str, kinds: Mapping[str, str]) -> None:
        self._query, self._kinds = query, kinds
        self._parsed = parsed(query)
        self._base, self._resolved = base, dict[int, str]()
        self._resolve()
        self._iris = {name.start: name.iri for name in names(query)}
        self._typed = {node.start for node in self._texts_beside_iris()}
        self._sorted = {node.start for node in self._sorting_variables()}
        self._terms = {node.start for node in self._long_decimals()}
        self._made = {node.start for node in self._made_values()}

    def _resolve(self) -> None:
        """Find what IRIs are to be written as where the query has a BASE of its own: it takes one, and that is the service's."""
        based = False
        for node in self._parsed.nodes:
            if node.symbol == "BASE":
                based = True
                self._resolved[node.start] = ""
            elif node.symbol == "iri_ref" and self._resolved:
                iri = urljoin(self._base, node.text[1:-1])
                self._base = iri if based else self._base
                self._resolved[node.start] = "" if based else f"<{iri}>"
                based = False

    def said(self) -> str:
        """Return the query in these words."""
        return reworded(self._query, self._parsed.nodes, self._of)

    def _of(self, node: Node) -> str | None:
        """Return the words of a node whose parts have theirs; None to leave it as it is."""
        match node.symbol:
            case "Additive":
                return sum_of(node)
            case "Multiplicative":
                return product_of(node)
            case "Literal":
                return self._literal(node)
            case "number" | "signed_number" if node.start in self._terms:
                return f'"{node.text.lstrip("+")}"^^<{AS_IT_IS}{XSD}decimal>'
            case "BASE" | "iri_ref" if node.start in self._resolved:
                return self._resolved[node.start]
            case "string" if node.start in self._typed:
                return f"{node.text}^^<{XSD}string>"
            case "BuiltIn" if node.parts[0].symbol == "function":
                return call_of(node, self._base)
            case "var" if node.start in self._made:
                return f"?{_OWN}{node.text[1:]} "
            case "var" if node.start in self._sorted:
                return self._sorted_by(node.text, "{}")
            case "Bracketted" if node.start in self._sorted:
                return self._sorted_by(node.parts[1].text, "{}")
            case "OrderCondition" if node.parts[1].start in self._sorted:
                return self._sorted_by(node.parts[1].parts[1].text, node.parts[0].text + "({})")
            case "SelectQuery":
                return self._select(node)
            case "ConstructQuery":
                return self._construct(node)
            case _:
                return None

    # -- literals ---------------------------------------------------------------------------------------------------------

    def _literal(self, node: Node) -> str | None:
        """Return the words of a literal with a datatype: as it is kept there, a plain one of ``xsd:string``."""
        if node.parts[1].symbol != "^^":
            return None
        text, datatype = node.parts[0].text, self._iris.get(node.parts[2].start, "")
        if datatype == f"{XSD}string":
            return text
        kept = datatype in MISREAD or (is_altered(text[1:-1], datatype) and text[:3] not in ('"""', "'''"))
        return f"{_canonical(text, datatype)}^^<{AS_IT_IS}{datatype}>" if kept else None

    def _long_decimals(self) -> Iterator[Node]:
        """Yield the decimals in triples and VALUES that are kept as they are in the data; those in expressions are calculated with."""
        if not any(self._parsed.all("number", "signed_number")):
            return
        for node in self._parsed.all(*_TRIPLES, "DataBlock"):
            for number in (*node.within("number"), *node.within("signed_number")):
                if "e" not in number.text.lower() and is_altered(number.text, f"{XSD}decimal"):
                    yield number

    def _texts_beside_iris(self) -> Iterator[Node]:
        """Yield the texts of VALUES whose variable has IRIs as well, which it takes for one another when it sorts.

        One with a datatype it does not; but such a text equals none of the data, so that variables of patterns keep theirs.
        """
        blocks = list(self._parsed.all("DataBlock"))
        if not blocks or not any(self._parsed.all("OrderBy")):
            return
        matched = self._parsed.variables(*_TRIPLES)
        for block in blocks:
            for variable, values in _columns(block):
                if variable[1:] not in matched and any(value.symbol in ("iri_ref", "pname") for value in values):
                    yield from (value for value in values if value.symbol == "string")

    # -- order ------------------------------------------------------------------------------------------------------------

    def _sorting_variables(self) -> Iterator[Node]:
        """Yield the variables that solutions are sorted by, unless SELECT gives them their value: it sorts IRIs by their age, and texts
        with a language in no order.
        """
        for query in self._parsed.all("SelectQuery", "SubSelect", "ConstructQuery", "DescribeQuery"):
            given = {name for part in query.parts if part.symbol == "SelectClause" for _, name in _given(part)}
            for clause in _orders(query):
                for condition in clause.parts[2:] if clause.symbol == "OrderBy" else ():
                    within = condition.parts[1] if condition.symbol == "OrderCondition" else condition
                    inner = within.parts[1] if within.symbol == "Bracketted" else within
                    if inner.symbol == "var" and inner.text[1:] not in given:
                        yield within

    def _sorted_by(self, variable: str, direction: str) -> str:
        """Return conditions that sort by kind (15.1), then what is no text by its value, then IRIs and texts by their letters.

        None is a number that is always the same: it would be taken for that of a column.
        """
        x = variable
        text = f'LANG({x}) != "" || DATATYPE({x}) = <{XSD}string>'
        bound = f'IF(BOUND({x}), "1", "0")'
        match self._kinds.get(variable[1:]):
            case order.THING:
                keys = [f'IF(BOUND({x}), IF(isIRI({x}), "2", "1"), "0")', f"STR({x})"]
            case order.TEXT:
                keys = [bound, f"STR({x})"]
            case order.VALUE:
                keys = [bound, x]
            case _:
                kind = f'IF(BOUND({x}), IF(isIRI({x}), "2", IF(isLiteral({x}), IF({text}, "4", "3"), "1")), "0")'
                keys = [kind, f'IF(isLiteral({x}), IF({text}, "", {x}), "")', f"STR({x})"]
        return " ".join(direction.format(key) for key in keys)

    # -- doubles ----------------------------------------------------------------------------------------------------------

    def _select(self, node: Node) -> str | None:
        """Return a SELECT that gives the digits of doubles in columns of their own, since its results tell six."""
        (clause,) = (part for part in node.parts if part.symbol == "SelectClause")
        added = [f"({digits} AS ?{EXACT}{name})" for name, digits in self._digits(clause)]
        wanted = clause.text
        if not added:
            return None
        if clause.parts[-1].symbol == "*":
            visible = " ".join(f"?{name}" for name in self._named())
            wanted = f"{clause.text[: clause.text.rindex('*')]}{visible}"
        whole = node.text
        return f"{wanted} {' '.join(added)}{whole[len(clause.text) :]}"

    def _digits(self, clause: Node) -> Iterator[tuple[str, str]]:
        """Yield the names of columns that may have doubles, and what tells their digits."""
        if clause.parts[-1].symbol == "*":
            yield from ((name, exact(f"?{name}")) for name in self._named())
            return
        given = {name: expression for expression, name in _given(clause)}
        for part in clause.parts:
            if part.symbol == "var":
                name = part.text[1:]
                expression = given.get(name)
                if expression is None:
                    yield name, exact(f"?{name}")
                elif self._has_digits(expression):
                    yield name, f"STR({expression.text})" if has_aggregate(expression) else exact(expression.text)

    # -- made triples -----------------------------------------------------------------------------------------------------

    def _made_values(self) -> Iterator[Node]:
        """Yield the variables in the place of an object in the triples of CONSTRUCT."""
        for query in self._parsed.all("ConstructQuery"):
            opens, closes = _template(query)
            for listed in (part for made in query.parts[opens + 1 : closes] for part in made.within("PropertyList")):
                for verb, objects in pairwise(listed.parts):
                    if ";" not in (verb.symbol, objects.symbol):
                        several = objects.parts if objects.symbol == "ObjectList" else [objects]
                        yield from (part for part in several if part.symbol == "var")

    def _construct(self, node: Node) -> str | None:
        """Return a CONSTRUCT with values in its triples that have all their digits, and truth values that are none of its numbers."""
        if not self._made:
            return None
        opens, closes = _template(node)
        made = Node("", node.parts[opens].end, node.parts[closes].start, parts=node.parts[opens + 1 : closes])
        triples = joined(self._query, made)
        truths = self._parsed.truths
        objects = dict.fromkeys(var.text.strip() for var in made.within("var") if var.start in self._made)
        names = {own: own.removeprefix(f"?{_OWN}") for own in objects}
        binds = "".join(
            f"BIND({truth_of(f'?{name}') if name in truths else value_of(f'?{name}')} AS {own}) "
            for own, name in names.items()
        )
        before, after = node.parts[1:opens], node.parts[closes + 1 :]
        if before:  # the triples are the pattern as well
            return _constructed(triples, before[:-1], f"{{ {triples.replace(f'?{_OWN}', '?')} }} {binds}", after)
        at = next(at for at, part in enumerate(after) if part.symbol in ("Group", "Where"))
        return _constructed(triples, after[:at], f"{_group(after[at]).text} {binds}", after[at + 1 :])

    def _named(self) -> list[str]:
        """Return the variables of ``SELECT *``; none where a function is not known, which the engine is left to say."""
        try:
            return names_of(self._query)
        except RuntimeError:
            return []

    @staticmethod
    def _has_digits(expression: Node) -> bool:
        """Tell whether an expression may be a double, and can be asked twice."""
        while expression.symbol == "Bracketted":
            expression = expression.parts[1]
        called = {function.text.upper() for function in expression.within("function")}
        if expression.symbol == "BuiltIn" and expression.parts[0].text.upper() not in _OF_NUMBERS:
            return False
        return not (called & _CHANGING or is_truth(expression) or len(expression.text) > LONGEST)


def _constructed(triples: str, dataset: list[Node], pattern: str, modifiers: list[Node]) -> str:
    """Return a CONSTRUCT of these parts."""
    clauses, rest = (" ".join(part.text for part in parts) for parts in (dataset, modifiers))
    return f"CONSTRUCT {{ {triples} }} {clauses} WHERE {{ {pattern}}} {rest}"


def _template(query: Node) -> tuple[int, int]:
    """Return which parts of a CONSTRUCT are the braces of its triples."""
    symbols = [part.symbol for part in query.parts]
    return symbols.index("{"), symbols.index("}")


def _canonical(text: str, datatype: str) -> str:
    """Return a literal of a query between quotation marks as a release has it, which keeps values and not their spelling."""
    solutions = ox.Store().query(f"SELECT ({text}^^<{datatype}> AS ?value) {{}}")
    (solution,) = cast("ox.QuerySolutions", solutions)
    return str(ox.Literal(getattr(solution["value"], "value", "")))


def _columns(block: Node) -> Iterator[tuple[str, list[Node]]]:
    """Yield the variables of VALUES with their values."""
    opens = next(at for at, part in enumerate(block.parts) if part.symbol == "{")
    variables = [part.text for part in block.parts[:opens] if part.symbol == "var"]
    values = [part for part in block.parts[opens + 1 :] if part.symbol not in ("(", ")", "}")]
    for at, variable in enumerate(variables):
        yield variable, values[at :: len(variables)]


def _orders(query: Node) -> Iterator[Node]:
    """Yield the ORDER BY of a query, not those of queries within it."""
    for part in query.parts:
        if part.symbol == "OrderBy":
            yield part
        elif part.symbol == "Modifier":
            yield from (inner for inner in part.parts if inner.symbol == "OrderBy")


def unevaluated(query: str) -> str:
    """Return a query with a pattern that the embedded engine sees to have no solutions, so that it reads it and no more."""
    start, end = parsed(query).pattern
    return f"{query[:start]}{NOTHING}{query[start:end]}}}{query[end:]}"


def names_of(query: str) -> list[str]:
    """Return the variables of a SELECT as the embedded engine names them; raise what it does where it takes the query for none."""
    solutions = ox.Store().query(unevaluated(query), base_iri=_ANY_BASE)
    return [variable.value for variable in cast("ox.QuerySolutions", solutions).variables]


__all__ = ["NOTHING", "names_of", "parsed", "sent", "unevaluated"]
