"""Looking at a query before any parser does: what is counted all at once is what is found token by token."""

from __future__ import annotations

import sys
from dataclasses import astuple
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solnum_ld.errors import MalformedQuery
from solnum_ld.sparql.protocol import _unquoted
from solnum_ld.sparql.scan import MAX_CLAUSES, MAX_DEPTH, MAX_OPERATORS, _Scanner, scan

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


def seen(text: str) -> object:
    """Return what a scan finds, or how it refuses."""
    try:
        return astuple(scan(text))
    except MalformedQuery as error:
        return str(error), error.line, error.column


@settings(max_examples=3000)
@given(st.sampled_from(STARTS), st.lists(st.sampled_from(PIECES), max_size=30), st.booleans())
def test_all_at_once_finds_what_token_by_token_does(start: str, pieces: list[str], few: bool) -> None:
    text = start + "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        if few:
            for name in ("MAX_DEPTH", "MAX_OPERATORS", "MAX_CLAUSES"):
                patch.setattr(sys.modules[_Scanner.__module__], name, 3)
        quick = seen(text)
        patch.setattr(_Scanner, "_count", lambda *_: False)
        assert quick == seen(text)


@pytest.mark.parametrize(
    ("unit", "most"),
    [("{", MAX_DEPTH), ("(", MAX_DEPTH), ("[", MAX_DEPTH), ("?x + ", MAX_OPERATORS), ("OPTIONAL {} ", MAX_CLAUSES)],
)
def test_a_bound_is_what_it_says(unit: str, most: int) -> None:
    within = most - 1 if unit in "{([" else most  # the pattern's own brace
    scan("ASK {" + unit * within)
    with pytest.raises(MalformedQuery, match="it has more than"):
        scan("ASK {" + unit * (within + 1))


@pytest.mark.parametrize(
    "unit", ["'\\", '"\\', "'", '"', "'\\'", "'a", "'''\\", "<a", "@a-", "a.", "'\n", "\\", "ab ", "?"]
)
@pytest.mark.parametrize("start", ["", "SELECT * {", "SELECT * FROM "])
def test_no_text_is_looked_at_again_and_again(start: str, unit: str) -> None:
    """Half a million characters: a scan that begins anew at each quote takes hours."""
    seen(start + unit * (500_000 // len(unit)))


@given(st.one_of(st.binary(max_size=40), st.text("%0aAfF=+ _\r\n\té", max_size=20).map(str.encode)))
def test_percent_encodings_are_decoded_as_the_library_does(part: bytes) -> None:
    assert _unquoted(part) == unquote_to_bytes(part)
