r"""Find the line of a source file where an RDF statement is written, once a check has found a problem in it.

Turtle, TriG, N-Triples and N-Quads (RDF 1.1, with what RDF 1.2 adds skipped over) are tokenized, so that an answer is
exact. RDF/XML and JSON-LD are searched as plain text, so that an answer is good enough. Nothing here judges syntax:
broken text is never an error, and is read again from the next full stop, bracket or directive.

Work grows linearly with the text, whatever it holds: every unbounded repeat is possessive, no alternative of a pattern
fails after having read far without its successor consuming what was read, and brackets nest on a list.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import Protocol
from urllib.parse import urljoin
from xml.sax.saxutils import escape

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TOKENIZED = frozenset({".ttl", ".nt", ".nq", ".trig"})
_XML = frozenset({".rdf", ".owl", ".xml"})

MAX_NAMESPACE = 2048
"""A longer base or prefix is not applied: each name under it would cost its length again."""

MAX_OCCURRENCES = 100
"""Places of a subject that a text search looks into, each up to the end of its element or object."""

_CHAR = (
    r"A-Za-z0-9_:%\-\u00B7\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u037D\u037F-\u1FFF\u200C\u200D\u203F\u2040\u2070-\u218F"
    r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_ESCAPED = r"\\[_~.\-!$&'()*+,;=/?#@%]"
_SKIP = r"(?:[ \t\r\n]++|\#[^\r\n]*+)*+"
_IRI = r'<[^<>"\r\n]*+>'
_NAME = rf"[{_CHAR}](?:[{_CHAR}]++|{_ESCAPED}|\.++(?=[{_CHAR}]|{_ESCAPED}))*+"
_NUMBER = (
    r"[+-]?+(?:[0-9]++(?:\.[0-9]*+[eE][+-]?+[0-9]++|\.[0-9]++|[eE][+-]?+[0-9]++)?+|\.[0-9]++(?:[eE][+-]?+[0-9]++)?+)"
)
_TOKEN = re.compile(
    rf"""{_SKIP}(?:
      (?P<text>"{{3}}(?:[^"\\]++|\\.|"(?!""))*+(?:"{{3}})?+
             |'{{3}}(?:[^'\\]++|\\.|'(?!''))*+(?:'{{3}})?+
             |"(?:[^"\\\r\n]++|\\[^\r\n])*+"?+
             |'(?:[^'\\\r\n]++|\\[^\r\n])*+'?+)
    | (?P<open><<\(?+|\{{\||\[)
    | (?P<iri>{_IRI})
    | (?P<broken><[^<>"\r\n]*+)
    | (?P<prefix>(?i:@?+prefix)(?=[ \t\r\n\#]){_SKIP}(?P<label>[{_CHAR}.]*+)(?<=:){_SKIP}(?P<namespace>{_IRI}))
    | (?P<base>(?i:@?+base)(?=[ \t\r\n\#<]){_SKIP}(?P<root>{_IRI}))
    | (?P<number>{_NUMBER})
    | (?P<name>{_NAME})
    | (?P<datatype>\^\^{_SKIP}(?:(?P<type>{_IRI})|(?P<typename>{_NAME})))
    | @[A-Za-z][A-Za-z0-9\-]*+
    | (?P<nil>\({_SKIP}\))
    | (?P<list>\()
    | (?P<close>\)?+>>|\|\}}|[\])])
    | (?P<also>[;,])
    | (?P<end>[.{{}}])
    | .?+
    )""",
    re.DOTALL | re.VERBOSE,
)
_LINE_END = re.compile(r"\r\n?+|\n")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_CONTROLS = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:")
_CLOSERS = {"[": "]", "(": ")", "<<": ">>", "<<(": ")>>", "{|": "|}"}
_JSON_MARK = re.compile(r'"(?:[^"\\]++|\\.)*+"?+|[{}]', re.DOTALL)
_XML_MARK = re.compile(r"<!--(?:[^\-]++|-(?!->))*+(?:-->)?+|<[^<>]*+>?+")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it is written: terms in full, and the lines (from 1) of its object and of its subject.

    A literal is its lexical form without escapes, a named blank node ``_:label``, an anonymous one the empty string.
    """

    line: int
    subject_line: int
    subject: str
    predicate: str
    object: str


class Locator:
    """Answers where, in one file, a statement is written; the index is built once, the look-ups are many.

    >>> Locator("@prefix e: <http://e.org/> .\\ne:a e:p 1 ;\\n  e:q 2 .", ".ttl").line_of("http://e.org/a", "http://e.org/q")
    3
    """

    def __init__(self, text: str, suffix: str) -> None:
        lines = _Lines(text)
        self.statements: Sequence[Statement] = ()
        """What a tokenizer saw, in the order of the text; empty for RDF/XML and JSON-LD."""
        self._finder: _Finder
        if suffix.lower() in _TOKENIZED:
            scanner = _Scanner(text, lines)
            self.statements = scanner.statements
            self._finder = _Index(scanner)
        else:
            self._finder = _TextSearch(text, lines, xml=suffix.lower() in _XML)

    def line_of(self, subject: str | None, predicate: str | None = None, object: str | None = None) -> int | None:  # noqa: A002  # the name RDF gives it
        """Return the line of the statement, else of its subject's first use of the predicate, else of its subject.

        Without a subject: the first line where predicate and object stand together, else where the object is written,
        else the predicate. ``None`` when the file does not have the subject, or what is asked for without one.
        """
        return self._finder.line_of(subject, predicate, object)


class _Finder(Protocol):
    def line_of(self, subject: str | None, predicate: str | None, value: str | None) -> int | None: ...


class _Lines:
    """Turns a position into a line number; LF, CRLF and a lone CR each end a line."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def at(self, position: int) -> int:
        return bisect_right(self._starts, position)


class _Expects(Enum):
    """What the next term of a frame is; after an object, or an error, nothing up to the next punctuation."""

    SUBJECT = auto()
    PREDICATE = auto()
    OBJECT = auto()
    ITEM = auto()
    NOTHING = auto()


@dataclass(slots=True)
class _Frame:
    """What is open: the statement of the file, or of one level of brackets, with what closes it."""

    closer: str = ""
    expects: _Expects = _Expects.SUBJECT
    subject: str | None = None
    subject_line: int = 0
    predicate: str | None = None
    items: int = 0


class _Scanner:
    """Reads the Turtle family into statements: one pass over the tokens, one frame for each open bracket."""

    def __init__(self, text: str, lines: _Lines) -> None:
        self.statements: list[Statement] = []
        self.mentions: dict[str, int] = {}
        self.predicates: dict[str, int] = {}
        self._line_at = lines.at
        self._prefixes: dict[str, str] = {}
        self._base = ""
        self._resolved: dict[str, str] = {}
        self._frame = _Frame()
        self._outer: list[_Frame] = []
        self._scan(text)

    def _scan(self, text: str) -> None:
        handlers: dict[str, Callable[[str, int, re.Match[str]], None]] = {
            "text": self._on_text,
            "open": self._on_open,
            "iri": self._on_iri,
            "broken": self._on_broken,
            "prefix": self._on_prefix,
            "base": self._on_base,
            "number": self._on_literal,
            "name": self._on_name,
            "datatype": self._on_datatype,
            "nil": self._on_nil,
            "list": self._on_open,
            "close": self._on_close,
            "also": self._on_also,
            "end": self._on_end,
        }
        for token in _TOKEN.finditer(text, 1 if text.startswith("\ufeff") else 0):
            kind = token.lastgroup
            if kind is not None:
                handlers[kind](token[kind], token.start(kind), token)

    def _on_text(self, raw: str, at: int, _: re.Match[str]) -> None:
        quote = raw[:3] if raw[:3] in {'"""', "'''"} else raw[0]
        self._on_literal(_unescape(raw[len(quote) :].removesuffix(quote)), at, _)

    def _on_literal(self, raw: str, at: int, _: re.Match[str]) -> None:
        expects = self._frame.expects
        if expects is _Expects.OBJECT or expects is _Expects.ITEM:
            self._term(raw, at)
        else:
            self._frame.expects = _Expects.NOTHING

    def _on_iri(self, raw: str, at: int, _: re.Match[str]) -> None:
        self._term(self._iri(raw, at), at)

    def _on_name(self, raw: str, at: int, token: re.Match[str]) -> None:
        if ":" in raw:
            self._term(self._iri(raw, at), at)
        elif raw == "a" and self._frame.expects is _Expects.PREDICATE:
            self._term(f"{_RDF}type", at)
        elif raw in {"true", "false"}:
            self._on_literal(raw, at, token)

    def _on_datatype(self, _: str, at: int, token: re.Match[str]) -> None:
        self._iri(token["type"] or token["typename"], at)

    def _on_nil(self, _: str, at: int, __: re.Match[str]) -> None:
        self._term(f"{_RDF}nil", at)

    def _on_broken(self, *_: object) -> None:
        self._frame.expects = _Expects.NOTHING

    def _on_prefix(self, _: str, at: int, token: re.Match[str]) -> None:
        self._restart()
        namespace = self._iri(token["namespace"], at)
        if len(namespace) <= MAX_NAMESPACE:
            self._prefixes[token["label"][:-1]] = namespace
            self._resolved.clear()

    def _on_base(self, _: str, at: int, token: re.Match[str]) -> None:
        self._restart()
        base = self._iri(token["root"], at)
        if len(base) <= MAX_NAMESPACE:
            self._base = base
            self._resolved.clear()

    def _on_open(self, raw: str, at: int, _: re.Match[str]) -> None:
        if raw != "{|":
            self._term("", at)
        self._outer.append(self._frame)
        expects = {"(": _Expects.ITEM, "[": _Expects.PREDICATE, "{|": _Expects.PREDICATE}.get(raw, _Expects.NOTHING)
        subject = None if expects is _Expects.NOTHING else ""
        self._frame = _Frame(_CLOSERS[raw], expects, subject, self._line_at(at))

    def _on_close(self, raw: str, at: int, _: re.Match[str]) -> None:
        if raw != self._frame.closer:
            return
        if raw == ")":
            self._state(f"{_RDF}rest", f"{_RDF}nil", at)
        self._frame = self._outer.pop()

    def _on_also(self, raw: str, _: int, __: re.Match[str]) -> None:
        frame = self._frame
        if frame.expects is _Expects.ITEM or frame.subject is None:
            return
        if raw == ";":
            frame.predicate, frame.expects = None, _Expects.PREDICATE
        elif frame.predicate is not None:
            frame.expects = _Expects.OBJECT

    def _on_end(self, *_: object) -> None:
        self._restart()

    def _restart(self) -> None:
        self._frame = _Frame()
        self._outer.clear()

    def _term(self, term: str, at: int) -> None:
        """Put a term where the frame expects one."""
        frame = self._frame
        match frame.expects:
            case _Expects.SUBJECT:
                frame.subject, frame.subject_line, frame.expects = term, self._line_at(at), _Expects.PREDICATE
            case _Expects.PREDICATE:
                frame.predicate, frame.expects = term, _Expects.OBJECT
                if term not in self.predicates:
                    self.predicates[term] = self._line_at(at)
            case _Expects.OBJECT:
                frame.expects = _Expects.NOTHING
                self._state(frame.predicate or "", term, at)
            case _Expects.ITEM:
                if frame.items:
                    self._state(f"{_RDF}rest", "", at)
                frame.items += 1
                self._state(f"{_RDF}first", term, at)

    def _state(self, predicate: str, value: str, at: int) -> None:
        frame = self._frame
        statement = Statement(self._line_at(at), frame.subject_line, frame.subject or "", predicate, value)
        self.statements.append(statement)

    def _iri(self, raw: str, at: int) -> str:
        """Return the term that ``<raw>``, ``prefix:raw`` or ``_:raw`` stands for."""
        known = self._resolved.get(raw)
        if known is None:
            known = self._resolved[raw] = self._resolve(raw)
            self.mentions.setdefault(known, self._line_at(at))
        return known

    def _resolve(self, raw: str) -> str:
        if raw.startswith("<"):
            return _joined(self._base, _unescape(raw[1:-1]))
        label, _, local = raw.partition(":")
        return raw if label not in self._prefixes else self._prefixes[label] + _unescape(local)


class _Index:
    """Looks statements up by any of their parts; the table for a choice of parts is made when first asked for."""

    def __init__(self, scanner: _Scanner) -> None:
        self._scanner = scanner
        self._tables: dict[tuple[bool, ...], dict[tuple[str | None, ...], int]] = {}

    def line_of(self, subject: str | None, predicate: str | None, value: str | None) -> int | None:
        if subject is None:
            return self._without_subject(predicate, value)
        choices = ((subject, predicate, value), (subject, predicate, None), (subject, None, None))
        return next((line for choice in choices if (line := self._first(*choice))), None)

    def _without_subject(self, predicate: str | None, value: str | None) -> int | None:
        line = None
        if value is not None:
            line = self._first(None, predicate, value) or self._first(None, None, value)
            line = line or self._scanner.mentions.get(value)
        if line is None and predicate is not None:
            line = self._scanner.predicates.get(predicate)
        return line

    def _first(self, *parts: str | None) -> int | None:
        given = tuple(part is not None for part in parts)
        if given not in self._tables:
            self._tables[given] = self._table(*given)
        return self._tables[given].get(parts)

    def _table(self, by_subject: bool, by_predicate: bool, by_object: bool) -> dict[tuple[str | None, ...], int]:
        table: dict[tuple[str | None, ...], int] = {}
        for each in self._scanner.statements:
            key = (
                each.subject if by_subject else None,
                each.predicate if by_predicate else None,
                each.object if by_object else None,
            )
            table.setdefault(key, each.line if by_predicate or by_object else each.subject_line)
        return table


class _TextSearch:
    """Answers for RDF/XML and JSON-LD without parsing them.

    The subject is looked for as a whole attribute or string, else by its last segment (``rdf:ID``, relative, CURIE).
    Its predicate's local name, and then the object's text, are looked for from there to the end of the XML element or
    JSON object around it. So a term that the context renames, or a property written before ``@id``, gives the
    subject's line.
    """

    def __init__(self, text: str, lines: _Lines, *, xml: bool) -> None:
        self._text, self._lines, self._xml = text, lines, xml

    def line_of(self, subject: str | None, predicate: str | None, value: str | None) -> int | None:
        if subject is None:
            position = self._within(predicate, value, 0, len(self._text), strict=False)
        else:
            position = self._about(subject, predicate, value)
        return None if position is None else self._lines.at(position)

    def _about(self, subject: str, predicate: str | None, value: str | None) -> int | None:
        places = list(islice(self._whole(subject), MAX_OCCURRENCES))
        places = places or list(islice(self._tails(subject), MAX_OCCURRENCES))
        places.sort(key=lambda place: not self._text.endswith(("about=", "ID="), 0, place))
        for place in places:
            found = self._within(predicate, value, *self._extent(place), strict=True)
            if found is not None:
                return found
        return places[0] if places else None

    def _within(self, predicate: str | None, value: str | None, start: int, end: int, *, strict: bool) -> int | None:
        """Return where the object is, after its predicate if there is one, else where the predicate is."""
        named = None if predicate is None else self._predicate(predicate, start, end)
        if value is None or (strict and predicate is not None and named is None):
            return named
        found = self._value(value, start if named is None else named, end)
        return named if found is None else found

    def _predicate(self, predicate: str, start: int, end: int) -> int | None:
        local = re.escape(_tail(predicate))
        if self._xml:
            pattern = rf"<(?:[\w.\-]++:)?+{local}(?=[\s/>])|(?<=[\s:]){local}\s*+=\s*+[\"']"
        else:
            pattern = rf'(?<![\w\-]){local}"\s*+:'
        found = re.compile(pattern).search(self._text, start, end)
        return found.start() if found else None

    def _value(self, value: str, start: int, end: int) -> int | None:
        searches = (self._whole(value, start, end), self._bare(value, start, end))
        tails = self._tails(value, start, end) if _SCHEME.match(value) else iter(())
        return next((place for search in (*searches, tails) for place in search), None)

    def _whole(self, term: str, start: int = 0, end: int | None = None) -> Iterator[int]:
        """Yield where a term stands between two quotes; a place is that of the opening one."""
        for form in self._forms(term):
            for place in self._places(form, start, end):
                if self._text[place - 1 : place] in {'"', "'"} and self._text[place + len(form) :][:1] in {'"', "'"}:
                    yield place - 1

    def _bare(self, term: str, start: int, end: int) -> Iterator[int]:
        """Yield where a term stands by itself, not as a part of a longer word."""
        for form in self._forms(term):
            for place in self._places(form, start, end):
                around = self._text[max(place - 1, 0) : place] + self._text[place + len(form) : place + len(form) + 1]
                if not any(char.isalnum() for char in around):
                    yield place

    def _tails(self, term: str, start: int = 0, end: int | None = None) -> Iterator[int]:
        """Yield where a string ends in the last segment of a term."""
        for form in self._forms(_tail(term)):
            for place in self._places(form, start, end):
                after = self._text[place + len(form) : place + len(form) + 1]
                if after in {'"', "'"} and self._text[place - 1 : place] in {'"', "'", "#", "/", ":"}:
                    yield max(self._text.rfind(after, start, place), start)

    def _places(self, needle: str, start: int, end: int | None) -> Iterator[int]:
        place = self._text.find(needle, start, end) if needle else -1
        while place >= 0:
            yield place
            place = self._text.find(needle, place + len(needle), end)

    def _forms(self, term: str) -> tuple[str, ...]:
        """Return the ways to write a term, the plain one first."""
        if self._xml:
            forms = (term, escape(term), escape(term, {'"': "&quot;"}))
        else:
            forms = (term, json.dumps(term, ensure_ascii=False)[1:-1], json.dumps(term)[1:-1])
        return tuple(dict.fromkeys(forms))

    def _extent(self, place: int) -> tuple[int, int]:
        """Return from where to where the element or object goes on that a subject's opening quote stands in."""
        after = place + 1
        if self._xml:
            return after, self._element_end(max(self._text.rfind("<", 0, place), 0))
        return after, self._object_end(place)

    def _element_end(self, start: int) -> int:
        depth = 0
        for mark in _XML_MARK.finditer(self._text, start):
            tag = mark[0]
            if tag.startswith("</"):
                depth -= 1
            elif not tag.endswith("/>") and not tag.startswith(("<!", "<?")):
                depth += 1
            if depth <= 0:
                return mark.end()
        return len(self._text)

    def _object_end(self, start: int) -> int:
        depth = 1
        for mark in _JSON_MARK.finditer(self._text, start):
            depth += {"{": 1, "}": -1}.get(mark[0], 0)
            if depth == 0:
                return mark.end()
        return len(self._text)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is None:
        return _CONTROLS.get(found[3], found[3])
    return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else found[0]


def _joined(base: str, reference: str) -> str:
    """Resolve a reference (RFC 3986, 5.2); ``urljoin`` alone drops the ``#`` of ``<#>`` and raises on a bad host."""
    if not base or _SCHEME.match(reference):
        return reference
    if reference.startswith("#") or not reference:
        return base.partition("#")[0] + reference
    try:
        joined = urljoin(base, reference)
    except ValueError:
        return reference
    return joined + "#" if reference.endswith("#") and not joined.endswith("#") else joined


def _tail(iri: str) -> str:
    """Return the last segment of an IRI, the part that a CURIE, an element name or ``rdf:ID`` shows.

    >>> _tail("http://schema.org/name"), _tail("http://e.org/ns#Book"), _tail("_:b1")
    ('name', 'Book', 'b1')
    """
    return re.split(r"[/#:]", iri.rstrip("/#:"))[-1]
