"""The embedded engine: the contract of every store, and what its worker processes promise."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest

from solnum_ld.errors import (
    MalformedQuery,
    NotAcceptable,
    QueryAborted,
    QueryTimeout,
    RequestRefused,
    ResultTooLarge,
    SolnumError,
    StoreBusy,
    StoreUnavailable,
)
from solnum_ld.mediatypes import CSV, NTRIPLES, RDFXML, SPARQL_JSON, SPARQL_XML, TURTLE
from solnum_ld.sparql import QueryForm, SparqlQuery, parse_query
from solnum_ld.store import Store, open_store, process
from solnum_ld.store.pool import STALL
from solnum_ld.store.protocol import Limits
from solnum_ld.store.wire import READY, UNCONFINED, frame

from .contract import StoreContract, X, answer, build_release, until

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ROWS = "SELECT ?a ?d { ?a ?b ?c . ?d ?e ?f }"
GREEDY = """SELECT (STRLEN(?l) AS ?n) { BIND("aaaaaaaaaaaaaaaa" AS ?a) BIND(CONCAT(?a,?a,?a,?a,?a,?a,?a,?a) AS ?b)
  BIND(CONCAT(?b,?b,?b,?b,?b,?b,?b,?b) AS ?c) BIND(CONCAT(?c,?c,?c,?c,?c,?c,?c,?c) AS ?d)
  BIND(CONCAT(?d,?d,?d,?d,?d,?d,?d,?d) AS ?e) BIND(CONCAT(?e,?e,?e,?e,?e,?e,?e,?e) AS ?f)
  BIND(CONCAT(?f,?f,?f,?f,?f,?f,?f,?f) AS ?g) BIND(CONCAT(?g,?g,?g,?g,?g,?g,?g,?g) AS ?l) }"""
T = TypeVar("T")


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_release(tmp_path_factory.mktemp("embedded"))


def processes_of(release: Path) -> tuple[list[int], list[int]]:
    """Return the nursery of this release's store, and its workers, by what the kernel shows."""
    ours, parents = [], {}
    needle = str((release / "store").resolve()).encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                status = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if needle in command and b"solnum_ld.store.nursery" in command and status[0] != "Z":
                ours.append(int(folder.name))
                parents[int(folder.name)] = int(status[1])
    workers = [pid for pid in ours if parents[pid] in ours]
    return [pid for pid in ours if pid not in workers], workers


def state_of(pid: int) -> str:
    """Return the state of a process: R runs, S sleeps, T is halted."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def with_store(release: Path, talk: Callable[[Store], Awaitable[T]], **options: int) -> T:
    """Return what ``talk`` returns, with a store of its own that is closed afterwards."""

    async def conversation() -> T:
        store = open_store(release, **options)
        try:
            return await talk(store)
        finally:
            await store.aclose()

    return asyncio.run(conversation())


async def is_answered(store: Store) -> bool:
    """Tell whether a quick query gets its answer."""
    return b"true" in await answer(store, "ASK {}", SPARQL_JSON, Limits(seconds=20))


class TestEmbedded(StoreContract):
    @pytest.fixture
    def open_store(self, release: Path) -> Callable[[], Store]:
        return lambda: open_store(release)


# -- workers -------------------------------------------------------------------------------------------------------------


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # the store ends some by itself
            os.kill(pid, signal.SIGKILL)


def test_a_worker_that_dies_in_the_middle_harms_its_own_query_only(release: Path) -> None:
    async def talk(store: Store) -> bool:
        asking = asyncio.create_task(answer(store, ENDLESS, SPARQL_JSON, Limits()))
        await until(lambda: store.load()["long"] == 1)
        kill(processes_of(release)[1])
        with pytest.raises(QueryAborted):
            await asking
        return await is_answered(store)

    assert with_store(release, talk, workers=1)


def test_workers_that_died_while_idle_are_replaced(release: Path) -> None:
    async def talk(store: Store) -> bool:
        await store.warm()
        _, idle = processes_of(release)
        kill(idle)
        await until(lambda: not set(idle) & set(processes_of(release)[1]))
        return await is_answered(store) and await is_answered(store)

    assert with_store(release, talk)


def test_a_nursery_that_died_is_replaced(release: Path) -> None:
    async def talk(store: Store) -> bool:
        await store.warm()
        (nursery,), before = processes_of(release)
        os.kill(nursery, signal.SIGKILL)
        await until(lambda: not set(before) & set(processes_of(release)[1]))  # its workers end with it
        return await is_answered(store)

    assert with_store(release, talk)


def test_no_process_outlives_its_store(release: Path) -> None:
    async def talk(store: Store) -> None:
        asking = [asyncio.create_task(answer(store, ENDLESS, SPARQL_JSON, Limits())) for _ in range(5)]
        await until(lambda: store.load()["halted"] >= 1)
        await store.aclose()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
        await until(lambda: processes_of(release) == ([], []))

    with_store(release, talk, workers=1)


def test_a_query_that_nobody_waits_for_any_more_is_stopped(release: Path) -> None:
    async def talk(store: Store) -> bool:
        asking = asyncio.create_task(answer(store, ENDLESS, SPARQL_JSON, Limits()))
        await until(lambda: store.load()["long"] == 1)
        before = set(processes_of(release)[1])
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: len(before - set(processes_of(release)[1])) == 1)
        return store.load()["long"] == 0 and await is_answered(store)

    assert with_store(release, talk, workers=1)


def test_a_query_that_asks_for_too_much_memory_is_stopped_and_the_next_is_answered(release: Path) -> None:
    async def talk(store: Store) -> bool:
        with pytest.raises(QueryAborted, match="memory"):
            await answer(store, GREEDY, SPARQL_JSON, Limits())
        return await is_answered(store)

    assert with_store(release, talk, memory=8 * 1024 * 1024)


def test_long_queries_take_turns(release: Path) -> None:
    """One that takes a while is answered though endless ones hold every lane: none of them holds it for good."""
    while_ = "SELECT (COUNT(*) AS ?n) { { SELECT * { ?a ?b ?c } LIMIT 400 } { SELECT * { ?d ?e ?f } LIMIT 700 } FILTER(STRLEN(CONCAT(STR(?a), STR(?f))) > 3) }"

    async def talk(store: Store) -> bool:
        asking = [asyncio.create_task(answer(store, ENDLESS, SPARQL_JSON, Limits(seconds=60))) for _ in range(2)]
        await until(lambda: store.load()["halted"] == 1)
        found = await answer(store, while_, SPARQL_JSON, Limits(seconds=60))
        for task in asking:
            assert not task.done()
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        return b"bindings" in found and await is_answered(store)

    assert with_store(release, talk, workers=1)


# -- lanes ---------------------------------------------------------------------------------------------------------------


def test_endless_queries_leave_the_way_open_for_quick_ones(release: Path) -> None:
    async def talk(store: Store) -> None:
        endless = [asyncio.create_task(answer(store, ENDLESS, SPARQL_JSON, Limits())) for _ in range(3)]
        await until(lambda: store.load()["long"] == 1 and store.load()["halted"] == 2)
        await until(lambda: "T" in {state_of(pid) for pid in processes_of(release)[1]})
        assert await is_answered(store)
        assert not any(task.done() for task in endless)
        for task in endless:
            task.cancel()
        await asyncio.gather(*endless, return_exceptions=True)

    with_store(release, talk, workers=1)


def test_a_halted_query_goes_on_when_the_long_lane_is_free(release: Path) -> None:
    slow = "SELECT (COUNT(*) AS ?n) { { SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } LIMIT 3000000 } }"

    async def talk(store: Store) -> bytes:
        endless = asyncio.create_task(answer(store, ENDLESS, SPARQL_JSON, Limits()))
        await until(lambda: store.load()["long"] == 1)
        asking = asyncio.create_task(answer(store, slow, CSV, Limits(seconds=60)))
        await until(lambda: store.load()["halted"] == 1)
        endless.cancel()
        await asyncio.gather(endless, return_exceptions=True)
        return await asking

    assert with_store(release, talk, workers=1) == b"n\r\n3000000\r\n"


def test_more_long_queries_than_can_be_halted_are_refused_as_busy(release: Path) -> None:
    async def talk(store: Store) -> list[object]:
        outcomes = await asyncio.gather(
            *(answer(store, ENDLESS, SPARQL_JSON, Limits(seconds=2)) for _ in range(6)), return_exceptions=True
        )
        assert await is_answered(store)
        return list(outcomes)

    kinds = {type(outcome) for outcome in with_store(release, talk, workers=1)}
    assert kinds == {QueryTimeout, StoreBusy}


def test_past_the_queue_queries_are_refused_as_busy(release: Path) -> None:
    async def talk(store: Store) -> list[object]:
        return list(
            await asyncio.gather(
                *(answer(store, "ASK {}", SPARQL_JSON, Limits()) for _ in range(6)), return_exceptions=True
            )
        )

    outcomes = with_store(release, talk, workers=1, queue=2)
    assert sum(isinstance(outcome, StoreBusy) for outcome in outcomes) == 3


# -- blocks --------------------------------------------------------------------------------------------------------------


def test_a_large_answer_comes_in_blocks_as_it_is_computed(release: Path) -> None:
    async def talk(store: Store) -> tuple[int, int]:
        found = await store.answer(parse_query(ROWS + " LIMIT 20000"), CSV, Limits())
        assert found.rest is not None
        first = len(found.first)
        return first, first + sum([len(block) async for block in found.rest])

    first, whole = with_store(release, talk)
    assert first < 64 * 1024 < whole


def test_a_client_that_takes_nothing_holds_neither_lane_nor_memory(release: Path) -> None:
    async def talk(store: Store) -> None:
        found = await store.answer(parse_query(ROWS), CSV, Limits(seconds=1))
        await until(lambda: store.load()["short"] == store.load()["long"] == 0)  # held back: the clock stands still
        assert await is_answered(store)
        found.close()
        assert await is_answered(store)

    assert STALL > 1
    with_store(release, talk, workers=1)


def test_an_answer_that_breaks_off_raises(release: Path) -> None:
    async def talk(store: Store) -> None:
        found = await store.answer(parse_query(ROWS), CSV, Limits(rows=3000))
        assert found.rest is not None
        with pytest.raises(ResultTooLarge):
            async for _ in found.rest:
                pass
        assert await is_answered(store)

    with_store(release, talk)


@pytest.mark.parametrize("form", [SPARQL_JSON, SPARQL_XML, CSV])
def test_as_many_rows_as_are_allowed_are_sent_and_no_more(form, release: Path) -> None:
    async def talk(store: Store) -> None:
        assert await answer(store, ROWS + " LIMIT 10", form, Limits(rows=10))
        with pytest.raises(ResultTooLarge, match="rows"):
            await answer(store, ROWS + " LIMIT 11", form, Limits(rows=10))

    with_store(release, talk)


def test_as_many_triples_as_are_allowed_are_sent_and_no_more(release: Path) -> None:
    query = "CONSTRUCT { ?s ?p ?o } WHERE { { SELECT DISTINCT ?s ?p ?o { ?s ?p ?o } LIMIT %d } }"

    async def talk(store: Store) -> None:
        assert (await answer(store, query % 10, NTRIPLES, Limits(rows=10))).count(b"\n") == 10
        with pytest.raises(ResultTooLarge, match="triples"):
            await answer(store, query % 11, NTRIPLES, Limits(rows=10))

    with_store(release, talk)


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ('SELECT ("a\\u0001" AS ?x) {}', SPARQL_XML),
        ("CONSTRUCT { <http://a/s> <http://a/1> 2 } WHERE {}", RDFXML),
    ],
)
def test_what_xml_cannot_write_is_not_sent_as_xml(query: str, form, release: Path) -> None:
    async def talk(store: Store) -> bool:
        with pytest.raises(NotAcceptable, match="XML"):
            await answer(store, query, form, Limits())
        return await is_answered(store)

    assert with_store(release, talk)


# -- errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "line", "words"),
    [
        ("SELECT * {\n ?s ex:p ?o }", 2, "prefix ex: is not declared"),
        ("SELECT * {\n ?s ?p ?o", 2, "is closed"),
        ("SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o }", 1, "grouped"),
        ("SELECT * { ?s <no iri> ?o }", 1, "column"),
    ],
)
def test_a_syntax_error_says_where_in_our_words(query: str, line: int, words: str, release: Path) -> None:
    async def talk(store: Store) -> MalformedQuery:
        with pytest.raises(MalformedQuery, match=words) as caught:
            await answer(store, query, SPARQL_JSON, Limits())
        return caught.value

    error = with_store(release, talk)
    assert error.line == line and error.column
    assert "error at" not in str(error) and "[_]" not in str(error)


def test_an_unknown_function_is_the_querys_fault(release: Path) -> None:
    async def talk(store: Store) -> None:
        with pytest.raises(MalformedQuery, match="http://a/f"):
            await answer(store, "SELECT (<http://a/f>(?s) AS ?x) { ?s ?p ?o }", SPARQL_JSON, Limits())

    with_store(release, talk)


@pytest.mark.parametrize("form", ["SELECT *", "ASK", "CONSTRUCT", "CONSTRUCT { ?s ?p ?o }", "CONSTRUCT {}"])
@pytest.mark.parametrize("clause", ["FROM <http://127.0.0.1:9/data>", "FROM NAMED <file:///etc/passwd>", "FROM <x>"])
def test_a_graph_that_is_not_here_is_refused_and_nothing_is_fetched(clause: str, form: str, release: Path) -> None:
    async def talk(store: Store) -> None:
        with pytest.raises(RequestRefused, match="nothing is fetched"):
            out = TURTLE if form.startswith("CONSTRUCT") else SPARQL_JSON
            await answer(store, f"{form} {clause} WHERE {{ ?s ?p ?o }}", out, Limits())

    with_store(release, talk)


def test_a_store_that_is_not_there_is_an_error_of_ours(tmp_path: Path, release: Path) -> None:
    shutil.copytree(release, tmp_path / "broken", ignore=shutil.ignore_patterns("store"))
    with pytest.raises(StoreUnavailable, match="broken"):
        open_store(tmp_path / "broken")


def test_two_stores_read_one_release_at_once(release: Path) -> None:
    async def talk(store: Store) -> list[bool]:
        other = open_store(release)
        try:
            return list(await asyncio.gather(is_answered(store), is_answered(other)))
        finally:
            await other.aclose()

    assert with_store(release, talk) == [True, True]


def test_what_is_refused_is_an_error_of_ours() -> None:
    for text in ("LOAD <http://a/>", "SELECT * { SERVICE <http://a/> { ?s ?p ?o } }", "INSERT DATA {}", "x", "", "\0"):
        with pytest.raises(SolnumError):
            parse_query(text)


def test_a_sort_that_breaks_the_engine_is_answered_by_another_worker(release: Path) -> None:
    async def talk(store: Store) -> tuple[int, bytes]:
        found = await answer(store, f"SELECT ?o {{ ?s <{X}mixed> ?o }} ORDER BY ?o", CSV, Limits())
        return store.counts()["workers_killed"]["died"], found

    died, found = with_store(release, talk, workers=1)
    assert died == 1, "the engine sorts by itself what it could not: see tests/sparql/test_order.py"
    assert found.count(b"\r\n") == 801


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp(2) is Linux's")
@pytest.mark.parametrize("silent", ["", "SILENT"])
def test_a_worker_reaches_no_network_even_when_it_is_asked_to(release: Path, silent: str) -> None:
    """As where a SERVICE was hidden from the look at a query that comes before its parser."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        query = SparqlQuery(f"SELECT * {{ SERVICE {silent} <{address}> {{ ?s ?p ?o }} }}", QueryForm.SELECT)

        async def talk() -> None:
            store = open_store(release)
            try:
                with contextlib.nullcontext() if silent else pytest.raises(QueryAborted, match="could not evaluate"):
                    await (await store.answer(query, SPARQL_JSON, Limits())).read()
            finally:
                await store.aclose()

        asyncio.run(talk())
        assert select.select([listener], [], [], 0)[0] == []


def test_that_the_kernel_does_not_confine_workers_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def said() -> None:
        process._tell_unconfined.cache_clear()
        for payload in (b"", UNCONFINED, UNCONFINED):
            worker = process.Worker()
            worker.data_received(frame(READY, payload))
            assert worker.ready.done()

    asyncio.run(said())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "kept from the network" in caplog.text
