#!/usr/bin/env python3
"""Measure the SPARQL endpoint against Oxigraph's server, rdflib-endpoint and Virtuoso, in one run on the same triples.

    sparql.py                                  twelve queries on a generated collection of 1 M triples
    sparql.py --triples 10000 --rounds 1 --seconds 1 --only 01,11 --json out.json

Rounds are interleaved: in each, every engine answers every query, so that a busy moment of the machine touches all. A
query quicker than half a second everywhere is loaded by wrk over four connections, with other resources in every
request; a slower one is asked one at a time. Queries go by form POST, which no cache of ours keeps. The number of rows
or triples is compared before anything is timed. Given are medians with their spread, ratios to the Oxigraph server, and
the CPU time of the whole process tree for one request.

Needs `wrk` (Debian); `oxigraph` and `rdflib-endpoint` (PyPI) and `virtuoso-t` (Debian: virtuoso-opensource-7-bin) take
part where they are on PATH or named by an option. Everything listens on the loopback.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import math
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import pyoxigraph as ox

from engines import Engine, oxigraph, program, rdflib_endpoint, solnum, virtuoso
from measuring import (
    BARE,
    HERE,
    Table,
    answering,
    argument_parser,
    cpu_seconds,
    free_port,
    generated,
    get,
    need_wrk,
    pss_mb,
    spread,
)

QUERIES = sorted((HERE / "queries").glob("*.rq"))
POINT = ("01", "02")
HEAVY = 5.0
"""Milliseconds from which on a query is a heavy one, by the Oxigraph server's own answer."""
PLACE = re.compile(r"%%(\w+)%%")
VARIANTS = 200
SLOW = 0.5
CONNECTIONS = 4
LIMIT = 5
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
KINDS = {
    "initiative": "a <https://w3id.org/solnum/def#Initiative>",
    "chapter": "a <https://schema.org/Chapter>",
    "departement": "a <http://rdf.insee.fr/def/geo#Departement>",
    "region": "a <http://rdf.insee.fr/def/geo#Region>",
}
"""What a placeholder stands for: a resource of this kind, another one in every request."""
LUA = """
local bodies = { %s }
local i = 0
request = function()
  i = i %% #bodies + 1
  return wrk.format(%s)
end
done = function(summary, latency)
  io.write(string.format("\\nMEASURED %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect))
end
"""


@dataclass
class Runs:
    """What an engine did with one query: per round requests a second and CPU ms a request; first byte and whole in ms."""

    rows: int | None = None
    note: str = ""
    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    growth: list[float] = field(default_factory=list)


# -- questions -------------------------------------------------------------------------------------------------------------


def variants(text: str, resources: dict[str, list[str]]) -> list[str]:
    """Return a query once for each of many resources; one that names none, once."""
    if not PLACE.search(text):
        return [text]
    return [
        PLACE.sub(lambda m, n=n: f"<{resources[m[1]][n * 7919 % len(resources[m[1]])]}>", text) for n in range(VARIANTS)
    ]


def resources_of(store: Path) -> dict[str, list[str]]:
    engine = ox.Store.read_only(str(store))
    return {
        kind: sorted(row["x"].value for row in engine.query(f"SELECT ?x {{ ?x {pattern} }}"))
        for kind, pattern in KINDS.items()
    }


def is_graph(text: str) -> bool:
    return "CONSTRUCT" in text


def accept(text: str) -> str:
    return "application/n-triples" if is_graph(text) else "application/sparql-results+json"


def body_of(engine: Engine, text: str) -> str:
    return urlencode([("query", text), *engine.parameters])


def ask(engine: Engine, text: str, timeout: float = 300) -> tuple[int, bytes, float, float]:
    """Return status, body, seconds to the first byte of the body and to its last; status 0 when there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=timeout)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept(text)}
    started = time.perf_counter()
    try:
        connection.request("POST", engine.path, body_of(engine, text), headers)
        answer = connection.getresponse()
        head = answer.read(1)
        first = time.perf_counter() - started
        return answer.status, head + answer.read(), first, time.perf_counter() - started
    except (OSError, http.client.HTTPException) as error:
        took = time.perf_counter() - started
        return 0, repr(error).encode(), took, took
    finally:
        connection.close()


def size_of(text: str, status: int, body: bytes) -> int | None:
    """Return how many rows, or different triples, an answer has; None when it is no answer."""
    if status != 200:
        return None
    if is_graph(text):
        return len({line for line in body.decode().splitlines() if line.strip() and not line.startswith("#")})
    try:
        return len(json.loads(body)["results"]["bindings"])
    except (ValueError, KeyError):
        return None


# -- load ------------------------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    return json.dumps(text)


def wrk(
    engine: Engine, texts: list[str], seconds: int, connections: int = CONNECTIONS, *, by_get: bool = False
) -> dict[str, float]:
    """Load an engine; return requests a second, 50th and 99th percentile in ms, errors, and CPU ms a request."""
    if by_get:
        bodies = [f"{engine.path}?query={quote(text)}" for text in texts]
        call = f'"GET", bodies[i], {{ ["Accept"] = "{accept(texts[0])}" }}'
    else:
        bodies = [body_of(engine, text) for text in texts]
        kind = "application/x-www-form-urlencoded"
        call = (
            f'"POST", "{engine.path}", {{ ["Content-Type"] = "{kind}", ["Accept"] = "{accept(texts[0])}" }}, bodies[i]'
        )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % (",\n".join(map(quoted, bodies)), call))
        script.flush()
        before = cpu_seconds(engine.pid)
        options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", script.name]
        done = subprocess.run(
            ["wrk", *options, f"http://127.0.0.1:{engine.port}/"], capture_output=True, text=True, check=True
        )
        used = cpu_seconds(engine.pid) - before
    found = re.search(r"MEASURED (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    if not found:
        raise SystemExit(f"wrk: {done.stdout}{done.stderr}")
    requests, micros, median, late, errors = map(int, found.groups())
    return {
        "rate": requests / (micros / 1e6),
        "p50": median / 1000,
        "p99": late / 1000,
        "errors": errors,
        "cpu": used / max(1, requests) * 1000,
    }


def one_by_one(engine: Engine, text: str, seconds: float) -> dict[str, float]:
    """Ask again and again for a while, at least once."""
    took, before, errors = [], cpu_seconds(engine.pid), 0
    until = time.perf_counter() + seconds
    while not took or time.perf_counter() < until:
        status, _, _, whole = ask(engine, text)
        took.append(whole)
        errors += status != 200
    used = cpu_seconds(engine.pid) - before
    return {"rate": 1 / statistics.median(took), "errors": errors, "cpu": used / len(took) * 1000}


@contextlib.contextmanager
def front_growth(engine: Engine, into: list[float]) -> Iterator[None]:
    """Measure by how many MB the first process of an engine grows at most (its peak is set back before)."""
    status = Path(f"/proc/{engine.pid}/status")

    def megabytes(name: str) -> float:
        found = re.search(rf"^{name}:\s+(\d+)", status.read_text(), re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0

    Path(f"/proc/{engine.pid}/clear_refs").write_text("5")
    before = megabytes("VmRSS")
    yield
    into.append(megabytes("VmHWM") - before)


def bench_queries(
    engines: list[Engine], queries: list[Path], resources: dict[str, list[str]], rounds: int, seconds: int
) -> dict[str, dict[str, Runs]]:
    """Answer every query by every engine in interleaved rounds; print a row for each pair."""
    print("| query | engine | requests a second (min–max) | × oxigraph | CPU ms | first byte / whole, ms | rows | |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    found: dict[str, dict[str, Runs]] = {}
    for path in queries:
        texts = variants(path.read_text("utf-8"), resources)
        runs = {engine.name: Runs() for engine in engines}
        slow = False
        for engine in engines:
            ask(engine, texts[0])
            status, body, _, whole = ask(engine, texts[0])
            one = runs[engine.name]
            one.rows = size_of(texts[0], status, body)
            one.note = "" if one.rows is not None else f"no answer: {status or body[:60].decode()}"
            slow |= one.rows is not None and whole > SLOW
        for _ in range(rounds):
            for engine in engines:
                one = runs[engine.name]
                if one.rows is None:
                    continue
                measured = one_by_one(engine, texts[0], seconds) if slow else wrk(engine, texts, seconds)
                one.rate.append(measured["rate"])
                one.cpu.append(measured["cpu"])
                one.note = f"{measured['errors']:.0f} errors" if measured["errors"] else one.note
                with front_growth(engine, one.growth):
                    _, _, first, whole = ask(engine, texts[0])
                one.first.append(first * 1000)
                one.whole.append(whole * 1000)
        found[path.stem] = runs
        for engine in engines:
            print_row(path.stem, engine.name, runs, one_at_a_time=slow)
    return found


def ratios(runs: dict[str, Runs], name: str, other: str) -> list[float]:
    pairs = zip(runs[name].rate, runs[other].rate, strict=False) if name in runs and other in runs else ()
    return [one / two for one, two in pairs if two]


def print_row(query: str, name: str, runs: dict[str, Runs], *, one_at_a_time: bool) -> None:
    one = runs[name]
    if not one.rate:
        print(f"| {query} | {name} | – | – | – | – | – | {one.note} |", flush=True)
        return
    ratio = ratios(runs, name, "oxigraph")
    compared = runs["oxigraph"].rows if "oxigraph" in runs else one.rows
    note = ", ".join(
        filter(
            None, ["one at a time" if one_at_a_time else "", one.note, "" if one.rows == compared else "ROWS DIFFER"]
        )
    )
    times = f"{statistics.median(one.first):.1f} / {statistics.median(one.whole):.1f}"
    cells = [query, name, spread(one.rate), spread(ratio) if ratio else "–", spread(one.cpu), times, one.rows, note]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


# -- what the issue asks for -----------------------------------------------------------------------------------------------


def geometric(values: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values))) if values else math.nan


def summarise(found: dict[str, dict[str, Runs]], table: Table) -> None:
    """Set the measured ratios against their targets."""
    best = {query: ratios(runs, "solnum-ld", "oxigraph") for query, runs in found.items()}
    best = {query: values for query, values in best.items() if values}
    for query in [query for query in best if query.startswith(POINT)]:
        table.add(
            f"{query}: uncached, of oxigraph", "≥ 0.5 (goal 0.6)", best[query], statistics.median(best[query]) >= 0.5
        )
        other = ratios(found[query], "solnum-ld", "rdflib-endpoint")
        if other:
            table.add(f"{query}: uncached, of rdflib-endpoint", "≥ 6", other, statistics.median(other) >= 6)
    for query in [query for query in best if not query.startswith(POINT)]:
        heavy = statistics.median(found[query]["oxigraph"].whole) >= HEAVY
        met = statistics.median(best[query]) >= 0.85 if heavy else None
        table.add(f"{query}: of oxigraph", "≥ 0.85" if heavy else "–", best[query], met)
    mean = geometric([statistics.median(values) for values in best.values()])
    if best:
        table.add("all queries: of oxigraph, geometric mean", "≥ 0.75", [mean], mean >= 0.75, f"{len(best)} queries")
    large = next((runs["solnum-ld"] for query, runs in found.items() if query.startswith("11")), None)
    if large and large.whole:
        early = [first / whole for first, whole in zip(large.first, large.whole, strict=True)]
        table.add("100,000 rows: first byte, of the whole", "< 0.05", early, statistics.median(early) < 0.05)
        table.add("100,000 rows: growth of the front process, MB", "< 32", large.growth, max(large.growth) < 32)


def bench_cached(ours: Engine, other: Engine | None, texts: list[str], rounds: int, seconds: int, table: Table) -> None:
    """A point look-up that the cache holds: against the engine's server, and against a bare ASGI answer of the same bytes."""
    path = f"{ours.path}?query={quote(texts[0])}"
    _, headers, body = get(ours.port, path, Accept=accept(texts[0]))
    with answering(headers, body, "/", BARE, "--lifespan", "off") as (pid, port):
        bare = Engine("bare", port, ours.path, pid)
        faster, dearer = [], []
        for _ in range(rounds):
            mine = wrk(ours, texts[:1], seconds, by_get=True)
            plain = wrk(bare, texts[:1], seconds, by_get=True)
            dearer.append(mine["cpu"] / plain["cpu"])
            if other is not None:
                faster.append(mine["rate"] / wrk(other, texts[:1], seconds, by_get=True)["rate"])
    if faster:
        table.add("point look-up from the cache: of oxigraph", "≥ 2", faster, statistics.median(faster) >= 2)
    note = f"{len(body)} bytes"
    table.add("point look-up from the cache: CPU of bare ASGI", "≤ 1.3", dearer, statistics.median(dearer) <= 1.3, note)


def bench_endless(ours: Engine, texts: list[str], rounds: int, table: Table) -> None:
    """An endless query: when it is answered, and how long others wait meanwhile."""
    took, late = [], []
    for number in range(rounds):
        answered: list[float] = []

        def endless(number: int = number, answered: list[float] = answered) -> None:
            status, _, _, whole = ask(ours, f"{ENDLESS} # {number}")
            answered.append(whole if status in (503, 504) else math.inf)

        thread = threading.Thread(target=endless)
        thread.start()
        late.append(wrk(ours, texts, LIMIT - 1, 1)["p99"])
        thread.join()
        took.append(answered[0])
    target = LIMIT * 1.1
    table.add(f"endless query, limit {LIMIT} s: seconds to its answer", f"≤ {target}", took, max(took) <= target)
    table.add("others meanwhile: 99th percentile, ms", "< 100", late, statistics.median(late) < 100)


def bench_memory(ours: Engine, other: Engine, table: Table) -> None:
    """All processes after the same queries, beside each other."""
    mine, theirs = pss_mb(ours.pid), pss_mb(other.pid)
    note = f"{mine:.0f} MB of {theirs:.0f}"
    table.add("serving memory after all queries: of oxigraph", "≤ 1.5", [mine / theirs], mine / theirs <= 1.5, note)


# -- the run ---------------------------------------------------------------------------------------------------------------


def others(options: argparse.Namespace, store: Path, triples: Path, stack: contextlib.ExitStack) -> list[Engine]:
    """Start the engines that are here and wanted."""
    wanted = options.engines.split(",")
    started = []
    if "oxigraph" in wanted and options.oxigraph:
        started.append(stack.enter_context(oxigraph(options.oxigraph, store)))
    if "rdflib" in wanted and options.rdflib_endpoint:
        started.append(stack.enter_context(rdflib_endpoint(options.rdflib_endpoint, triples)))
    if "virtuoso" in wanted and options.virtuoso and options.isql:
        started.append(stack.enter_context(virtuoso(options.virtuoso, options.isql, triples)))
    return started


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argument_parser(__doc__)
    parser.add_argument("--only", default="", help="beginnings of the names of queries, separated by commas")
    parser.add_argument("--engines", default="oxigraph,rdflib,virtuoso", help="what to compare with")
    parser.add_argument("--oxigraph", default=program("oxigraph"))
    parser.add_argument("--rdflib-endpoint", default=program("rdflib-endpoint"))
    parser.add_argument("--virtuoso", default=program("virtuoso-t"))
    parser.add_argument("--isql", default=program("isql-vt", "isql-v"))
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    need_wrk()
    queries = [path for path in QUERIES if path.stem.startswith(tuple(options.only.split(",")))]
    table = Table()
    with tempfile.TemporaryDirectory(prefix="solnum-bench-") as name, contextlib.ExitStack() as stack:
        folder, port = Path(name), free_port()
        source, releases = generated(options.triples, folder / "source"), folder / "releases"
        ours = stack.enter_context(solnum(source, releases, port, "--query-timeout", str(LIMIT * 12)))
        store = (releases / "current").resolve() / "store"
        triples = folder / "triples" / "default.nt"
        triples.parent.mkdir()
        ox.Store.read_only(str(store)).dump(str(triples), format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
        resources = resources_of(store)
        compared = others(options, store, triples, stack)
        found = bench_queries([ours, *compared], queries, resources, options.rounds, options.seconds)
        baseline = next((engine for engine in compared if engine.name == "oxigraph"), None)
        print()
        table.heading()
        summarise(found, table)
        if baseline is not None:
            bench_memory(ours, baseline, table)
        point = variants(QUERIES[0].read_text("utf-8"), resources)
        bench_cached(ours, baseline, point, options.rounds, options.seconds, table)
    with tempfile.TemporaryDirectory(prefix="solnum-bench-") as name, contextlib.ExitStack() as stack:
        folder, port = Path(name), free_port()
        source = generated(options.triples, folder / "source")
        limited = solnum(source, folder / "releases", port, "--query-timeout", str(LIMIT))
        ours = stack.enter_context(limited)
        store = (folder / "releases" / "current").resolve() / "store"
        bench_endless(ours, variants(QUERIES[0].read_text("utf-8"), resources_of(store)), options.rounds, table)
    if options.json:
        measured = {query: {name: vars(one) for name, one in runs.items()} for query, runs in found.items()}
        options.json.write_text(
            json.dumps({"queries": measured, "targets": table.rows}, indent=1, ensure_ascii=False) + "\n"
        )


if __name__ == "__main__":
    main()
