"""Looking at a query before any parser does: what is counted all at once is what is found token by token."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import astuple
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solnum_ld.errors import MalformedQuery
from solnum_ld.sparql import joins
from solnum_ld.sparql.joins import MAX_CONDITIONS, MAX_DEPTH, MAX_PATTERNS
from solnum_ld.sparql.protocol import _unquoted
from solnum_ld.sparql.scan import MAX_CLAUSES, MAX_OPERATORS, Scan, _Scanner, scan
from solnum_ld.sparql.shapes import look

PIECES = [
    *"?x $y * { } ( ) [ ] . , ; | < > / ^ + - = ! & ? $ @ \\ é · %20 \n".split(" "),
    *(
        "&&",
        "||",
        "<=",
        "!=",
        "^^",
        "<<",
        "<http://a/b>",
        "<a(b)>",
        "<RAND()>",
        "a:b ",
        ":c ",
        "_:d ",
        "x\\,y",
        "a:x\\,y",
    ),
    *(
        "FILTER",
        "FILTER(",
        "RAND()",
        "now ()",
        "UNION",
        "OPTIONAL{",
        "BIND(",
        "AS",
        "EXISTS",
        "VALUES",
        "SERVICE ",
        "service.x",
    ),
    *(
        "FROM <g> ",
        "FROM NAMED <h> ",
        "FROM ",
        "WHERE",
        "GROUP BY",
        "LIMIT 1",
        "'a FILTER'",
        '"a\\"b"',
        "'''x'y'''",
        '"""q""r"""',
    ),
    *(
        "#c UNION\n",
        "@fr-BE ",
        "1.5",
        "1e5",
        "2.",
        " ",
        "a.b",
        "FILTER.UNION",
        "a-b ",
        "VALUES ?x {",
        "VALUES (?x) {(1) (2)}",
        "{SELECT ?x (1 AS ?y) {",
        "} GROUP BY (?x) ",
        "?s ?p (1 ?x (<a> 'b') 2) . ",
        "?s a/(a:b|^a:c)* ?o ; ",
        "{?s ?p ?o} UNION {?s ?p 1.?s a:b a:c.} ",
        "FILTER a:f(?x) ",
        "FILTER NOT EXISTS {",
        "FILTER(1) ?s ",
        "true.e:x ",
        "_:b.:x ",
        "'1'^^a:b ",
        "-1 ",
        "?s ?p (a:b [ a:c/a:d -1 ] 2) . ",
        "true.SERVICE:x {",
        "e:a.b.c ",
        "?s (a:b/a:c/a:d)|^a:e ?o,?x ; ",
        "OPTIONAL {?s ?p ?o} ",
        "BIND(1 AS ?x) ",
        "trueVALUES ?x {1 2 3} ",
        "(true-1-1)",
        "REPLACE(",
        "FILTER(?x IN (1,2)) . ",
        "PREFIX a: <http://a/>",
        "'open",
        '"',
    ),
]
STARTS = [
    "",
    "SELECT * {",
    "ASK FROM <g> WHERE {",
    "DESCRIBE ?x {",
    "DESCRIBE <a> ",
    "SELECT ?x WHERE {",
    "CONSTRUCT {",
]


def seen(text: str, scan: Callable[[str], Scan] = scan) -> object:
    """Return what a scan finds, or how it refuses."""
    try:
        return astuple(scan(text))
    except MalformedQuery as error:
        return str(error), error.line, error.column


@settings(max_examples=3000)
@given(st.sampled_from(STARTS), st.lists(st.sampled_from(PIECES), max_size=30), st.booleans(), st.integers(0, 8))
def test_all_at_once_finds_what_token_by_token_does(start: str, pieces: list[str], few: bool, joining: int) -> None:
    text = start + "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        if few:
            for name in ("MAX_DEPTH", "MAX_OPERATORS", "MAX_CLAUSES"):
                patch.setattr(sys.modules[_Scanner.__module__], name, 3)
            patch.setattr(joins, "MAX_DEPTH", 3)
        if joining:
            patch.setattr(joins, "_BUDGET", joining**4)
            patch.setattr(joins, "MAX_PATTERNS", 3 * joining)
            patch.setattr(joins, "MAX_CONDITIONS", joining)
        quick = seen(text)
        patch.setattr(_Scanner, "_weigh", lambda self, *_: self._weigh_exactly(self._body))
        patch.setattr(_Scanner, "_sum", lambda *_: False)
        assert quick == seen(text)


WEB = re.compile("<https?://[^>]*>")
REST = st.one_of(
    st.text("aZ0._~/%#:@=+-()'[]?$ ,", max_size=8),
    st.sampled_from("SERVICE service/x select SELECT COUNT RAND() true.e:x a#b".split()),
)


@settings(max_examples=2000)
@given(st.sampled_from(STARTS), st.lists(st.sampled_from([None, *PIECES]), max_size=30), st.data())
def test_queries_that_differ_in_their_iris_alone_are_seen_alike(
    start: str, pieces: list[str | None], data: st.DataObject
) -> None:
    text = start + "".join(piece or f"<http://{data.draw(REST)}>" for piece in pieces)
    seen(WEB.sub(lambda iri: "<https://" + "y" * (len(iri[0]) - 10) + ">" if len(iri[0]) > 9 else iri[0], text), look)
    assert seen(text, look) == seen(text)


def test_a_look_is_kept_for_the_next_iri() -> None:
    first, other, longer = (look(f"ASK {{ <https://x/{name}#> ?p 'a' }}") for name in ("a/b", "c.d", "longer"))
    assert other is first
    assert longer.body == first.body
    deep = "SELECT * {" + "{SELECT * {" * 16 + "?s <http://x/count> ?o" + "}}" * 16 + "}"
    assert seen(deep, look) == seen(deep)
    assert look("ASK {:a :b :c\\<http://RAND>. }") != look("ASK {:a :b :c\\<http://abcd>. }")
    assert look("DESCRIBE <http://x/1>").targets == ("<http://x/1>",)
    assert look("DESCRIBE <http://x/2>").targets == ("<http://x/2>",)
    assert look("ASK FROM <http://x/3> {}").default_graphs == ("<http://x/3>",)
    assert look("ASK FROM <http://x/4> {}").default_graphs == ("<http://x/4>",)
    assert look("ASK FROM NAMED <http://x/5> {}").named_graphs == ("<http://x/5>",)
    assert look("ASK FROM NAMED <http://x/6> {}").named_graphs == ("<http://x/6>",)


@pytest.mark.parametrize(
    ("start", "unit", "most"),
    [
        ("ASK ", "{", MAX_DEPTH),
        ("ASK {", "(", MAX_DEPTH - 1),
        ("ASK {", "[", MAX_DEPTH - 1),
        ("ASK { FILTER(", "?x + ", MAX_OPERATORS),
        ("ASK {", "MINUS {} ", MAX_CLAUSES),
        ("SELECT * {} ORDER BY ", "(?x)", MAX_CONDITIONS),
        ("SELECT * { SELECT * {} GROUP BY ", "(?x)", MAX_CONDITIONS),
        ("ASK { {", "?s ?p 1, 2, 3, 4 } UNION {", MAX_PATTERNS // 4 - 1),
    ],
)
def test_a_bound_is_what_it_says(start: str, unit: str, most: int) -> None:
    scan(start + unit * most)
    with pytest.raises(MalformedQuery, match="it has more than"):
        scan(start + unit * (most + 1))


JOINED = {
    "triples": "?s ?p ?o . ",
    "objects": "?s ?p 1 , 2 ; ",
    "numbers": "?s ?p 1.",
    "names": "a:s a:p a:o. ",
    "truths": "?s ?p true.",
    "truths before names": ":x ?p true.",
    "numbers before names": "e:x ?p 1.",
    "steps": "?s a/a/",
    "groups": "{ } ",
    "graphs": "GRAPH ?g { } ",
    "rows": "VALUES ?x { 1 } ",
    "annotations": "?s ?p ?o {| ?p ?o |} ",
    "nodes": "?s ?p _:b.",
    "nodes before names": ":x ?p _:b.",
    "truths before names with a prefix": "e:x ?p true.",
    "with conditions between": "?s ?p ?o FILTER(1) ",
    "with calls between": "?s ?p ?o FILTER a:f() ",
    "with values between": "?s ?p ?o BIND(1 AS ?x) ",
    "with options between": "?s ?p ?o OPTIONAL {} ",
    "with tests between": "?s ?p ?o FILTER EXISTS {} ",
    "truths with conditions between": "true ?p ?o FILTER(1) ",
    "blank nodes with conditions between": "[ ?p ?o ] FILTER(1) ",
    "options": "OPTIONAL { ?s ?p ?o } ",
    "elements": "?s ?p (1 2).",
    "elements with paths": "?s ?p ([ a:b/a:c 1 ] 2).",
}
APART = {
    "without": "MINUS { ?s ?p ?o } ",
    "test": "FILTER NOT EXISTS { ?s ?p ?o } ",
    "expression": "FILTER(?x / ?y - 1 < 3) ",
    "function": "FILTER a:f(?x, 1, 2, 3) ",
    "data": "BIND(COALESCE(1, 2, 3, 4) AS ?x) ",
}
COUNTED_ONCE = {
    "types": "?s ?p '1'^^<x:y>.",
    "directions": "?s ?p 'x'@ar--rtl.",
    "negative numbers": "?s ?p -1.",
    "closures": "?s a:b* ?o.",
    "closures in parentheses": "?s (a:b)+ ?o.",
    "alternatives": "?s (a:b|a:c|a:d|a:e)* ?o.",
    "combining marks": "?s ?p a:e\u0301.",
}


@pytest.mark.parametrize("name", JOINED)
def test_a_group_may_join_so_many_patterns(name: str) -> None:
    """A hundred take the engine most of a second to plan, and it cannot be stopped while it plans."""
    scan("ASK {" + JOINED[name] * 30)
    with pytest.raises(MalformedQuery, match="joins more than 100 patterns") as refused:
        scan("ASK {" + JOINED[name] * 101 + "}")
    assert (refused.value.line, refused.value.column) == (1, 5)


@pytest.mark.parametrize("name", APART)
def test_what_is_not_joined_counts_little(name: str) -> None:
    scan("ASK { ?s ?p ?o . " + APART[name] * 500 + "}")


@pytest.mark.parametrize("name", COUNTED_ONCE)
def test_signs_of_terms_and_of_paths_do_not_count_as_patterns(name: str) -> None:
    scan("ASK {" + COUNTED_ONCE[name] * 49 + "}")
    with pytest.raises(MalformedQuery, match="joins more than 100 patterns"):
        scan("ASK {" + COUNTED_ONCE[name] * 100 + "}")


def test_what_exists_in_an_expression_is_weighed() -> None:
    for start in ("FILTER EXISTS {", "FILTER(EXISTS {", "FILTER(1 - EXISTS {", "FILTER(true-EXISTS{"):
        with pytest.raises(MalformedQuery, match="joins more than"):
            scan("ASK { " + start + "?s ?p ?o . " * 200 + "}")


def test_lists_and_data_are_told_apart() -> None:
    many = "1 " * 200
    for pattern in (
        f"VALUES ?x {{ {many} }}",
        f"VALUES (?x ?y) {{ {'(1 2)' * 200} }}",
        f"FILTER(?x IN ({'1,' * 200} 1))",
    ):
        scan(f"SELECT * {{ {pattern} }}")
        scan(f"SELECT * {{ }} {pattern}")
    for pattern in (
        f"?s ?p ({many})",
        f"({many}) ?p ?o",
        f"?s a ({many})",
        f"FILTER(?x) ({many}) ?p ?o",
        f"?s ?p ((1) {many})",
    ):
        with pytest.raises(MalformedQuery, match="joins more than"):
            scan(f"SELECT * {{ {pattern} }}")


def test_unions_are_weighed_with_what_they_are_joined_with() -> None:
    """A union of many is planned in a second, many unions joined are not."""
    branches = " UNION ".join("{ ?s ?p ?o . ?o ?p ?x }" for _ in range(600))
    scan(f"SELECT * {{ {branches} }}")
    scan("SELECT * {" + "{ ?s ?p ?o } UNION { ?s ?p 1 } " * 50 + "}")
    with pytest.raises(MalformedQuery, match="unions of many"):
        scan("SELECT * {" + "{ ?s ?p ?o } UNION { ?s ?p 1 } " * 80 + "}")
    with pytest.raises(MalformedQuery, match="unions of many"):
        scan("SELECT * {" + f"{' UNION '.join(['{ ?s ?p ?o }'] * 20)} " * 40 + "}")


@pytest.mark.parametrize(
    "unit",
    [
        "SERVICE",
        "SERVICEe:",
        "SERVICE#",
        "REPLACE(x:",
        "SERVICE.",
        "e:a.",
        "REPLACE(",
        "'\\",
        '"\\',
        "'",
        '"',
        "'\\'",
        "'a",
        "'''\\",
        "<a",
        "@a-",
        "a.",
        "'\n",
        "\\",
        "ab ",
        "?",
    ],
)
@pytest.mark.parametrize("start", ["", "SELECT * {", "SELECT * FROM "])
def test_no_text_is_looked_at_again_and_again(start: str, unit: str) -> None:
    """Half a million characters: a scan that begins anew at each quote takes hours."""
    seen(start + unit * (500_000 // len(unit)))


@given(st.one_of(st.binary(max_size=40), st.text("%0aAfF=+ _\r\n\té", max_size=20).map(str.encode)))
def test_percent_encodings_are_decoded_as_the_library_does(part: bytes) -> None:
    assert _unquoted(part) == unquote_to_bytes(part)


def nested(call: str, inner: str, end: str, times: int) -> str:
    return f"SELECT ({call * times}{inner}{end * times} AS ?x) {{}}"


STEPS = "/".join(f"<a:{n}>" for n in range(13))
PLANNED_LONG = {
    "a sequence repeated": f"ASK {{ ?s ({STEPS})+ ?o }}",
    "a sequence of sequences": "ASK { ?s (" + "/".join(["(<a:a>/<a:b>/<a:c>/<a:d>)"] * 4) + ")+ ?o }",
    "a sequence before an alternative": f"ASK {{ ?s {STEPS}|<a:b> ?o }}",
    "a sequence after an alternative": f"ASK {{ ?s <a:b>|{STEPS} ?o }}",
    "a path to many": f"ASK {{ ?s {STEPS} {','.join(f'?o{n}' for n in range(13))} }}",
    "a path in parentheses to many": f"ASK {{ ?s (<a:a>/<a:b>/<a:c>) {','.join(f'?o{n}' for n in range(30))} }}",
    "a path within brackets": f"ASK {{ ?s ?p [ ?q 1 ; {STEPS} {','.join(f'?o{n}' for n in range(13))} ] }}",
    "lateral": "ASK { " + "LATERAL { ?s ?p ?o } " * 101 + "}",
    "values that are bound": "ASK { " + "BIND(1 AS ?x) " * 900 + "?s ?p ?o . " * 60 + "}",
    "options in a group": "ASK { { ?s ?p ?o " + "OPTIONAL { ?s ?p 1 } " * 80 + "} " + "?s ?p ?o . " * 60 + "}",
    "many values": f"ASK {{ VALUES ?s {{ {'1 ' * 10_000} }} {'?s ?p ?o . ' * 90} }}",
    "many values behind a dot": f"ASK {{ ?s ?p true.VALUES ?s {{ {'1 ' * 10_000} }} {'?s ?p ?o . ' * 90} }}",
    "what exists in a column": f"SELECT (EXISTS {{ {'?s ?p ?o . ' * 200} }} AS ?x) FROM <g> WHERE {{}}",
    "many rows of values": f"ASK {{ VALUES (?s ?t) {{ {'(1 2)' * 10_000} }} {'?s ?p ?o . ' * 60} }}",
    "many values afterwards": f"ASK {{ {'?s ?p ?o . ' * 60} }} VALUES ?s {{ {'1 ' * 20_000} }}",
    "conditions of many unions": f"ASK {{ {' UNION '.join(['{ ?s ?p ?o }'] * 300)} FILTER(?s IN ({'1,' * 5000} 1)) }}",
    "elements without spaces": f"ASK {{ ?s ?p (true{'-1' * 200}) }}",
    "elements after a direction": f"ASK {{ ?s ?p ('a'@en--ltr5{'-1' * 200}) }}",
    "REPLACE": nested("REPLACE(", "'1'", ", '', 1)", 20),
    "replace": nested("replace(", "'1'", ", '', 1)", 20),
    "SUBSTR": nested("SUBSTR(", "'1'", ", 1)", 150),
    "REGEX": nested("REGEX(", "'1'", ", '')", 20),
    "GROUP_CONCAT": nested("GROUP_CONCAT(", "1", ")", 26),
    "in turn": nested("REGEX(STR(REPLACE(", "'1'", ", '', '')), '')", 10),
    "sums without spaces": f"ASK {{ FILTER(true{'-1' * 5000}) }}",
    "sums after a direction": f"ASK {{ FILTER('a'@en--ltr{'-1' * 5000}) }}",
    "columns without spaces": f"SELECT {''.join(f'(trueAS?b{n})' for n in range(3000))} {{}}",
}
PLANNED_LONG |= {
    "subqueries that count": "ASK {"
    + "{ SELECT ?s (COUNT(*) AS ?c) {" * 20
    + "?s ?p ?o"
    + "} GROUP BY ?s }" * 20
    + "}",
    "subqueries that have": "ASK {"
    + "{ SELECT ?s {" * 24
    + "?s ?p ?o"
    + "} GROUP BY ?s HAVING(COUNT(*)>1) }" * 24
    + "}",
    "a word": f"ASK {{ VALUES ?x {{ {'true' * 5000} }} }}",
    "a long prefix": f"ASK {{ FILTER({'true-' * 100}{'e' * 24000}:x) }}",
    "long arguments": nested("REPLACE(", f"'{'x' * 100_000}'", ", 'a', 'b')", 12),
    "many arguments": nested("REPLACE(", f"(1 IN ({'1,' * 40_000} 1))", ", 'a', 'b')", 12),
    "a long namespace": f"PREFIX e: <http://{'e' * 3000}/> ASK {{ VALUES ?x {{ {'e: ' * 1000} }} }}",
    "a long base": f"BASE <http://e/{'e' * 3000}> ASK {{ ?s ?p ?o }}",
    "many conditions": f"ASK {{ ?s ?p ?o FILTER({'&&'.join(map(str, range(3000)))}) }}",
    "many conditions in a column": f"SELECT ({'&&'.join(map(str, range(3000)))} AS ?x) {{}}",
    "many long conditions": "ASK {" + "".join(f"FILTER(?s IN ({'1,' * 100} {n})) " for n in range(900)) + "}",
    "many variables": f"SELECT {' '.join(f'?a{n}' for n in range(20_000))} {{}}",
    "many variables selected again": f"ASK {{ {'{ SELECT * {' * 90} VALUES ({' '.join(f'?a{n}' for n in range(5000))}) {{}} {'}}' * 90} }}",
    "many aggregates": f"SELECT (COALESCE({','.join(f'SUM({n})' for n in range(10_000))}) AS ?x) {{}}",
    "a template of lists": f"CONSTRUCT {{ ?s ?p ({'(1)' * 20_000}) }} {{}}",
    "calls copied into unions": f"ASK {{ {' UNION '.join(['{ ?s ?p ?o }'] * 1900)} FILTER({'STR(' * 150}?s{')' * 150}) "
    + "FILTER(STR(STR(STR(?s)))) " * 20
    + "}",
}
PLANNED_SOON = {
    "paths that are used": "ASK { ?s (<a:a>/<a:b>)*/<a:c>|^<a:d>/<a:e> ?o ; (<a:a>|<a:b>/<a:c>)+/<a:d> 1, 2, 3 }",
    "twelve steps": f"ASK {{ ?s ({'/'.join(['<a:a>'] * 12)})+ ?o }}",
    "many short alternatives": f"ASK {{ ?s {'|'.join(['<a:a>/<a:b>'] * 20)} ?o }}",
    "a list of nodes with paths": f"ASK {{ ?s ?p ({'[ <a:a>/<a:b> 1 ] ' * 8}) }}",
    "calls within calls": nested("REPLACE(", "STR(1)", ", 'a', 'b')", 14),
    "calls beside calls": "ASK {" + "BIND(REPLACE(REPLACE(STR(?a), 'a', 'b'), 'c', SUBSTR(?d, 1)) AS ?x) " * 300 + "}",
    "many values": f"ASK {{ VALUES ?s {{ {'1 ' * 100_000} }} {'?s ?p ?o . ' * 10} }}",
    "conditions and unions": f"ASK {{ {' UNION '.join(['{ ?s ?p ?o }'] * 100)} FILTER(?s IN ({'1,' * 2500} 1)) }}",
    "subqueries in subqueries": "ASK {"
    + "{ SELECT ?s (COUNT(*) AS ?c) {" * 12
    + "?s ?p ?o"
    + "} GROUP BY ?s }" * 12
    + "}",
    "subqueries beside subqueries": "ASK {" + "{ SELECT ?s (COUNT(*) AS ?c) { ?s ?p ?o } GROUP BY ?s } " * 60 + "}",
    "many alternatives": f"ASK {{ ?s ?p ?o FILTER({' || '.join(f'?s = <x:{n}>' for n in range(500))}) }}",
    "a long list": f"ASK {{ ?s ?p ?o FILTER(?s IN ({'1,' * 100_000} 1)) }}",
    "a template": "CONSTRUCT {" + "?s ?p ?o , 1 ; a ?x . " * 2000 + "} WHERE { ?s ?p ?o }",
    "a long text": f'ASK {{ ?s ?p """{"it is long " * 50_000}""" }}',
    "typed values": "ASK { VALUES ?d { " + "'2020-01-01'^^<x:date> " * 4500 + "} }",
    "conditions with dots": "ASK { ?s ?p ?o . " + "FILTER(?o != 3) . " * 120 + "}",
    "prefixes with dots": "ASK {" + "?s a.b.c:i ?v. " * 90 + "}",
    "dots that are escaped": r"PREFIX e: <urn:> ASK { ?s e:a\.b\.c e:d.e }",
}


@pytest.mark.parametrize("name", PLANNED_LONG)
def test_what_an_engine_reads_or_plans_for_long_is_refused(name: str) -> None:
    """Each takes Oxigraph seconds to hours, or overflows its stack; its server cannot be stopped meanwhile."""
    with pytest.raises(MalformedQuery, match="not answered here"):
        scan(PLANNED_LONG[name])


@pytest.mark.parametrize("name", PLANNED_SOON)
def test_what_is_read_and_planned_in_a_second_is_let_through(name: str) -> None:
    scan(PLANNED_SOON[name])


@pytest.mark.parametrize(
    "query",
    [
        "PREFIX e: <urn:> ASK { ?s ?p e:a.b.SERVICE <http://a/> {} }",
        "PREFIX : <urn:> ASK { ?s ?p :a.b.SERVICE:x {} }",
        "PREFIX e: <urn:> ASK { ?s ?p 'a'^^e:a..b.c }",
        "PREFIX e: <urn:> DESCRIBE e:a.b.c",
    ],
)
def test_a_name_with_several_dots_is_refused_with_its_remedy(query: str) -> None:
    """Oxigraph ends a local name before its second dot."""
    with pytest.raises(MalformedQuery, match=r"has several dots. Write \\\. for each") as refused:
        scan(query)
    assert refused.value.column is not None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {} ORDER BYRAND()",
        "SELECT (SUM(DISTINCTRAND()) AS ?x) {}",
        "ASK { FILTERRAND() }",
        "SELECT * {} GROUP BYUUID()",
        "SELECT (trueAS ?x) (STRUUID() AS ?y) {}",
    ],
)
def test_what_changes_is_seen_without_a_space(query: str) -> None:
    assert scan(query).changing


@pytest.mark.parametrize(
    "query",
    [
        "SELECT (EXISTS { ?s ?p ?o } AS ?x) FROM <urn:g> WHERE { ?a ?b ?c }",
        "SELECT (IF(NOT EXISTS { ?s ?p ?o }, 1, 2) AS ?x) FROM <urn:g> { ?a ?b ?c }",
        "CONSTRUCT { ?s ?p ?o {| <a:a> ?b |} } FROM <urn:g> WHERE { ?s ?p ?o }",
    ],
)
def test_a_dataset_is_seen_behind_braces_that_are_no_pattern(query: str) -> None:
    found = scan(query)
    assert found.default_graphs == ("<urn:g>",)
    assert query[found.body :].startswith(("WHERE", "{ ?a")) or query[: found.body].endswith("WHERE ")


HIDING = {
    "a service": 'ASK { FILTER(?a<?b#> """\n) SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } # """\n }',
    "a string": "ASK { FILTER(?a<?b&&'>' = ?c) SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
    "patterns": "ASK{FILTER(?s<1)." + ".".join(f"?s?p{n}?o{n}" for n in range(200)) + ".FILTER(2>?s)}",
    "a number": 'ASK { FILTER(1<2#> """\n) SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } # """\n }',
    "a name": 'PREFIX u: <u:> ASK { FILTER(u:a<u:x#> """\n) SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } # """\n }',
    "a truth": 'ASK { FILTER(true<?b#> """\n) SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } # """\n }',
    "a call": 'ASK { BIND(STR(1)<?b#> """\n AS ?x) SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } # """\n }',
    "in brackets": 'ASK { FILTER((?a<?b#> """\n)) SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } # """\n }',
    "operators": "ASK { FILTER(?a<?b" + "+?b" * 5000 + "&&?c>?d) }",
    "a triple term": 'ASK { FILTER(<<( <a:a> <a:b> 1 )>><?b#> """\n) SERVICE <http://127.0.0.1:9/> {} # """\n }',
    "a sum": "ASK { FILTER(true-1<1#>'''\n) SERVICE <http://127.0.0.1:9/> {} # '''\n }",
    "glued": "SELECT (COUNT(DISTINCTtrue<1#>'''\n) AS ?k) { SERVICE <http://127.0.0.1:9/> {} # '''\n }",
    "after a sum": "ASK { FILTER(true-1<'>') SERVICE <http://127.0.0.1:9/> {} }",
    "in a call by name": "PREFIX u: <u:> ASK { FILTER u:f(?a<?b#> '''\n) SERVICE <http://127.0.0.1:9/> {} # '''\n }",
    "a column of a subquery": "ASK { { SELECT ?y (?a<?b#> 'x\n AS ?z) {} } ?s ?p ?o # '\n }",
    "a second order": "ASK { { SELECT ?a {} ORDER BY (1)(?a<?b#> 'x\n) } ?s ?p ?o # '\n }",
    "a second condition": "ASK { OPTIONAL { SELECT ?s {} GROUP BY ?s HAVING(1)(?a<?b#> 'x\n) } ?s ?p ?o # '\n }",
    "a glued call": "PREFIX x: <urn:> ASK { ?s ?p ?o FILTERx:boolean(?a<?b#> 'x\n) ?s ?p ?o # '\n }",
    "in a column": 'SELECT (?a<?b#> """\n AS ?x) { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } } # """',
}


@pytest.mark.parametrize(
    "pattern",
    [
        "SERVICE<http://a/> {}",
        "serviceSILENT<http://a/> {}",
        "?s ?p trueSERVICE<http://a/> {}",
        "?s ?p true.SERVICE <http://a/> {}",
        "?s ?p 1.SERVICE <http://a/> {}",
        "?s ?p a:.SERVICE <http://a/> {}",
        "?s ?p a:b. SERVICE\n<http://a/> {}",
        "?s ?p ?o.SERVICE <http://a/> {}",
    ],
)
def test_a_service_is_seen_however_it_is_set(pattern: str) -> None:
    assert scan(f"PREFIX a: <http://a/> ASK {{ {pattern} }}").service


@pytest.mark.parametrize(
    "pattern",
    [
        "SERVICE:x {}",
        "servicee:x {}",
        "SERVICESILENTe:x\n# {\n{}",
        "?s ?p true.SERVICE:x {}",
        "?s ?p true.SERVICEe:x {}",
        "?s ?p -1.SERVICE:x {}",
        "?s :-1.SERVICE:x {}",
        "FILTER(true)SERVICE:x {}",
        "?s ?p e:SERVICE <http://a/> {}",
        "?s ?p :SERVICESILENT ?x # {\n{}",
        "?s ?p e:SERVICEy:\\# {}",
        "?s ?p e:SERVICE\ufffd: {}",
        "?s ?p e:SERVICE" + " " * 5000,
    ],
)
def test_what_a_parser_may_read_as_a_service_is_refused(pattern: str) -> None:
    with pytest.raises(MalformedQuery, match="may be read as SERVICE"):
        scan(f"PREFIX e: <http://h:> PREFIX : <http://h/> ASK {{ {pattern} }}")


def test_things_may_be_called_service() -> None:
    query = "PREFIX service: <urn:s:> SELECT * { GRAPH ?service { ?s service:p ?o } service:x a e:Service OPTIONAL { ?s e:service 'SERVICE ?x {' } } # SERVICE:x {"
    assert not scan(query).service


@pytest.mark.parametrize(
    "query",
    [
        "ASK { VALUES ?x { ''' ' } SERVICE <http://a/> {} }",
        'ASK { VALUES ?x { """ " } ?s ?p ?o }',
        "ASK { ?s ?p (''' ') }",
        "ASK { VALUES ?x { ''' ' #\\q\n } ?s ?p ?o # '''\n }",
        "ASK { VALUES ?x { ''' ' #\\uD800\n } ?s ?p ?o # '''\n }",
        "ASK { VALUES ?x { ''' ' #\\U00110000\n } ?s ?p ?o # '''\n }",
    ],
)
def test_a_string_in_three_quotes_is_one(query: str) -> None:
    """Parsers that try one reading after another take it for an empty string and the begin of a second."""
    with pytest.raises(MalformedQuery, match="three quotes") as refused:
        scan(query)
    assert refused.value.column is not None


def test_strings_in_three_quotes_are_let_through() -> None:
    scan("ASK { ?s ?p '''it's \\'\\t\\u00e9\\U0001F600\nthere''', '''''', \"\"\"a\"\"b\\\\\"\"\" # '''\n }")


@pytest.mark.parametrize("name", HIDING)
def test_less_than_hides_nothing(name: str) -> None:
    """Parsers without a lexer take ``?a<?b#>`` for a comparison and a comment, where the grammar's longest token is an IRI."""
    with pytest.raises(MalformedQuery, match="Put a space after <"):
        scan(HIDING[name])


@pytest.mark.parametrize(
    "query",
    [
        "PREFIX : <#> SELECT * { ?s <#p> <#o> . :a <urn:x#y> (?x <http://a/#b> 1) FILTER(?x < 3 && ?y <= 4) }",
        "SELECT * { VALUES (?a ?b) { (<urn:a:1> <urn:b:2>) (1 <http://a/(b)#c>) } FILTER(?x IN (1, <#a>)) }",
        "BASE <http://e/> ASK { VALUES (?a ?b) { (<urn:a#1> <urn:b#2>) (<#1> <#2>) (UNDEF <urn:b(2)>) } FILTER(?o > <urn:a#b>) ?s ?p (<#b>) }",
        "ASK { FILTER(?x<3) FILTER(?x<?y) FILTER(<#a> = ?x || SAMETERM(?x, <#b>)) ?s (<#a>/<#b>)* ?o }",
    ],
)
def test_what_is_plain_is_let_through(query: str) -> None:
    scan(query)
