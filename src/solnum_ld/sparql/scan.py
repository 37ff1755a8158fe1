"""Look at a query before any parser does: its form, its dataset clauses, its IRIs, and whether its size and shape are bounded.

The tokens are those of SPARQL 1.1 Query, 19.8, so that nothing inside a string, an IRI or a comment is taken for a word.
What is found here is exact for queries that parse; the parser itself runs where it can be killed (DESIGN, section 6).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from solnum_ld.errors import MalformedQuery
from solnum_ld.sparql.bulk import too_much
from solnum_ld.sparql.calls import may_be_read_often, read_too_often
from solnum_ld.sparql.joins import MAX_DEPTH, TOO_DEEP, excess
from solnum_ld.sparql.services import services

MAX_WORD = 1000
"""Characters of a word or prefix: a parser without a lexer reads what has no spaces again from each of its places."""

MAX_NAMESPACE = 2000
"""Characters of an IRI of the prologue, which each name repeats."""

MAX_OPERATORS = 4000
MAX_CLAUSES = 2000
"""Operators and path steps, and clauses that each add a level to the algebra."""

_MANY_OPERATORS = 500
"""Operators in columns from which on they are weighed with those of the pattern."""

_VARIABLE = r"[?$][A-Za-z0-9_\u00b7-\U000effff]++"
_CHARS = r"\w\-\u00b7-\U000effff"
"""What goes on a name, and some more beyond ASCII, which no token holds elsewhere."""

_FIRST = rf"[A-Za-z_\u00c0-\U000effff][{_CHARS}]*+"
_SHORT = rf"[A-Za-z_\u00c0-\U000effff][{_CHARS}]{{0,900}}+"
_RUN = rf"{_FIRST}(?:\.++[{_CHARS}]++)*+"
_BLANK = rf"_:[{_CHARS}]*+(?:\.++[{_CHARS}]++)*+"
_LOCAL = rf":(?:(?![.\-])(?:[:{_CHARS}]++|%[0-9A-Fa-f]{{2}}|\\.|\.+(?=[:{_CHARS}%\\]))*+)?+"
_PART = rf"(?:[:{_CHARS}]|%[0-9A-Fa-f]{{2}}|\\.)"
_ONE_DOT = rf":(?:(?![.\-]){_PART}++(?:\.++{_PART}++)?+)?+(?!\.++{_PART})"
_OPERATOR = r"&&|\|\||\^\^|[<>!]?=|[-+*/|^!<>~]"
_TEXTS = r"""
    \#[^\n\r]*
  | \"\"\"[^"\\]*(?:(?:\\(?:.|\Z)|"(?!""))[^"\\]*)*(?:\"\"\"|\Z)
  | '''[^'\\]*(?:(?:\\(?:.|\Z)|'(?!''))[^'\\]*)*(?:'''|\Z)
  | "[^"\\\n\r]*+(?:\\.[^"\\\n\r]*+)*+"?
  | '[^'\\\n\r]*+(?:\\.[^'\\\n\r]*+)*+'?
  | @[A-Za-z]+(?:-[A-Za-z0-9]+)*+(?:--[A-Za-z]+)?
  | [0-9]+(?:\.(?:[0-9]+|(?=[eE][-+]?[0-9])))?(?:[eE][-+]?[0-9]+)?
"""
"""Comments, strings, language tags, numbers. A string that nothing closes ends with its line, like a comment: so that no
text is looked at more than once, however many quotes it has; no query that parses has such a string."""

_TOKEN = re.compile(
    rf"""
    {_VARIABLE}
  | (?P<iri><[^<>"{{}}|^`\x00-\x20]*>)
  | {_BLANK}
  | (?P<run>{_RUN})(?P<local>{_LOCAL})?
  | (?P<default>{_LOCAL})
  | (?P<open>[{{(\[])
  | (?P<close>[}})\]])
  | (?P<operator>{_OPERATOR})
  | {_TEXTS}
    """,
    re.VERBOSE | re.DOTALL,
)
_JOINING = re.compile(f"{_TOKEN.pattern} | [.;,]", _TOKEN.flags)
"""A token, or what stands between triples."""

_COUNTED = re.compile(
    rf"""
    (?:
        \s++
      | {_VARIABLE}
      | <[^<>"{{}}|^`\x00-\x20(]*>
      | {_BLANK}
      | {_SHORT}{_ONE_DOT}
      | {_ONE_DOT}
      | {_TEXTS}
      | [^A-Za-z_:\u00c0-\U000effff{{(\[}})\].;,&|<>!=+*/^~-]
      | &(?!&)
    )*+
    ( [{{(\[}})\].;,] | <[^<>"{{}}|^`\x00-\x20]*> | {_OPERATOR} | {_RUN}(?:{_LOCAL})? | {_LOCAL} )?
    """,
    re.VERBOSE | re.DOTALL,
)
"""The next token that counts in a pattern, after all that do not: brackets, separators, operators, words, IRIs with a
parenthesis, names with a dot before their colon or several after it."""

_UNCLEAR = re.compile(
    r"""<(?![A-Za-z][A-Za-z0-9+.\-]*://)(?=[^<>"{}|^`\x00-\x20]*[#'()\[\]]|[^<>"{}|^`\x00-\x20]{100})[^<>"{}|^`\x00-\x20]*>"""
)
"""What looks like an IRI and may be less-than, with what follows it in an expression: brackets, a comment, the begin of a string."""

_LONG_STRING = re.compile(
    r"""(\"\"\"|''')(?:[^\\]|\\[tbnrf"'\\]|\\u(?!(?i:d[89a-f]))[0-9A-Fa-f]{4}|\\U00(?:0(?!000(?i:d[89a-f]))[0-9A-Fa-f]|10)[0-9A-Fa-f]{4})*?\1""",
    re.DOTALL,
)
"""A string in three quotes that no parser takes for an empty one and the begin of another."""

_SEVERAL_DOTS = re.compile(rf"[^:]*+:{_PART}++\.++{_PART}++\.++{_PART}")
"""A name with dots in two places of its local part, which some parsers end before the second."""

_GLUED = re.compile("(?:TRUE|FALSE|NOT|UNDEF|BY|DISTINCT|REDUCED)+(?=[A-Z])")
"""What parsers without a lexer let stand before another word without a space."""

_OPERANDS = frozenset({"iri", "local", "default", "close", ""})
_OPENING = "{(["
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_PREFIXED = frozenset({"local", "default"})
_THREE = ('"""', "'''")
_BEFORE_OPERANDS = frozenset({"DISTINCT", "UNDEF"})
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+")
_BETWEEN = re.compile(r"([.\-])")
_QUERIES = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_UPDATES = frozenset("INSERT DELETE LOAD CLEAR CREATE DROP COPY MOVE ADD WITH".split())
_CLAUSES = frozenset("UNION OPTIONAL MINUS FILTER BIND GRAPH AS EXISTS VALUES SELECT LATERAL".split())
_CHANGING = re.compile("RAND|NOW|UUID|BNODE")
_SIGNS = frozenset("&& || <= >= != = - + * / | ^ ! < > ~".split())
_PUNCTUATION = frozenset("} ) ] . ; , ^^".split())
_AFTER_PATTERN = frozenset("VALUES GROUP HAVING ORDER LIMIT OFFSET".split())
_NOTED = _CLAUSES | _AFTER_PATTERN | {"FROM", "NAMED", "WHERE"}
_HIDDEN_CHANGE = re.compile(r"\b(?:RAND|NOW|UUID|STRUUID|BNODE)\s*\(", re.IGNORECASE)
"""A changing function in what looks like an IRI, since ``<`` may be less-than."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a query shows of itself.

    ``form`` is its first word after the prologue in capitals, ``start`` where that word stands, so that ``text[:start]``
    is the prologue. ``default_graphs`` and ``named_graphs`` are the IRIs of FROM and FROM NAMED as they are written.
    ``changing`` tells that two evaluations may differ. ``dataset`` is where the dataset clauses begin and end, ``body`` where
    the pattern begins, or what follows it where there is none (``grouped`` tells), the length of the text without either.
    """

    form: str
    start: int
    default_graphs: tuple[str, ...]
    named_graphs: tuple[str, ...]
    changing: bool
    service: bool
    targets: tuple[str, ...]
    dataset: tuple[int, int] | None
    body: int
    grouped: bool

    @property
    def is_update(self) -> bool:
        """Tell whether this is no query but an update (SPARQL 1.1 Update, 3)."""
        return self.form in _UPDATES


def scan(text: str) -> Scan:
    """Return what ``text`` shows of itself; raise MalformedQuery when it is no query or is past the bounds.

    >>> scan("PREFIX a: <http://a/> # SELECT\\nask {}").form
    'ASK'
    >>> scan('SELECT * FROM <g> { ?s ?p "FROM <no>" }').default_graphs
    ('<g>',)
    """
    return _Scanner(text).scan()


class _Scanner:
    """One pass over the tokens of a query."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._form = ""
        self._start = self._depth = self._operators = self._clauses = 0
        self._default: list[str] = []
        self._named: list[str] = []
        self._targets: list[str] = []
        self._changing = self._service = False
        self._clause: list[str] | None = None  # the list that the next IRI belongs to, after FROM or FROM NAMED
        self._dataset: tuple[int, int] | None = None
        self._body = len(text)
        self._grouped = True
        self._early = False  # whether a column has a pattern, of EXISTS, so that weighing begins with the columns
        self._template = False  # whether the triples that CONSTRUCT makes have begun, which are no pattern
        self._counted: list[str] | None = None  # of what follows the begin of the pattern
        self._broken = False  # the dataset clauses are none: the parser is left to say so

    def scan(self) -> Scan:
        if "\0" in self._text:
            raise MalformedQuery("The query holds a NUL character.")
        if _UNCLEAR.search(self._text):
            self._refuse_unclear()
        if '"""' in self._text or "'''" in self._text:
            self._refuse_open_strings()
        for token in _TOKEN.finditer(self._text):
            kind = token.lastgroup
            if self._dataset is not None and self._body == len(self._text):
                self._expect(token)
            if len(token[0]) > MAX_WORD and kind in ("run", "local"):
                self._bound_word(token)
            if kind == "iri" and not self._changing and "(" in token[0] and _HIDDEN_CHANGE.search(token[0]):
                self._changing = True
            if kind is None:
                if self._depth == 0 and self._form == "DESCRIBE":
                    self._target(token[0])
            elif kind == "run":  # "a.b" is two words: a dot or hyphen belongs to a name only before a colon
                for word in _WORD.finditer(self._text, token.start(), token.end()):
                    self._word(word)
                self._operate(token, token[0].count("-"))
            elif kind == "open":
                self._open(token)
            elif kind == "close":
                self._depth -= 1
            elif kind == "operator":
                self._operate(token, token[0] != "^^")
            elif kind in _PREFIXED and _SEVERAL_DOTS.match(token[0]):
                raise self._refused(
                    token.start(), f"{token[0][:80]} has several dots. Write \\. for each of them after the colon."
                )
            elif kind == "iri" and not self._form and len(token[0]) > MAX_NAMESPACE:
                raise self._refused(
                    token.start(),
                    f"The query is not answered here: a prefix or base has more than {MAX_NAMESPACE} characters.",
                )
            elif self._clause is not None:
                self._graph(token)
            elif self._depth == 0 and self._form == "DESCRIBE":
                self._target(token[0])
            if self._body < len(self._text) and self._counted is None:
                self._counted = [*filter(None, _COUNTED.findall(self._text, token.end()))]
                if self._early or self._operators > _MANY_OPERATORS:
                    self._weigh_exactly(self._start)
                else:
                    self._weigh([self._text[self._body : token.end()], *self._counted])
                if self._sum(self._counted):
                    break
        if may_be_read_often(self._text):
            self._weigh_calls()
        template = self._text[self._start : self._body] if self._form == "CONSTRUCT" else ""
        much = too_much(self._text, template)
        if much is not None:
            raise self._refused(self._start, f"The query is not answered here: {much}.")
        if not self._service:
            self._refuse_services()
        if not self._form:
            raise MalformedQuery(
                "A query begins with SELECT, ASK, CONSTRUCT or DESCRIBE after its prefixes; here is none of them."
            )
        broken = self._broken or self._clause is not None
        return Scan(
            self._form,
            self._start,
            () if broken else tuple(self._default),
            () if broken else tuple(self._named),
            self._changing,
            self._service,
            tuple(self._targets),
            None if broken else self._dataset,
            self._body,
            self._grouped,
        )

    def _refuse_services(self) -> None:
        """Refuse what may be read as SERVICE, outside strings and comments."""
        found = set(services(self._text))
        if not found:
            return
        for token in _TOKEN.finditer(self._text):
            if token[0][0] not in "#\"'" and not found.isdisjoint(range(token.start(), token.end())):
                raise self._refused(
                    token.start(),
                    "This may be read as SERVICE, which is not evaluated here. "
                    "Name it otherwise, or put a dot before the brace.",
                )

    def _refuse_open_strings(self) -> None:
        """Refuse a string in three quotes that is not as the grammar has it: parsers take it for an empty one and another."""
        for token in _TOKEN.finditer(self._text):
            if token[0][:3] in _THREE and not _LONG_STRING.fullmatch(token[0]):
                raise self._refused(
                    token.start(),
                    "A string that begins with three quotes does not end with them, or has a wrong escape.",
                )

    def _refuse_unclear(self) -> None:
        """Refuse an IRI where an expression may go on with less-than, in which parsers differ from each other and from this."""
        opened: list[str] = []  # "" for a row of VALUES
        data = operand = False
        previous = ""
        for token in _JOINING.finditer(self._text):
            kind, written = token.lastgroup or "", token[0]
            if written[0] == "#":
                continue
            if kind == "iri" and operand and opened and opened[-1] == "(" and _UNCLEAR.fullmatch(written):
                raise self._refused(
                    token.start(), "What follows < here may be an IRI, or less than something. Put a space after <."
                )
            if written == "(":
                opened.append("" if opened and opened[-1] in ("VALUES", "") else "(")
            elif written == "{":
                opened.append("VALUES" if data else "{")
            elif kind == "open":
                opened.append(written)
            elif kind == "close" and opened:
                opened.pop()
            if kind == "run":
                data = data or "VALUES" in written.upper()
                operand = written.upper() not in _BEFORE_OPERANDS
            else:
                data = data and written != "{"
                operand = (kind in _OPERANDS and written not in ".;,") or written == previous == ">"
            previous = written

    def _weigh_calls(self) -> None:
        passed = read_too_often((token[0].upper(), token.start()) for token in tokens(self._text))
        if passed is not None:
            at, what = passed
            raise self._refused(at, f"The query is not answered here: {what}.")

    def _weigh(self, found: list[str]) -> None:
        """Refuse what joins too much. A list or path counts as too much until all tokens are looked at."""
        apart = {written: _apart(written) for written in set(found)}
        if excess(chain.from_iterable(map(apart.__getitem__, found)), len(self._text) - self._body) is not None:
            self._weigh_exactly(self._body)

    def _weigh_exactly(self, begin: int) -> None:
        starts: list[int] = []

        def words() -> Iterator[str]:
            for token in _JOINING.finditer(self._text, begin):
                if token[0][0] != "#":
                    for word in _apart(token[0]) if token.lastgroup == "run" else (token[0].upper(),):
                        starts.append(token.start())
                        yield word

        passed = excess(words())
        if passed is not None:
            at, what = passed
            raise self._refused(starts[at], f"The query is not answered here: {what}.")

    def _sum(self, found: list[str]) -> bool:
        """Note what the rest of the query holds, of which no order matters any more, all at once.

        Return False, with nothing noted, where it may be past the bounds: token by token tells where.
        """
        counts = Counter(found)
        depth, operators, clauses = self._depth, self._operators, self._clauses
        noted: set[str] = set()
        for written, number in counts.items():
            if len(written) > MAX_WORD and written[0] != "<":
                return False
            if written in _SIGNS:
                operators += number
            elif written in _OPENING:
                depth += number
            elif written[0] == "<":
                if _HIDDEN_CHANGE.search(written):
                    noted.add("RAND")
            elif ":" in written:
                if _SEVERAL_DOTS.match(written):
                    return False
            elif written not in _PUNCTUATION:
                words = [_plain(word) for word in _WORD.findall(written)]
                noted.update(words)
                clauses += number * sum(word in _CLAUSES for word in words)
                operators += number * written.count("-")
        if depth > MAX_DEPTH or operators > MAX_OPERATORS or clauses > MAX_CLAUSES:
            return False
        self._changing = self._changing or any(map(_CHANGING.search, noted))
        self._service = self._service or any("SERVICE" in word for word in noted)
        return True

    def _expect(self, token: re.Match[str]) -> None:
        """Note that between FROM and the pattern something stands that does not belong there (19.8, [13] to [17])."""
        kind, text = token.lastgroup, token[0]
        if kind is None and text[0] == "#":
            return
        if self._clause is not None:
            fits = kind in {"iri", "local", "default"} or (text.upper() == "NAMED" and self._clause is self._default)
        else:
            fits = text == "{" or text.upper() in {"FROM", "WHERE"} | _AFTER_PATTERN
        self._broken = self._broken or not fits

    def _open(self, token: re.Match[str]) -> None:
        outside = self._depth <= 0  # no EXISTS of a column
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refused(token.start(), f"The query is not answered here: {TOO_DEEP}.")
        if token[0] == "{" and outside and self._form and self._body == len(self._text):
            if self._form == "CONSTRUCT" and self._dataset is None and not self._template:
                self._template = True
            else:
                self._body = token.start()
        elif token[0] == "{" and self._form == "SELECT" and self._body == len(self._text):
            self._early = True

    def _bound_word(self, token: re.Match[str]) -> None:
        if len(token[0].partition(":")[0]) > MAX_WORD:
            raise self._refused(
                token.start(), f"The query is not answered here: a word has more than {MAX_WORD} characters."
            )

    def _operate(self, token: re.Match[str], number: int) -> None:
        self._operators += number
        if self._operators > MAX_OPERATORS:
            raise self._refused(
                token.start(),
                f"The query is not answered here: it has more than {MAX_OPERATORS} operators and path steps.",
            )

    def _word(self, token: re.Match[str]) -> None:
        word = _plain(token[0])
        if not self._form:
            if word in _QUERIES or word in _UPDATES:
                self._form, self._start = word, token.start()
            elif word not in ("PREFIX", "BASE", "VERSION"):
                line, column = position(self._text, token.start())
                raise MalformedQuery(
                    f"Line {line}, column {column}: a query begins with SELECT, ASK, CONSTRUCT or DESCRIBE after its "
                    f"prefixes; here stands {token[0][:40]!r}.",
                    line=line,
                    column=column,
                    expected=("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"),
                )
            return
        if "SERVICE" in word:  # parsers without a lexer take "SERVICESILENT" and "trueSERVICE" for two words
            self._service = True
        if _CHANGING.search(word):
            self._changing = True
        if word not in _NOTED:
            return
        if word in _AFTER_PATTERN and self._depth == 0 and self._body == len(self._text):
            self._body, self._grouped = token.start(), False
        if word in _CLAUSES:
            self._clauses += 1
            if self._clauses > MAX_CLAUSES:
                raise self._refused(
                    token.start(), f"The query is not answered here: it has more than {MAX_CLAUSES} clauses."
                )
        elif word == "FROM" and self._depth == 0 and self._body == len(self._text):
            self._clause = self._default
            self._dataset = (self._dataset[0] if self._dataset else token.start(), token.end())
        elif word == "NAMED" and self._clause is self._default:
            self._clause = self._named
        elif word == "WHERE" and self._depth == 0 and self._body == len(self._text):
            self._body = token.start()

    def _graph(self, token: re.Match[str]) -> None:
        assert self._clause is not None
        self._clause.append(token[0])
        self._clause = None
        assert self._dataset is not None
        self._dataset = (self._dataset[0], token.end())

    def _target(self, text: str) -> None:
        """Take a variable or IRI of DESCRIBE; what follows the dataset clauses and the pattern is no target."""
        if self._dataset is None and self._body == len(self._text) and text[0] not in "#\"'@":
            self._targets.append(text)

    def _refused(self, at: int, why: str) -> MalformedQuery:
        line, column = position(self._text, at)
        return MalformedQuery(why, line=line, column=column)


def _plain(word: str) -> str:
    """Return a word in capitals, without what is glued to its front."""
    upper = word.upper()
    return _GLUED.sub("", upper, 1) if _GLUED.match(upper) else upper


def _apart(written: str) -> Sequence[str]:
    """Return the words that stand in a run of letters, and the dots and signs between them; another token as it is."""
    if written[0].isalpha() and ":" not in written and ("." in written or "-" in written):
        return [_plain(word) for word in _BETWEEN.split(written) if word]
    return (_plain(written),)


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Yield the tokens of a query but its comments. ``lastgroup`` tells brackets, operators, words and names apart.

    >>> [token[0] for token in tokens("ASK { ?s a 'x' } # no")]
    ['ASK', '{', '?s', 'a', "'x'", '}']
    """
    return (token for token in _TOKEN.finditer(text) if token[0][0] != "#")


def position(text: str, at: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a place in a text.

    >>> position("a\\nbc", 3)
    (2, 2)
    """
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def rewrite_iris(text: str, change: Callable[[str], str]) -> tuple[str, tuple[int, ...]]:
    """Return the query with each IRI between ``<`` and ``>`` changed, and where in ``text`` changes were made.

    Prefix declarations hold such IRIs too; strings and comments are left alone.

    >>> rewrite_iris("ASK { <http://a> ?p '<http://a>' }", lambda iri: iri.replace("http:", "https:"))
    ("ASK { <https://a> ?p '<http://a>' }", (6,))
    """
    parts: list[str] = []
    changed: list[int] = []
    end = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup != "iri":
            continue
        old = token[0][1:-1]
        new = change(old)
        if new != old:
            parts += (text[end : token.start() + 1], new)
            end = token.end() - 1
            changed.append(token.start())
    return ("".join([*parts, text[end:]]), tuple(changed)) if changed else (text, ())


@dataclass(frozen=True, slots=True)
class Name:
    """An absolute IRI in a query, where it stands, and where the group of GRAPH begins and ends that it is the graph of."""

    iri: str
    start: int
    end: int
    graph: tuple[int, int] | None


def names(text: str) -> Iterator[Name]:
    """Yield each absolute IRI after the prologue, spelled out or with a prefix.

    >>> query = "PREFIX a: <http://a/> SELECT * { GRAPH a:g { ?s ?p 1 } }"
    >>> [(name.iri, query[name.start : name.end], query[slice(*name.graph)]) for name in names(query)]
    [('http://a/g', 'a:g', 'GRAPH a:g {')]
    """
    found = list(tokens(text))
    prefixes: dict[str, str] = {}
    declared = None
    words = ["", *(token[0].upper() if token.lastgroup == "run" else "" for token in found)]
    for number, token in enumerate(found):
        before, iri = words[number], ""
        if token.lastgroup in _PREFIXED:
            prefix, _, local = token[0].partition(":")
            if before == "PREFIX":
                declared = prefix
            elif prefix in prefixes:
                iri = prefixes[prefix] + local.replace("\\", "")
        elif token.lastgroup == "iri":
            if declared is not None:
                prefixes[declared], declared = token[0][1:-1], None
            elif before != "BASE":
                iri = token[0][1:-1]
        if _ABSOLUTE.match(iri) and "\\" not in iri:
            opens = before == "GRAPH" and found[number + 1 : number + 2]
            graph = (found[number - 1].start(), opens[0].end()) if opens and opens[0][0] == "{" else None
            yield Name(iri, token.start(), token.end(), graph)


def replaced(text: str, pattern: re.Pattern[str], by: str) -> str:
    """Return the query with what matches replaced, where a match begins at a token: nothing inside strings and comments.

    >>> replaced("ASK { ?s ?p 'NOW()' FILTER(NOW()) }", re.compile("NOW"), "RAND")
    "ASK { ?s ?p 'NOW()' FILTER(RAND()) }"
    """
    if not pattern.search(text):
        return text
    starts = {token.start() for token in _TOKEN.finditer(text)}
    return pattern.sub(lambda match: match.expand(by) if match.start() in starts else match[0], text)


def undeclared_prefix(text: str) -> tuple[str, int] | None:
    """Return the first prefix that is used and not declared, and where; None when all are declared.

    >>> undeclared_prefix("PREFIX a: <http://a/> ASK { a:x b:y 'c:z' }")
    ('b', 32)
    """
    declared: set[str] = set()
    declares = False
    for token in _TOKEN.finditer(text):
        if token.lastgroup in _PREFIXED:
            prefix = token[0].partition(":")[0]
            if declares:
                declared.add(prefix)
            elif prefix not in declared and prefix != "_":
                return prefix, token.start()
            declares = False
        elif token.lastgroup == "run":
            declares = token[0].upper() == "PREFIX"
    return None


def unclosed(text: str) -> tuple[str, int] | None:
    """Return the last bracket that is opened and never closed, and where; None when all are closed.

    >>> unclosed("ASK { ?s ?p (1 2 }"), unclosed("ASK {}")
    (('(', 12), None)
    """
    stack: list[tuple[str, int]] = []
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "open":
            stack.append((token[0], token.start()))
        elif token.lastgroup == "close" and stack:
            if "{([".index(stack[-1][0]) != "})]".index(token[0]):
                return stack[-1]
            stack.pop()
    return stack[-1] if stack else None


def bound(text: str, terms: Mapping[str, object]) -> str:
    """Return a SELECT with terms in place of variables in its pattern, which it still gives back.

    A term that stands where it is used starts a path in every engine; one of VALUES does not in Virtuoso. The pattern may
    hold no subquery that selects one of the variables.

    >>> bound("SELECT ?s ?o WHERE { ?s ?p ?o } LIMIT 9", {"s": "<http://a>"})
    'SELECT ?s ?o WHERE { <http://a> ?p ?o BIND(<http://a> AS ?s) } LIMIT 9'
    """
    parts: list[str] = []
    depth = end = 0
    for token in _TOKEN.finditer(text, scan(text).body):
        written = token[0]
        if token.lastgroup in ("open", "close"):
            depth += 1 if token.lastgroup == "open" else -1
            if depth == 0:
                binds = "".join(f"BIND({term} AS ?{name}) " for name, term in terms.items())
                return "".join([*parts, text[end : token.start()], binds, text[token.start() :]])
        elif written[0] in "?$" and written[1:] in terms:
            parts += (text[end : token.start()], str(terms[written[1:]]))
            end = token.end()
    return text


def bounded(text: str, rows: int) -> str:
    """Return a SELECT that gives ``rows`` solutions at most; one that has a bound of its own, or an order, as it is.

    >>> bounded("SELECT * { SELECT ?s { ?s ?p ?o } LIMIT 9 } VALUES ?s { 1 }", 5)
    'SELECT * { SELECT ?s { ?s ?p ?o } LIMIT 9 } LIMIT 5 VALUES ?s { 1 }'
    """
    depth, values = 0, len(text)
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind in ("open", "close"):
            depth += 1 if kind == "open" else -1
        elif kind == "run" and depth == 0:
            word = token[0].upper()
            if word in ("LIMIT", "ORDER"):
                return text
            if word == "VALUES":
                values = token.start()
    before, after = text[:values].rstrip(), text[values:]
    return f"{before}\nLIMIT {rows}" if not after else f"{before} LIMIT {rows} {after}"


def without(text: str, span: tuple[int, int] | None) -> str:
    """Return the query with its dataset clauses blanked, so that every position in it stays."""
    if span is None:
        return text
    blank = re.sub(r"[^\n\r]", " ", text[span[0] : span[1]])
    return text[: span[0]] + blank + text[span[1] :]


__all__: Sequence[str] = (
    "Name",
    "Scan",
    "bound",
    "bounded",
    "names",
    "position",
    "replaced",
    "rewrite_iris",
    "scan",
    "tokens",
    "unclosed",
    "undeclared_prefix",
    "without",
)
