"""A slow network, one that stalls and one that breaks, between service and engine and between balancer and instance."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from exchange import free_port, wait_for

import fronts
from store.engines import load, oxigraph, running
from stress.load import after, done, under_load, write_edition
from stress.network import Link, host, may_make_hosts
from support import Server, command, environment, serving, write_small

pytestmark = pytest.mark.stress
SECONDS = 12
NUMBERS = itertools.count()
ALL = "SELECT * { ?s ?p ?o }"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source and its releases."""
    folder = tmp_path_factory.mktemp("network")
    source = write_small(folder / "source", hub=40)
    for edition in (1, 2):
        write_edition(source, edition)
        done("build", source, "--releases", folder / "releases", "--base-uri", BASE, "--no-shacl", "--accept-changes")
    return source, folder / "releases"


PORT = free_port()
BASE = f"http://127.0.0.1:{PORT}/"


@pytest.fixture(scope="module")
def engines(built: tuple[Path, Path]) -> Iterator[list[Link]]:
    """Two engines with the release, each behind a link."""
    with ExitStack() as stack:
        links = []
        for _ in range(2):
            engine = stack.enter_context(oxigraph(seconds=SECONDS))
            assert load((built[1] / "current").resolve(), engine)
            links.append(stack.enter_context(Link(urlsplit(engine).port or 0).open()))
        yield links


@pytest.fixture(autouse=True)
def healed(engines: list[Link]) -> Iterator[None]:
    """Each test begins and ends with a network that works."""
    yield
    for link in engines:
        link.heal()


@contextmanager
def away(words: list[str], address: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on another host until the block ends; the block begins when it answers."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    try:
        wait_for(lambda: answers(address))
        yield process
    finally:
        process.terminate()
        process.wait(20)


def answers(address: str) -> bool:
    """Tell whether a server answers with 200."""
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def service(built: tuple[Path, Path], links: list[Link], stack: ExitStack) -> Server:
    """Serve the release from engines behind links."""
    store = ",".join(f"http://127.0.0.1:{link.port}/query" for link in links)
    options = ["--port", str(PORT), "--base-uri", BASE, "--no-build", "--store", store, "--query-timeout", str(SECONDS)]
    return stack.enter_context(serving(built[0], built[1], *options))


def asked(base: str, query: str = ALL) -> tuple[int | str, float]:
    """Return what became of a query that no cache has, and after how many seconds."""
    before = time.monotonic()
    try:
        answer = httpx.post(f"{base}sparql", data={"query": f"{query} # {next(NUMBERS)}"}, timeout=60)
    except httpx.TransportError as error:
        return type(error).__name__, time.monotonic() - before
    if answer.status_code == 200:
        answer.json()
    return answer.status_code, time.monotonic() - before


def test_what_a_visitor_sees_of_a_bad_link_to_the_only_engine(
    built: tuple[Path, Path], engines: list[Link], capsys: pytest.CaptureFixture[str]
) -> None:
    link = engines[0]
    with ExitStack() as stack:
        server = service(built, [link], stack)
        base = server.base
        assert asked(base)[0] == 200
        told = {}
        link.delay = 0.2
        told["200 ms"] = asked(base)
        link.heal()
        link.cut_after = 2000
        told["cut within the answer"] = asked(base)
        link.heal()
        link.stall()
        told["stalled"] = asked(base)
        link.heal()
        wait_for(lambda: asked(base)[0] == 200)
        link.break_off()
        told["refused"] = asked(base)
        wait_for(lambda: httpx.get(f"{base}health/ready").status_code == 503)
        link.heal()
        wait_for(lambda: httpx.get(f"{base}health/ready").status_code == 200)
        assert asked(base)[0] == 200
    with capsys.disabled():
        for fault, (outcome, seconds) in told.items():
            print(f"\n{fault}: {outcome} after {seconds:.1f} s", end="")
    assert told["200 ms"][0] == 200
    assert told["cut within the answer"][0] in (502, "RemoteProtocolError", "ReadError")
    assert told["stalled"][0] in (503, 504)
    assert told["stalled"][1] < SECONDS + 2
    assert told["refused"][0] == 503


def test_a_stalled_engine_costs_little_where_another_is(
    built: tuple[Path, Path], engines: list[Link], capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        base = service(built, engines, stack).base
        assert [asked(base)[0] for _ in range(4)] == [200] * 4
        engines[0].stall()
        told = [asked(base) for _ in range(8)]
        with capsys.disabled():
            print("\none of two stalled:", [(outcome, round(seconds, 1)) for outcome, seconds in told], end="")
        assert {outcome for outcome, _ in told} == {200}
        assert max(seconds for _, seconds in told) < 9  # the watch has seen it by then
        assert max(seconds for _, seconds in told[3:]) < 2
        engines[0].heal()
        engines[1].break_off()
        wait_for(lambda: asked(base)[0] == 200)


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed: apt-get install haproxy")
@pytest.mark.skipif(not may_make_hosts(), reason="network namespaces cannot be made here (root, iproute2)")
def test_nothing_fails_when_a_host_is_cut_off(built: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    """The second instance is on a host of its own, which is cut off, and reached again later, twice."""
    source, releases = built
    options = ["--base-uri", BASE, "--releases", releases, "--no-build"]
    with ExitStack() as stack:
        other, ports = stack.enter_context(host(1)), [free_port(), free_port()]
        serve = command("serve", source, *options, "--port", str(ports[0]))
        stack.enter_context(running(serve, ports[0], "/health/ready", environment=environment(), stop=signal.SIGTERM))
        there = command("serve", source, *options, "--port", str(ports[1]), "--host", other.address)
        far = stack.enter_context(away(other.command(there), f"http://{other.address}:{ports[1]}/health/ready"))
        assert far.poll() is None
        one, two = f"127.0.0.1:{ports[0]}", f"{other.address}:{ports[1]}"
        stack.enter_context(fronts.haproxy(PORT, one, two))
        with under_load(BASE) as seen:
            for _ in range(2):
                after(seen, 1000)
                other.cut_off()
                after(seen, 2000)
                other.reconnect()
                wait_for(lambda: answers(f"http://{other.address}:{ports[1]}/health/ready"))
                done("rollback", "--source", source, "--base-uri", BASE, "--releases", releases)
        with capsys.disabled():
            print(
                f"\n{seen.total} requests, {seen.again} sent again, {len(seen.failed)} failed, slowest {seen.slowest:.1f} s",
                end="",
            )
        seen.check(6000)
        assert seen.slowest < 15
