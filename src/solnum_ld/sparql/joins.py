"""How many patterns the groups of a query join: a planner weighs each of a group against all others, before it evaluates.

Oxigraph 0.5 takes 0.7 s to order 100 triple patterns, 11 s for 200, minutes for 400, and cannot be stopped meanwhile: its
server would be busy with it long after the client has left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_JOINED = 100
"""Triple patterns, steps of paths and groups that one group joins, with those of groups in it that are no alternatives."""

MAX_PATTERNS = 4000
"""The same in all groups together."""

MAX_CONDITIONS = 2000
"""Conditions in parentheses after a pattern (GROUP BY, HAVING, ORDER BY): each adds a level to the algebra."""

_BUDGET = MAX_JOINED**4
"""A planner's work for a group grows with the square of what it joins, and with that of all patterns under it (measured:
100 triple patterns, 60 unions of two and 10 of a hundred take it about a second)."""

_JOINED = f"a group joins more than {MAX_JOINED} patterns, or unions of many"
_PATTERNS = f"it has more than {MAX_PATTERNS} patterns"
_CONDITIONS = f"it has more than {MAX_CONDITIONS} conditions after a pattern"

_JOINING = frozenset(". ; , [ / ^ ! < ~".split())
_APART = frozenset("OPTIONAL UNION MINUS EXISTS LATERAL WHERE".split())
"""Words after which a group is planned by itself."""

_EXPRESSION = frozenset("FILTER BIND VALUES".split())
"""Words after which the next parenthesis is no list or path of a pattern."""

_NO_TERM = frozenset("| * + - ? ]".split())
"""What in a list or path is neither an element nor stands between two."""

_GROUP, _TERMS, _SUBQUERY, _MODIFIERS, _OTHER = range(5)
"""What stands between two brackets: a pattern, a list or path, a subquery, what follows a pattern, what is not joined."""


@dataclass(slots=True)
class _Frame:
    """A bracket that is open: the token that opens it, how many patterns it joins, and how many its alternatives have.

    Of a list or path also how many terms and nested parentheses stand in it, and how many signs between them.
    """

    kind: int
    opening: int
    before: str = ""
    joined: int = 1
    alternatives: int = 0
    terms: int = 0
    signs: int = 0
    last: _Frame | None = None
    """What was closed last and is joined with the rest."""

    @property
    def work(self) -> int:
        """What planning it takes."""
        return (self.joined * (self.joined + self.alternatives)) ** 2


def excess(found: Iterable[str], *, complete: bool = True) -> tuple[int, str] | None:
    """Return the token where what passes a bound begins, and the bound in words; None when none is passed.

    ``found`` are the tokens from the pattern on, words in capitals: all but comments, or, when it is not ``complete``,
    brackets, separators, operators and words, without the terms; then what terms could count is counted.

    >>> excess(["{", "?s", "?p", "?o", "}"])
    >>> excess(["{", *(";" * 100), "}"])
    (0, 'a group joins more than 100 patterns, or unions of many')
    """
    weighing = _Weighing(complete=complete)
    previous = ""
    for index, written in enumerate(found):
        weighing.begin(written)
        if written in _JOINING:
            weighing.join()
        elif written == "{":
            weighing.brace(index, previous)
        elif written == "(":
            weighing.parenthesis(index)
        elif written == "}" or written == ")":
            weighing.close()
        else:
            weighing.take(written, previous)
        if weighing.passed is not None:
            return weighing.passed
        previous = written
    return None


class _Weighing:
    """Takes the tokens of a pattern one by one. ``passed`` is the bound that was passed, and by which token's bracket."""

    def __init__(self, *, complete: bool) -> None:
        self.passed: tuple[int, str] | None = None
        self._complete = complete
        self._frame = _Frame(_MODIFIERS, 0)
        self._stack = [self._frame]
        self._work = self._patterns = self._conditions = 0
        self._expected = False  # whether the next parenthesis opens an expression
        self._data = False  # whether the next brace opens rows of VALUES
        self._between = (
            False  # whether what was closed just now is no triple, so that a triple needs no sign to follow it
        )

    def begin(self, written: str) -> None:
        """Count the triple that begins with a term, where no sign tells of it."""
        if self._between:
            self._between = False
            self._count(_is_term(written))

    def join(self) -> None:
        """Take a sign that stands between patterns, or between steps of a path."""
        if self._frame.kind <= _TERMS:
            self._frame.signs += 1
            self._count(1)

    def brace(self, index: int, previous: str) -> None:
        """Take a brace that opens a group, or rows of VALUES."""
        last = previous[previous.rfind("-") + 1 :]  # "true-EXISTS" is two words and a sign
        joins = not self._data and (self._frame.kind != _OTHER or last in _APART)
        self._data = self._expected = False
        word = last if self._frame.kind == _GROUP else "WHERE"
        self._open(_Frame(_GROUP if joins else _OTHER, index, word if word in _APART else ""))

    def parenthesis(self, index: int) -> None:
        """Take a parenthesis that opens a list or path, or an expression."""
        kind = self._frame.kind
        if kind == _MODIFIERS:
            self._conditions += 1
            if self._conditions > MAX_CONDITIONS:
                self.passed = index, _CONDITIONS
        is_terms = kind == _TERMS or (kind == _GROUP and not self._expected and not self._data)
        self._expected = False
        self._frame.terms += 1
        self._open(_Frame(_TERMS if is_terms else _OTHER, index, joined=1 if self._complete else MAX_JOINED))

    def close(self) -> None:
        """Take a closing brace or parenthesis."""
        if len(self._stack) == 1:
            return
        closed = self._stack.pop()
        self._frame = around = self._stack[-1]
        around.last = None
        if around.kind == _GROUP and closed.kind != _TERMS:
            self._between = self._complete
            self._count(not self._complete)
        if closed.kind == _OTHER:
            return
        if closed.kind == _TERMS and closed.signs < closed.terms - 1:  # a list: each element is two triples
            self._count(2 * closed.terms)
        if closed.before:
            self._plan(closed)
            if closed.before == "UNION":
                around.alternatives += closed.joined + closed.alternatives
        else:
            around.joined += closed.joined
            around.alternatives += closed.alternatives
            around.last = closed
        if around.kind == _SUBQUERY and closed.kind == _GROUP:
            around.kind = _MODIFIERS

    def take(self, written: str, previous: str) -> None:
        """Take a word, or another token."""
        frame = self._frame
        if written in _EXPRESSION:
            self._expected, self._data = True, written == "VALUES"
        if frame.kind == _TERMS:
            frame.signs += written == "|"
            frame.terms += written not in _NO_TERM
        elif frame.kind != _GROUP:
            return
        elif written == "VALUES":
            self._count(1)
        elif written == "SELECT":
            frame.kind = _SUBQUERY
        elif written == "UNION" and frame.last is not None:  # what was taken for joined is the first alternative
            first, frame.last = frame.last, None
            self._plan(first)
            frame.joined += 1 - first.joined
            frame.alternatives += first.joined
        elif written == "|":
            self._count(previous == "{")  # RDF 1.2: what a triple is annotated with
        elif "." in written and written[0].isalpha():  # words with what stands after them, before a colon perhaps
            self._count(written.partition(":")[0].count("."))

    def _open(self, frame: _Frame) -> None:
        self._frame = frame
        self._stack.append(frame)
        if frame.kind <= _TERMS:
            self._sum(frame.joined)

    def _count(self, number: int) -> None:
        self._frame.joined += number
        self._sum(number)

    def _sum(self, number: int) -> None:
        self._patterns += number
        if self._patterns > MAX_PATTERNS:
            self.passed = self._frame.opening, _PATTERNS

    def _plan(self, group: _Frame) -> None:
        self._work += group.work
        if self._work > _BUDGET:
            self.passed = group.opening, _JOINED


def _is_term(written: str) -> bool:
    """Tell whether a token, in capitals, is a term that may begin a triple, or begins with one."""
    return written[0] in "?$<_\"'-+0123456789" or ":" in written or written.startswith(("TRUE", "FALSE"))
