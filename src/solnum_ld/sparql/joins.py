"""How many patterns the groups of a query join: a planner weighs each of a group against all others, before it evaluates.

Oxigraph 0.5 takes 0.7 s to order 100 triple patterns, 11 s for 200, minutes for 400, and cannot be stopped meanwhile: its
server would be busy with it long after the client has left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_DEPTH = 200
"""Nested groups, parentheses and brackets; parsers by recursive descent overflow their stack at some thousands."""

MAX_JOINED = 100
"""Triple patterns, steps of paths and groups that one group joins, with those of groups in it that are no alternatives."""

MAX_PATTERNS = 4000
"""The same in all groups together."""

MAX_CONDITIONS = 2000
"""Conditions in parentheses after a pattern (GROUP BY, HAVING, ORDER BY): each adds a level to the algebra."""

_BUDGET = MAX_JOINED**4
"""A planner's work for a group grows with the square of what it joins, and with that of all patterns under it (measured:
100 triple patterns, 60 unions of two and 10 of a hundred take it about a second)."""

MAX_STEPS = 12
"""Steps of a sequence that stands in parentheses or beside alternatives: what it may find is estimated by a way that doubles with
each."""

_ROWS = 2.5
"""What a value of VALUES costs beside a pattern: all are gone through again as often as patterns are weighed."""

MAX_COPIES = 300_000
"""Alternatives times what stands in conditions: the conditions of a group are copied into each of its alternatives."""

MAX_COMPARED = 2_000_000
"""Conditions times what stands in them: each is compared with all others that it is joined with by AND or OR."""

TOO_DEEP = f"it has more than {MAX_DEPTH} levels of nesting"
_JOINED = f"a group joins more than {MAX_JOINED} patterns, or unions of many"
_PATTERNS = f"it has more than {MAX_PATTERNS} patterns"
_SEQUENCE = f"a path in parentheses or beside alternatives has more than {MAX_STEPS} steps"
_VALUES = "it joins too many patterns with so many VALUES"
_COMPARED = "it has too many conditions"
_COPIES = "it has too many conditions for so many UNIONs"
_CONDITIONS = f"it has more than {MAX_CONDITIONS} conditions after a pattern"

_JOINING = frozenset(". ; , [ / ^ ! < ~".split())
_APART = frozenset("OPTIONAL UNION MINUS EXISTS LATERAL WHERE".split())
"""Words after which a group is planned by itself."""

_BESIDE = frozenset({"OPTIONAL", "LATERAL"})
"""Those of them whose group is weighed as one more pattern of the group that it stands in."""

_WORDED = re.compile(r"[^:<\"']*(?:TRUE|FALSE)\.")
"""A name that may be a word, a dot, and a name."""

_OPERATORS = frozenset("|| && = != < > <= >= + - * /".split())

_EXPRESSION = frozenset("FILTER BIND VALUES".split())
"""Words after which the next parenthesis is no list or path of a pattern."""

_NO_TERM = frozenset("| * + - ? ]".split())
"""What in a list or path is neither an element nor stands between two."""

_GROUP, _TERMS, _SUBQUERY, _MODIFIERS, _OTHER = range(5)
"""What stands between two brackets: a pattern, a list or path, a subquery, what follows a pattern, what is not joined."""


@dataclass(slots=True)
class _Frame:
    """A bracket that is open: the token that opens it, how many patterns it joins, and how many its alternatives have.

    Of a list or path also how many terms and nested parentheses stand in it, how many signs between them, and what its
    sequence takes to estimate; of a group what that takes of the path at hand and whether alternatives stand in it, how
    many VALUES it joins, and how many patterns the verb at hand and those of the brackets around it stand for, since each
    object has its own.
    """

    kind: int
    opening: int
    before: str = ""
    joined: int = 1
    alternatives: int = 0
    terms: int = 0
    signs: int = 0
    sequence: int = 1
    longest: int = 1
    alternative: bool = False
    values: int = 0
    is_data: bool = False
    inner: int = 1
    steps: list[int] = field(default_factory=lambda: [0])
    last: _Frame | None = None
    """What was closed last and is joined with the rest."""

    @property
    def work(self) -> float:
        """What planning it takes."""
        return (self.joined * (self.joined + self.alternatives)) ** 2 + self.joined**2 * self.values * _ROWS


def excess(found: Iterable[str], most: int | None = None) -> tuple[int, str] | None:
    """Return the token where what passes a bound begins, and the bound in words; None when none is passed.

    ``found`` are the tokens from the pattern on, words in capitals: all but comments; or, without terms, brackets, separators,
    operators and words: then what terms could count is counted, of which there are ``most`` at most.

    >>> excess(["{", "?s", "?p", "?o", "}"])
    >>> excess(["{", *(";" * 100), "}"])
    (0, 'a group joins more than 100 patterns, or unions of many')
    """
    weighing = _Weighing(most)
    previous = ""
    for index, written in enumerate(found):
        if weighing.begin(written):
            pass
        elif written in _JOINING:
            weighing.join(written)
        elif written == "{":
            weighing.brace(index, previous)
        elif written == "(":
            weighing.parenthesis(index)
        elif written == "}" or written == ")":
            weighing.close()
        elif written == "]":
            weighing.leave()
        else:
            weighing.take(written, previous)
        if weighing.passed is not None:
            return weighing.passed
        previous = written
    return None


class _Weighing:
    """Takes the tokens of a pattern one by one. ``passed`` is the bound that was passed, and by which token's bracket."""

    def __init__(self, most: int | None) -> None:
        self.passed: tuple[int, str] | None = None
        self._most = most
        self._frame = _Frame(_MODIFIERS, 0)
        self._stack = [self._frame]
        self._work = 0.0
        self._patterns = self._conditions = self._conditioned = self._unions = self._connected = 0
        self._expected = False  # whether the next parenthesis opens an expression
        self._data = False  # whether the next brace opens rows of VALUES
        self._between = False  # whether what was closed last is no triple, so that a triple needs no sign to follow it

    def begin(self, written: str) -> bool:
        """Count the triple that begins with a term, where no sign tells of it; return whether it is a dot that tells nothing."""
        if not self._between:
            return False
        if written == ".":
            return True
        self._between = False
        self._count(_is_term(written))
        return False

    def join(self, written: str) -> None:
        """Take a sign that stands between patterns, or between steps of a path."""
        frame = self._frame
        if frame.kind == _OTHER:
            self._condition(written == ",")
        elif frame.kind <= _TERMS:
            frame.signs += 1
            self._count(1)
            if written == "/":
                self._step()
            elif frame.kind == _GROUP:
                self._separate(written)
            elif written == "[":  # a list, of which each node may have paths
                frame.sequence = frame.longest = 1

    def _step(self) -> None:
        self._frame.steps[-1] += 1
        self._estimate(2)

    def _estimate(self, times: int) -> None:
        frame = self._frame
        frame.sequence *= times
        if frame.sequence >= 1 << MAX_STEPS and (frame.kind == _TERMS or frame.alternative):
            self.passed = frame.opening, _SEQUENCE

    def _choose(self) -> None:
        """Take the sign between alternatives of a path."""
        frame = self._frame
        frame.alternative = True
        self._estimate(1)
        frame.longest, frame.sequence = max(frame.longest, frame.sequence), 1

    def _separate(self, written: str) -> None:
        frame = self._frame
        if written == ",":
            self._count(frame.steps[-1])
        elif written in ".;":
            frame.steps[-1] = 0
        elif written == "[":
            frame.steps.append(0)
        else:
            return
        frame.sequence = frame.longest = 1
        frame.alternative = False

    def leave(self) -> None:
        """Take the end of a blank node's properties."""
        if self._frame.kind == _GROUP and len(self._frame.steps) > 1:
            self._frame.steps.pop()

    def brace(self, index: int, previous: str) -> None:
        """Take a brace that opens a group, or rows of VALUES."""
        joins = not self._data and (self._frame.kind != _OTHER or previous in _APART)
        word = previous if self._frame.kind == _GROUP else "WHERE"
        frame = _Frame(_GROUP if joins else _OTHER, index, word if word in _APART else "")
        frame.is_data = self._data
        frame.values = (self._most or 0) if self._data else 0
        self._data = self._expected = False
        self._open(frame)

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
        self._condition(not is_terms and not self._frame.is_data)
        frame = _Frame(_TERMS if is_terms else _OTHER, index, joined=1 if self._most is None else MAX_JOINED)
        frame.is_data = self._frame.is_data
        self._open(frame)

    def close(self) -> None:
        """Take a closing brace or parenthesis."""
        if len(self._stack) == 1:
            return
        closed = self._stack.pop()
        self._frame = around = self._stack[-1]
        around.last = None
        around.values += closed.values if closed.is_data or not closed.before else 0
        if around.kind == _GROUP and closed.kind != _TERMS:
            self._between = self._most is None
            self._count(not self._between)
        if closed.kind == _OTHER:
            if closed.is_data and around.kind == _MODIFIERS:  # what follows a pattern is joined with it
                self._plan(_Frame(_GROUP, around.opening, joined=around.inner, values=closed.values))
            return
        if closed.kind == _TERMS:
            if closed.signs < closed.terms - 1:  # a list: each element is two triples
                self._count(2 * closed.terms)
            around.steps[-1] += closed.joined
            self._estimate(max(closed.longest, closed.sequence))
        if closed.before:
            self._plan(closed)
            if closed.before == "UNION":
                around.alternatives += closed.joined + closed.alternatives
            elif closed.before in _BESIDE:
                self._count(1)
        else:
            around.joined += closed.joined
            around.alternatives += closed.alternatives
            around.last = closed
        if closed.kind == _GROUP and around.kind in (_SUBQUERY, _MODIFIERS):
            around.kind, around.inner = _MODIFIERS, closed.joined

    def take(self, written: str, previous: str) -> None:
        """Take a word, or another token."""
        frame = self._frame
        self._connected += written == "FILTER"
        if written in _EXPRESSION:
            self._expected, self._data = True, written == "VALUES"
        if frame.kind == _TERMS:
            if written == "|":
                frame.signs += 1
                self._choose()
            frame.terms += written not in _NO_TERM
        elif frame.kind == _OTHER:
            if frame.is_data:
                frame.values += 1
            else:
                self._connected += written in ("&&", "||")
                self._condition(written in _OPERATORS)
        elif frame.kind != _GROUP:
            return
        elif written == "BIND":
            frame.alternatives += 1
        elif written == "VALUES":
            self._count(1)
        elif written == "SELECT":
            frame.kind = _SUBQUERY
        elif written == "UNION":
            self._union(frame)
        elif written == "|":
            self._count(previous == "{")  # RDF 1.2: what a triple is annotated with
            self._choose()
        elif ":" in written and _WORDED.match(written):  # words with what stands after them, before a colon
            self._count(written.partition(":")[0].count("."))

    def _open(self, frame: _Frame) -> None:
        self._frame = frame
        self._stack.append(frame)
        if len(self._stack) > MAX_DEPTH + 1:
            self.passed = frame.opening, TOO_DEEP
        elif frame.kind <= _TERMS:
            self._sum(frame.joined)

    def _count(self, number: int) -> None:
        self._frame.joined += number
        self._sum(number)

    def _sum(self, number: int) -> None:
        self._patterns += number
        if self._patterns > MAX_PATTERNS:
            self.passed = self._frame.opening, _PATTERNS

    def _condition(self, number: int) -> None:
        self._conditioned += number
        if self._conditioned * self._unions > MAX_COPIES:
            self.passed = self._frame.opening, _COPIES
        elif self._conditioned * self._connected > MAX_COMPARED:
            self.passed = self._frame.opening, _COMPARED

    def _union(self, frame: _Frame) -> None:
        self._unions += 1
        self._condition(0)
        if frame.last is not None:  # what was taken for joined is the first alternative
            first, frame.last = frame.last, None
            self._plan(first)
            frame.joined += 1 - first.joined
            frame.alternatives += first.joined

    def _plan(self, group: _Frame) -> None:
        self._work += group.work
        if self._work > _BUDGET:
            heavy = group.joined**2 * group.values * _ROWS > _BUDGET / 2
            self.passed = group.opening, _VALUES if heavy else _JOINED


def _is_term(written: str) -> bool:
    """Tell whether a token, in capitals, is a term that may begin a triple, or begins with one."""
    return written[0] in "?$<_\"'-+0123456789" or ":" in written or written.startswith(("TRUE", "FALSE"))
