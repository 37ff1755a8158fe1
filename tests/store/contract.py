"""What every store must do, whichever engine is behind it. ``test_embedded.py`` runs it for ours; another store adds itself the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pyoxigraph as ox
import pytest

from release.building import LABEL, SPACE, build_into, catalog, write
from solnum_ld.errors import MalformedQuery, QueryTimeout, ResultTooLarge
from solnum_ld.mediatypes import CSV, NTRIPLES, SPARQL_JSON, TSV, TURTLE, Format
from solnum_ld.resources.holding import MAX_HELD, with_holders
from solnum_ld.sparql import parse_query
from solnum_ld.store.protocol import INCOMING_LIMIT, OUTGOING_LIMIT, Description, Limits, PropertyValues, Store, Window

BASE = SPACE  # names as in the source
X = "http://x.example.net/"
TOPIC, ABOUT, PART = f"{SPACE}id/topic", f"{X}about", f"{X}part"
HUBS = {f"{SPACE}id/item/{n:05}" for n in range(2345)}
FEW = {f"{SPACE}id/few/{n}" for n in range(INCOMING_LIMIT + 5)}
SOURCE = {
    "catalog.ttl": catalog(),
    "hub.nt": "".join(f"<{iri}> <{ABOUT}> <{TOPIC}> .\n" for iri in sorted(HUBS))
    + f'<{TOPIC}> <{LABEL}> "Sujet"@fr .\n<{TOPIC}> <{LABEL}> "Topic"@en .\n<{TOPIC}> <{PART}> <{TOPIC}> .\n',
    "few.nt": "".join(f"<{iri}> <{ABOUT}> <{SPACE}id/less> .\n" for iri in sorted(FEW)),
    "many.nt": "".join(f'<{SPACE}id/many> <{X}value> "{n:05}" .\n' for n in range(OUTGOING_LIMIT + 1234)),
    "blank.nt": "".join(
        f"<{SPACE}id/sized/{n}> <{X}size> _:s{n} .\n_:s{n} <{X}unit> <{SPACE}id/Unit> .\n" for n in range(MAX_HELD + 5)
    ),
    "things.ttl": f"""@prefix x: <{X}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix schema: <https://schema.org/> .
<{SPACE}id/a> rdfs:label "A"@fr ; schema:name "other name" ; x:p <{SPACE}id/b>, "z", "a"@fr, 3 ; x:nested [ x:q [ x:r <{SPACE}id/b> ] ; x:list ( 1 2 ) ] ; x:self <{SPACE}id/a> .
<{SPACE}id/b> schema:name "B" .
<{SPACE}id/lister> x:members ( "z" <{SPACE}id/b> [ a <{SPACE}id/Role> ; x:agent <{SPACE}id/b> ] <{SPACE}id/b> ) .
<{SPACE}id/typed> x:value "POINT(2.35 48.85)"^^<http://www.opengis.net/ont/geosparql#wktLiteral>,
  "<p/>"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral>, "P1Y2M"^^<http://www.w3.org/2001/XMLSchema#yearMonthDuration>,
  "PT26H"^^<http://www.w3.org/2001/XMLSchema#dayTimeDuration>, "say \\"^^<http://www.opengis.net/ont/geosparql#wktLiteral> .", "2.50"^^<{X}own>,
  3e0, 1.5e300, 0.25e-9, "0.5"^^<http://www.w3.org/2001/XMLSchema#float>, 12345678901234, -9007199254740993, 2.75,
  "2020-01-01T00:00:00.100Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>, "2020-01-02T00:00:00.50+02:00"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
<{SPACE}id/twins> x:has [ x:q [ x:r 1 ] ], [ x:q [ x:r 1 ] ], [ x:q [ x:r 2 ] ], [], [], ( [] [] ) .
<{SPACE}id/start> x:next <{SPACE}id/end> .
<{SPACE}id/person> schema:givenName "Ada" ; schema:familyName "Lovelace" .
<{SPACE}page#one> rdfs:label "Un" . <{SPACE}page#two> rdfs:label "Deux" ; x:p <{SPACE}page#one> .
_:loop x:next [ x:next _:loop ] . <{SPACE}id/round> x:start _:loop .
""",
    "mixed.nt": "".join(
        f'<{SPACE}id/mixed/{n}> <{X}mixed> "{n * 7919 % 1000}"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
        f'<{SPACE}id/mixed/{n}> <{X}mixed> "{n * 7907 % 1000} jeunes"@fr .\n'
        for n in range(400)
    ),
    "graph.trig": f'<{SPACE}graph/one> {{ <{SPACE}id/a> <{X}in> "one" }} <{SPACE}graph/two> {{ <{SPACE}id/a> <{X}in> "two" . <{SPACE}id/a> <{X}in> "one" }}',
}
T = TypeVar("T")


def build_release(folder: Path) -> Path:
    """Return a release folder of the contract's source."""
    return build_into(folder / "releases", write(folder / "source", SOURCE), BASE).release.path


async def answer(store: Store, query: str, out: Format, limits: Limits) -> bytes:
    """Return the whole answer of a store to a query."""
    return await (await store.answer(parse_query(query), out, limits)).read()


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class StoreContract:
    """Tests of any store; a subclass gives ``open_store``, a fixture that opens one on the release of SOURCE."""

    @pytest.fixture
    def ask(self, open_store: Callable[[], Store]) -> Callable[[Callable[[Store], Awaitable[T]]], T]:
        """Run one conversation with a store that is opened and closed around it."""

        def converse(talk: Callable[[Store], Awaitable[T]]) -> T:
            async def conversation() -> T:
                store = open_store()
                try:
                    return await talk(store)
                finally:
                    await store.aclose()

            return asyncio.run(conversation())

        return converse

    @pytest.fixture
    def described(self, ask: Callable[..., Description | None]) -> Callable[..., Description]:
        def describe(iri: str, window: Window | None = None) -> Description:
            found = ask(lambda store: store.describe(iri, window or Window()))
            assert found is not None
            return found

        return describe

    # -- describe

    def test_a_description_holds_values_sorted_and_grouped_by_property(
        self, described: Callable[..., Description]
    ) -> None:
        found = described(f"{SPACE}id/a")
        assert [group.predicate.value for group in found.outgoing] == sorted(
            group.predicate.value for group in found.outgoing
        )
        values = found.values_of(f"{X}p")
        assert [str(value) for value in values] == sorted(str(value) for value in values)
        assert set(values) == {
            ox.NamedNode(f"{SPACE}id/b"),
            ox.Literal("z"),
            ox.Literal("a", language="fr"),
            ox.Literal(3),
        }
        assert all((group.count, group.more) == (len(group.values), False) for group in found.outgoing)

    def test_each_value_is_there_once_though_two_graphs_state_it(self, described: Callable[..., Description]) -> None:
        assert [str(value) for value in described(f"{SPACE}id/a").values_of(f"{X}in")] == ['"one"', '"two"']

    def test_the_graphs_that_state_something_are_named(self, described: Callable[..., Description]) -> None:
        assert set(described(f"{SPACE}id/a").graphs) == {f"{SPACE}graph/{name}" for name in ("one", "two", "things")}

    def test_blank_nodes_are_described_to_the_end(self, described: Callable[..., Description]) -> None:
        nested = described(f"{SPACE}id/a").nested
        assert {t.predicate.value.rpartition("/")[2] for t in nested} >= {"q", "r", "list"}
        assert sum(t.predicate.value.endswith("#first") for t in nested) == 2

    def test_blank_nodes_in_a_circle_end(self, described: Callable[..., Description]) -> None:
        assert len(described(f"{SPACE}id/round").nested) == 2

    def test_what_is_mentioned_has_its_labels(self, described: Callable[..., Description]) -> None:
        found = described(f"{SPACE}id/a")
        assert found.labels[f"{SPACE}id/b"] == (ox.Literal("B"),)
        assert found.labels[f"{SPACE}id/a"] == (ox.Literal("A", language="fr"),)
        assert X + "p" not in found.labels
        inverse = described(f"{SPACE}id/item/00000")
        assert {literal.value for literal in inverse.labels[TOPIC]} == {"Sujet", "Topic"}

    def test_a_person_is_called_by_given_and_family_name(
        self, ask: Callable[..., dict[str, tuple[ox.Literal, ...]]], described: Callable[..., Description]
    ) -> None:
        person = f"{SPACE}id/person"
        found = described(person)
        assert found.labels[person] == (ox.Literal("Ada Lovelace"),)
        assert {t.predicate.value for t in found.label_triples if t.subject == ox.NamedNode(person)} == {
            f"https://schema.org/{name}" for name in ("givenName", "familyName")
        }  # nothing is stated that the source does not state
        assert ask(lambda store: store.labels([person])) == {person: (ox.Literal("Ada Lovelace"),)}

    def test_what_mentions_a_resource_is_there(self, described: Callable[..., Description]) -> None:
        incoming = {group.predicate.value: group.values for group in described(f"{SPACE}id/b").incoming}
        assert incoming[f"{X}p"] == (ox.NamedNode(f"{SPACE}id/a"),)
        assert isinstance(incoming[f"{X}r"][0], ox.BlankNode)

    def test_what_mentions_by_way_of_lists_and_blank_nodes_is_found(self, ask: Callable[..., Description]) -> None:
        async def held(store: Store, name: str) -> Description:
            found = await store.describe(f"{SPACE}id/{name}", Window())
            assert found is not None
            return await with_holders(store, found)

        found = ask(lambda store: held(store, "b"))
        assert {group.predicate.value: group.values for group in found.incoming} == {
            f"{X}agent": (ox.NamedNode(f"{SPACE}id/lister"),),
            f"{X}members": (ox.NamedNode(f"{SPACE}id/lister"),),
            f"{X}p": (ox.NamedNode(f"{SPACE}id/a"),),
            f"{X}r": (ox.NamedNode(f"{SPACE}id/a"),),
        }
        assert found.labels[f"{SPACE}id/a"] == (ox.Literal("A", language="fr"),)
        many = ask(lambda store: held(store, "Unit")).incoming  # more than are followed through lists
        (unit,) = (group for group in many if group.predicate.value == f"{X}unit")
        assert len(unit.values) == MAX_HELD
        kind = {group.predicate.value: group.values for group in ask(lambda store: held(store, "Role")).incoming}
        assert kind[f"{X}members"] == (ox.NamedNode(f"{SPACE}id/lister"),)

    def test_what_a_resource_states_itself_is_had_alone(self, described: Callable[..., Description]) -> None:
        for name in ("id/a", "id/b"):
            whole, own = described(f"{SPACE}{name}"), described(f"{SPACE}{name}", Window(own=True))
            assert (own.outgoing, own.nested) == (whole.outgoing, whole.nested)
            assert (own.incoming, own.graphs, own.parts) == ((), (), ())
            assert own.labels.items() <= whole.labels.items()

    def test_a_document_is_described_by_its_hash_parts(self, described: Callable[..., Description]) -> None:
        found = described(f"{SPACE}page")
        assert [part.iri for part in found.parts] == [f"{SPACE}page#one", f"{SPACE}page#two"]
        assert found.parts[0].values_of(LABEL) == (ox.Literal("Un"),)
        assert described(f"{SPACE}page#one").parts == ()

    @pytest.mark.parametrize("iri", [f"{SPACE}id/nothing", "not an iri", "", f"{SPACE}id/a b", "http://x y/"])
    def test_what_is_not_there_has_no_description(self, iri: str, ask: Callable[..., object]) -> None:
        assert ask(lambda store: store.describe(iri, Window())) is None
        assert ask(lambda store: store.exists(iri)) is False

    @pytest.mark.parametrize(
        ("iri", "there"),
        [
            (f"{SPACE}id/a", True),
            (f"{SPACE}page", True),
            (f"{SPACE}page#one", True),
            (TOPIC, True),
            (f"{SPACE}pag", False),
        ],
    )
    def test_existence_is_of_subjects_and_documents(self, iri: str, there: bool, ask: Callable[..., object]) -> None:
        assert ask(lambda store: store.exists(iri)) is there

    # -- windows

    @pytest.mark.parametrize(
        ("iri", "name", "inverse", "expected", "size"),
        [
            (TOPIC, ABOUT, True, {f"<{iri}>" for iri in HUBS}, INCOMING_LIMIT),
            (f"{SPACE}id/less", ABOUT, True, {f"<{iri}>" for iri in FEW}, INCOMING_LIMIT),
            (
                f"{SPACE}id/many",
                f"{X}value",
                False,
                {f'"{n:05}"' for n in range(OUTGOING_LIMIT + 1234)},
                OUTGOING_LIMIT,
            ),
        ],
        ids=["inverse, indexed", "inverse, from the store", "values, indexed"],
    )
    def test_pages_give_everything_once_in_order(
        self,
        iri: str,
        name: str,
        inverse: bool,
        expected: set[str],
        size: int,
        ask: Callable[..., list[PropertyValues]],
    ) -> None:
        async def turn_pages(store: Store) -> list[PropertyValues]:
            pages: list[PropertyValues] = []
            after = None
            while not pages or pages[-1].more:
                found = await store.describe(iri, Window(name, inverse, after))
                assert found is not None
                (page,) = found.incoming if inverse else found.outgoing
                pages.append(page)
                after = page.last_key
            return pages

        pages = ask(turn_pages)
        keys = [str(value) for page in pages for value in page.values]
        assert keys == sorted(expected)
        assert {page.count for page in pages} == {len(expected)}
        assert [len(page.values) for page in pages[:-1]] == [size] * (len(pages) - 1)
        assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]

    def test_the_first_page_is_the_start_of_the_whole_description(self, described: Callable[..., Description]) -> None:
        whole, page = described(TOPIC), described(TOPIC, Window(ABOUT, inverse=True))
        (start,) = [group for group in whole.incoming if group.predicate.value == ABOUT]
        assert start == page.incoming[0]
        assert start.more

    def test_a_page_after_the_end_is_empty_and_one_of_no_statement_is_none(
        self, ask: Callable[..., Description | None]
    ) -> None:
        assert ask(lambda store: store.describe(TOPIC, Window(f"{X}unused", inverse=True))) is None
        assert ask(lambda store: store.describe(f"{SPACE}id/a", Window("not an iri"))) is None
        past = ask(lambda store: store.describe(TOPIC, Window(ABOUT, inverse=True, after="~")))
        assert past is not None
        assert (past.incoming[0].values, past.incoming[0].more) == ((), False)

    # -- graph, rows

    def test_a_graph_is_given_sorted_and_once(self, ask: Callable[..., list[ox.Triple]]) -> None:
        found = ask(lambda store: store.graph([f"{SPACE}graph/one", f"{SPACE}graph/two"]))
        assert [triple.object.value for triple in found] == ["one", "two"]  # type: ignore[union-attr]
        assert ask(lambda store: store.graph([f"{SPACE}graph/none"])) == []

    def test_rows_bind_their_variables(self, ask: Callable[..., list[dict[str, object]]]) -> None:
        query = (
            f"SELECT ?s ?label ?none {{ ?s <{LABEL}> ?label OPTIONAL {{ ?s <{X}none> ?none }} }} ORDER BY LANG(?label)"
        )
        assert ask(lambda store: store.rows(query, s=ox.NamedNode(TOPIC))) == [
            {"s": ox.NamedNode(TOPIC), "label": ox.Literal("Topic", language="en")},
            {"s": ox.NamedNode(TOPIC), "label": ox.Literal("Sujet", language="fr")},
        ]

    def test_a_path_of_any_length_begins_at_what_is_bound(self, ask: Callable[..., list[dict[str, object]]]) -> None:
        query = f"SELECT DISTINCT ?s ?end {{ ?s <{X}next>+ ?end FILTER(isIRI(?end)) }} LIMIT 9"
        start, end = ox.NamedNode(f"{SPACE}id/start"), ox.NamedNode(f"{SPACE}id/end")
        assert ask(lambda store: store.rows(query, s=start)) == [{"s": start, "end": end}]

    def test_the_default_graph_of_queries_is_the_merge(self, ask: Callable[..., list[dict[str, ox.Literal]]]) -> None:
        rows = ask(lambda store: store.rows(f"SELECT (COUNT(*) AS ?n) {{ <{SPACE}id/a> <{X}in> ?o }}"))
        assert rows[0]["n"].value == "2"

    # -- answer

    @pytest.mark.parametrize(
        ("query", "out", "expected"),
        [
            (f"SELECT ?l {{ <{SPACE}id/b> <https://schema.org/name> ?l }}", CSV, b"l\r\nB\r\n"),
            (f"SELECT ?l {{ <{SPACE}id/b> <https://schema.org/name> ?l }}", TSV, b'?l\n"B"\n'),
            ("ASK {}", SPARQL_JSON, b'{"head":{},"boolean":true}'),
            (
                f"CONSTRUCT WHERE {{ <{SPACE}id/b> ?p ?o }}",
                NTRIPLES,
                f'<{SPACE}id/b> <https://schema.org/name> "B" .\n'.encode(),
            ),
        ],
    )
    def test_an_answer_is_in_the_format_that_was_asked_for(
        self, query: str, out: object, expected: bytes, ask: Callable[..., object]
    ) -> None:
        assert ask(lambda store: answer(store, query, out, Limits())) == expected  # type: ignore[attr-defined]

    def test_turtle_answers_use_the_prefix_table(self, ask: Callable[..., object]) -> None:
        body = ask(lambda store: answer(store, f"CONSTRUCT WHERE {{ <{SPACE}id/b> ?p ?o }}", TURTLE, Limits()))  # type: ignore[attr-defined]
        assert b"schema:name" in body

    @pytest.mark.parametrize(
        "query",
        [
            "SELECT",
            "SELECT * { ?s ?p }",
            "SELECT * { ?s ?p ?o ",
            "",
            "SELECT * { ?s <no iri> ?o }",
        ],
    )
    def test_a_malformed_query_is_told(self, query: str, ask: Callable[..., object]) -> None:
        with pytest.raises(MalformedQuery):
            ask(lambda store: answer(store, query, SPARQL_JSON, Limits()))

    def test_values_of_all_kinds_can_be_sorted(self, ask: Callable[..., bytes]) -> None:
        """Oxigraph's process ends over such a sort, in which numbers and texts that begin with one go round in circles."""
        query = f"SELECT ?o {{ {{ ?s <{X}mixed> ?o }} UNION {{ ?s <{X}value> ?o }} }} ORDER BY ?o ?s"

        async def talk(store: Store) -> tuple[bytes, bytes]:
            first = await answer(store, query, CSV, Limits())
            return first, await answer(store, query.replace("?o ?s", "DESC(?o)"), CSV, Limits())

        lines, backwards = (body.decode().split("\r\n") for body in ask(talk))
        assert sorted(lines[1:]) == sorted(backwards[1:])
        assert len(lines) > 2800
        numbers = [int(line) for line in lines if line.isdigit() and len(line) < 4]
        texts = [line for line in lines if line.endswith(" jeunes")]
        assert numbers == sorted(numbers)
        assert len(numbers) > len(texts) == 400
        assert texts == sorted(texts)
        assert [line for line in backwards if line.endswith(" jeunes")] == texts[::-1]

    def test_a_query_past_its_time_is_stopped_and_the_next_is_answered(self, ask: Callable[..., object]) -> None:
        async def talk(store: Store) -> bytes:
            with pytest.raises(QueryTimeout, match=r"0\.3 seconds"):
                await answer(
                    store,
                    "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
                    SPARQL_JSON,
                    Limits(seconds=0.3),
                )
            return await answer(store, "ASK {}", SPARQL_JSON, Limits())

        assert b"true" in ask(talk)  # type: ignore[operator]

    def test_a_result_that_is_too_large_is_stopped_and_the_next_is_answered(self, ask: Callable[..., object]) -> None:
        async def talk(store: Store) -> bytes:
            with pytest.raises(ResultTooLarge, match="LIMIT"):
                await answer(store, "SELECT * { ?a ?b ?c . ?d ?e ?f }", SPARQL_JSON, Limits(bytes=100_000))
            return await answer(store, "ASK {}", SPARQL_JSON, Limits())

        assert b"true" in ask(talk)  # type: ignore[operator]

    def test_queries_side_by_side_get_their_own_answers(self, ask: Callable[..., object]) -> None:
        async def talk(store: Store) -> list[bytes]:
            queries = [f"SELECT ?n {{ VALUES ?n {{ {n} }} }}" for n in range(12)]
            return list(await asyncio.gather(*(answer(store, query, CSV, Limits()) for query in queries)))

        assert ask(talk) == [f"n\r\n{n}\r\n".encode() for n in range(12)]
