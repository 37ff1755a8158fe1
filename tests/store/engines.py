"""Engines of others on the loopback, started by tests as ``deploy/`` starts them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
from exchange import free_port

from solnum_ld.manifest import read_manifest
from solnum_ld.store.confinement import without_call
from solnum_ld.store.remote.publishing import Credentials, Target, push
from support import ROOT

DBA = Credentials("dba", "dba")
OXIGRAPH = Path(sys.executable).with_name("oxigraph")


class Silent:
    """Hears how far a push is, and says nothing."""

    def stage(self, text: str, total: int | None = None) -> None: ...

    def advance(self, done: int) -> None: ...


@contextlib.contextmanager
def oxigraph(port: int = 0, seconds: int = 2) -> Iterator[str]:
    """Run an Oxigraph server in memory, with environment and refused calls of its unit; give the address of its queries."""
    port = port or free_port()
    unit = (ROOT / "deploy" / "systemd" / "oxigraph@.service").read_text("utf-8")
    said = [line.split("=", 1) for line in unit.splitlines() if "=" in line and line[0].isalpha()]
    shipped = dict(value.split("=", 1) for name, value in said if name == "Environment")
    refused = [value.removeprefix("~") for name, value in said if name == "SystemCallFilter"]

    def confined() -> None:
        for call in refused:
            without_call(call)

    command = [str(OXIGRAPH), "serve", "--bind", f"127.0.0.1:{port}", "--timeout-s", str(seconds)]
    with running(command, port, environment=os.environ | shipped, before=confined):
        yield f"http://127.0.0.1:{port}/query"


@contextlib.contextmanager
def virtuoso(folder: Path, allowed: Path | None = None) -> Iterator[str]:
    """Run Virtuoso on a new database, as the shipped configuration says; give the address of its queries.

    ``allowed`` is a folder whose files it may load.
    """
    port = free_port()
    shipped = (ROOT / "deploy" / "virtuoso" / "virtuoso.ini").read_text("utf-8")
    shipped = shipped.replace(":8890", f":{port}").replace(":1111", f":{free_port()}")
    if allowed is not None:
        shipped = shipped.replace("DirsAllowed = .", f"DirsAllowed = ., {allowed}")
    (folder / "virtuoso.ini").write_text(shipped)
    command = ["virtuoso-t", "+configfile", "virtuoso.ini", "+foreground", "+wait"]
    with running(command, port, "/sparql?query=ASK%20%7B%7D", folder):
        yield f"http://127.0.0.1:{port}/sparql"


@contextlib.contextmanager
def running(
    command: list[str],
    port: int,
    path: str = "/",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stop: signal.Signals = signal.SIGKILL,
    before: Callable[[], None] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; the block begins when it answers. ``before`` is done in its process."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=cwd, env=environment, preexec_fn=before)
    try:
        for _ in range(600):
            try:
                httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None, f"{command[0]} has ended"
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
        yield process
    finally:
        process.send_signal(stop)
        process.wait(20)


def load(release: Path, url: str, credentials: Credentials | None = None) -> bool:
    """Push a release into an engine, waiting for nobody."""
    target = Target(url, credentials or Credentials())
    try:
        return push(release, read_manifest(release), target, Silent(), lambda _: None, 0)
    finally:
        target.close()
