"""What ``deploy/`` ships does what its runbook says: HAProxy over two instances, nginx as a cache in front."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from exchange import free_port

import fronts
from fronts import DEPLOY
from store.engines import running
from support import command, environment, write_small

MIX = [
    "doc/topic.ttl",
    "doc/book.jsonld",
    "sparql?format=csv&query=SELECT%20(COUNT(*)%20AS%20%3Fn)%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D",
    "catalog.ttl",
    "recherche",
    "oai?verb=ListRecords&metadataPrefix=oai_dc",
]
PORT = free_port()
PUBLIC = f"http://127.0.0.1:{PORT}/"


@dataclass(frozen=True)
class Instance:
    """One server of the two."""

    process: subprocess.Popen[bytes]
    port: int


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Instance]]:
    """Two servers of one folder of releases."""
    source = write_small(tmp_path_factory.mktemp("source") / "small", hub=50)
    options = ["--public-url", PUBLIC, "--releases", tmp_path_factory.mktemp("releases")]
    with contextlib.ExitStack() as stack:
        found = []
        for more in ([], ["--no-build"]):
            port = free_port()
            serve = command("serve", source, *options, "--port", str(port), *more)
            process = stack.enter_context(
                running(serve, port, "/health/ready", environment=environment(), stop=signal.SIGTERM)
            )
            found.append(Instance(process, port))
        yield found


@pytest.fixture(scope="module")
def haproxy(instances: list[Instance]) -> Iterator[httpx.Client]:
    """HAProxy over both, as shipped."""
    if shutil.which("haproxy") is None:
        pytest.skip("HAProxy is not installed: apt-get install haproxy")
    one, two = (f"127.0.0.1:{instance.port}" for instance in instances)
    with fronts.haproxy(PORT, one, two), httpx.Client(base_url=PUBLIC, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def nginx(haproxy: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The cache in front of HAProxy, as shipped."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    port = free_port()
    with fronts.nginx(tmp_path_factory.mktemp("nginx"), port, PORT):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/", timeout=30) as client:
            yield client


def test_instances_give_the_same_bytes_and_etags(instances: list[Instance]) -> None:
    for path in MIX:
        answers = [httpx.get(f"http://127.0.0.1:{instance.port}/{path}") for instance in instances]
        assert {a.status_code for a in answers} == {200}, path
        tags = {a.headers.get("etag") for a in answers}
        if path.startswith("oai"):  # which tells the time of the answer, and has none
            assert tags == {None}
        else:
            assert len(tags) == len({a.content for a in answers}) == 1, path
            assert None not in tags


def test_the_cache_keeps_each_representation_for_itself(nginx: httpx.Client) -> None:
    def ask(accept: str) -> tuple[str, str, str]:
        answer = nginx.get("doc/topic", headers={"accept": accept})
        assert answer.status_code == 200
        return answer.headers["x-cache"], answer.headers["content-type"].partition(";")[0], answer.headers["etag"]

    turtle, page = ask("text/turtle"), ask("text/html")
    assert (turtle[1], page[1]) == ("text/turtle", "text/html")
    again = ask("text/turtle")
    assert again == ("HIT", "text/turtle", turtle[2])
    assert nginx.get("doc/topic", headers={"accept": "text/turtle", "if-none-match": turtle[2]}).status_code == 304
    query = {"query": "ASK {}"}
    assert nginx.post("sparql", data=query, headers={"accept": "text/csv"}).text.strip() == "true"
    assert nginx.get("health/ready").status_code == 404


def test_no_request_fails_when_an_instance_is_killed(
    haproxy: httpx.Client, nginx: httpx.Client, instances: list[Instance]
) -> None:
    def ask(number: int) -> tuple[str, int, str | None]:
        if number == 100:
            os.kill(instances[1].process.pid, signal.SIGKILL)
        path = MIX[number % len(MIX)]
        answer = haproxy.get(path)
        return path, answer.status_code, answer.headers.get("etag")

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(400)))
    assert instances[1].process.wait(10) == -signal.SIGKILL
    assert [answer for answer in answers if answer[1] != 200] == []
    told = {(path, etag) for path, _, etag in answers if not path.startswith("oai")}
    assert len(told) == len(MIX) - 1
    assert haproxy.get("health/ready").status_code == 200
    # and when nothing is left, the cache goes on with what it has
    nginx.get("doc/topic.ttl")
    instances[0].process.terminate()
    assert instances[0].process.wait(40) in (0, -signal.SIGTERM)
    assert haproxy.get("doc/book.ttl").status_code == 503
    assert nginx.get("doc/topic.ttl").status_code == 200


def test_units_start_what_there_is() -> None:
    service = (DEPLOY / "systemd" / "solnum-ld@.service").read_text("utf-8")
    assert "solnum-ld serve --no-build" in service
    for unit in sorted((DEPLOY / "systemd").glob("*.service")):
        lines = unit.read_text("utf-8").split("\n")
        assert {"[Unit]", "[Service]", "[Install]"} <= set(lines)
        # five starts in ten seconds would be its last ones, as when engines come later
        assert "StartLimitIntervalSec=0" in lines[: lines.index("[Service]")]


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed: apt-get install haproxy")
def test_haproxy_takes_its_configuration_as_it_is() -> None:
    told = {name: value for name, value in os.environ.items() if not name.startswith("SOLNUM_")}
    words = ["haproxy", "-c", "-f", str(DEPLOY / "haproxy" / "haproxy.cfg")]
    checked = subprocess.run(words, capture_output=True, text=True, check=False, env=told)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed: apt-get install systemd")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in sorted((DEPLOY / "systemd").glob("*.service")):
        text = re.sub(
            r"/opt/[\w-]+/bin/([\w-]+)", lambda m: str(Path(sys.executable).with_name(m[1])), unit.read_text("utf-8")
        )
        (tmp_path / unit.name).write_text(text, "utf-8")
        words = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name.replace("@", "@8001"))]
        (tmp_path / unit.name.replace("@", "@8001")).write_text(text, "utf-8")
        verified = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (verified.returncode, verified.stderr) == (0, "")


def test_what_the_runbook_names_is_there() -> None:
    text = (DEPLOY / "README.md").read_text("utf-8")
    named = [line.split("`")[1::2] for line in text.split("\n") if line.startswith("| `")]
    assert [path for paths in named for path in paths if "/" in path and not (DEPLOY / path).exists()] == []
    assert Path(DEPLOY / "haproxy" / "haproxy.cfg").is_file()
