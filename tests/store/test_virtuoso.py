"""Virtuoso answers as the embedded engine does: literals, order, calculations, the queries of the book; what it cannot do is told."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar, cast

import pyoxigraph as ox
import pytest
from exchange import client_of, free_port
from test_example_queries import EXAMPLES

from release.building import SPACE, build_into, catalog, write
from solnum_ld.errors import EngineFault, StoreUnavailable
from solnum_ld.mediatypes import NTRIPLES, SPARQL_JSON, Format
from solnum_ld.sparql import parse_query
from solnum_ld.store import Store, open_store
from solnum_ld.store.protocol import Description, Limits, Window
from solnum_ld.store.remote.store import RemoteStore
from solnum_ld.store.remote.virtuoso import Virtuoso
from solnum_ld.store.remote.virtuoso.literals import kept_as_they_are
from solnum_ld.store.remote.virtuoso.wording import sent
from support import ROOT, run, serving

from .contract import X, answer, until
from .engines import DBA, load, virtuoso

pytestmark = pytest.mark.skipif(
    shutil.which("virtuoso-t") is None, reason="Virtuoso (virtuoso-opensource-7-bin) is not installed"
)
T = TypeVar("T")
BLANK = re.compile(rb"_:\w+")
XSD = "http://www.w3.org/2001/XMLSchema#"
PREFIXES = f"PREFIX x: <{X}> PREFIX : <{SPACE}id/> PREFIX xsd: <{XSD}> "
SOURCE = {
    "catalog.ttl": catalog(),
    "values.ttl": f"""@prefix x: <{X}> . @prefix : <{SPACE}id/> . @prefix xsd: <{XSD}> .
:doubles x:value 48.85661234567e0, 0.1e0, 2.2250738585072014e-308, 1.7976931348623157e308, "48.8566123"^^xsd:float, "INF"^^xsd:double, 100e0 .
:long x:value 3.14159265358979323846, 0.1234567890123456, 12345678901234567890.5, 0.5 .
:early x:value "-0044"^^xsd:gYear, "-0044-03-15"^^xsd:date, "-0001-01-01T00:00:00Z"^^xsd:dateTime, "0000-05"^^xsd:gYearMonth, "0044"^^xsd:gYear .
:lasting x:value "P1Y"^^xsd:duration, "PT60S"^^xsd:duration, "P1Y2M3DT4H"^^xsd:duration .
:wrong x:value "abc"^^xsd:integer, "one"^^xsd:decimal, "perhaps"^^xsd:boolean, "2001-02-30"^^xsd:date, "1,5"^^xsd:double .
:equal x:value 1, 1.0, 1e0, true, 12345678901, 12345678901.0, "2001-01-01T00:00:00Z"^^xsd:dateTime, "2001-01-01T01:00:00+01:00"^^xsd:dateTime,
  "2001-01-01Z"^^xsd:date, "2001-01-01+00:00"^^xsd:date, "2001"^^xsd:gYear, "2001-01"^^xsd:gYearMonth, "a"@fr, "a"@en, "a" .
:p1 x:lat 48.85661 ; x:long 2.3522 ; x:rank 10 ; x:near :p2 ; x:says "Témoignage d’élu : Ville de Grigny"@fr ; x:code "93" ; x:born "2001-10-02"^^xsd:date .
:p2 x:lat 48.11593 ; x:long -1.6778 ; x:rank 9 ; x:near :p1 ; x:says "Témoignage d’élu : Ville de Fontenay-sous-Bois"@fr ; x:code "9" ; x:born "0999-01-02"^^xsd:date .
:p3 x:lat 43.29695 ; x:long 5.38107 ; x:rank 1 ; x:near :p2 ; x:says "À quel axe ?"@fr ; x:code "10" .
:a1 x:lat 45e0 ; x:rank 2 ; x:near :p3 ; x:says "zoo" ; x:code "a" .
:b1 x:mixed 10, 9, "z", "a"@fr, <{SPACE}id/p2>, <{SPACE}id/a1>, _:b .
""",
}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("values")
    return build_into(folder / "releases", write(folder / "source", SOURCE), SPACE).release.path


@pytest.fixture(scope="module")
def url(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Virtuoso with the release."""
    with virtuoso(tmp_path_factory.mktemp("virtuoso")) as address:
        assert load(release, address, DBA)
        yield address


def with_store(release: Path, urls: list[str], talk: Callable[[Store], Awaitable[T]]) -> T:
    async def conversation() -> T:
        store = open_store(release, urls=urls)
        try:
            return await talk(store)
        finally:
            await store.aclose()

    return asyncio.run(conversation())


def answers(release: Path, urls: list[str], query: str, out: Format = SPARQL_JSON) -> bytes:
    return with_store(release, urls, lambda store: answer(store, PREFIXES + query, out, Limits()))


# -- literals --------------------------------------------------------------------------------------------------------------

THINGS = ("doubles", "long", "early", "lasting", "wrong", "equal", "b1")


@pytest.mark.parametrize("thing", THINGS)
def test_literals_come_back_as_they_were_published(thing: str, release: Path, url: str) -> None:
    def described(urls: list[str]) -> Description | None:
        return with_store(release, urls, lambda store: store.describe(f"{SPACE}id/{thing}", Window()))

    assert described([url]) == described([]) is not None
    if thing == "b1":
        return
    values = f"{{ :{thing} x:value ?v }}"
    for query, out in ((f"SELECT ?v {values}", SPARQL_JSON), (f"CONSTRUCT {{ :s x:p ?v }} {values}", NTRIPLES)):

        def found(urls: list[str], query: str = query, out: Format = out) -> set[str]:
            body = answers(release, urls, query, out)
            if out is NTRIPLES:
                return {str(quad.object) for quad in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)}
            return {str(row["v"]) for row in solutions(body)}

        assert found([url]) == found([]) != set()


def solutions(body: bytes) -> ox.QuerySolutions:
    return cast("ox.QuerySolutions", ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON))


def test_values_that_are_kept_as_they_are_are_found_by_what_they_are(release: Path, url: str) -> None:
    for value in ('"-0044"^^xsd:gYear', "3.14159265358979323846", '"abc"^^xsd:integer', '"PT60S"^^xsd:duration'):
        query = f"SELECT ?s {{ ?s x:value {value} }}"
        assert answers(release, [url], query) == answers(release, [], query)


def test_a_value_that_the_engine_merges_is_named_by_publish(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Virtuoso, "written", lambda _, lines: lines)
    with virtuoso(tmp_path) as address, pytest.raises(StoreUnavailable) as caught:
        load(release, address, DBA)
    told = str(caught.value)
    assert "Publishing again does not help" in told and f'<{SPACE}id/equal> <{X}value> "' in told
    assert "begins anew" not in told


def test_lines_that_need_nothing_are_sent_as_they_are() -> None:
    typed = "".join(
        f'<a:a> <b:b{n}> "{text}"^^<{XSD}{kind}> .\n'
        for n, (text, kind) in enumerate(
            zip(
                ("1", "-1.5", "1e3", "NaN", "true", "2001-01-01", "2001", "-1", "00:00:00Z"),
                ("integer", "decimal", "double", "double", "boolean", "date", "gYear", "string", "time"),
                strict=True,
            )
        )
    )
    lines = f'{typed}<a:a> <b:b> "say \\"-0044\\"^^<{XSD}gYear> ." .\n<a:a> <b:b> <c:c> .\n'.encode()
    assert kept_as_they_are(lines) == lines


# -- the same answers ------------------------------------------------------------------------------------------------------

SAME = {
    "both sides the same": "SELECT ?s (?y - ?y AS ?a) (?y * ?y AS ?b) (?y * ?z + ?y * ?z AS ?c) { ?s x:lat ?y ; x:long ?z } ORDER BY ?s",
    "in a filter": "SELECT ?s { ?s x:lat ?y BIND((?y - 48) * 111 AS ?n) FILTER(?n * ?n + ?n * ?n < 40000) } ORDER BY ?s",
    "in an aggregate": "SELECT (SUM(?r * ?r) AS ?n) (SUM(?r)/COUNT(?r) AS ?m) (MAX(?r) - MIN(?r) AS ?d) { ?s x:rank ?r }",
    "integers divided": "SELECT (7/2 AS ?a) (8/2 AS ?b) (-7/2 AS ?c) (2 -7/2 AS ?d) (10/4/2 AS ?e) (10/(2/4) AS ?f) (1+2*3-4/2 AS ?g) (2 -1 AS ?h) {}",
    "data divided": "SELECT ?s (?r / 4 AS ?q) { ?s x:rank ?r FILTER(?r / 2 != 4.5) } ORDER BY ?s",
    "divided by zero": 'SELECT (1/0 AS ?a) (COALESCE(1/0, "none") AS ?b) { }',
    "a row divided by zero": "SELECT ?y { VALUES ?y { 0 1 2 } FILTER(1/?y > 0.7) }",
    "doubles": 'SELECT (1e0/3 AS ?a) (0.1e0 * 3 AS ?b) (1e0/4 AS ?c) (xsd:float("1.23456789") AS ?d) (xsd:double("1e21") AS ?e) {}',
    "all doubles": "SELECT * { ?s x:lat ?y FILTER(?y > 44 && ?y < 46) }",
    "distinct doubles": "SELECT DISTINCT ?v { :doubles x:value ?v FILTER(?v > 1 && ?v < 90) } ORDER BY DESC(?v)",
    "truth": "SELECT ?s (?r > 5 AS ?a) (!(?r > 5) AS ?b) (?r IN (1, 2) || false AS ?c) (isIRI(?s) AS ?d) (EXISTS { ?s x:long ?z } AS ?e) { ?s x:rank ?r } ORDER BY ?s",
    "truth that is asked again": "SELECT ?s ?many { ?s x:rank ?r BIND(?r > 5 AS ?many) FILTER(?many) } ORDER BY ?s",
    "truth that is chosen": "SELECT ?s (IF(?r > 5, true, false) AS ?t) { ?s x:rank ?r } ORDER BY ?s",
    "ones that are no truth": "SELECT ?n (1 AS ?one) { { SELECT (COUNT(*) AS ?n) { :p1 x:rank ?r } } }",
    "IRIs by their letters": "SELECT ?s ?o { ?s x:near ?o } ORDER BY DESC(?o) ?s",
    "texts with a language": "SELECT ?t { ?s x:says ?t } ORDER BY ?t",
    "texts with a language, backwards": "SELECT ?t { ?s x:says ?t } ORDER BY DESC(?t)",
    "numbers by their value": "SELECT ?r { ?s x:rank ?r } ORDER BY (?r)",
    "codes by their letters": "SELECT ?c { ?s x:code ?c } ORDER BY ASC(?c)",
    "kinds one after another": "SELECT ?v { :b1 x:mixed ?v FILTER(!isBlank(?v)) } ORDER BY ?v",
    "nothing first": "SELECT ?s ?z { ?s x:rank ?r OPTIONAL { ?s x:long ?z } } ORDER BY ?z ?s",
    "by what is counted": "SELECT ?o (COUNT(?s) AS ?n) { ?s x:near ?o } GROUP BY ?o ORDER BY DESC(?n) ?o",
    "by what is counted there": "SELECT ?o { ?s x:near ?o } GROUP BY ?o HAVING (COUNT(*) > 1) ORDER BY DESC(COUNT(?s)) ?o",
    "values of all kinds": "SELECT ?x { VALUES ?x { 'b' <http://a/> 3 'é'@fr 'zz:y' } } ORDER BY DESC(STR(?x))",
    "values of all kinds, forwards": "SELECT ?x { VALUES (?x ?n) { ('zz' 1) (<http://a/> 2) (UNDEF 3) ('b' 4) } } ORDER BY STR(?x)",
    "values that are matched": "SELECT ?s ?x { VALUES ?x { '93' <http://a/> } ?s x:code ?x } ORDER BY STR(?x)",
    "texts with their datatype": "SELECT ?s { ?s x:code '93'^^xsd:string }",
    "datatypes": "SELECT ?t (DATATYPE(?t) AS ?d) (DATATYPE('a') AS ?e) { ?s x:says ?t } ORDER BY STR(?t)",
    "kept decimals": "SELECT ?s { ?s x:value 3.14159265358979323846 FILTER(?s != 0.1234567890123456) }",
    "long decimals in calculations": "SELECT ?s { ?s x:rank ?r FILTER(?r -3.1415926535897932 > 3.1415926535897932 * 2) } ORDER BY ?s",
    "groups of truth": "SELECT ?big (COUNT(*) AS ?n) { ?s x:rank ?r } GROUP BY (?r > 9 AS ?big) ORDER BY DESC(?n)",
    "datatypes of what is computed": "SELECT ?s (DATATYPE(?r + 1) AS ?a) (DATATYPE(?s) AS ?b) (DATATYPE(?r / 2) AS ?c) { ?s x:rank ?r } ORDER BY ?s",
    "texts in small letters": "SELECT ?s (UCASE(STR(?t)) AS ?u) { ?s x:says ?t FILTER(LCASE(STR(?t)) < 'u' && REPLACE(STR(?t), 'T', 'a') < 'b') } ORDER BY ?s",
    "texts in IRIs": "SELECT (ENCODE_FOR_URI('a b/c?') AS ?a) {}",
    "time zones": "SELECT (TZ(?d) AS ?z) { VALUES ?d { '2001-01-01T00:00:00+01:00'^^xsd:dateTime '2001-01-01T00:00:00-05:00'^^xsd:dateTime '2001-01-01T00:00:00Z'^^xsd:dateTime '2001-01-01T00:00:00'^^xsd:dateTime } }",
    "relative IRIs": "SELECT (IRI('rel') AS ?a) (URI('#x') AS ?b) (IRI('../y') AS ?c) (IRI('http://a/') AS ?d) (IRI('a b') AS ?e) (IRI('') AS ?f) {}",
    "computed IRIs": "SELECT ?s (IRI(?c) AS ?i) (IRI(CONCAT('/x/', ?c)) AS ?j) (IRI(CONCAT('#', ?c)) AS ?k) (IRI(CONCAT('http://a/', ?c)) AS ?l) (IRI(STR(?s)) AS ?m) { ?s x:code ?c } ORDER BY ?s",
    "a query in a query": "SELECT (COUNT(?s) AS ?n) { SELECT ?s { ?s x:rank ?r } ORDER BY ?s LIMIT 3 }",
    "all that is in a query": "SELECT * { { SELECT ?s (COUNT(*) AS ?n) { ?s x:near ?o } GROUP BY ?s } OPTIONAL { ?s x:long ?z } MINUS { ?s x:rank 10 } } ORDER BY ?s",
    "no rows": "SELECT * { ?nobody x:nowhere ?n }",
    "asked": "ASK { ?s x:rank ?r FILTER(?r * ?r / 3 = 27) }",
}  # fmt: skip


@pytest.mark.parametrize("query", SAME.values(), ids=SAME.keys())
def test_the_answer_is_that_of_the_embedded_engine(query: str, release: Path, url: str) -> None:
    assert answers(release, [url], query) == answers(release, [], query)


def test_a_base_of_the_query_is_what_its_iris_are_resolved_against(release: Path, url: str) -> None:
    query = (
        f"BASE <{SPACE}x/> BASE <../id/> PREFIX x: <{X}> SELECT (<p1> AS ?a) (IRI('p2') AS ?b) ?r {{ <p1> x:rank ?r }}"
    )

    def found(urls: list[str]) -> bytes:
        return with_store(release, urls, lambda store: answer(store, query, SPARQL_JSON, Limits()))

    assert found([url]) == found([]) and b"id/p2" in found([url])


MADE = [
    "CONSTRUCT { ?s x:far ?f ; x:half ?h ; x:exact ?v } { ?s x:rank ?r BIND(?r > 5 AS ?f) BIND(?r / 2 AS ?h) OPTIONAL { :doubles x:value ?v } }",
    "CONSTRUCT WHERE { :doubles x:value ?v }",
    f"BASE <{SPACE}id/> CONSTRUCT {{ <made> x:from [ x:value ?r , ?o ; x:of <made> ] }} WHERE {{ <p1> x:rank ?r ; x:near ?o }}",
    f"CONSTRUCT FROM <{SPACE}graph/values> WHERE {{ ?s x:rank ?r ; x:near ?o }} ORDER BY ?s LIMIT 2",
    f"CONSTRUCT {{ ?s x:n ?n }} FROM <{SPACE}graph/values> {{ SELECT ?s (COUNT(?o) AS ?n) {{ ?s x:near ?o }} GROUP BY ?s }}",
    "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o FILTER(!isBlank(?o) && !isBlank(?s)) }",
]


@pytest.mark.parametrize("query", MADE)
def test_made_triples_are_those_of_the_embedded_engine(query: str, release: Path, url: str) -> None:
    def made(urls: list[str]) -> list[bytes]:
        return sorted(BLANK.sub(b"_:b", answers(release, urls, query, NTRIPLES)).splitlines())

    assert made([url]) == made([]) != []


# -- an order that it is told in fewer words -------------------------------------------------------------------------------

SORTED = [
    ("SELECT ?s ?v { ?s x:rank ?v } ORDER BY ?v", {"v": "value"}),
    ("SELECT ?s ?v { ?s x:rank ?v } ORDER BY DESC(?v)", {"v": "value"}),
    ("SELECT ?s ?v { ?s x:born ?v } ORDER BY (?v)", {"v": "value"}),
    ("SELECT ?s ?v { ?s x:says ?v } ORDER BY DESC(?v)", {"v": "text"}),
    ("SELECT ?s ?v { ?s x:code ?v } ORDER BY ?v", {"v": "text"}),
    ("SELECT ?s ?v { ?s x:near ?v } ORDER BY DESC(?v) ?s", {"v": "thing", "s": "thing"}),
    ("SELECT ?s ?v { ?s x:code ?c OPTIONAL { ?s x:born ?v } } ORDER BY ?v DESC(?s)", {"v": "value", "s": "thing"}),
    ("SELECT ?s ?v { ?s x:code ?c OPTIONAL { ?s x:born ?v } } ORDER BY DESC(?v) ?s", {"v": "value", "s": "thing"}),
    (
        "SELECT ?s ?v { { ?s x:rank ?v } UNION { ?s x:code ?c } UNION { ?s x:says ?w } } ORDER BY ?v ?s",
        {"v": "value", "s": "thing"},
    ),
    (
        "SELECT ?c ?n { { SELECT ?c (COUNT(*) AS ?n) { ?s x:code ?c } GROUP BY ?c } } ORDER BY ?n DESC(?c)",
        {"c": "text"},
    ),
    ("SELECT ?s ?v { ?s x:lat ?v } ORDER BY ?v", {}),
    ("SELECT ?v { ?s x:mixed ?v FILTER(!isBlank(?v)) } ORDER BY ?v", {}),
    ("SELECT ?v { ?s x:mixed|x:rank ?v FILTER(!isBlank(?v)) } ORDER BY ?v", {}),
]


@pytest.mark.parametrize(("query", "kinds"), SORTED)
def test_solutions_are_sorted_alike_before_and_after_their_kinds_are_known(
    query: str, kinds: dict[str, str], release: Path, url: str
) -> None:
    async def sorted_twice(store: Store) -> tuple[bytes, bytes]:
        first = await answer(store, PREFIXES + query, SPARQL_JSON, Limits())
        if isinstance(store, RemoteStore):
            sorting, asked = store._sorting, parse_query(PREFIXES + query)
            await until(lambda: not sorting._kinds._wanted)
            assert sorting.kinds(asked) == kinds
        return first, await answer(store, PREFIXES + query, SPARQL_JSON, Limits())

    assert with_store(release, [url], sorted_twice) == with_store(release, [], sorted_twice)


# -- what it cannot do is told ---------------------------------------------------------------------------------------------

CANNOT = [
    ("SELECT (SUM(?r) / MIN(?r - 1) AS ?n) { ?s x:rank ?r }", "division by zero"),
    ("SELECT (CONTAINS(?r, 'a') AS ?n) { ?s x:rank ?r }", "a value of another kind"),
    ("SELECT * { ?s x:near+ ?end }", "from a thing that is known"),
]


@pytest.mark.parametrize(("query", "why"), CANNOT, ids=[why for _, why in CANNOT])
def test_what_it_cannot_evaluate_is_told_in_words(query: str, why: str, release: Path, url: str) -> None:
    with pytest.raises(EngineFault, match=why):
        answers(release, [url], query)


def test_a_text_that_comes_as_an_iri_is_no_answer(release: Path, url: str) -> None:
    query = "SELECT ?x { { BIND('zz' AS ?x) } UNION { BIND(<http://a/> AS ?x) } } ORDER BY STR(?x)"
    with pytest.raises(EngineFault, match="gives a text as an IRI"):
        answers(release, [url], query)


@pytest.mark.parametrize("query", ["DESCRIBE <http://a/>", "CONSTRUCT { ?s ?p 1 } WHERE { ?s ?p '+ - * /' }"])
def test_a_query_that_needs_no_other_words_is_sent_as_it_is(query: str) -> None:
    assert sent(query, 0, frozenset(), "http://a/") == query


# -- the book --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The release of the book, and Virtuoso that holds it."""
    releases = tmp_path_factory.mktemp("releases")
    built = run("build", "--releases", releases, "--base-uri", f"http://127.0.0.1:{free_port()}/", "--no-shacl")
    release = Path(built.stdout.strip())
    with virtuoso(tmp_path_factory.mktemp("book")) as address:
        assert load(release, address, DBA)
        yield release, address


def test_every_example_query_is_answered_as_by_the_embedded_engine(books: tuple[Path, str]) -> None:
    release, address = books
    base = next(line for line in (release / "manifest.json").read_text().split('"') if line.startswith("http://127"))
    port = base.rstrip("/").rpartition(":")[2]

    def told(*options: str) -> dict[str, object]:
        found: dict[str, object] = {}
        with (
            serving(None, release.parent, "--port", port, "--no-build", *options) as server,
            client_of(server.base) as http,
        ):
            for slug, (form, text) in EXAMPLES.items():
                graph = form in ("CONSTRUCT", "DESCRIBE")
                reply = http.post(
                    "sparql", data={"query": text}, headers={"accept": NTRIPLES.media_type if graph else "*/*"}
                )
                assert reply.status_code == 200, (slug, reply.text)
                found[slug] = sorted(reply.text.splitlines()) if graph else reply.text
        return found

    assert told("--store", address) == told()


def test_every_competency_question_is_answered_as_by_the_embedded_engine(books: tuple[Path, str]) -> None:
    release, address = books

    async def bags(store: Store) -> list[Counter[str]]:
        found = []
        for file in sorted((ROOT / "tests" / "competency").glob("cq-*.rq")):
            body = await answer(store, file.read_text("utf-8"), SPARQL_JSON, Limits())
            found.append(Counter(map(str, solutions(body))) if b'"boolean"' not in body else Counter([str(body)]))
        return found

    assert with_store(release, [address], bags) == with_store(release, [], bags)


def test_pages_of_the_release_are_those_of_the_embedded_engine(books: tuple[Path, str]) -> None:
    release, address = books
    iris = [q.subject.value for q in ox.Store.read_only(str(release / "store")).quads_for_pattern(
        None, ox.NamedNode("https://schema.org/position"), None, ox.DefaultGraph()
    ) if isinstance(q.subject, ox.NamedNode)][:40]  # fmt: skip

    async def described(store: Store) -> list[Description | None]:
        return [await store.describe(iri, Window()) for iri in iris]

    assert with_store(release, [address], described) == with_store(release, [], described)
    assert len(iris) == 40
