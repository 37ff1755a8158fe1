"""What the benchmarks share: servers that are started and ended, load and CPU, a bare server of the same bytes, the table."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # servers start with their modules compiled, as installed ones do

HERE = Path(__file__).resolve().parent
HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BARE = """
import json, pathlib
here = pathlib.Path({folder!r})
body = (here / "body").read_bytes()
headers = [(n.encode(), v.encode()) for n, v in json.loads((here / "headers.json").read_text())]
async def app(scope, receive, send):
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": body}})
"""

UVICORN = ("--http", "httptools", "--loop", "uvloop", "--no-access-log", "--log-level", "error", "--no-server-header")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [pid, *(p for child in children for p in tree(int(child)))]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and all below it, those included that have ended and been waited for."""
    ticks = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_mb(pid: int) -> float:
    total = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{each}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found[1]) if found else 0
    return total / 1024


@contextlib.contextmanager
def running(
    command: list[str], port: int, path: str = "/", cwd: Path | None = None, patience: float = 120
) -> Iterator[tuple[int, float]]:
    """Run a server on core 0 until it answers; yield (pid, seconds until it answered)."""
    pinned = ["taskset", "-c", "0", *command] if shutil.which("taskset") else command
    started = time.perf_counter()
    process = subprocess.Popen(pinned, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=cwd)
    try:
        while True:
            try:
                if get(port, path)[0] < 500:
                    break
            except OSError:
                if process.poll() is not None or time.perf_counter() - started > patience:
                    raise SystemExit(f"{' '.join(command)} does not answer") from None
                threading.Event().wait(0.01)
        yield process.pid, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {n.lower(): v for n, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def load(pid: int, port: int, path: str, seconds: int, headers: list[str]) -> tuple[float, float]:
    """Load with wrk from core 1; return (CPU microseconds a request, requests a second)."""
    pin = ["taskset", "-c", "1"] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []
    options = [part for header in headers for part in ("-H", header)]
    before = cpu_seconds(pid)
    done = subprocess.run(
        [*pin, "wrk", "-t1", "-c4", f"-d{seconds}s", *options, f"http://127.0.0.1:{port}{path}"],
        capture_output=True,
        text=True,
        check=True,
    )
    used = max(cpu_seconds(pid) - before, 1 / os.sysconf("SC_CLK_TCK"))  # less than a tick is counted as one
    found = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m)", done.stdout)
    assert found, done.stdout
    requests = int(found[1])
    return used / requests * 1e6, requests / seconds


@contextlib.contextmanager
def answering(
    headers: dict[str, str], body: bytes, path: str = "/", app: str = BARE, *options: str
) -> Iterator[tuple[int, int]]:
    """Serve an answer, byte for byte, by an application under bare uvicorn; yield (pid, port)."""
    with tempfile.TemporaryDirectory(prefix="solnum-bench-") as name:
        folder, port = Path(name), free_port()
        (folder / "body").write_bytes(body)
        (folder / "headers.json").write_text(json.dumps([(n, v) for n, v in headers.items() if n != "date"]))
        (folder / "same.py").write_text(app.format(folder=name))
        command = [sys.executable, "-m", "uvicorn", "same:app", "--port", str(port), *UVICORN, *options]
        with running(command, port, path, cwd=folder) as (pid, _):
            yield pid, port


def generated(triples: int, out: Path) -> Path:
    """Write a collection of about so many triples into a folder; return the folder."""
    command = [sys.executable, str(HERE / "generate.py"), "--triples", str(triples), "--out", str(out), "--shape-free"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out


def serving(source: Path, port: int, releases: Path) -> list[str]:
    """Return the command that builds a release of a source, where it is not yet there, and serves it."""
    command = [sys.executable, "-m", "solnum_ld", "serve", str(source), "--port", str(port)]
    return [*command, "--releases", str(releases), "--no-shacl"]


def argument_parser(text: str | None) -> argparse.ArgumentParser:
    """Return a parser of what every benchmark can be told."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=int, default=1_000_000, help="of the generated collection")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of load for each server and round")
    parser.add_argument("--json", type=Path, help="file for the rows and all their values")
    return parser


def need_wrk() -> None:
    if not shutil.which("wrk"):
        raise SystemExit("wrk is needed: apt-get install wrk")


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return how many times theirs ours is, round by round."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


class Table:
    """Rows of the report."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def add(self, what: str, target: str, values: list[float], met: bool | None, note: str = "") -> None:
        verdict = "–" if met is None else "met" if met else "missed"
        self.rows.append(
            {
                "what": what,
                "target": target,
                "median": statistics.median(values),
                "values": values,
                "verdict": verdict,
                "note": note,
            }
        )
        print(f"| {what} | {target} | {spread(values)} | {verdict} | {note} |", flush=True)

    def heading(self) -> None:
        """Print what stands above the rows."""
        print("| what | target | median (min–max) | verdict | |\n|---|---|---|---|---|", flush=True)

    def within(self, what: str, most: float, values: list[float], note: str = "") -> None:
        """Add a row that is met when its median is no more than so much."""
        self.add(what, f"≤ {most}", values, statistics.median(values) <= most, note)

    def save(self, path: Path | None) -> None:
        """Write the rows as JSON, where a path is given."""
        if path:
            path.write_text(json.dumps(self.rows, indent=1, ensure_ascii=False) + "\n")


def bench_against_bare(
    name: str, pid: int, port: int, path: str, accept: str, rounds: int, seconds: int, table: Table
) -> None:
    """What the response cache answers, against a bare ASGI answer of the same bytes."""
    _, headers, body = get(port, path, Accept=accept)
    send, ours, plain = [f"Accept: {accept}"], [], []
    with answering(headers, body, "/", BARE, "--lifespan", "off") as (bare, other):
        for _ in range(rounds):
            ours.append(load(pid, port, path, seconds, send)[0])
            plain.append(load(bare, other, path, seconds, send)[0])
    note = f"{statistics.median(ours):.0f} µs of {statistics.median(plain):.0f}; {len(body):,} bytes"
    table.within(f"{name} from the cache: CPU a request / bare ASGI", 1.3, ratios(ours, plain), note)
