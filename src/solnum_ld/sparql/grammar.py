"""Where a query stops being SPARQL, and what could have stood there instead: the grammar of SPARQL 1.1 Query, 19.8.

Engines give approximate places or none. This predictive parser decides nothing: it is asked about a query that an engine
has refused, and where its words are to be others for an engine (``tree``). Its stack is a list, so nesting costs no
recursion; time is linear in the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from solnum_ld.errors import MalformedQuery
from solnum_ld.messages import listed
from solnum_ld.sparql.scan import position, unclosed, undeclared_prefix

_LISTED = 8
"""How many of the tokens that could stand there a message lists."""

_GRAMMAR = """
Query: Prologue Form Values? END
Prologue: (BASE iri_ref | PREFIX pname_ns iri_ref)*
Form: SelectQuery | ConstructQuery | DescribeQuery | AskQuery
SelectQuery: SelectClause Dataset* Where Modifier
SubSelect: SelectClause Where Modifier Values?
SelectClause: SELECT (DISTINCT | REDUCED)? ((var | "(" Expression AS var ")")+ | "*")
ConstructQuery: CONSTRUCT ("{" Triples? "}" Dataset* Where Modifier | Dataset* WHERE "{" Triples? "}" Modifier)
DescribeQuery: DESCRIBE (VarOrIri+ | "*") Dataset* Where? Modifier
AskQuery: ASK Dataset* Where Modifier
Dataset: FROM NAMED? Iri
Where: WHERE? Group
Modifier: GroupBy? Having? OrderBy? Limits?
GroupBy: GROUP BY GroupCondition+
GroupCondition: BuiltIn | FunctionCall | "(" Expression (AS var)? ")" | var
Having: HAVING Constraint+
OrderBy: ORDER BY OrderCondition+
OrderCondition: (ASC | DESC) Bracketted | Constraint | var
Limits: LIMIT integer (OFFSET integer)? | OFFSET integer (LIMIT integer)?
Values: VALUES DataBlock
Group: "{" (SubSelect | GroupBody) "}"
GroupBody: TriplesBlock? (NotTriples "."? TriplesBlock?)*
TriplesBlock: PathTriples ("." TriplesBlock?)?
NotTriples: Group (UNION Group)* | OPTIONAL Group | MINUS Group | GRAPH VarOrIri Group | SERVICE SILENT? VarOrIri Group | FILTER Constraint | BIND "(" Expression AS var ")" | Values
DataBlock: var "{" DataValue* "}" | "(" var* ")" "{" ("(" DataValue* ")")* "}"
DataValue: Iri | Literal | UNDEF
Constraint: Bracketted | BuiltIn | FunctionCall
FunctionCall: Iri Arguments
Arguments: "(" (DISTINCT? Expression ("," Expression)*)? ")"
ExpressionList: "(" (Expression ("," Expression)*)? ")"
Triples: SameSubject ("." Triples?)?
SameSubject: VarOrTerm PropertyList | TriplesNode PropertyList?
PropertyList: Verb ObjectList (";" (Verb ObjectList)?)*
Verb: VarOrIri | "a"
ObjectList: GraphNode ("," GraphNode)*
PathTriples: VarOrTerm PathList | PathNode PathList?
PathList: PathVerb PathObjects (";" (PathVerb PathObjects)?)*
PathVerb: Path | var
PathObjects: PathGraphNode ("," PathGraphNode)*
Path: PathSequence ("|" PathSequence)*
PathSequence: PathElt ("/" PathElt)*
PathElt: "^"? PathPrimary ("?" | "*" | "+")?
PathPrimary: Iri | "a" | "!" Negated | "(" Path ")"
Negated: NegatedOne | "(" (NegatedOne ("|" NegatedOne)*)? ")"
NegatedOne: Iri | "a" | "^" (Iri | "a")
TriplesNode: "(" GraphNode+ ")" | "[" PropertyList "]"
PathNode: "(" PathGraphNode+ ")" | "[" PathList "]"
GraphNode: VarOrTerm | TriplesNode
PathGraphNode: VarOrTerm | PathNode
VarOrTerm: var | Iri | Literal | blank_node | "[]" | "()"
VarOrIri: var | Iri
Expression: And ("||" And)*
And: Relational ("&&" Relational)*
Relational: Additive (("=" | "!=" | "<" | ">" | "<=" | ">=") Additive | IN ExpressionList | NOT IN ExpressionList)?
Additive: Multiplicative (("+" | "-") Multiplicative | signed_number (("*" | "/") Unary)*)*
Multiplicative: Unary (("*" | "/") Unary)*
Unary: ("!" | "+" | "-")? Primary
Primary: Bracketted | BuiltIn | Iri Arguments? | Literal | var
Bracketted: "(" Expression ")"
BuiltIn: function ExpressionList | BOUND "(" var ")" | aggregate "(" DISTINCT? Expression (";" SEPARATOR "=" string)? ")" | COUNT "(" DISTINCT? ("*" | Expression) ")" | EXISTS Group | NOT EXISTS Group
Literal: string (language | "^^" Iri)? | number | signed_number | TRUE | FALSE
Iri: iri_ref | pname | pname_ns
"""
"""In EBNF: quoted tokens and those in capitals stand for themselves, those in small letters for a kind of token."""

_KINDS = {
    "var": "variable",
    "iri_ref": "<IRI>",
    "pname": "name with a prefix",
    "pname_ns": "prefix:",
    "blank_node": "blank node",
    "string": "string",
    "number": "number",
    "signed_number": "number",
    "integer": "whole number",
    "language": "@language",
    "function": "function",
    "aggregate": "aggregate",
    "END": "end of the query",
}
_AGGREGATES = frozenset("SUM MIN MAX AVG SAMPLE GROUP_CONCAT".split())
_FUNCTIONS = frozenset(
    """STR LANG LANGMATCHES DATATYPE IRI URI BNODE RAND ABS CEIL FLOOR ROUND CONCAT STRLEN UCASE LCASE ENCODE_FOR_URI
    CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES SECONDS TIMEZONE TZ NOW UUID STRUUID MD5 SHA1
    SHA256 SHA384 SHA512 COALESCE IF STRLANG STRDT SAMETERM ISIRI ISURI ISBLANK ISLITERAL ISNUMERIC REGEX SUBSTR REPLACE
    TRIPLE SUBJECT PREDICATE OBJECT ISTRIPLE""".split()
)
_LOCAL = r"(?:[\w:\u00b7\u00c0-\U000effff]|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-])(?:(?:[\w:.\-\u00b7]|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-])*(?:[\w:\-\u00b7]|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-]))?"
_CODE = r"(?:\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})"
"""A codepoint escape (19.2)."""

_PREFIX = r"(?:[^\W\d_](?:[\w.\-\u00b7]*[\w\-\u00b7])?)?"
_TOKEN = re.compile(
    rf"""
    (?P<skip>[\x20\t\r\n]+|\#[^\n\r]*)
  | (?P<iri_ref><(?:[^<>"{{}}|^`\\\x00-\x20]|{_CODE})*>)
  | (?P<blank_node>_:{_LOCAL})
  | (?P<pname>{_PREFIX}:{_LOCAL})
  | (?P<pname_ns>{_PREFIX}:)
  | (?P<var>[?$][\w\u00b7\u0300-\u036f\u203f\u2040]+)
  | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
  | (?P<string>\"\"\"(?:(?:"|"")?(?:[^"\\]|\\[tbnrf\\"']|{_CODE}))*\"\"\"|'''(?:(?:'|'')?(?:[^'\\]|\\[tbnrf\\"']|{_CODE}))*'''
      |"(?!"")(?:[^"\\\n\r]|\\[tbnrf\\"']|{_CODE})*"|'(?!'')(?:[^'\\\n\r]|\\[tbnrf\\"']|{_CODE})*')
  | (?P<signed_number>[+-](?:[0-9]+(?:\.[0-9]*)?[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.[0-9]+|[0-9]+))
  | (?P<number>[0-9]+(?:\.[0-9]*)?[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.[0-9]+)
  | (?P<integer>[0-9]+)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<pair>\[[\x20\t\r\n]*\]|\([\x20\t\r\n]*\))
  | (?P<punctuation>\^\^|&&|\|\||!=|<=|>=|[{{}}()\[\].,;|/^*+?!=<>-])
    """,
    re.VERBOSE,
)

_LOOSER = {"integer": "number", "()": "(", "[]": "["}
"""Tokens that can be read in two ways, by the grammar's other name for them."""

Symbols = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where a query goes wrong: the place in the text, what stands there (empty: the end), what could stand there."""

    at: int
    found: str
    expected: tuple[str, ...]


class _Table:
    """The grammar as productions, and the tokens that each can begin with."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, list[Symbols]] = {}
        for line in text.strip().splitlines():
            name, _, right = line.partition(": ")
            self.rules[name] = self._alternatives(re.findall(r'"[^"]+"|\w+|[()|?*+]', right), name)
        self._nullable: set[str] = set()
        self._chosen: dict[tuple[str, str], Symbols | None] = {}
        self.first: dict[str, frozenset[str]] = dict.fromkeys(self.rules, frozenset())
        self._close()
        self.keywords = {s for rule in self.rules.values() for symbols in rule for s in symbols if s.isupper()} - {
            "END"
        }

    def _alternatives(self, tokens: list[str], name: str) -> list[Symbols]:
        """Read alternatives up to a closing parenthesis; what is repeated or optional becomes a rule of its own."""
        found: list[list[str]] = [[]]
        while tokens:
            part = tokens.pop(0)
            if part == ")":
                break
            if part == "|":
                found.append([])
                continue
            if part == "(":
                symbol = f"{name}.{len(self.rules)}"
                self.rules[symbol] = []
                self.rules[symbol] = self._alternatives(tokens, symbol)
            else:
                symbol = part.strip('"')
            mark = tokens[0] if tokens and tokens[0] in "?*+" else ""
            if mark:
                del tokens[0]
                more = f"{name}.{len(self.rules)}"
                self.rules[more] = [(symbol,) if mark == "?" else (symbol, more), ()]
                found[-1] += [symbol, more] if mark == "+" else [more]
            else:
                found[-1].append(symbol)
        return [tuple(symbols) for symbols in found]

    def _close(self) -> None:
        changed = True
        while changed:
            changed = False
            for name, alternatives in self.rules.items():
                first = frozenset().union(*(self.begins(symbols) for symbols in alternatives))
                nullable = any(all(symbol in self._nullable for symbol in symbols) for symbols in alternatives)
                if first != self.first[name] or (nullable and name not in self._nullable):
                    self.first[name] = first
                    changed = True
                    if nullable:
                        self._nullable.add(name)

    def begins(self, symbols: Symbols) -> frozenset[str]:
        """Return the tokens that a sequence can begin with."""
        found: frozenset[str] = frozenset()
        for symbol in symbols:
            found |= self.first.get(symbol, frozenset((symbol,)))
            if symbol not in self._nullable:
                break
        return found

    def choose(self, name: str, token: str) -> Symbols | None:
        """Return the alternative that ``token`` calls for, the empty one when none does, None when there is none."""
        if (name, token) not in self._chosen:
            self._chosen[name, token] = self._choice(name, token)
        return self._chosen[name, token]

    def _choice(self, name: str, token: str) -> Symbols | None:
        empty: Symbols | None = None
        for symbols in self.rules[name]:
            if token in self.begins(symbols):
                return symbols
            if all(symbol in self._nullable for symbol in symbols):
                empty = symbols
        return empty


@cache
def _table() -> _Table:
    return _Table(_GRAMMAR)


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (symbol, start, end); a character that begins no token has the symbol ``""``."""
    keywords = _table().keywords
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            yield "", at, at + 1
            return
        kind = str(token.lastgroup)
        if kind == "word":
            word = token[0].upper()
            kind = (
                "a" if token[0] == "a" else "function" if word in _FUNCTIONS else "aggregate" if word in _AGGREGATES
                else word if word in keywords else ""
            )  # fmt: skip
        elif kind == "pair":
            kind = token[0][0] + token[0][-1]
        elif kind == "punctuation":
            kind = token[0]
        if kind != "skip":
            yield kind, token.start(), token.end()
        at = token.end()
    yield "END", len(text), len(text)


class GrammarLeft(Exception):
    """The query leaves the grammar; see :func:`explain`."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.found)
        self.mistake = mistake


END_OF_RULE = ""
"""The symbol of the step at which the innermost rule that has begun ends."""


def derivation(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield how the grammar takes a query apart: rules as they begin and end, and between them tokens with their places.

    Raises GrammarLeft where the query leaves the grammar; :func:`find_mistake` tells where.
    """
    table = _table()
    stack = ["Query"]
    expected: set[str] = set()
    for token, start, end in _tokens(text):
        symbol = token
        while True:
            top = stack.pop()
            if top == END_OF_RULE:
                yield top, start, start
            elif top in table.rules:
                expected |= table.first[top]
                chosen = table.choose(top, symbol) or table.choose(top, _LOOSER.get(symbol, symbol))
                if chosen is None:
                    raise GrammarLeft(Mistake(start, text[start:end], _in_words(expected)))
                if "." not in top:  # no part of a rule that is a rule only for this table
                    yield top, start, end
                    stack.append(END_OF_RULE)
                stack.extend(reversed(chosen))
            elif top == symbol or (symbol == "integer" and top == "number"):
                expected.clear()
                yield symbol, start, end
                break
            elif symbol in ("()", "[]") and top == symbol[0]:  # the grammar takes this pair apart here
                expected.clear()
                yield top, start, start + 1
                symbol, start = symbol[1], end - 1
            else:
                raise GrammarLeft(Mistake(start, text[start:end], _in_words(expected | {top})))
    yield END_OF_RULE, len(text), len(text)  # of the query


def is_rule(symbol: str) -> bool:
    """Tell whether a symbol of a derivation is a rule's, not a token's."""
    return symbol in _table().rules


def find_mistake(text: str) -> Mistake | None:
    """Return where a query leaves the grammar; None when it does not, as with a variable that is named twice.

    >>> find_mistake("ASK { ?s ?p 1 } LIMIT x")
    Mistake(at=22, found='x', expected=('whole number',))
    """
    try:
        for _ in derivation(text):
            pass
    except GrammarLeft as left:
        return left.mistake
    return None


def _in_words(symbols: set[str]) -> tuple[str, ...]:
    """Return what could stand there, what closes a group first: that is most often what is missing."""
    return tuple(sorted({_KINDS.get(symbol, symbol) for symbol in symbols}, key=lambda word: (word not in "})]", word)))


def undeclared(text: str) -> MalformedQuery | None:
    """Return the error that names the first prefix that is used and not declared, None when there is none."""
    missing = undeclared_prefix(text)
    if missing is None:
        return None
    line, column = position(text, missing[1])
    message = f"the prefix {missing[0]}: is not declared. Add PREFIX {missing[0]}: <…> at the beginning."
    return MalformedQuery(f"Line {line}, column {column}: {message}", line=line, column=column)


def explain(text: str) -> MalformedQuery | None:
    """Return the error that tells where a query leaves the grammar, None when it does not.

    >>> print(explain("SELECT * {} LIMIT"))
    Line 1, column 18: the query ends too early; expected is whole number
    """
    mistake = find_mistake(text)
    if mistake is None:
        return None
    line, column = position(text, mistake.at)
    opened = unclosed(text)
    if mistake.found in ("'", '"'):
        what = "a string begins here that does not end on its line, or holds an escape that there is not"
    elif mistake.found == "<" and _KINDS["iri_ref"] in mistake.expected:
        what = "what stands between < and > here is not an IRI"
    elif mistake.found:
        what = f"{mistake.found[:40]!r} cannot stand here"
    elif opened:
        at = position(text, opened[1])
        what = f"the query ends before the {opened[0]} of line {at[0]}, column {at[1]} is closed"
    else:
        what = "the query ends too early"
    tokens = listed(mistake.expected[:_LISTED], "en") + (", …" if len(mistake.expected) > _LISTED else "")
    message = f"Line {line}, column {column}: {what}; expected is {tokens}"
    return MalformedQuery(message, line=line, column=column, expected=mistake.expected)


__all__: Sequence[str] = (
    "END_OF_RULE",
    "GrammarLeft",
    "Mistake",
    "derivation",
    "explain",
    "find_mistake",
    "is_rule",
    "undeclared",
)
