"""The order of solutions, spelled out so that it is one (SPARQL 1.1 Query, 15.1).

Engines compare values of different kinds each in a way that, taken together, is no order: 9 before 10 as numbers, "10" before
"9" as text, and a text between the two. Oxigraph 0.5 ends its process when its sort comes upon such a circle. Here each
condition becomes several, among whose values nothing is left to compare but like with like: what kind of term, what number,
what datatype, which moment, what text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from solnum_ld.errors import MalformedQuery
from solnum_ld.namespaces import XSD
from solnum_ld.sparql.kept import kept
from solnum_ld.sparql.scan import names, tokens

THING, TEXT, VALUE = "thing", "text", "value"
"""Kinds of what is sorted: what is no literal, what is sorted by its letters, and by its value."""

_MAX_GROWTH = 1_000_000
"""Characters that spelling out may add to a query."""

_MAX_TOKENS = 1000
_MAX_CONDITIONS = 16
"""Of a query that is looked at so closely."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ENDS = frozenset({"LIMIT", "OFFSET", "VALUES", "HAVING"})
_DIRECTIONS = frozenset({"ASC", "DESC"})
_OF_ONE_KIND = frozenset(
    "COUNT STR STRLEN LANG DATATYPE LCASE UCASE YEAR MONTH DAY HOURS MINUTES BOUND ISIRI ISURI ISBLANK ISLITERAL ISNUMERIC"
    " CONTAINS STRSTARTS STRENDS REGEX EXISTS SAMETERM LANGMATCHES MD5 SHA1 SHA256 SHA384 SHA512 ENCODE_FOR_URI GROUP_CONCAT".split()
)
"""Functions all of whose values compare with each other (17.4), and aggregates."""

_BEFORE_NO_LITERAL = frozenset({"{", "}", "[", "GRAPH", "SELECT", "DISTINCT", "REDUCED", "BY"})
_TYPE = f"{_RDF}type"
_COMMENT = re.compile(r"#[^\n\r]*")
_KINDS = "COALESCE(IF(isBlank({e}), 1, IF(isIRI({e}), 2, IF(isLiteral({e}), IF(isNumeric({e}), IF({e} = {e}, 3, 4), 5), 6))), 0)"
_NUMBERS = (
    "COALESCE(IF(isNumeric({e}), IF({e} = {e}, <xsd:double>({e}), 0),"
    " IF(DATATYPE({e}) = <xsd:boolean>, <xsd:integer>({e}), 0)), 0)"
)
_DATATYPES = (  # texts of all languages first; dates that are none apart from those that are
    "COALESCE(IF(DATATYPE({e}) IN (<xsd:string>, <rdf:langString>), '', CONCAT(STR(DATATYPE({e})),"
    " COALESCE(STR(YEAR({e}) = YEAR({e})), STR(HOURS({e}) = HOURS({e})), ''))), '')"
)
_MOMENTS = (  # one without a time zone counts as of UTC, since it is neither before nor after its neighbours otherwise
    "COALESCE(IF(DATATYPE({e}) IN (<xsd:dateTime>, <xsd:date>, <xsd:time>),"
    " IF(REGEX(STR({e}), '(Z|[-+][0-9][0-9]:[0-9][0-9])$'), {e}, STRDT(CONCAT(STR({e}), 'Z'), DATATYPE({e}))), 0), 0)"
)
_KEYS = tuple(
    key.replace("<xsd:", f"<{XSD}").replace("<rdf:", f"<{_RDF}")
    for key in (_KINDS, _NUMBERS, _DATATYPES, _MOMENTS, "COALESCE(STR({e}), '')", "COALESCE(LANG({e}), '')")
)


def totally_ordered(text: str) -> str:
    """Return a query with its orders spelled out; raise MalformedQuery when that would make it too long.

    >>> totally_ordered("SELECT ?s { ?s ?p ?o } LIMIT 3")
    'SELECT ?s { ?s ?p ?o } LIMIT 3'
    >>> ordered = totally_ordered("SELECT ?s { ?s ?p ?o } ORDER BY DESC(?o) LIMIT 3")
    >>> ordered[:64], ordered[-38:]
    ('SELECT ?s { ?s ?p ?o } ORDER BY DESC(COALESCE(IF(isBlank((?o)), ', "DESC(COALESCE(LANG((?o)), '')) LIMIT 3")
    """
    parts: list[str] = []
    end = added = 0
    query = _Query(text)
    for condition in query.conditions():
        expression = f"({query.slice(condition.first, condition.last)})"
        keys = " ".join(f"{condition.direction}({key.format(e=expression)})" for key in _KEYS)
        parts += (text[end : query.tokens[condition.begin].start()], keys)
        end = query.tokens[condition.end].end()
        added += len(keys)
        if added > _MAX_GROWTH:
            raise MalformedQuery("The query is not answered here: what it orders by is too long.")
    return "".join([*parts, text[end:]])


@kept
def sorted_by(text: str) -> frozenset[str] | None:
    """Return the properties whose values a query sorts by, besides what is of one kind anyway; None when that cannot be told.

    >>> start = "PREFIX a: <http://a/> SELECT ?s (COUNT(*) AS ?n) { ?s a:name ?name ; a:knows ?other } GROUP BY ?s ?name "
    >>> sorted_by(start + "ORDER BY DESC(?n) LCASE(?name) ?s"), sorted_by(start + "ORDER BY ?name")
    (frozenset(), frozenset({'http://a/name'}))
    >>> sorted_by("SELECT * { ?s ?p ?o } ORDER BY ?o")
    """
    query = _Query(text)
    if len(query.tokens) > _MAX_TOKENS:
        return None
    conditions = list(query.conditions())
    variables: set[str] = set()
    for condition in conditions:
        if not query.is_of_one_kind(condition.first, condition.last):
            first = query.tokens[condition.first][0]
            if condition.first != condition.last or first[0] not in "?$" or len(conditions) > _MAX_CONDITIONS:
                return None
            variables.add(first[1:])
    found: set[str] = set()
    for at, token in enumerate(query.tokens):
        if token[0][0] in "?$" and token[0][1:] in variables and not any(c.begin <= at <= c.end for c in conditions):
            values = query.values_at(at)
            if values is None:
                return None
            found |= values
    return frozenset(found)


@kept
def sources(text: str) -> Mapping[str, frozenset[str]]:
    """Return for each variable that a query sorts by the properties whose values it has, or :data:`THING` where it is none's.

    Variables of which that cannot be told, or both, are left out.

    >>> sources("SELECT * { ?s <a:name> ?n BIND(STR(?n) AS ?x) } ORDER BY DESC(?n) ?s ?x") == {"n": {"a:name"}, "s": {THING}}
    True
    """
    query = _Query(text)
    if len(query.tokens) > _MAX_TOKENS:
        return {}
    conditions = list(query.conditions())
    found: dict[str, frozenset[str]] = {}
    for condition in conditions:
        first = query.tokens[condition.first][0]
        if condition.first == condition.last and first[0] in "?$" and len(conditions) <= _MAX_CONDITIONS:
            found[first[1:]] = frozenset()
    unknown = set[str]()
    for at, token in enumerate(query.tokens):
        name = token[0][1:]
        if token[0][0] not in "?$" or name not in found or any(c.begin <= at <= c.end for c in conditions):
            continue
        values = query.values_at(at)
        if values is None or query.is_given(at):
            unknown.add(name)
        elif values:
            found[name] |= values
        elif not query.is_read(at):
            found[name] |= {THING}
    return {
        name: values
        for name, values in found.items()
        if name not in unknown and values and (THING not in values or len(values) == 1)
    }


@dataclass(frozen=True, slots=True)
class _Condition:
    """Where a condition of ORDER BY begins and ends, and its expression within, by number of token (19.8, [24])."""

    begin: int
    end: int
    first: int
    last: int
    direction: str = "ASC"


class _Query:
    """The tokens of a query, with the brackets that belong together."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.tokens = list(tokens(text))
        self._words = [token[0].upper() for token in self.tokens]
        self._closing: dict[int, int] = {}
        self._around: list[int] = []  # for each token the bracket that it stands in, -1 for none
        self._iris: dict[int, str] | None = None
        stack = [-1]
        for at, token in enumerate(self.tokens):
            if token.lastgroup == "close" and len(stack) > 1:
                self._closing[stack.pop()] = at
            self._around.append(stack[-1])
            if token.lastgroup == "open":
                stack.append(at)

    def slice(self, first: int, last: int) -> str:
        """Return the text from one token to another, both with it."""
        return self._text[self.tokens[first].start() : self.tokens[last].end()]

    def conditions(self) -> Iterator[_Condition]:
        """Yield the conditions of every ORDER BY."""
        for at in range(1, len(self.tokens)):
            if self._words[at - 1] == "ORDER" and self._words[at] == "BY":
                condition = self._condition(at + 1)
                while condition is not None:
                    yield condition
                    condition = self._condition(condition.end + 1)

    def _condition(self, at: int) -> _Condition | None:
        if at >= len(self.tokens):
            return None
        word = self._words[at]
        if word[0] in "?$":
            return _Condition(at, at, at, at)
        if word in _ENDS or self.tokens[at].lastgroup in (None, "close", "operator"):
            return None
        opens = at if word == "(" else at + 1 + (word == "NOT")
        last = self._closing.get(opens, opens)
        if last <= opens + 1 or (self._words[opens] == "{" and "EXISTS" not in (word, self._words[opens - 1])):
            return None
        if word == "(" or word in _DIRECTIONS:
            return _Condition(at, last, opens + 1, last - 1, word if word in _DIRECTIONS else "ASC")
        return _Condition(at, last, at, last)

    def is_of_one_kind(self, first: int, last: int) -> bool:
        """Tell whether an expression is a call of a function whose values are all texts, all whole numbers, or all truth values."""
        while self._words[first] == "(" and self._closing.get(first) == last:
            first, last = first + 1, last - 1
        return self._words[first] in _OF_ONE_KIND and self._closing.get(first + 1) == last

    def values_at(self, at: int) -> frozenset[str] | None:
        """Return the properties whose values a variable has where it stands; none where it is read, or is no literal."""
        before = at - 1
        if before < 0:
            return None
        word, kind = self._words[before], self.tokens[before].lastgroup
        if word == "AS":
            opens = self._around[at]
            return frozenset() if opens >= 0 and self.is_of_one_kind(opens + 1, before - 1) else None
        if word == "VALUES":
            return None
        opens = self._around[at]
        if opens < 0 or self._words[opens] == "(":
            return frozenset() if opens < 0 or self._is_expression(opens) else None
        gap = self._gap(at)
        if gap in (".", ";") or (not gap and word in _BEFORE_NO_LITERAL):
            return frozenset()
        if not gap and self._begins(before):
            return frozenset()
        if gap or (kind not in ("iri", "local", "default") and word != "A"):
            return frozenset() if not gap and self._is_mentioned(before) else None
        step = self._words[before - 1]
        if step == "^":
            return frozenset()
        iri = _TYPE if word == "A" else self._iri(before)
        return frozenset({iri}) if iri and step not in ("|", "!", "<", ">", "*", "+") else None

    def is_given(self, at: int) -> bool:
        """Tell whether a variable stands where it is given the value of an expression."""
        return self._words[at - 1] == "AS"

    def is_read(self, at: int) -> bool:
        """Tell whether a variable that has no property's values where it stands is read there, or is a column."""
        opens = self._around[at]
        return opens < 0 or self._words[opens] == "(" or self._is_mentioned(at - 1)

    def _is_expression(self, opens: int) -> bool:
        """Tell whether what stands in these parentheses is evaluated, so that it gives no variable a value."""
        while opens > 0 and self._words[opens] == "(":
            before = self.tokens[opens - 1]
            if before.lastgroup == "run":
                return self._words[opens - 1] not in ("VALUES", "A")
            if before.lastgroup not in ("operator", "open"):
                return False
            opens = opens - 1 if before.lastgroup == "open" else self._around[opens]
        return False

    def _begins(self, at: int) -> bool:
        """Tell whether a triple begins with this token, so that what follows is its predicate."""
        gap = self._gap(at)
        return gap == "." or (not gap and self._words[at - 1] == "{")

    def _gap(self, at: int) -> str:
        """Return what stands between a token and the one before it."""
        return _COMMENT.sub("", self._text[self.tokens[at - 1].end() : self.tokens[at].start()]).strip()

    def _is_mentioned(self, at: int) -> bool:
        """Tell whether from this token back to SELECT or BY there are but variables and bracketed expressions."""
        while at > 0 and (self._words[at][0] in "?$" or self._words[at] == ")"):
            opens = at if self._words[at] != ")" else next((o for o, c in self._closing.items() if c == at), -1)
            at = opens - 1
        return at >= 0 and self._words[at] in ("SELECT", "DISTINCT", "REDUCED", "BY")

    def _iri(self, at: int) -> str:
        if self._iris is None:
            self._iris = {name.start: name.iri for name in names(self._text)}
        return self._iris.get(self.tokens[at].start(), "")


__all__: Sequence[str] = ("TEXT", "THING", "VALUE", "sorted_by", "sources", "totally_ordered")
