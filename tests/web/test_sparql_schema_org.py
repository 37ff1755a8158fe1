"""Queries written with the other scheme of schema.org find the data: IRIs and prefixes are rewritten, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from endpoint import SELECT, WAYS, ask, number, read_graph, rows, send
from exchange import client_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import serving

HTTP, HTTPS = "http://schema.org/", "https://schema.org/"
HEADER = "solnum-rewritten"
OTHER = SELECT.replace("https://", "http://")


def test_what_is_offered_instead_has_the_query_as_it_was_sent(http: httpx.Client) -> None:
    answer = http.get("sparql", params={"query": OTHER}, headers={"accept": "image/png"})
    assert answer.status_code == 406
    queries = {httpx.URL(offer["href"]).params["query"] for offer in answer.json()["offers"]}
    assert queries == {OTHER}


@pytest.fixture(scope="module")
def literal(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a server that takes queries as they are written."""
    releases = tmp_path_factory.mktemp("literal")
    with serving(small, releases, SOLNUM_REWRITE_SCHEMA="false") as running, client_of(running.base) as client:
        yield client


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "query",
    [
        pytest.param(OTHER, id="prefix"),
        pytest.param(f"SELECT ?n {{ ?b a <{HTTP}Book> ; <{HTTP}numberOfPages> ?n }}", id="full IRIs"),
        pytest.param(f"BASE <{HTTP}> SELECT ?n {{ ?b a <Book> ; <numberOfPages> ?n }}", id="base"),
        pytest.param(f"prefix : <{HTTP}> select ?n {{ ?b a :Book ; :numberOfPages ?n }}", id="empty prefix"),
        pytest.param(f"PREFIX s:<{HTTP}>SELECT ?n{{?b a s:Book;s:numberOfPages ?n}}", id="no blanks"),
        pytest.param(f"PREFIX s: <{HTTPS}> SELECT ?n {{ ?b a s:Book ; <{HTTP}numberOfPages> ?n }}", id="both schemes"),
        pytest.param(f"SELECT ?n {{ VALUES ?p {{ <{HTTP}numberOfPages> }} ?b ?p ?n }}", id="values"),
        pytest.param(f"SELECT ?n {{ ?b (<{HTTP}x>|<{HTTP}numberOfPages>) ?n }}", id="path"),
        pytest.param(f"SELECT ?n {{ ?b ?p ?n FILTER(?p = <{HTTP}numberOfPages>) }}", id="filter"),
        pytest.param(f"# <{HTTP}x> '\nSELECT ?n {{ ?b <{HTTP}numberOfPages> ?n }} # \"", id="between comments"),
        pytest.param(
            f"SELECT ?n {{ ?b <{HTTP}numberOfPages> ?n FILTER(STR(?n) != '<{HTTP}x>') }}", id="beside a string"
        ),
        pytest.param(f"SELECT ?n {{ ?b <{HTTP}numberOfPages> ?n FILTER(?n<48&&?n>46) }}", id="beside comparisons"),
    ],
)
def test_query_with_the_other_scheme_is_answered_and_told_so(query: str, way: str, http: httpx.Client) -> None:
    answer = send(http, way, query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"]["bindings"][0]["n"]["value"] == "47"
    assert answer.headers[HEADER] == "schema.org"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(SELECT, id="the scheme of the release"),
        pytest.param("SELECT ?x {}", id="no schema.org"),
        pytest.param(f'SELECT ("{HTTP}Book" AS ?x) {{}}', id="string"),
        pytest.param(f"SELECT ('<{HTTP}Book>' AS ?x) {{}}", id="IRI in a string"),
        pytest.param(f'SELECT ("""a "<{HTTP}Book>" \\""" b""" AS ?x) {{}}', id="long string"),
        pytest.param(f"SELECT ('''it's <{HTTP}Book>''' AS ?x) {{}}", id="long string of apostrophes"),
        pytest.param(f'SELECT ("\\"<{HTTP}Book>\\\\" AS ?x) {{}}', id="escaped quotes"),
        pytest.param(f"SELECT ?x {{}} # PREFIX s: <{HTTP}>", id="comment"),
        pytest.param("SELECT ?x { ?x ?p <http://schema.organic/x> , <http://schema.org.example/x> , <http://x/http://schema.org/> }", id="look-alikes"),
    ],
)  # fmt: skip
def test_what_is_not_an_iri_of_the_other_scheme_is_left_alone(query: str, http: httpx.Client) -> None:
    for way in WAYS:
        answer = send(http, way, query)
        assert answer.status_code == 200, answer.text
        assert HEADER not in answer.headers
        for row in answer.json()["results"]["bindings"]:
            assert HTTPS not in row.get("x", {}).get("value", "")


def test_answers_carry_the_iris_of_the_release(http: httpx.Client) -> None:
    answer = send(
        http,
        "form",
        f"CONSTRUCT WHERE {{ ?b a <{HTTP}Book> ; <{HTTP}numberOfPages> ?n }}",
        headers={"accept": "application/n-triples"},
    )
    assert answer.headers[HEADER] == "schema.org"
    assert HTTP not in answer.text
    assert len(read_graph(answer.content, "application/n-triples")) == 2
    assert rows(http, f"SELECT (STR(<{HTTP}Book>) AS ?x) {{}}") == [{"x": f"{HTTPS}Book"}]
    assert rows(http, f"SELECT ('{HTTP}Book' AS ?x) (STR(<{HTTP}Book>) AS ?y) {{}}") == [
        {"x": f"{HTTP}Book", "y": f"{HTTPS}Book"}
    ]
    described = send(http, "get", f"DESCRIBE ?b WHERE {{ ?b a <{HTTP}Book> }}")
    assert described.headers[HEADER] == "schema.org"
    assert "47" in described.text


def test_header_comes_with_a_kept_answer_and_with_head_too(http: httpx.Client) -> None:
    first, second = send(http, "get", OTHER), send(http, "get", OTHER)
    assert first.headers[HEADER] == second.headers[HEADER] == send(http, "head", OTHER).headers[HEADER] == "schema.org"
    assert HEADER not in send(http, "get", SELECT).headers


def test_rewriting_goes_towards_the_scheme_of_the_release(strict: httpx.Client) -> None:
    for scheme, told in ((HTTP, None), (HTTPS, "schema.org")):
        answer = send(strict, "form", f"PREFIX s: <{scheme}> SELECT ?n {{ ?x a s:Thing ; s:name ?n }}")
        assert answer.json()["results"]["bindings"][0]["n"]["value"] == "E"
        assert answer.headers.get(HEADER) == told


def test_nothing_is_rewritten_where_the_release_holds_both(graphs: httpx.Client) -> None:
    for scheme in (HTTP, HTTPS):
        answer = send(graphs, "form", f"SELECT (COUNT(*) AS ?n) {{ ?s ?p <{scheme}Thing> }}")
        assert answer.json()["results"]["bindings"][0]["n"]["value"] == "1"
        assert HEADER not in answer.headers
    assert rows(graphs, f"SELECT (STR(<{HTTP}x>) AS ?x) {{}}") == [{"x": f"{HTTP}x"}]


def test_rewriting_can_be_switched_off(literal: httpx.Client) -> None:
    answer = send(literal, "form", OTHER)
    assert answer.json()["results"]["bindings"] == []
    assert HEADER not in answer.headers
    assert number(literal, SELECT) == 47


TEXTS = st.text(st.sampled_from("ab<>:/\"'\\#\n{} é"), max_size=8)
PIECES = st.one_of(TEXTS, st.just(f"<{HTTP}x>"), st.just(HTTP), st.just(f"PREFIX s: <{HTTP}>"))
STRINGS = st.lists(PIECES, max_size=4).map("".join)


def quoted(text: str, quote: str) -> str:
    """Return a SPARQL string of a text, in one of the four ways to write one."""
    escaped = text.replace("\\", "\\\\").replace(quote[0], "\\" + quote[0])
    return quote + (escaped.replace("\n", "\\n") if len(quote) == 1 else escaped) + quote


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.tuples(STRINGS, st.sampled_from(['"', "'", '"""', "'''"])), min_size=1, max_size=3),
    comment=STRINGS.map(lambda text: text.replace("\n", " ")),
)
def test_strings_and_comments_are_never_touched(texts: list[tuple[str, str]], comment: str, http: httpx.Client) -> None:
    columns = " ".join(f"({quoted(text, quote)} AS ?x{n})" for n, (text, quote) in enumerate(texts))
    query = f"# {comment}\nSELECT (STR(<{HTTP}y>) AS ?iri) {columns} # {comment}\n {{}}"
    (row,) = rows(http, query, way="direct")
    assert row.pop("iri") == f"{HTTPS}y"
    assert [row.get(f"x{n}") for n in range(len(texts))] == [text for text, _ in texts]


def test_both_ways_to_write_a_query_are_kept_apart_from_one_another(http: httpx.Client) -> None:
    assert ask(http, f"ASK {{ ?b a <{HTTP}Book> }}", way="get") is True
    assert ask(http, f"ASK {{ ?b a <{HTTPS}Book> }}", way="get") is True


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        pytest.param(f"SELECT ?n {{ ?b a <{HTTP}Book> . {{ ) }} }}", ")", id="after a changed IRI"),
        pytest.param(f"SELECT ?n {{ ?b a <{HTTP}Book> <{HTTP}x> }}", f"<{HTTP}x>", id="the changed IRI itself"),
        pytest.param(f"SELECT ?n FROM <{HTTP}g> FROM x:g {{ ?b a ?n }}", "x:", id="in the dataset clause"),
    ],
)
def test_mistakes_are_told_of_the_text_as_it_was_sent(query: str, wrong: str, http: httpx.Client) -> None:
    problem = send(http, "form", query).json()
    assert (problem["line"], problem["column"]) == (1, query.rindex(wrong) + 1), problem
    assert wrong in problem["detail"]
    assert HTTPS not in problem["detail"]
