"""Two instances behind HAProxy, as shipped, under constant load: they die, the balancer is reloaded, releases go forth and back."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from exchange import free_port

import fronts
from store.engines import running
from stress.load import after, done, under_load, write_edition
from support import command, environment, write_small

pytestmark = [
    pytest.mark.stress,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed: apt-get install haproxy"),
]
LEAST = 10_000
CHANGES = 6


@dataclass
class Deployment:
    """A source in two editions, and what serves it: two instances, HAProxy, and nginx where it is installed."""

    source: Path
    options: list[object]
    ports: list[int]
    instances: list[ExitStack]
    processes: list[subprocess.Popen[bytes]]
    haproxy: subprocess.Popen[bytes]
    base: str

    def start(self, number: int) -> None:
        """Start an instance; return when it is ready."""
        self.instances[number] = ExitStack()
        serve = command("serve", self.source, *self.options, "--port", str(self.ports[number]), "--no-build")  # type: ignore[arg-type]
        up = running(serve, self.ports[number], "/health/ready", environment=environment(), stop=signal.SIGTERM)
        self.processes[number] = self.instances[number].enter_context(up)

    def kill(self, number: int) -> None:
        """End an instance as a crash would."""
        self.processes[number].kill()
        self.instances[number].close()

    def change(self) -> None:
        """Make the other release current; return when both instances serve it."""
        before = self.releases()
        done("rollback", "--source", self.source, *self.options)
        for _ in range(400):
            now = self.releases()
            if len(now) == 1 and now != before:
                return
            threading.Event().wait(0.05)
        raise AssertionError("the release is not taken up")

    def releases(self) -> set[str]:
        """Return the releases that the instances serve."""
        return {httpx.get(f"http://127.0.0.1:{port}/version", timeout=30).json()["release"] for port in self.ports}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Two editions built, two instances, and HAProxy over both with a master process, as its unit runs it."""
    folder = tmp_path_factory.mktemp("replicas")
    source, port, ports = write_small(folder / "source", hub=40), free_port(), [free_port(), free_port()]
    base = f"http://127.0.0.1:{port}/"
    options: list[object] = ["--base-uri", base, "--releases", folder / "releases"]
    for edition in (1, 2):
        write_edition(source, edition)
        done("build", source, *options, "--no-shacl", "--accept-changes")
    with ExitStack() as stack:
        made = Deployment(source, options, ports, [ExitStack(), ExitStack()], [None, None], None, base)  # type: ignore[list-item, arg-type]
        stack.callback(lambda: [instance.close() for instance in made.instances])
        made.start(0)
        made.start(1)
        one, two = (f"127.0.0.1:{each}" for each in ports)
        made.haproxy = stack.enter_context(fronts.haproxy(port, one, two))
        yield made


@pytest.mark.parametrize("cached", [False, True], ids=["haproxy", "nginx in front"])
def test_nothing_fails_while_instances_die_and_releases_change(
    deployment: Deployment, cached: bool, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        base = deployment.base
        if cached:
            if shutil.which("nginx") is None:
                pytest.skip("nginx is not installed: apt-get install nginx-light")
            port = free_port()
            stack.enter_context(fronts.nginx(tmp_path, port, urlsplit(base).port or 0))
            base = f"http://127.0.0.1:{port}/"
        seen = stack.enter_context(under_load(base))
        for turn in range(CHANGES):
            after(seen, LEAST // (3 * CHANGES))
            deployment.kill(turn % 2)
            after(seen, LEAST // (3 * CHANGES))
            deployment.start(turn % 2)
            deployment.haproxy.send_signal(signal.SIGUSR2)  # what systemctl reload does
            after(seen, LEAST // (3 * CHANGES))
            deployment.change()
    print(seen.total, "requests,", seen.again, "sent again,", len(seen.failed), "failed,", seen.mixed, "mixed")
    seen.check(LEAST)


def test_a_walk_goes_on_at_the_other_instance(deployment: Deployment) -> None:
    """Pages of OAI-PMH are asked of one instance and the other in turn."""
    arguments: dict[str, str] = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    names: list[str] = []
    for number in range(100):
        port = deployment.ports[number % 2]
        text = httpx.get(f"http://127.0.0.1:{port}/oai?{urlencode(arguments)}", timeout=30).text
        names += re.findall(r"<identifier>([^<]+)</identifier>", text)
        token = re.search(r"<resumptionToken[^>]*>([^<]+)</resumptionToken>", text)
        if token is None:
            break
        arguments = {"verb": "ListRecords", "resumptionToken": token[1]}
    assert number >= 2
    assert len(names) == len(set(names)) > 300
