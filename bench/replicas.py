#!/usr/bin/env python3
"""Measure what stands between visitors and a release when it is on more than one machine, as ratios in one run.

    replicas.py                                  everything, on a generated collection of 200 k triples
    replicas.py --only remote --triples 10000 --rounds 1 --seconds 1

``remote``     the service over an engine (Oxigraph's server, Virtuoso) against the engine's own endpoint, on the same graph
``instances``  two instances behind HAProxy against one, for pages that no cache has
``front``      a hit of nginx's cache against a file of the same bytes that nginx serves itself

Needs `wrk`; `oxigraph` (PyPI), `virtuoso-t`, `haproxy` and `nginx` (Debian) take part where they are installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from engines import Engine, process, program, wait_for
from measuring import HTML, Table, argument_parser, cpu_seconds, free_port, generated, get, need_wrk, ratios
from solnum_ld.store.remote.layout import MERGED
from sparql import QUERIES, ask, one_by_one, resources_of, size_of, variants, wrk

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
LOOKUPS, HEAVY = ("01", "02"), ("04", "08", "09", "11")
PAGES = 4000
LUA = """
local paths = {{ {paths} }}
local i = {first}
request = function()
  i = i % #paths + 1
  return wrk.format("GET", paths[i], {{ ["Accept"] = "{accept}" }})
end
done = function(summary)
  io.write(string.format("\\nMEASURED %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect))
end
"""


# -- a service over an engine ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def oxigraph(name: str) -> Iterator[Engine]:
    """Run an Oxigraph server that takes data, on disk."""
    with tempfile.TemporaryDirectory(prefix="solnum-oxigraph-") as folder:
        port = free_port()
        with process([name, "serve", "--location", folder, "--bind", f"127.0.0.1:{port}"]) as running:
            wait_for(running, port, "/")
            yield Engine("oxigraph", port, "/query", running.pid, (("default-graph-uri", MERGED),))


@contextlib.contextmanager
def virtuoso(name: str) -> Iterator[Engine]:
    """Run Virtuoso as it is shipped."""
    with tempfile.TemporaryDirectory(prefix="solnum-virtuoso-") as folder:
        port = free_port()
        shipped = (DEPLOY / "virtuoso" / "virtuoso.ini").read_text("utf-8")
        (Path(folder) / "virtuoso.ini").write_text(
            shipped.replace(":8890", f":{port}").replace(":1111", f":{free_port()}")
        )
        with process([name, "+configfile", "virtuoso.ini", "+foreground", "+wait"], Path(folder)) as running:
            wait_for(running, port, "/sparql?query=ASK%20%7B%7D")
            yield Engine("virtuoso", port, "/sparql", running.pid, (("default-graph-uri", MERGED),))


def bench_remote(
    source: Path, base: str, releases: Path, engine: Engine, rounds: int, seconds: int, table: Table
) -> None:
    """The service over an engine against the engine itself: point look-ups, heavy queries, and what the cache holds."""
    url, port = f"http://127.0.0.1:{engine.port}{engine.path}", free_port()
    told = [str(source), "--base-uri", base, "--releases", str(releases)]
    credentials = {"SOLNUM_STORE_USER": "dba", "SOLNUM_STORE_PASSWORD": "dba"} if engine.name == "virtuoso" else {}
    publish = [sys.executable, "-m", "solnum_ld", "publish", *told, "--store", url, "--grace", "0"]
    subprocess.run(
        publish, check=True, env={**os.environ, **credentials}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    serve = [sys.executable, "-m", "solnum_ld", "serve", *told, "--no-build", "--port", str(port), "--store", url]
    with process(serve) as running:
        wait_for(running, port, "/health/ready")
        ours = Engine("service", port, "/sparql", running.pid)
        resources = resources_of((releases / "current").resolve() / "store")
        for path in [path for path in QUERIES if path.stem.startswith((*LOOKUPS, *HEAVY))]:
            texts = variants(path.read_text("utf-8"), resources)
            sizes, slow = [], False
            for each in (ours, engine):
                status, body, _, whole = ask(each, texts[0])
                sizes.append(size_of(texts[0], status, body))
                slow |= whole > 0.25
            mine, theirs = [], []
            for _ in range(rounds):
                for each, rates in ((ours, mine), (engine, theirs)):
                    rates.append((one_by_one(each, texts[0], seconds) if slow else wrk(each, texts, seconds))["rate"])
            least = 0.4 if path.stem.startswith(LOOKUPS) else 0.8
            values = ratios(mine, theirs)
            note = f"{statistics.median(mine):.1f} a second of {statistics.median(theirs):.1f}"
            note += "" if sizes[0] == sizes[1] else f"; ROWS DIFFER: {sizes}"
            what = f"over {engine.name}, {path.stem}: of the engine itself"
            table.add(what, f"≥ {least}", values, statistics.median(values) >= least, note)
        texts = variants(next(p for p in QUERIES if p.stem.startswith("01")).read_text("utf-8"), resources)
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(wrk(ours, texts[:1], seconds, by_get=True)["rate"])
            theirs.append(wrk(engine, texts[:1], seconds)["rate"])
        table.add(f"over {engine.name}, from the cache: of the engine itself", "–", ratios(mine, theirs), None)


# -- two instances ---------------------------------------------------------------------------------------------------------


def load_pages(port: int, paths: list[str], first: int, seconds: int) -> tuple[float, float, float]:
    """Load with pages in turn; return pages a second, cores that the load itself took, and errors."""
    quoted = ",\n".join(f'"{path}"' for path in paths)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA.format(paths=quoted, first=first, accept=HTML))
        script.flush()
        before = os.times()
        done = subprocess.run(
            ["wrk", "-t1", "-c8", f"-d{seconds}s", "-s", script.name, f"http://127.0.0.1:{port}/"],
            capture_output=True,
            text=True,
            check=True,
        )
        after = os.times()
    words = done.stdout.rpartition("MEASURED ")[2].split()
    took = int(words[1]) / 1e6
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return int(words[0]) / took, used / took, float(words[2])


def bench_instances(
    source: Path, base: str, releases: Path, paths: list[str], rounds: int, seconds: int, table: Table
) -> None:
    """Pages that no cache has, from one instance and from two behind HAProxy; the load and the balancer share the same cores."""
    one, two, balancer = free_port(), free_port(), free_port()
    told = [sys.executable, "-m", "solnum_ld", "serve", str(source), "--base-uri", base, "--releases", str(releases)]
    told += ["--no-build", "--cache-mb", "8"]
    names = {
        "SOLNUM_BIND": f"127.0.0.1:{balancer}",
        "SOLNUM_ONE": f"127.0.0.1:{one}",
        "SOLNUM_TWO": f"127.0.0.1:{two}",
    }
    with ExitStack() as stack:
        for port in (one, two):
            running = stack.enter_context(process([*told, "--port", str(port)]))
            wait_for(running, port, "/health/ready")
        words = ["env", *(f"{name}={value}" for name, value in names.items())]
        front = stack.enter_context(process([*words, "haproxy", "-db", "-f", str(DEPLOY / "haproxy" / "haproxy.cfg")]))
        wait_for(front, balancer, "/version")
        single, double, generator, balanced, errors, first = [], [], [], [], 0.0, 0
        for _ in range(rounds):
            rate, _, wrong = load_pages(one, paths, first, seconds)
            single.append(rate)
            errors += wrong
            before = cpu_seconds(front.pid)
            rate, cores, wrong = load_pages(balancer, paths, first + PAGES // 2, seconds)
            balanced.append((cpu_seconds(front.pid) - before) / seconds)
            double.append(rate)
            generator.append(cores)
            errors += wrong
            first += 400
    cores = len(os.sched_getaffinity(0))
    plain = ratios(double, single)
    # as if the load came from elsewhere: what the generator took of the cores would have been the instances'
    fair = [ratio * cores / (cores - used) for ratio, used in zip(plain, generator, strict=True)]
    note = f"{statistics.median(double):.0f} pages a second of {statistics.median(single):.0f}, {errors:.0f} errors"
    table.add("two instances behind HAProxy / one: pages a second, as measured", "–", plain, None, note)
    note = f"{cores} cores, of which the load {statistics.median(generator):.2f}, HAProxy {statistics.median(balanced):.2f}"
    table.add("the same, the load accounted for", "≥ 1.5", fair, statistics.median(fair) >= 1.5, note)


# -- a cache in front ------------------------------------------------------------------------------------------------------


def bench_front(source: Path, base: str, releases: Path, path: str, rounds: int, seconds: int, table: Table) -> None:
    """A hit of the shipped cache against a static file of the same bytes, by the same nginx."""
    port, cached, static = free_port(), free_port(), free_port()
    told = [sys.executable, "-m", "solnum_ld", "serve", str(source), "--base-uri", base, "--releases", str(releases)]
    with process([*told, "--no-build", "--port", str(port)]) as running, tempfile.TemporaryDirectory() as name:
        wait_for(running, port, "/health/ready")
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "files").mkdir()
        (folder / "files" / "file.ttl").write_bytes(get(port, path)[2])
        site = (DEPLOY / "nginx" / "solnum.conf").read_text("utf-8")
        site = site.replace("127.0.0.1:8080", f"127.0.0.1:{port}").replace("127.0.0.1:8090", f"127.0.0.1:{cached}")
        own = f"server {{ listen 127.0.0.1:{static}; root {folder}/files; types {{ text/turtle ttl; }} }}"
        temporary = " ".join(
            f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root; " if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"daemon off; {user}pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; events {{}}\n"
            f"http {{ access_log off; sendfile on; {temporary}\n{site}\n{own}\n}}\n"
        )
        with process(["nginx", "-p", name, "-c", "nginx.conf"]) as front:
            wait_for(front, cached, path)
            hit, plain = [], []
            for _ in range(rounds):
                for target, where, costs in ((cached, path, hit), (static, "/file.ttl", plain)):
                    assert get(target, where)[0] == 200
                    before = cpu_seconds(front.pid)
                    words = ["wrk", "-t1", "-c4", f"-d{seconds}s", f"http://127.0.0.1:{target}{where}"]
                    done = subprocess.run(words, capture_output=True, text=True, check=True).stdout
                    requests = next(int(line.split()[0]) for line in done.splitlines() if "requests in" in line)
                    costs.append((cpu_seconds(front.pid) - before) / requests * 1e6)
            state = get(cached, path)[1]["x-cache"]
    note = f"{statistics.median(hit):.1f} µs of {statistics.median(plain):.1f}; {state}"
    values = ratios(hit, plain)
    table.add("a hit of nginx: CPU a request / its own file", "≤ 1.2", values, statistics.median(values) <= 1.2, note)


def main() -> None:
    """Build one release, then measure what is asked for."""
    parser = argument_parser(__doc__)
    parser.set_defaults(triples=200_000, rounds=3)
    parser.add_argument("--only", default="remote,instances,front")
    parser.add_argument("--oxigraph", default=program("oxigraph"))
    parser.add_argument("--virtuoso", default=program("virtuoso-t"))
    options = parser.parse_args()
    need_wrk()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="solnum-bench-") as name:
        folder = Path(name)
        base, releases = f"http://127.0.0.1:{free_port()}/", folder / "releases"
        source = generated(options.triples, folder / "source")
        build = [sys.executable, "-m", "solnum_ld", "build", str(source), "--base-uri", base]
        subprocess.run([*build, "--releases", str(releases), "--no-shacl"], check=True, capture_output=True)
        records = ((releases / "current").resolve() / "records.tsv").read_text("utf-8").splitlines()
        names = [line.partition("\t")[0] for line in records[:: max(1, len(records) // PAGES)]]
        paths = ["/doc/" + iri.removeprefix(base + "id/") for iri in names if iri.startswith(base + "id/")]
        table.heading()
        where = (source, base, releases)
        if "remote" in options.only:
            for start, found in ((oxigraph, options.oxigraph), (virtuoso, options.virtuoso)):
                if found:
                    with start(found) as engine:
                        bench_remote(*where, engine, options.rounds, options.seconds, table)
        if "instances" in options.only and shutil.which("haproxy"):
            bench_instances(*where, paths, options.rounds, options.seconds, table)
        if "front" in options.only and shutil.which("nginx"):
            bench_front(*where, f"{paths[0]}.ttl", options.rounds, options.seconds, table)
    table.save(options.json)


if __name__ == "__main__":
    main()
