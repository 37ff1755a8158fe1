"""Start the SPARQL engines that the service is compared with, each on the same triples and on the loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from measuring import free_port, get, serving

GRAPH = "urn:bench:graph"
VIRTUOSO_INI = """
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/temporary.db
TransactionFile = {folder}/temporary.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DirsAllowed = {folder}, {data}
NumberOfBuffers = 100000
MaxDirtyBuffers = 75000
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 8
[SPARQL]
ResultSetMaxRows = 1000000
"""


@dataclass(frozen=True)
class Engine:
    """A running endpoint: its name in the table, where it answers, the root of its processes, what every request says."""

    name: str
    port: int
    path: str
    pid: int
    parameters: tuple[tuple[str, str], ...] = ()


@contextlib.contextmanager
def process(command: list[str], cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, and end it by its own id."""
    with tempfile.TemporaryFile() as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, cwd=cwd)
        try:
            yield running
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read()[-2_000:].decode("utf-8", "replace"))
            raise
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(60)
            except subprocess.TimeoutExpired:
                running.kill()


def wait_for(running: subprocess.Popen[bytes], port: int, path: str, seconds: float = 600) -> None:
    """Return when a server gives an answer below 500."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if running.poll() is not None:
            raise SystemExit(f"{running.args} ended with {running.returncode}")
        with contextlib.suppress(OSError):
            if get(port, path)[0] < 500:
                return
        threading.Event().wait(0.05)
    raise SystemExit(f"{running.args} does not answer")


PROBE = f"?query={quote('ASK {}')}"


@contextlib.contextmanager
def solnum(source: Path, releases: Path, port: int, *options: str) -> Iterator[Engine]:
    """Serve the source with two workers; a rate or a concurrency of clients would measure the limit."""
    command = serving(source, port, releases)
    with process([*command, "--workers", "2", *options]) as running:
        wait_for(running, port, "/health/ready")
        yield Engine("solnum-ld", port, "/sparql", running.pid)


@contextlib.contextmanager
def oxigraph(program: str, store: Path) -> Iterator[Engine]:
    """Serve the store of the release by the engine's own server, which uses every core."""
    port = free_port()
    with process([program, "serve-read-only", "--location", str(store), "--bind", f"127.0.0.1:{port}"]) as running:
        wait_for(running, port, f"/query{PROBE}")
        yield Engine("oxigraph", port, "/query", running.pid)


@contextlib.contextmanager
def rdflib_endpoint(program: str, triples: Path) -> Iterator[Engine]:
    """Serve the same triples by rdflib-endpoint, in memory."""
    port = free_port()
    with process([program, "serve", "--host", "127.0.0.1", "--port", str(port), str(triples)]) as running:
        wait_for(running, port, f"/{PROBE}")
        path = "/" if get(port, f"/{PROBE}")[0] == 200 else "/sparql"
        yield Engine("rdflib-endpoint", port, path, running.pid)


@contextlib.contextmanager
def virtuoso(program: str, isql: str, triples: Path) -> Iterator[Engine]:
    """Load the same triples into an empty Virtuoso by its bulk loader, and serve them."""
    with tempfile.TemporaryDirectory(prefix="solnum-virtuoso-") as name:
        folder, sql, http = Path(name), free_port(), free_port()
        settings = VIRTUOSO_INI.format(folder=folder, data=triples.parent, sql=sql, http=http)
        (folder / "virtuoso.ini").write_text(settings, "utf-8")
        with process([program, "+foreground", "+configfile", str(folder / "virtuoso.ini")], cwd=folder) as running:
            wait_for(running, http, "/")
            load = f"ld_dir('{triples.parent}', '{triples.name}', '{GRAPH}'); rdf_loader_run(); checkpoint;"
            client = [isql, f"127.0.0.1:{sql}", "dba", "dba", f"exec={load}"]
            subprocess.run(client, check=True, capture_output=True, timeout=3_600)
            yield Engine("virtuoso", http, "/sparql", running.pid, (("default-graph-uri", GRAPH),))


def program(name: str, *also: str) -> str | None:
    """Return the path of a program: on PATH, beside this Python, or under one of the names given."""
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name) or (str(beside) if os.access(beside, os.X_OK) else None)
    return found or next(filter(None, (shutil.which(other) for other in also)), None)
