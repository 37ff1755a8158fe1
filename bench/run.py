#!/usr/bin/env python3
"""Measure the service as ratios in one run: interleaved rounds, medians with their spread, CPU beside wall time.

    run.py                              everything, on a generated collection of 1 M triples
    run.py --triples 100000 --only cache,cold --json out.json

Needs `wrk` (Debian package) for the load, and, for the memory row, an `oxigraph` server on PATH or named by --oxigraph
(PyPI package `oxigraph`). Everything listens on the loopback; every process is stopped by its PID.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

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
ROUTE = """
import json, pathlib
from fastapi import FastAPI, Response
here = pathlib.Path({folder!r})
body = (here / "body").read_bytes()
headers = {{n: v for n, v in json.loads((here / "headers.json").read_text()) if n != "content-length"}}
app = FastAPI()
@app.get("/doc/{{path:path}}")
async def route(path: str):
    return Response(body, headers=headers)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [pid, *(p for child in children for p in tree(int(child)))]


def cpu_seconds(pid: int) -> float:
    ticks = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_mb(pid: int) -> float:
    total = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{each}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found[1]) if found else 0
    return total / 1024


@contextlib.contextmanager
def running(command: list[str], port: int, path: str = "/", cwd: Path | None = None):
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
                if process.poll() is not None or time.perf_counter() - started > 120:
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
    used = cpu_seconds(pid) - before
    found = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m)", done.stdout)
    assert found, done.stdout
    requests = int(found[1])
    return used / requests * 1e6, requests / seconds


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


def bench_cache(base: str, port: int, pid: int, paths: list[str], rounds: int, seconds: int, table: Table) -> None:
    """(a) A cached resource against a bare ASGI answer of the same bytes, and against a plain FastAPI route."""
    for name, accept in (("Turtle", "text/turtle"), ("HTML", HTML)):
        path = paths[0]
        _, headers, body = get(port, path, Accept=accept)
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            (here / "body").write_bytes(body)
            (here / "headers.json").write_text(json.dumps([(n, v) for n, v in headers.items() if n != "date"]))
            (here / "bare.py").write_text(BARE.format(folder=folder))
            (here / "route.py").write_text(ROUTE.format(folder=folder))
            common = [
                "--http",
                "httptools",
                "--loop",
                "uvloop",
                "--no-access-log",
                "--log-level",
                "error",
                "--no-server-header",
            ]
            one, two = free_port(), free_port()
            uvicorn = [sys.executable, "-m", "uvicorn"]
            with (
                running([*uvicorn, "bare:app", "--port", str(one), "--lifespan", "off", *common], one, cwd=here) as (
                    bare,
                    _,
                ),
                running([*uvicorn, "route:app", "--port", str(two), *common], two, path, cwd=here) as (route, _),
            ):
                ours, plain, fastapi, ours_rate, fastapi_rate, unmodified = [], [], [], [], [], []
                send = [f"Accept: {accept}"]
                for _ in range(rounds):
                    cpu, rate = load(pid, port, path, seconds, send)
                    ours.append(cpu)
                    ours_rate.append(rate)
                    plain.append(load(bare, one, path, seconds, send)[0])
                    cpu, rate = load(route, two, path, seconds, send)
                    fastapi.append(cpu)
                    fastapi_rate.append(rate)
                    unmodified.append(load(pid, port, path, seconds, [*send, f"If-None-Match: {headers['etag']}"])[0])
        ratio = [a / b for a, b in zip(ours, plain, strict=True)]
        table.add(
            f"{name} from the cache: CPU a request / bare ASGI",
            "≤ 1.3",
            ratio,
            statistics.median(ratio) <= 1.3,
            f"{statistics.median(ours):.0f} µs of {statistics.median(plain):.0f}",
        )
        faster = [a / b for a, b in zip(ours_rate, fastapi_rate, strict=True)]
        table.add(
            f"{name} from the cache: requests a second / FastAPI route",
            "≥ 2.5",
            faster,
            statistics.median(faster) >= 2.5,
            f"CPU {statistics.median(fastapi) / statistics.median(ours):.2f}×",
        )
        not_modified = [a / b for a, b in zip(unmodified, ours, strict=True)]
        table.add(f"{name}: CPU of 304 / of 200", "≤ 1.0", not_modified, statistics.median(not_modified) <= 1.02)
    del base


def bench_cold(store: Path, base: str, port: int, paths: list[str], table: Table) -> None:
    """(b) The first GET of each resource, against the engine's own look-up and Turtle of the same resource."""
    import pyoxigraph as ox

    engine = ox.Store.read_only(str(store))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for name, accept, part in (("Turtle", "text/turtle", 0), ("JSON-LD", "application/ld+json", 1), ("HTML", HTML, 2)):
        over = []
        for path in paths[1 + part :: 3]:
            node = ox.NamedNode(base + "id/" + path.removeprefix("/doc/"))
            started = time.perf_counter()
            ox.serialize(
                (q.triple for q in engine.quads_for_pattern(node, None, None, ox.DefaultGraph())),
                format=ox.RdfFormat.TURTLE,
            )
            own = time.perf_counter() - started
            started = time.perf_counter()
            connection.request("GET", path, headers={"Accept": accept})
            connection.getresponse().read()
            over.append((time.perf_counter() - started - own) * 1000)
        median, late = statistics.median(over), sorted(over)[int(len(over) * 0.95)]
        table.add(
            f"first GET, {name}: ms over the engine's look-up",
            "≤ 2",
            [median],
            median <= 2,
            f"95th percentile {late:.2f} ms, {len(over)} resources",
        )
    hubs = [
        row[0].value
        for row in engine.query("SELECT ?x { ?s ?p ?x FILTER(isIRI(?x)) } GROUP BY ?x HAVING (COUNT(*) > 10000)")
        if row[0].value.startswith(base + "id/")
    ]
    over = []
    for iri in hubs:
        started = time.perf_counter()
        connection.request("GET", "/doc/" + iri.removeprefix(base + "id/"), headers={"Accept": "text/turtle"})
        connection.getresponse().read()
        over.append((time.perf_counter() - started) * 1000)
    if over:
        table.add("first GET of a hub (> 10,000 inverse links), Turtle: ms", "–", over, None, f"{len(over)} hubs")
    connection.close()


def bench_build(source: Path, base: str, releases: Path, folder: Path, table: Table) -> None:
    """(c) A build without shapes against the engine's bare bulk load and optimize of the same files."""
    bare = f"""
import pyoxigraph as ox, pathlib, time
started = time.perf_counter()
store = ox.Store({str(folder / "bare")!r})
for path in sorted(pathlib.Path({str(source)!r}).rglob("*.nt")) + sorted(pathlib.Path({str(source)!r}).rglob("data/*.ttl")):
    store.bulk_load(path=str(path))
store.optimize()
"""
    plain, plain_cpu, _ = watched([sys.executable, "-c", bare])
    options = ["--base-uri", base, "--releases", str(releases), "--no-shacl"]
    ours, ours_cpu, peak = watched([sys.executable, "-m", "solnum_ld", "build", str(source), *options])
    table.add(
        "build: wall / bare bulk load and optimize",
        "≤ 3",
        [ours / plain],
        ours / plain <= 3,
        f"{ours:.1f} s of {plain:.1f} s; CPU {ours_cpu:.1f} s of {plain_cpu:.1f} s",
    )
    table.add("build: peak memory of its processes, MB", "≤ 1500", [peak], peak <= 1500)


def watched(command: list[str]) -> tuple[float, float, float]:
    """Run a command; return its seconds, its CPU seconds and the peak memory (PSS, MB) of its process tree."""
    before, started, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, pss_mb(process.pid))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.25)
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def bench_memory(
    oxigraph: str | None, store: Path, base: str, port: int, pid: int, paths: list[str], table: Table
) -> None:
    """(e) Memory of all processes after the same look-ups, against the Oxigraph server on the same store."""
    get(port, "/sparql?query=ASK%7B%7D")
    for path in paths[:2000]:
        get(port, path)
    ours = pss_mb(pid)
    if oxigraph is None:
        table.add("serving memory, MB", "–", [ours], None, "no oxigraph server to compare with")
        return
    other = free_port()
    with running([oxigraph, "serve-read-only", "--location", str(store), "--bind", f"127.0.0.1:{other}"], other) as (
        engine,
        _,
    ):
        for path in paths[:2000]:
            query = f"CONSTRUCT%20WHERE%20%7B%3C{base}id/{path.removeprefix('/doc/')}%3E%20%3Fp%20%3Fo%7D"
            get(other, f"/query?query={query}", Accept="text/turtle")
        theirs = pss_mb(engine)
    table.add(
        "serving memory / oxigraph serve-read-only",
        "≤ 1.5",
        [ours / theirs],
        ours / theirs <= 1.5,
        f"{ours:.0f} MB of {theirs:.0f}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of load for each server and round")
    parser.add_argument("--only", default="build,start,cache,cold,memory")
    parser.add_argument(
        "--oxigraph", default=shutil.which("oxigraph"), help="the Oxigraph server to compare memory with"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if "cache" in options.only and not shutil.which("wrk"):
        raise SystemExit("wrk is needed: apt-get install wrk")
    wanted = set(options.only.split(","))
    table = Table()
    with tempfile.TemporaryDirectory(prefix="solnum-bench-") as name:
        folder = Path(name)
        source, releases, port = folder / "source", folder / "releases", free_port()
        base = f"http://127.0.0.1:{port}/"
        generate = [
            sys.executable,
            str(HERE / "generate.py"),
            "--triples",
            str(options.triples),
            "--out",
            str(source),
            "--shape-free",
        ]
        subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
        print("| what | target | median (min–max) | verdict | |\n|---|---|---|---|---|", flush=True)
        bench_build(source, base, releases, folder, table)
        command = [
            sys.executable,
            "-m",
            "solnum_ld",
            "serve",
            str(source),
            "--port",
            str(port),
            "--releases",
            str(releases),
            "--no-shacl",
        ]
        starts = []
        for _ in range(3 if "start" in wanted else 0):
            with running(command, port, "/health/ready") as (_, took):
                starts.append(took)
        if starts:
            table.add(
                "start on an existing release: seconds to the first answer",
                "≤ 1",
                starts,
                statistics.median(starts) <= 1,
            )
        store = (releases / "current").resolve() / "store"
        records = ((releases / "current").resolve() / "records.tsv").read_text().splitlines()
        iris = [line.partition("\t")[0] for line in records[:: max(1, len(records) // 3000)]]
        paths = ["/doc/" + iri.removeprefix(base + "id/") for iri in iris if iri.startswith(base + "id/")]
        with running(command, port, "/health/ready") as (pid, _):
            if "cold" in wanted:
                bench_cold(store, base, port, paths[:901], table)
            if "memory" in wanted:
                bench_memory(options.oxigraph, store, base, port, pid, paths, table)
            if "cache" in wanted:
                bench_cache(base, port, pid, paths, options.rounds, options.seconds, table)
    if options.json:
        options.json.write_text(json.dumps(table.rows, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
