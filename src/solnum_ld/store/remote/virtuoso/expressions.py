"""Expressions in words that Virtuoso evaluates as SPARQL means them (SPARQL 1.1 Query, 17.3 and 17.4).

Of decimals it gives nothing, or fails, where both sides of an operator are the same; it divides integers into integers, and ends
over a division by zero; it resolves no IRI. What an expression is, a truth value or a number that may be whole, is told here
from how it is written.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from solnum_ld.namespaces import RDF, XSD
from solnum_ld.sparql.tree import Node
from solnum_ld.store.remote.virtuoso.literals import AS_IT_IS

UNBOUND = 'ABS("")'
"""What has no value, in groups too, where a variable that is nowhere is refused."""

LONGEST = 400
"""Characters of an expression that may be written more than once."""

_TRUTHS = frozenset(
    """CONTAINS STRSTARTS STRENDS REGEX LANGMATCHES SAMETERM ISIRI ISURI ISBLANK ISLITERAL ISNUMERIC""".split()
)
_NUMBERS = frozenset(("number", "integer"))
_AGGREGATES = frozenset(("aggregate", "COUNT"))
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NOT_IN_IRIS = re.compile(r'[\x00-\x20<>"{}|\\^`]')
_FLOATING = f"IN (<{XSD}double>, <{XSD}float>)"


def is_truth(node: Node) -> bool:
    """Tell whether an expression has truth values alone."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        first = node.parts[0] if node.parts else node
        name = first.text.upper() if first.symbol == "function" else ""
        if node.symbol in ("Relational", "And", "Expression", "TRUE", "FALSE") or name in _TRUTHS:
            continue
        if node.symbol == "BuiltIn" and first.symbol in ("BOUND", "EXISTS", "NOT"):
            continue
        if node.symbol == "Unary" and first.symbol == "!":
            continue
        if node.symbol == "Bracketted":
            waiting.append(node.parts[1])
        elif name in ("IF", "COALESCE"):
            waiting += _arguments(node)[1 if name == "IF" else 0 :]
        else:
            return False
    return True


def has_aggregate(node: Node) -> bool:
    """Tell whether an expression aggregates, so that it may not be asked about itself there."""
    return any(any(node.within(symbol)) for symbol in _AGGREGATES)


def exact(expression: str) -> str:
    """Return an expression that has the digits of a double, of which results tell six; nothing for other values."""
    return f'IF(isNumeric({expression}) && DATATYPE({expression}) {_FLOATING}, bif:sprintf("%.17g", {expression}), {UNBOUND})'


def value_of(variable: str) -> str:
    """Return an expression that has the value of a variable, of a double all digits, under the datatype of what is kept as it is."""
    digits = f'STRDT(bif:sprintf("%.17g", {variable}), IRI(CONCAT("{AS_IT_IS}", STR(DATATYPE({variable})))))'
    return f"IF(isNumeric({variable}) && DATATYPE({variable}) {_FLOATING}, {digits}, {variable})"


def truth_of(variable: str) -> str:
    """Return an expression that has the value of a variable that is a truth value, which it computes as a number."""
    true, false = (f'"{value}"^^<{AS_IT_IS}{XSD}boolean>' for value in ("true", "false"))
    return f"IF(BOUND({variable}), IF({variable}, {true}, {false}), {UNBOUND})"


def sum_of(node: Node) -> str:
    """Return the words of a sum, whose terms have theirs."""
    parts = node.parts
    words = parts[0].text
    at = 1
    while at < len(parts):
        if parts[at].symbol == "signed_number":  # "?x -1" is a difference, and may go on as a product
            end = at + 1
            while end < len(parts) and parts[end].symbol in ("*", "/"):
                end += 2
            number = parts[at].text
            first = Node("number" if "." in number or "e" in number.lower() else "integer", 0, 0, number[1:])
            term = _product([first, *parts[at + 1 : end]]) if end > at + 1 else first.text
            words += f" {number[0]} {term}"
            at = end
        else:
            words += f" {parts[at].text} {_twin(parts[at + 1])}"
            at += 2
    return words


def product_of(node: Node) -> str:
    """Return the words of a product, whose factors have theirs."""
    return _product(node.parts)


def _product(parts: list[Node]) -> str:
    words, whole, single = parts[0].text, _may_be_whole(parts[0]), parts[0]
    for operator, factor in zip(parts[1::2], parts[2::2], strict=True):
        if operator.symbol == "*":
            words = f"{words} * {_twin(factor)}"
            whole = whole and _may_be_whole(factor)
        else:
            words = f"{_no_integer(words, single) if whole else words} / {_divisor(factor)}"
            whole = False
        single = Node("", 0, 0, words, [single, factor])
    return words


def _twin(node: Node) -> str:
    """Return the words of a right side that is not the left side over again."""
    return node.text if node.symbol in _NUMBERS else f"({node.text} + 0)"


def _no_integer(words: str, node: Node) -> str:
    """Return the words of a dividend as a decimal where it is an integer; of doubles it would make decimals too."""
    if node.symbol == "integer":
        return f"{words}.0"
    if has_aggregate(node) or len(words) > LONGEST:
        return f"({words} + 0.0)"
    return f"IF(DATATYPE({words}) {_FLOATING}, {words}, ({words}) + 0.0)"


def _divisor(node: Node) -> str:
    """Return the words of a divisor that has no value where it is zero, if that can be asked."""
    if node.symbol in _NUMBERS and float(node.text):
        return node.text
    if has_aggregate(node) or len(node.text) > LONGEST:
        return f"({node.text} + 0)"
    return f"IF({node.text} = 0, {UNBOUND}, {node.text} + 0)"


def _may_be_whole(node: Node) -> bool:
    """Tell whether an expression may be an integer: one that is divided, or has a number with a point, is none."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if node.symbol == "number" or (node.symbol == "signed_number" and not node.text[1:].isdigit()):
            return False
        if node.symbol in ("Additive", "Multiplicative", "Unary", "Bracketted"):
            if any(part.symbol == "/" for part in node.parts):
                return False
            waiting += node.parts
    return True


def _arguments(node: Node) -> list[Node]:
    """Return the arguments of a call."""
    listed = node.parts[1]
    return [part for part in listed.parts if part.symbol not in ("(", ")", ",")] if listed.parts else []


def call_of(node: Node, base: str) -> str | None:
    """Return the words of a call of one of SPARQL's own functions; None to leave it as it is."""
    arguments = _arguments(node)
    if not arguments or len(node.text) > LONGEST or any(has_aggregate(argument) for argument in arguments):
        return None
    first, text = arguments[0], arguments[0].text
    match node.parts[0].text.upper():
        case "IRI" | "URI":
            return iri_of(node, base)
        case "DATATYPE" if first.symbol == "string":  # none of the texts of a query has one
            return f"<{XSD}string>"
        case "DATATYPE" if first.symbol == "Literal" and first.parts[1].symbol == "language":
            return f"<{RDF}langString>"
        case "DATATYPE" if first.symbol == "var":  # nor have those with a language
            return f'IF(isLiteral({text}), IF(LANG({text}) != "", <{RDF}langString>, {node.text}), {UNBOUND})'
        case "LCASE" | "UCASE" | "REPLACE" if _is_plain(first):  # what they make of it is before or after nothing
            return f"STR({node.text})"
        case "ENCODE_FOR_URI":  # it would not encode letters beyond ASCII, and add a NUL
            return f'IF(REGEX(STR({text}), "^[ -~]*$"), {node.text}, {UNBOUND})'
        case "TZ":
            return f'IF(REGEX({node.text}, "^[0-9]"), CONCAT("+", {node.text}), {node.text})'
        case _:
            return None


def _is_plain(node: Node) -> bool:
    """Tell whether an expression is a text without a language."""
    while node.symbol == "BuiltIn" and node.parts[0].text.upper() in ("LCASE", "UCASE", "REPLACE", "SUBSTR"):
        node = _arguments(node)[0]
    return node.symbol == "string" or (node.symbol == "BuiltIn" and node.parts[0].text.upper() == "STR")


def iri_of(node: Node, base: str) -> str | None:
    """Return the words of a call of IRI() that resolves what it is given; None where that is absolute anyway.

    A text that is computed is resolved but for segments ``.`` and ``..``, of which no IRI is made.
    """
    (argument,) = _arguments(node) or (None,)
    if argument is None or not base or len(argument.text) > LONGEST or _is_absolute(argument):
        return None
    name = node.parts[0].text
    if argument.symbol == "string" and "\\" not in argument.text:
        iri = urljoin(base, argument.text.strip(argument.text[0]))
        return UNBOUND if _NOT_IN_IRIS.search(iri) else f'{name}("{iri}")'
    return f"{name}({_resolved(f'STR({argument.text})', base)})"


def _is_absolute(node: Node) -> bool:
    """Tell whether an expression is an IRI, or a text that is absolute from how it begins."""
    while node.symbol == "BuiltIn" and node.parts[0].text.upper() in ("CONCAT", "STR", "IRI", "URI"):
        if node.parts[0].text.upper() in ("IRI", "URI"):
            return True
        if not (arguments := _arguments(node)):
            return False
        node = arguments[0]
    quoted = node.symbol in ("string", "iri_ref")
    return node.symbol == "pname" or (quoted and _ABSOLUTE.match(node.text.lstrip("\"'<")) is not None)


def _resolved(text: str, base: str) -> str:
    """Return an expression that resolves a text (RFC 3986, 5.2) but for its dots."""
    parts = urlsplit(base)
    whole = base.partition("#")[0]
    path = whole.partition("?")[0]
    choices = (
        (f'REGEX({text}, "^[A-Za-z][-A-Za-z0-9+.]*:")', text),
        (f'REGEX({text}, "(^|/)[.][.]?(/|$)")', UNBOUND),
        (f'STRSTARTS({text}, "//")', f'CONCAT("{parts.scheme}:", {text})'),
        (f'STRSTARTS({text}, "/")', f'CONCAT("{parts.scheme}://{parts.netloc}", {text})'),
        (f'STRSTARTS({text}, "?")', f'CONCAT("{path}", {text})'),
        (f'({text} = "" || STRSTARTS({text}, "#"))', f'CONCAT("{whole}", {text})'),
    )
    words = f'CONCAT("{path.rpartition("/")[0]}/", {text})'
    for condition, then in reversed(choices):
        words = f"IF({condition}, {then}, {words})"
    return words
