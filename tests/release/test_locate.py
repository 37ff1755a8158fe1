"""Where statements are written: exact for the Turtle family, good enough for RDF/XML and JSON-LD."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solnum_ld.release import locate
from solnum_ld.release.locate import Locator, Statement

E = "http://e.org/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
HEAD = "@prefix e: <http://e.org/> .\n"

Terms = tuple[str, str, str]


def terms(statements: "Iterator[Statement] | Any") -> set[Terms]:
    return {(each.subject, each.predicate, each.object) for each in statements}


def engine_terms(text: str, form: ox.RdfFormat = ox.RdfFormat.TRIG) -> set[Terms]:
    """What the engine reads, as a Statement names it; after a syntax error, what it read before."""
    named = set(re.findall(r"_:([\w\-]+(?:\.[\w\-]+)*)", text))

    def name(term: Any) -> str:
        if isinstance(term, ox.BlankNode):
            return f"_:{term.value}" if term.value in named else ""
        return term.value

    found: set[Terms] = set()
    try:
        for quad in ox.parse(input=text, format=form):
            found.add((name(quad.subject), name(quad.predicate), name(quad.object)))
    except SyntaxError:
        pass
    return found


def is_valid(text: str, form: ox.RdfFormat) -> bool:
    try:
        return sum(1 for _ in ox.parse(input=text, format=form)) > 0
    except SyntaxError:
        return False


def lines_of(text: str) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z", text)


# Look-ups

BOOK = """\
@prefix e: <http://e.org/> .

e:book a e:Book ;
    e:title
        "Un"@fr ,
        "One"@en ;
    e:by e:ada, e:bob .

e:ada e:knows e:bob ;
    e:age 36 .
e:book e:title "Again" .
"""


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ((E + "book", E + "title", "One"), 6),
        ((E + "book", E + "title", "Again"), 11),
        ((E + "book", E + "title", "absent"), 5),
        ((E + "book", E + "title"), 5),
        ((E + "book", RDF + "type", E + "Book"), 3),
        ((E + "book", E + "absent", "One"), 3),
        ((E + "book", None, E + "bob"), 7),
        ((E + "book", None, "absent"), 3),
        ((E + "book",), 3),
        ((E + "ada",), 9),
        ((E + "ada", E + "age", "36"), 10),
        ((E + "bob",), None),
        ((E + "absent", E + "title", "One"), None),
        ((None, E + "title", "Again"), 11),
        ((None, E + "absent", E + "bob"), 7),
        ((None, None, E + "bob"), 7),
        ((None, None, E + "ada"), 7),
        ((None, None, E + "knows"), 9),
        ((None, E + "title"), 4),
        ((None, E + "title", "absent"), 4),
        ((None, E + "absent"), None),
        ((None, None, "absent"), None),
        ((None,), None),
    ],
)
def test_the_most_exact_line_known_is_returned(asked: tuple[str | None, ...], line: int | None) -> None:
    assert Locator(BOOK, ".ttl").line_of(*asked) == line


def test_a_statement_holds_both_lines_and_terms_in_full() -> None:
    locator = Locator(HEAD + "e:a\n  e:p\n  'x'@en .", ".TTL")
    assert list(locator.statements) == [Statement(4, 2, E + "a", E + "p", "x")]
    assert [locator.line_of(E + "a"), locator.line_of(None, E + "p"), locator.line_of(E + "a", E + "p")] == [2, 3, 4]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_every_line_end_counts_once_and_a_byte_order_mark_is_no_term(end: str, start: str) -> None:
    locator = Locator(start + BOOK.replace("@prefix", "PREFIX").replace("> .", ">").replace("\n", end), ".ttl")
    assert [locator.line_of(E + "book"), locator.line_of(E + "ada", E + "age", "36")] == [3, 10]


def test_lines_inside_long_strings_count() -> None:
    text = HEAD + 'e:a e:p """one\ntwo\r\nthree\rfour""" ;\n e:q 1 .'
    locator = Locator(text, ".ttl")
    assert locator.line_of(E + "a", E + "p", "one\ntwo\r\nthree\rfour") == 2
    assert locator.line_of(E + "a", E + "q", "1") == 6


def test_where_an_iri_is_only_a_datatype_or_a_graph_it_is_still_found() -> None:
    text = '<http://e.org/a> <http://e.org/p> "1"^^<http://e.org/t> <http://e.org/g> .\n'
    locator = Locator("\n" + text, ".nq")
    assert locator.line_of(None, None, E + "t") == locator.line_of(None, None, E + "g") == 2
    assert terms(locator.statements) == {(E + "a", E + "p", "1")}


# What the tokenizer reads is what the engine reads

SAME = {
    "directives": "PREFIX x: <http://x.org/>\nbase <http://b.org/d/>\nprefix : <y#>\n@base <sub/> .\n"
    "x:a :p <r>, <../s>, <#t>, <>, </u>, <?q>, <//h/p> .",
    "prefix to its own document": "@base <http://b.org/ns> . @prefix : <#> . :a :p :b .",
    "prefix declared again": "@prefix x: <http://1/> . x:a x:p 1 . @prefix x: <http://2/> . x:a x:p 1 .",
    "prefix of a dotted name": "@prefix a.b: <http://x/> . a.b:c a.b:d a.b:e.f .",
    "words like keywords": "@prefix a: <http://x/> . @prefix prefix: <http://y/> . @prefix base: <http://z/> . "
    "a:a a a:a ; prefix:a base:a, a:true .",
    "local names": r"e:a.b e:c\-d\.e\~ e:%41%c3, e:x:y, e:, e:1.2, e:_-, e:é·, e:a..b .",
    "final dot": "e:a e:p e:b.\ne:c e:p 1.\ne:d e:p 1.5.\ne:e e:p true.\ne:f e:p _:g.",
    "IRI escapes": r"<http://e.org/\u00e9> e:p <http://e.org/\U0001F600>, <http://e.org/#a>, <urn:x:y> .",
    "quotings": "e:a e:p \"d'q\", 's\"q', \"\"\"a\"b\"\"c\n#d\"\"\", '''a'b''c\nd''', \"\", '', \"\"\"\"\"\", '''''' .",
    "string escapes": r"""e:a e:p "\t\b\n\r\f\"\'\\", "\u00e9\U0001F600", '\\', "\\\\\"", '''\'''', "a\\u0041" .""",
    "punctuation in strings": 'e:a e:p ". # ; <x> [ ( @en ^^ e:b", "#" . # a comment . e:no e:no e:no .\ne:c e:p 1 .',
    "languages and datatypes": 'e:a e:p "x"@en-GB-oed, "x"@fr , "1"^^e:t, "2" ^^ <http://e.org/t> ; e:q "3"^^e:t .',
    "numbers": "e:a e:p 1, -1, +1, 1.0, -.5, 1e3, 1.E3, .5e-3, 1.5e+3, 007 .",
    "booleans": "e:a e:p true, false .",
    "type": "e:a a e:B; a e:C .",
    "collections": "e:a e:p (), (1 'x' e:b), ((1) (2 ())), ( # c\n ) .\n(1 2) e:p 3 .\n( [ e:p 4 ] ) e:q 5 .",
    "blank nodes": "_:a e:p _:b-1.c, [], [ e:q [ e:r 1 ; e:s (2) ] , 3 ] ; e:t 4 .\n"
    "[] e:p 5 .\n[ e:q 6 ] .\n[ e:q 7 ] e:p 8 .",
    "semicolons": "e:a e:p 1 ;; e:q 2 ; ; .\ne:b e:p [ e:q 3 ; ] ; .",
    "no spaces": "e:a<http://e.org/p>'x',\"y\"@en,1;e:q[e:r(1<urn:x>'z')].e:b e:p e:c.",
    "comments": '# e:a e:p 1 .\ne:a#\n e:p # ;\r 2 #"\n. #',
    "graphs": "e:g { e:a e:p 1 . e:b e:p 2 } GRAPH _:h { e:c e:p 3 . } { e:d e:p [ e:q 4 ] } graph e:i {} e:e e:p 5 .",
    "language with direction": 'e:a e:p "x"@en--ltr ; e:q 1 .',
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_the_tokenizer_reads_what_the_engine_reads(text: str) -> None:
    assert list(ox.parse(input=HEAD + text, format=ox.RdfFormat.TRIG)), "the case itself must be valid"
    assert terms(Locator(HEAD + text, ".trig").statements) == engine_terms(HEAD + text)


@pytest.mark.parametrize(
    "text",
    [
        "e:a e:p <<( e:s e:p e:o )>> ; e:q 1 .",
        "<< e:s e:p e:o ~ e:r >> e:q 1 .",
        "e:a e:p 2 ~ e:r {| e:x 3 |} ; e:q 1 .",
    ],
)
def test_what_rdf_1_2_adds_is_stepped_over(text: str) -> None:
    assert Locator(HEAD + text, ".ttl").line_of(None, E + "q", "1") == 2


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [
        ("", "x", "x"),
        ("http://e.org/a#b", "", "http://e.org/a"),
        ("http://e.org/a#b", "#c", "http://e.org/a#c"),
        ("http://e.org/a", "d#", "http://e.org/d#"),
        ("urn:x:y", "#z", "urn:x:y#z"),
        ("http://[bad", "x", "x"),
        ("http://e.org/", "urn:x", "urn:x"),
    ],
)
def test_references_resolve_against_the_base(base: str, reference: str, expected: str) -> None:
    text = (f"@base <{base}> ." if base else "") + f"<urn:s> <urn:p> <{reference}> ."
    assert [each.object for each in Locator(text, ".ttl").statements] == [expected]


# Broken text

BROKEN = [
    "e:x e:p 'not closed .",
    'e:x e:p "not closed .',
    "e:x <http://e.org/not closed e:p .",
    "e:x e:p [ e:q ( 1 .",
    "e:x e:p ] ) } >> |} 1 .",
    "e:x e:p e:q e:r e:s .",
    "'literal' e:p 1 .",
    "e:x 'literal' 1 .",
    "e:x ; e:p , 1 .",
    "no:prefix e:p 1 .",
    "@prefix broken .",
    "@prefix e: .",
    "PREFIX",
    "@base 1 .",
    "e:x e:p \\ $ & 1 .",
    "e:x e:p 1 ^^ .",
    r"e:x e:p '\uD800 \U99999999 \u12 \' .",
    "; , . .",
    "{ { ( } .",
]


@pytest.mark.parametrize("text", BROKEN)
def test_after_broken_text_the_next_statement_is_read(text: str) -> None:
    assert Locator(f"{HEAD}{text}\n.\ne:a e:p e:b .", ".trig").line_of(E + "a", E + "p", E + "b") == 4


def test_a_bracket_of_the_wrong_kind_closes_nothing() -> None:
    text = HEAD + "e:x e:p [ e:q 1 ) ; e:r 2 ] ; e:s 3 ."
    expected = {(E + "x", E + "p", ""), ("", E + "q", "1"), ("", E + "r", "2"), (E + "x", E + "s", "3")}
    assert terms(Locator(text, ".ttl").statements) == expected


FRAGMENTS = [
    *"<>\"'[](){};,.#:@^\\_|~%- \n\r",
    '"""',
    "'''",
    "@prefix ",
    "BASE ",
    "e:",
    "a",
    "<x>",
    "\\u",
    "1.",
    "e:a",
    "<<(",
    ")>>",
    "\ufeff",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join), st.sampled_from([".ttl", ".rdf", ".jsonld"]))
def test_no_text_raises_and_every_line_exists(text: str, suffix: str) -> None:
    locator = Locator(HEAD + text, suffix)
    last = len(lines_of(HEAD + text)) + 1
    asked: list[tuple[str | None, ...]] = [
        (E,),
        (None, None, "a"),
        (E + "a", "a", "x"),
        (None, "e:", "'"),
        ("", "", ""),
    ]
    found = [locator.line_of(*each) for each in asked]
    found += [line for each in locator.statements for line in (each.line, each.subject_line)]
    assert all(line is None or 1 <= line <= last for line in found)


# Whatever a serializer writes

CHARS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffe\uffff")
WORDS = st.text("abcé.-_:~+1", min_size=1, max_size=6)
IRIS = st.one_of(WORDS.map(lambda word: E + word), WORDS.map(lambda word: f"{E}d/#{word}"), st.just(E))
LITERALS = st.one_of(
    st.builds(rdflib.Literal, st.text(CHARS, max_size=12)),
    st.builds(rdflib.Literal, st.text("\"\\\n\r'#.", max_size=8)),
    st.builds(rdflib.Literal, st.text(CHARS, max_size=5), lang=st.sampled_from(["en", "fr-CA"])),
    st.builds(rdflib.Literal, st.integers() | st.booleans() | st.decimals(-9, 9, places=2)),
    st.builds(lambda text: rdflib.Literal(text, datatype=rdflib.URIRef(E + "t")), st.text(CHARS, max_size=5)),
)
NODES = st.one_of(IRIS.map(rdflib.URIRef), st.sampled_from("xyz").map(rdflib.BNode))
TRIPLES = st.lists(st.tuples(NODES, IRIS.map(rdflib.URIRef), NODES | LITERALS), min_size=1, max_size=12)
WRITERS: dict[str, tuple[str, Callable[[rdflib.Graph], str]]] = {
    "rdflib turtle": (".ttl", lambda graph: graph.serialize(format="turtle")),
    "rdflib longturtle": (".ttl", lambda graph: graph.serialize(format="longturtle")),
    "engine turtle": (".ttl", lambda graph: by_engine(graph, ox.RdfFormat.TURTLE)),
    "engine trig": (".trig", lambda graph: by_engine(graph, ox.RdfFormat.TRIG)),
    "engine n-triples": (".nt", lambda graph: by_engine(graph, ox.RdfFormat.N_TRIPLES)),
    "engine n-quads": (".nq", lambda graph: by_engine(graph, ox.RdfFormat.N_QUADS)),
}
FORMS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
}


def by_engine(graph: rdflib.Graph, form: ox.RdfFormat) -> str:
    quads = ox.parse(input=graph.serialize(format="nt"), format=ox.RdfFormat.N_TRIPLES)
    named = ox.NamedNode(E + "graph")
    if form in (ox.RdfFormat.TRIG, ox.RdfFormat.N_QUADS):
        return ox.serialize(
            (ox.Quad(q.subject, q.predicate, q.object, named) for q in quads),
            format=form,
            prefixes={"e": E} if form is ox.RdfFormat.TRIG else None,
        ).decode()
    return ox.serialize(
        (q.triple for q in quads), format=form, prefixes={"e": E} if form is ox.RdfFormat.TURTLE else None
    ).decode()


def graph_of(triples: list[Any]) -> rdflib.Graph:
    graph = rdflib.Graph()
    graph.bind("e", E)
    for triple in triples:
        graph.add(triple)
    return graph


@pytest.mark.parametrize(("suffix", "write"), WRITERS.values(), ids=WRITERS.keys())
@given(triples=TRIPLES)
@settings(max_examples=60)
def test_each_statement_begins_to_be_true_on_the_line_found(
    suffix: str, write: Callable[[rdflib.Graph], str], triples: list[Any]
) -> None:
    """The engine is the oracle: cut before the line it does not state the triple, cut after its object it does."""
    text = write(graph_of(triples))
    locator, lines = Locator(text, suffix), lines_of(text)
    assume(is_valid(text, FORMS[suffix]))  # rdflib forgets to declare some prefixes it makes up
    expected = engine_terms(text, FORMS[suffix])
    assert terms(locator.statements) == expected
    for subject, predicate, value in expected:
        line = locator.line_of(subject, predicate, value)
        assert line is not None
        if "" in (subject, value):
            continue  # which anonymous node it is cannot be told from outside
        spread = len(lines_of(value + "\n")) if "\n" in value or "\r" in value else 1
        assert (subject, predicate, value) not in engine_terms("".join(lines[: line - 1]), FORMS[suffix])
        assert (subject, predicate, value) in engine_terms("".join(lines[: line - 1 + spread]), FORMS[suffix])


# Work grows with the text, not with its square

HOSTILE = [
    *(
        '"',
        "'",
        "\\",
        '"\\',
        "\\'",
        '"""\\',
        '"""a" ',
        "'''\\''",
        "<",
        ">",
        "<a",
        "<a ",
        "[",
        "]",
        "(",
        ")",
        "[(",
        "( ",
    ),
    *("(#\n", "{", "{|", "<<(", "#", "#\n", " ", "\r", ".", "a.", "a\\-", "a\\", "1.", "1.e", ".1e", "+", "1e1", "@"),
    *("@a-", "^^", "^^a", "^^<", "a:", "%", "prefix ", "prefix #\n", "@prefix a: ", "@prefix a: <", "@prefix a: <b>"),
    *("base ", '\\"""\n', "\\'''\n", "BASE <urn:a>", "a a a,", "a a a;", "a a [", "<a> <a> 1 .", "_:", "é", "\ufeff"),
]


class CountedPattern:
    """Runs a pattern as the engine of ``re`` does, counting the characters compared and the repeats tried.

    It knows possessive repeats only: a pattern that could backtrack over an unbounded repeat is refused.
    """

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._nodes = list(re._parser.parse(pattern.pattern, pattern.flags))
        self._text = ""
        self._fold = False
        self.work = 0

    def match_end(self, text: str, at: int) -> int | None:
        self._text = text
        return next(self._ends(self._nodes, 0, at), None)

    def _ends(self, nodes: list[Any], index: int, at: int) -> Iterator[int]:
        if index == len(nodes):
            yield at
            return
        for after in self._step(*nodes[index], at):
            yield from self._ends(nodes, index + 1, after)

    def _step(self, op: Any, arg: Any, at: int) -> Iterator[int]:
        match str(op):
            case "LITERAL" | "ANY" | "IN" | "NOT_LITERAL":
                self.work += 1
                if at < len(self._text) and self._is(str(op), arg, self._text[at]):
                    yield at + 1
            case "BRANCH":
                for branch in arg[1]:
                    yield from self._ends(list(branch), 0, at)
            case "SUBPATTERN":
                fold, self._fold = self._fold, self._fold or bool(arg[1] & re.IGNORECASE)
                found = list(self._ends(list(arg[3]), 0, at)) if self._fold else self._ends(list(arg[3]), 0, at)
                self._fold = fold
                yield from found
            case "POSSESSIVE_REPEAT" | "MAX_REPEAT":
                assert str(op) == "POSSESSIVE_REPEAT" or arg[0] == arg[1], "a repeat that can backtrack"
                yield from self._repeated(*arg, at)
            case "ASSERT" | "ASSERT_NOT":
                start = at if arg[0] > 0 else at - 1
                found_one = start >= 0 and next(self._ends(list(arg[1]), 0, start), None) is not None
                if found_one is (str(op) == "ASSERT"):
                    yield at
            case unknown:
                raise AssertionError(f"{unknown} in a pattern: this walk does not know what it costs")

    def _repeated(self, least: int, most: Any, item: Any, at: int) -> Iterator[int]:
        nodes, count = list(item), 0
        while count < most:
            self.work += 1
            after = next(self._ends(nodes, 0, at), None)
            if after is None or after == at:
                break
            at, count = after, count + 1
        if count >= least:
            yield at

    def _is(self, op: str, arg: Any, char: str) -> bool:
        match op:
            case "ANY":
                return True
            case "IN":
                return any(self._in(str(kind), value, char) for kind, value in arg) is not (str(arg[0][0]) == "NEGATE")
            case _:
                same = (char.lower() if self._fold else char) == chr(arg)
                return same is (op == "LITERAL")

    def _in(self, kind: str, value: Any, char: str) -> bool:
        return (kind == "LITERAL" and ord(char) == value) or (kind == "RANGE" and value[0] <= ord(char) <= value[1])


def regex_work(text: str) -> int:
    counted, at = CountedPattern(locate._TOKEN), 0
    while at < len(text):
        end = counted.match_end(text, at)
        real = locate._TOKEN.match(text, at)
        assert real is not None
        assert end == real.end() > at, "the counting engine and the real one agree, and each token takes something"
        at = end
    return counted.work


def python_work(text: str) -> int:
    """Count the calls made, of Python and of C functions, and the characters of the names that are kept."""
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        locator = Locator(text, ".ttl")
    finally:
        sys.setprofile(before)
    return calls + sum(len(each.subject) + len(each.object) for each in locator.statements)


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("opener", ["", "<urn:a> <urn:b> ", '"', '"""', "(", "a"])
@pytest.mark.parametrize("work", [regex_work, python_work])
def test_twice_the_text_is_at_most_twice_the_work(work: Callable[[str], int], piece: str, opener: str) -> None:
    text = piece * (300 // len(piece))
    assert work(opener + text + text) <= 2.1 * work(opener + text) + 200


@pytest.mark.parametrize(
    "write",
    [
        lambda n: "@base <http://e.org/> . " + "".join(f"BASE <a{i}/> " for i in range(n)),
        lambda n: f"@base <http://e.org/{'a' * n}/> . " + "".join(f"<{i}> <p> <o> . " for i in range(n)),
        lambda n: f"@prefix e: <http://e.org/{'a' * n}/> . " + "".join(f"e:{i} e:p e:o . " for i in range(n)),
    ],
    ids=["bases on bases", "a long base", "a long prefix"],
)
def test_long_names_are_not_multiplied(write: Callable[[int], str]) -> None:
    def kept(n: int) -> int:
        locator = Locator(write(n), ".ttl")
        return sum(map(len, locator._finder._scanner.mentions))

    assert kept(8000) <= 2.1 * kept(4000)


@pytest.mark.parametrize("piece", ["[ <p> ", "( ", "<a> <p> <<( ", "<a> <p> 1 {| "])
def test_nesting_is_not_bounded_by_the_call_stack(piece: str) -> None:
    text = piece * 50_000 + ".\n<urn:a> <urn:p> 1 ."
    assert Locator(text, ".ttl").line_of("urn:a", "urn:p", "1") == 2


# RDF/XML and JSON-LD: plain search

XML = """\
<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:s="http://schema.org/" xml:base="http://e.org/">
  <s:Book rdf:about="http://e.org/one">
    <s:author rdf:resource="http://e.org/ada"/>
    <s:name>One &amp; all</s:name> <!-- </s:Book> -->
  </s:Book>
  <s:Book rdf:about="http://e.org/one-more">
    <s:name>name</s:name>
    <s:about>
      <s:Thing rdf:ID="inner">
        <s:name>Inner</s:name>
      </s:Thing>
    </s:about>
    <s:position>2</s:position>
  </s:Book>
  <s:Person rdf:about="http://e.org/ada"
            s:name="Ada"/>
  <rdf:Description rdf:nodeID="b1"><s:name>Blank</s:name></rdf:Description>
</rdf:RDF>
"""
SCHEMA = "http://schema.org/"


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ((E + "one",), 3),
        ((E + "one", SCHEMA + "name"), 5),
        ((E + "one", SCHEMA + "name", "One & all"), 5),
        ((E + "one", SCHEMA + "author", E + "ada"), 4),
        ((E + "one", SCHEMA + "position"), 3),
        ((E + "one", None, E + "ada"), 4),
        ((E + "one-more", SCHEMA + "position", "2"), 14),
        ((E + "one-more", RDF + "type", SCHEMA + "Book"), 7),
        ((E + "ada",), 16),
        ((E + "ada", SCHEMA + "name", "Ada"), 17),
        ((E + "#inner", SCHEMA + "name", "Inner"), 11),
        (("_:b1", SCHEMA + "name", "Blank"), 18),
        ((E + "absent", SCHEMA + "name"), None),
        ((None, SCHEMA + "position"), 14),
        ((None, None, "Inner"), 11),
        ((None, None, "http://schema.org/"), 2),
        ((None, None, "absent"), None),
        ((None,), None),
    ],
)
@pytest.mark.parametrize("suffix", [".rdf", ".owl", ".xml"])
def test_rdf_xml_is_searched(asked: tuple[str | None, ...], line: int | None, suffix: str) -> None:
    assert Locator(XML, suffix).line_of(*asked) == line
    assert not list(Locator(XML, suffix).statements)


JSON = """\
{
  "@context": { "s": "http://schema.org/", "@base": "http://e.org/" },
  "@graph": [
    {
      "@id": "http://e.org/one",
      "@type": "s:Book",
      "s:description": "its name } is",
      "s:author": { "@id": "http://e.org/ada" },
      "s:name": "Caf\\u00e9 \\"Un\\""
    },
    {
      "@id": "http://e.org/ada",
      "s:name": "Ada",
      "s:age": 36
    },
    {
      "@id": "rel",
      "http://schema.org/name": "R"
    }
  ]
}
"""


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ((E + "one",), 5),
        ((E + "one", SCHEMA + "name"), 9),
        ((E + "one", SCHEMA + "name", 'Café "Un"'), 9),
        ((E + "one", RDF + "type", SCHEMA + "Book"), 6),
        ((E + "one", SCHEMA + "author", E + "ada"), 8),
        ((E + "one", SCHEMA + "age", "36"), 5),
        ((E + "ada", SCHEMA + "age", "36"), 14),
        ((E + "ada", SCHEMA + "name", "absent"), 13),
        ((E + "rel", SCHEMA + "name", "R"), 18),
        ((E + "absent",), None),
        ((None, None, "rel"), 17),
        ((None, SCHEMA + "age"), 14),
    ],
)
def test_json_ld_is_searched(asked: tuple[str | None, ...], line: int | None) -> None:
    json.loads(JSON)
    assert Locator(JSON, ".jsonld").line_of(*asked) == line
