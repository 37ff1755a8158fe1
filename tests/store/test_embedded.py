"""The embedded store: the contract of every store, and what its workers add to it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from solnum_ld.errors import QueryTimeout, StoreUnavailable
from solnum_ld.mediatypes import SPARQL_JSON
from solnum_ld.store import Store, open_store
from solnum_ld.store.embedded import EmbeddedStore
from solnum_ld.store.pool import WorkerPool
from solnum_ld.store.protocol import Limits

from .contract import StoreContract, build_release

HEAVY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_release(tmp_path_factory.mktemp("store"))


def workers_of(store: Path) -> list[int]:
    """Return the processes of this one's children that answer queries on ``store``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (OSError, IndexError):
            continue
        if parent == os.getpid() and b"solnum_ld.store.worker" in words and os.fsencode(store) in words:
            found.append(int(folder.name))
    return found


class TestEmbedded(StoreContract):
    @pytest.fixture
    def open_store(self, release: Path) -> Callable[[], Store]:
        return lambda: open_store(release)


def test_a_worker_that_dies_in_the_middle_harms_its_own_query_only(release: Path) -> None:
    async def talk() -> bytes:
        store = open_store(release, workers=1)
        try:
            asking = asyncio.create_task(store.answer(HEAVY, SPARQL_JSON, Limits(seconds=20)))
            while not (found := workers_of(release / "store")):
                await asyncio.sleep(0.01)
            os.kill(found[0], signal.SIGKILL)
            with pytest.raises(StoreUnavailable):
                await asking
            return (await store.answer("ASK {}", SPARQL_JSON, Limits())).body
        finally:
            await store.aclose()

    assert b"true" in asyncio.run(talk())


def test_a_worker_that_died_while_idle_is_replaced(release: Path) -> None:
    async def talk() -> bytes:
        store = open_store(release, workers=1)
        try:
            await store.answer("ASK {}", SPARQL_JSON, Limits())
            (worker,) = workers_of(release / "store")
            os.kill(worker, signal.SIGKILL)
            while worker in workers_of(release / "store"):
                await asyncio.sleep(0.01)
            return (await store.answer("ASK {}", SPARQL_JSON, Limits())).body
        finally:
            await store.aclose()

    assert b"true" in asyncio.run(talk())


def test_a_query_that_breaks_the_engine_is_an_error_and_the_next_is_answered(release: Path) -> None:
    async def talk() -> bytes:
        store = open_store(release, workers=1)
        try:
            with pytest.raises(StoreUnavailable):
                await store.answer("SELECT * {" + "{" * 20_000 + "}" * 20_000 + "}", SPARQL_JSON, Limits(seconds=10))
            return (await store.answer("ASK {}", SPARQL_JSON, Limits())).body
        finally:
            await store.aclose()

    assert b"true" in asyncio.run(talk())


def test_no_worker_outlives_its_store(release: Path) -> None:
    async def talk() -> list[int]:
        store = open_store(release, workers=2)
        asking = [asyncio.create_task(store.answer(HEAVY, SPARQL_JSON, Limits(seconds=20))) for _ in range(2)]
        while len(workers_of(release / "store")) < 2:
            await asyncio.sleep(0.01)
        await store.aclose()
        await asyncio.gather(*asking, return_exceptions=True)
        return workers_of(release / "store")

    assert asyncio.run(talk()) == []


def test_a_query_that_nobody_waits_for_any_more_is_stopped(release: Path) -> None:
    async def talk() -> bytes:
        store = open_store(release, workers=1)
        try:
            asking = asyncio.create_task(store.answer(HEAVY, SPARQL_JSON, Limits(seconds=60)))
            while not workers_of(release / "store"):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            return (await store.answer("ASK {}", SPARQL_JSON, Limits(seconds=10))).body
        finally:
            await store.aclose()

    assert b"true" in asyncio.run(talk())


def test_queries_wait_their_turn_no_longer_than_they_may_take(release: Path) -> None:
    async def talk() -> list[BaseException | object]:
        store = EmbeddedStore(release, WorkerPool(release / "store", size=1))
        try:
            return await asyncio.gather(
                *(store.answer(HEAVY, SPARQL_JSON, Limits(seconds=1)) for _ in range(3)), return_exceptions=True
            )
        finally:
            await store.aclose()

    outcomes = asyncio.run(talk())
    assert any(isinstance(outcome, QueryTimeout) for outcome in outcomes)
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)


def test_a_queue_that_is_full_refuses_at_once(release: Path) -> None:
    async def talk() -> list[BaseException | object]:
        store = EmbeddedStore(release, WorkerPool(release / "store", size=1, queue=2))
        try:
            return await asyncio.gather(
                *(store.answer(HEAVY, SPARQL_JSON, Limits(seconds=1)) for _ in range(5)), return_exceptions=True
            )
        finally:
            await store.aclose()

    refused = [
        outcome
        for outcome in asyncio.run(talk())
        if isinstance(outcome, StoreUnavailable) and "Too many" in str(outcome)
    ]
    assert len(refused) >= 2


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://127.0.0.1:9/sparql> { ?s ?p ?o } }",
        "SELECT * FROM <http://127.0.0.1:9/data> { ?s ?p ?o }",
    ],
)
def test_an_answer_reaches_out_to_nobody(query: str, release: Path) -> None:
    async def talk() -> object:
        store = open_store(release, workers=1)
        try:
            return await store.answer(query, SPARQL_JSON, Limits(seconds=5))
        except StoreUnavailable as error:
            return error
        finally:
            await store.aclose()

    outcome = asyncio.run(talk())
    assert isinstance(outcome, StoreUnavailable) or b'"bindings":[]' in outcome.body  # type: ignore[attr-defined]


def test_a_store_that_is_not_there_is_an_error_of_ours(tmp_path: Path, release: Path) -> None:
    shutil.copytree(release, tmp_path / "broken", ignore=shutil.ignore_patterns("store"))
    with pytest.raises(StoreUnavailable, match="broken"):
        open_store(tmp_path / "broken")


def test_two_stores_read_one_release_at_once(release: Path) -> None:
    async def talk() -> list[bool]:
        one, two = open_store(release), open_store(release)
        try:
            return list(
                await asyncio.gather(
                    one.exists("http://data.example.org/id/a"), two.exists("http://data.example.org/id/a")
                )
            )
        finally:
            await one.aclose()
            await two.aclose()

    assert asyncio.run(talk()) == [True, True]
