"""Publishing into engines: what is pushed is there and counted, one release a dataset, and services follow."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx
import pytest
from exchange import free_port, wait_for

from release.building import LABEL, SPACE, command_line
from solnum_ld.config import read_store
from solnum_ld.errors import SettingsError, StoreUnavailable
from solnum_ld.manifest import read_manifest
from solnum_ld.release.folder import ReleaseFolder
from solnum_ld.store.remote import publishing
from solnum_ld.store.remote.client import Client
from solnum_ld.store.remote.endpoints import Endpoint
from solnum_ld.store.remote.layout import MARKER, MERGED, Marker
from solnum_ld.store.remote.publishing import Credentials, Target, Targets, push
from solnum_ld.store.remote.statements import census
from support import command, environment, run, serving, write_small

from .contract import build_release
from .engines import Silent, load, oxigraph, virtuoso

VIRTUOSO = Credentials("dba", "dba")
STRAY = f'<urn:a> <urn:b> "of a release before" <{MERGED}> .\n'.encode()


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_release(tmp_path_factory.mktemp("publishing"))


@pytest.fixture(scope="module")
def engines() -> Iterator[list[str]]:
    """Two Oxigraph servers."""
    with oxigraph() as one, oxigraph() as two:
        yield [one, two]


@pytest.fixture
def target(engines: list[str]) -> Iterator[Target]:
    """The first of them, empty."""
    found = Target(engines[0], Credentials())
    httpx.delete(engines[0].replace("/query", "/store"))
    assert found.marker() == Marker()
    yield found
    found.close()


class Cut(Target):
    """An endpoint that cannot be reached after ``left`` portions."""

    left = 1

    def add(self, portion: list) -> None:
        if not self.left:
            raise StoreUnavailable("cut off")
        self.left -= 1
        super().add(portion)


def test_an_interrupted_push_is_taken_up_where_it_ended(
    release: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "PORTION", 2000)
    manifest = read_manifest(release)
    cut = Cut(target.url, Credentials())
    with pytest.raises(StoreUnavailable):
        push(release, manifest, cut, Silent(), lambda _: None, 0)
    cut.close()
    half = target.marker()
    assert (half.holds, half.loads, half.portions) == ("", manifest.release, 1)
    brought: list[int] = []
    monkeypatch.setattr(target, "add", lambda portion: (brought.append(len(portion)), Target.add(target, portion)))
    assert push(release, manifest, target, Silent(), lambda _: None, 0)
    assert sum(brought) < sum(half.graphs.values())
    assert target.marker() == Marker(holds=manifest.release, graphs=half.graphs)
    assert push(release, manifest, target, Silent(), lambda _: None, 0) is False


def test_a_push_that_goes_on_in_portions_of_another_size_begins_anew(
    release: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = read_manifest(release)
    cut = Cut(target.url, Credentials())
    cut.left = 2
    monkeypatch.setattr(publishing, "PORTION", 500)
    with pytest.raises(StoreUnavailable, match="cut off"):
        push(release, manifest, cut, Silent(), lambda _: None, 0)
    cut.close()
    assert target.marker().portions == 2
    monkeypatch.setattr(publishing, "PORTION", 2000)  # as with --bulk-dir, whose files hold more
    assert push(release, manifest, target, Silent(), lambda _: None, 0)


class Forgetful(Target):
    """An endpoint that a push leaves when its first portion is there and not yet noted."""

    def mark(self, marker: Marker) -> None:
        if marker.portions:
            raise StoreUnavailable("cut off")
        super().mark(marker)


def test_blank_nodes_do_not_come_twice_when_a_push_is_interrupted(release: Path, target: Target) -> None:
    cut = Forgetful(target.url, Credentials())
    with pytest.raises(StoreUnavailable, match="cut off"):
        push(release, read_manifest(release), cut, Silent(), lambda _: None, 0)
    cut.close()
    half = target.marker()
    assert half.loads and not half.portions and sum(target.count(graph) for graph in half.graphs) > 0
    assert push(release, read_manifest(release), target, Silent(), lambda _: None, 0)


class Failing:
    """A store whose disk fails in the middle of a graph."""

    def named_graphs(self) -> Iterator[object]:
        return iter(())

    def dump(self, out: IO[bytes], *_: object, **__: object) -> None:
        out.write(b"<urn:a> <urn:b> <urn:c> .\n")
        raise OSError("Input/output error")


def test_a_store_that_is_not_read_to_its_end_is_not_taken_for_a_smaller_one() -> None:
    with pytest.raises(StoreUnavailable, match="Input/output error"):
        census(Failing(), lambda _: None, sums=True)  # type: ignore[arg-type]


def test_what_is_not_all_there_is_not_marked_as_there(
    release: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = read_manifest(release)
    monkeypatch.setattr(target, "add", lambda portion: Target.add(target, portion[1:]))
    with pytest.raises(StoreUnavailable, match="begins anew"):
        push(release, manifest, target, Silent(), lambda _: None, 0)
    assert target.marker().holds == ""
    monkeypatch.undo()
    assert push(release, manifest, target, Silent(), lambda _: None, 0)
    assert target.count(MERGED) == target.marker().graphs[MERGED]


def test_as_many_triples_that_are_not_the_same_are_not_marked_as_there(
    release: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(portion: list[bytes]) -> None:
        subject, predicate, _ = portion[-1].split(b" ", 2)
        wrong = b'%s %s "spoilt" %s' % (subject, predicate, portion[-1][portion[-1].rindex(b" <") + 1 :])
        Target.add(target, [*portion[:-1], wrong])

    monkeypatch.setattr(target, "add", spoil)
    with pytest.raises(StoreUnavailable, match="other triples"):
        push(release, read_manifest(release), target, Silent(), lambda _: None, 0)
    assert target.marker().holds == ""


def test_graphs_of_another_release_go_and_those_of_others_stay(
    release: Path, target: Target, engines: list[str]
) -> None:
    store = engines[0].replace("/query", "/store")
    for graph in ("urn:old", "urn:foreign"):
        httpx.put(
            store, params={"graph": graph}, content=b"<urn:a> <urn:b> 1 .", headers={"content-type": "text/turtle"}
        )
    target.mark(Marker(holds="another", graphs={"urn:old": 1}))
    waited: list[float] = []
    push(release, read_manifest(release), target, Silent(), waited.append, 3)
    assert waited == [3]
    assert (target.count("urn:old"), target.count("urn:foreign")) == (0, 1)
    assert "urn:old" not in target.marker().graphs and MARKER not in target.marker().graphs


class Killed(Target):
    """A push that ends before its file is loaded, or just after; ``left`` and ``bytes`` are the file."""

    left: Path
    bytes: bytes
    loaded = False

    def _sent(self, request: httpx.Request, auth: httpx.Auth | None, *, missing: bool = False) -> httpx.Response:
        if b"rdf_loader_run" not in request.content:
            return super()._sent(request, auth, missing=missing)
        (self.left,) = self._folder.iterdir()
        self.bytes = self.left.read_bytes()
        if self.loaded:
            super()._sent(request, auth, missing=missing)
        raise KeyboardInterrupt


@pytest.mark.skipif(shutil.which("virtuoso-t") is None, reason="Virtuoso (virtuoso-opensource-7-bin) is not installed")
def test_virtuoso_loads_files_from_a_folder(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "FILE_PORTION", 3000)
    manifest = read_manifest(release)
    for name in ("bulk", "denied", "database"):
        (tmp_path / name).mkdir()
    with virtuoso(tmp_path / "database", allowed=tmp_path / "bulk") as url:
        denied = Target(url, VIRTUOSO, folder=tmp_path / "denied")
        with pytest.raises(StoreUnavailable, match="DirsAllowed"):
            push(release, manifest, denied, Silent(), lambda _: None, 0)
        denied.close()
        for loaded in (True, False):
            killed = Killed(url, VIRTUOSO, folder=tmp_path / "bulk")
            killed.loaded = loaded
            killed.marker()
            with pytest.raises(KeyboardInterrupt):
                killed.add([STRAY])
            assert killed.count(MERGED) == int(loaded)
            killed.left.write_bytes(killed.bytes)
            killed.drop(MERGED)
            target = Target(url, VIRTUOSO, folder=tmp_path / "bulk")
            assert push(release, manifest, target, Silent(), lambda _: None, 0)
            target.drop(MERGED)
            target.mark(Marker())
            target.close()
            killed.close()
        target = Target(url, VIRTUOSO, folder=tmp_path / "bulk")
        assert push(release, manifest, target, Silent(), lambda _: None, 0)
        held = target.marker()
        assert held == Marker(holds=manifest.release, graphs=held.graphs) and held.graphs[MERGED] > 3000
        assert {graph: target.count(graph) for graph in held.graphs} == held.graphs
        assert list((tmp_path / "bulk").iterdir()) == []
        target.close()


def test_an_engine_that_loads_no_files_says_so(release: Path, target: Target, tmp_path: Path) -> None:
    with_folder = Target(target.url, Credentials(), folder=tmp_path)
    with pytest.raises(SettingsError, match="--bulk-dir"):
        push(release, read_manifest(release), with_folder, Silent(), lambda _: None, 0)
    with_folder.close()
    assert target.marker() == Marker()


def test_name_and_password_are_asked_for_and_never_shown() -> None:
    assert "secret" not in repr(Credentials("user", "secret"))
    with pytest.raises(SettingsError, match="SOLNUM_STORE_PASSWORD"):
        target = Target("http://127.0.0.1:9/query", Credentials("user", "secret"))
        target._client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(401)))
        target.marker()
    for user in ("user", ""):
        result = command_line("publish", "--store", f"http://{user}:secret@127.0.0.1:9/query")
        assert result.exit_code == 2 and "secret" not in result.stderr + result.stdout


def test_a_key_in_an_address_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    address = "http://127.0.0.1:9/query?apikey=secret"
    target = Target(address, Credentials())
    with pytest.raises(StoreUnavailable, match=r"^http://127\.0\.0\.1:9/query\?… cannot be reached") as unreached:
        target.marker()
    assert "secret" not in str(unreached.value)
    endpoint = Endpoint(address)
    endpoint.fail(OSError("it was cut off"))
    assert "http://127.0.0.1:9/query?… does not answer: it was cut off" in caplog.text
    assert "secret" not in caplog.text
    assert endpoint.url == target.url == address


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"])
def test_a_key_is_not_shown_where_an_engine_answers_with_what_is_no_http(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def trouble() -> str:
        server, client = await asyncio.start_server(serve, "127.0.0.1", 0), Client(1)
        endpoint = Endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/query?apikey=secret")
        await endpoint.check(client)
        await client.aclose()
        server.close()
        return endpoint.trouble

    found = asyncio.run(trouble())
    assert found
    assert "secret" not in found


@pytest.mark.parametrize(
    "address",
    [
        "http://[::1/query",
        "http://h:99999/q",
        "http://h:x/q",
        "http://h:0/q",
        "ftp://h/q",
        "http://ex..ample/q",
        "http://xn--a/q",
        "http://h/a\tb",
    ],
)
def test_what_is_no_address_of_an_engine_is_said_so(address: str) -> None:
    with pytest.raises(SettingsError, match="addresses of SPARQL endpoints"):
        read_store(f"http://127.0.0.1:9/query,{address}")


def test_two_addresses_of_one_dataset_are_not_two_places(release: Path, engines: list[str], target: Target) -> None:
    other = target.url.replace("127.0.0.1", "localhost")

    def publish(*urls: str) -> list[str]:
        with Targets(urls, Credentials()) as targets:
            return targets.publish(release, read_manifest(release), ["before"], Silent(), lambda _: None, 0)

    for held in ({}, {"holds": "before", "graphs": {MERGED: 0}}):
        target.mark(Marker(**held))
        with pytest.raises(SettingsError, match="same dataset"):
            publish(target.url, other)
        assert target.marker() == Marker(**held) and target.count("urn:x-solnum:sign") == 0
    httpx.delete(engines[1].replace("/query", "/store"))
    assert publish(target.url, engines[1]) == [engines[1]]


def test_a_push_that_waits_for_another_says_so(engines: list[str], tmp_path: Path) -> None:
    source, options = write_small(tmp_path / "source", hub=2), ["--port", "9", "--releases", tmp_path / "releases"]
    told("build", source, *options, "--json", "--no-shacl")
    httpx.delete(engines[0].replace("/query", "/store"))
    words = command("publish", source, *options, "--store", engines[0])
    with ReleaseFolder(tmp_path / "releases").exclusive():
        waiting = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment())
        assert waiting.stderr is not None
        assert f"Waiting to publish (process {os.getpid()} is at work" in waiting.stderr.readline()
    assert "is in" in waiting.communicate(timeout=60)[1] and waiting.returncode == 0


def test_an_engine_whose_graph_store_is_not_known_is_refused_by_name() -> None:
    target = Target("http://127.0.0.1:9/ds/query", Credentials())
    with pytest.raises(SettingsError, match="--graph-store"):
        target.mark(Marker())
    assert Target("http://127.0.0.1:9/ds/query", Credentials(), "data").graph_store == "http://127.0.0.1:9/ds/data"


def test_services_follow_what_is_published_and_rolled_back(engines: list[str], tmp_path: Path) -> None:
    for url in engines:
        httpx.delete(url.replace("/query", "/store"))
    source = write_small(tmp_path / "source", hub=10)
    port = str(free_port())
    store = ["--store", ",".join(engines)]
    options = ["--port", port, "--releases", tmp_path / "releases"]

    def publish() -> dict[str, object]:
        return told("publish", source, *options, *store, "--grace", "0", "--json")

    def build() -> object:
        return told("build", source, *options, "--json", "--no-shacl")["release"]

    first = build()
    assert publish() == {"release": first, "pushed": engines[:1], "holding": engines[:1]}
    with serving(source, tmp_path / "releases", "--port", port, "--no-build", *store) as server:
        with httpx.Client(base_url=server.base) as http:

            def label() -> str:
                query = f"SELECT ?l {{ <{server.base}id/topic> <{LABEL}> ?l }}"
                return http.get("sparql", params={"query": query, "format": "csv"}).text.split()[1]

            assert label() == "Topic" and "Topic" in http.get("doc/topic.ttl").text
            hub = source / "hub.nt"
            hub.write_text(hub.read_text().replace('"Topic"', '"Sujet"'))
            second = build()
            wait_for(lambda: any(f"Release {second} is waited for" in line for line in server.log))
            assert label() == "Topic"  # built, and not in an engine yet
            assert publish() == {"release": second, "pushed": engines[1:], "holding": engines[1:]}
            wait_for_release(http, second)
            assert label() == "Sujet" and "Sujet" in http.get("doc/topic.ttl").text
            assert command_line("rollback", "--source", source, *options).exit_code == 0
            wait_for_release(http, first)
            assert label() == "Topic"
            assert publish()["pushed"] == []
    alone = command_line("publish", source, *options, "--store", engines[1])
    assert alone.exit_code == 2 and "--replace" in alone.stderr


def told(*arguments: str | Path) -> dict[str, object]:
    """Return what a command prints as JSON."""
    result = command_line(*arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def wait_for_release(http: httpx.Client, release: object) -> None:
    """Return when the service has taken up a release."""
    for _ in range(600):
        if http.get("version").json()["release"] == release:
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"{release} is not taken up")


def test_that_no_engine_holds_the_release_is_said_at_the_start(release: Path) -> None:
    nowhere = "http://127.0.0.1:9/query"
    options = ["--releases", release.parent, "--port", "0", "--base-uri", SPACE]
    result = run("serve", release.parents[1] / "source", *options, "--no-build", "--store", nowhere)
    assert result.returncode == 1 and "No engine holds release" in result.stderr


def test_load_tells_whether_anything_was_done(release: Path, engines: list[str], target: Target) -> None:
    assert load(release, engines[0]) is True
    assert load(release, engines[0]) is False
