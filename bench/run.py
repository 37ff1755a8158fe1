#!/usr/bin/env python3
"""Measure the service as ratios in one run: interleaved rounds, medians with their spread, CPU beside wall time.

    run.py                              everything, on a generated collection of 1 M triples
    run.py --triples 100000 --only cache,cold --json out.json

Needs `wrk` (Debian package) for the load, and, for the memory row, an `oxigraph` server on PATH or named by --oxigraph
(PyPI package `oxigraph`). Everything listens on the loopback; every process is stopped by its PID.
"""

from __future__ import annotations

import contextlib
import http.client
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import (
    BARE,
    HTML,
    Table,
    answering,
    argument_parser,
    free_port,
    generated,
    get,
    load,
    need_wrk,
    pss_mb,
    ratios,
    running,
    serving,
)

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


def bench_cache(port: int, pid: int, paths: list[str], rounds: int, seconds: int, table: Table) -> None:
    """(a) A cached resource against a bare ASGI answer of the same bytes, and against a plain FastAPI route."""
    for name, accept in (("Turtle", "text/turtle"), ("HTML", HTML)):
        path = paths[0]
        _, headers, body = get(port, path, Accept=accept)
        with (
            answering(headers, body, "/", BARE, "--lifespan", "off") as (bare, one),
            answering(headers, body, path, ROUTE) as (route, two),
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
        ratio = ratios(ours, plain)
        table.add(
            f"{name} from the cache: CPU a request / bare ASGI",
            "≤ 1.3",
            ratio,
            statistics.median(ratio) <= 1.3,
            f"{statistics.median(ours):.0f} µs of {statistics.median(plain):.0f}",
        )
        faster = ratios(ours_rate, fastapi_rate)
        table.add(
            f"{name} from the cache: requests a second / FastAPI route",
            "≥ 2.5",
            faster,
            statistics.median(faster) >= 2.5,
            f"CPU {statistics.median(fastapi) / statistics.median(ours):.2f}×",
        )
        not_modified = ratios(unmodified, ours)
        table.add(f"{name}: CPU of 304 / of 200", "≤ 1.0", not_modified, statistics.median(not_modified) <= 1.02)


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
    connection.close()  # it has stood idle while the hubs were found
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
    parser = argument_parser(__doc__)
    parser.add_argument("--only", default="build,start,cache,cold,memory")
    parser.add_argument(
        "--oxigraph", default=shutil.which("oxigraph"), help="the Oxigraph server to compare memory with"
    )
    options = parser.parse_args()
    if "cache" in options.only:
        need_wrk()
    wanted = set(options.only.split(","))
    table = Table()
    with tempfile.TemporaryDirectory(prefix="solnum-bench-") as name:
        folder = Path(name)
        releases, port = folder / "releases", free_port()
        base = f"http://127.0.0.1:{port}/"
        source = generated(options.triples, folder / "source")
        table.heading()
        bench_build(source, base, releases, folder, table)
        command = serving(source, port, releases)
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
                bench_cache(port, pid, paths, options.rounds, options.seconds, table)
    table.save(options.json)


if __name__ == "__main__":
    main()
