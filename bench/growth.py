"""Measure how building and serving grow with a collection: each row at several sizes, and the power of the size that fits it.

    growth.py                                            10 k, 100 k and 1 M triples
    growth.py --sizes 1000000,10000000 --rounds 1        ten minutes to build the larger one, 30 GB of disk
    growth.py --keep FOLDER                              collections and releases stay there; the next run takes them up

Everything is asked of one server a size, one request at a time, each address once: first answers, which no cache has. A power
of 0 is constant, of 1 linear; between two sizes a tenfold power of 0.3 is a doubling.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox

from engines import Engine
from measuring import free_port, generated, get, running, serving
from pages import Asker, first_answers, hubs_of, plain_ones
from run import watched
from sparql import QUERIES, ask, resources_of, variants

LISTS = Path(__file__).resolve().parent.parent / "data" / "lists.ttl"
LIMIT = 600
PAGES = 10
Row = tuple[str, str]
"""What is measured, and its unit."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for the rows and all their values")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="triples, separated by commas")
    parser.add_argument("--keep", type=Path, help="folder of collections and releases, which are left there")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="solnum-bench-")))
        measured = {size: measure(size, folder / str(size), options.rounds) for size in sizes}
    print_table(measured)
    if options.json:
        rows = [
            {"what": w, "unit": u, **{str(s): measured[s].get((w, u)) for s in sizes}} for w, u in measured[sizes[-1]]
        ]
        options.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def measure(size: int, folder: Path, rounds: int) -> dict[Row, float]:
    """Return every row for one size."""
    print(f"{size:,} triples …", file=sys.stderr, flush=True)
    releases = folder / "releases"
    rows, port = built(size, folder, releases), free_port()
    command = serving(folder / "source", port, releases)
    command += ["--no-build", "--base-uri", base_of(releases), "--query-timeout", str(LIMIT)]
    release = (releases / "current").resolve()
    store = ox.Store.read_only(str(release / "store"))
    starts = []
    for _ in range(rounds):
        with running(command, port, "/health/ready") as (_, took):
            starts.append(took)
    rows["start", "s"] = statistics.median(starts)
    with running(command, port, "/health/ready") as (pid, _):
        rows |= first_gets(port, release, base_of(releases))
        rows |= pages(port, store, base_of(releases), size)
        rows["catalogue", "ms"] = asked_once(port, ["/catalog.ttl"])
        rows["OAI-PMH, a page of 100 records", "ms"] = asked_once(port, walk(port))
        rows |= queries(Engine("solnum-ld", port, "/sparql", pid), resources_of(release / "store"), rounds)
    return rows


def built(size: int, folder: Path, releases: Path) -> dict[Row, float]:
    """Build the release, unless a run before has left it; return what that took."""
    noted = folder / "built.json"
    if not noted.exists():
        source = generated(size, folder / "source")
        (source / "data" / LISTS.name).write_bytes(LISTS.read_bytes())
        options = ["--base-uri", f"http://127.0.0.1:{free_port()}/", "--releases", str(releases), "--no-shacl"]
        took, cpu, peak = watched([sys.executable, "-m", "solnum_ld", "build", str(source), *options])
        disk = sum(path.stat().st_size for path in (releases / "current").resolve().rglob("*") if path.is_file())
        found = {
            "build": (took, "s"),
            "build, CPU": (cpu, "s"),
            "build, memory": (peak, "MB"),
            "disk": (disk / 1e6, "MB"),
        }
        noted.write_text(json.dumps([[what, unit, value] for what, (value, unit) in found.items()]))
    return {(what, unit): value for what, unit, value in json.loads(noted.read_text())}


def base_of(releases: Path) -> str:
    """Return what the IRIs of the release begin with."""
    return str(json.loads((releases / "current" / "manifest.json").read_text())["base"])


def first_gets(port: int, release: Path, base: str) -> dict[Row, float]:
    """The first view of resources far from one another, in each form other ones."""
    lines = (release / "records.tsv").read_text("utf-8").splitlines()
    iris = [line.partition("\t")[0] for line in lines[7 :: max(1, len(lines) // 300)]]
    paths = [iri.replace(f"{base}id/", "/doc/", 1) for iri in iris if iri.startswith(f"{base}id/")]
    forms = (("Turtle", "text/turtle"), ("JSON-LD", "application/ld+json"), ("HTML", "text/html"))
    asker = Asker(port)
    try:
        for number, (form, accept) in enumerate(forms):
            asker.ask("", paths[number], accept)
            for path in paths[3 + number :: 3]:
                asker.ask(f"first GET, {form}", path, accept)
    finally:
        asker.close()
    asker.took.pop("")
    return {(kind, "ms"): statistics.median(took) for kind, took in asker.took.items()}


def pages(port: int, store: ox.Store, base: str, size: int) -> dict[Row, float]:
    """Pages, searches, lists, maps and sitemap; kinds of searches are taken together."""
    hubs = [path for path, _ in hubs_of(store, base)]
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for kind, took in first_answers(port, hubs, plain_ones(store, base), size, 0).items():
        taken["search" if kind.startswith("search,") else kind] += took
    return {(kind, "ms"): statistics.median(took) for kind, took in taken.items()}


def walk(port: int) -> Iterator[str]:
    """Yield pages of records as a harvester asks for them, from the second on."""
    arguments = "verb=ListRecords&metadataPrefix=oai_dc"
    for _ in range(PAGES):
        found = re.search(rb"<resumptionToken[^>]*>([^<]+)<", get(port, f"/oai?{arguments}")[2])
        if found is None:
            return
        arguments = f"verb=ListRecords&resumptionToken={quote(found[1].decode())}"
        yield f"/oai?{arguments}"


def asked_once(port: int, paths: Iterator[str] | list[str]) -> float:
    """Return the median of milliseconds of each address."""
    asker = Asker(port)
    try:
        asker.ask_all("all", list(paths))
    finally:
        asker.close()
    return statistics.median(asker.took["all"])


def queries(engine: Engine, resources: dict[str, list[str]], rounds: int) -> dict[Row, float]:
    """The twelve queries, one at a time, about another resource in each round where they are about one."""
    rows: dict[Row, float] = {}
    for path in QUERIES:
        texts, took = variants(path.read_text("utf-8"), resources), []
        ask(engine, texts[-1], LIMIT)
        for number in range(rounds):
            status, _, _, whole = ask(engine, texts[number % len(texts)], LIMIT)
            if status != 200:
                raise SystemExit(f"{path.stem} answers {status}")
            took.append(whole * 1000)
        rows[f"SPARQL, {path.stem}", "ms"] = statistics.median(took)
    return rows


def power(sizes: list[int], values: list[float]) -> float:
    """Return the slope of the straight line through the logarithms (least squares) of those that there are."""
    there = [
        (math.log(size), math.log(max(value, 1e-9)))
        for size, value in zip(sizes, values, strict=True)
        if value == value
    ]
    if len(there) < 2:
        return math.nan
    xs, ys = zip(*there, strict=True)
    middle = statistics.fmean(xs)
    return sum((x - middle) * y for x, y in zip(xs, ys, strict=True)) / sum((x - middle) ** 2 for x in xs)


def print_table(measured: dict[int, dict[Row, float]]) -> None:
    sizes = list(measured)
    print(f"| what | {' | '.join(f'{size:,}' for size in sizes)} | power |\n|---|{'---|' * (len(sizes) + 1)}")
    for what, unit in measured[sizes[-1]]:
        values = [measured[size].get((what, unit), math.nan) for size in sizes]
        cells = " | ".join(cell(value) for value in values)
        print(f"| {what}, {unit} | {cells} | {power(sizes, values):.2f} |")


def cell(value: float) -> str:
    """Return a number as it stands in the table; a dash for what a size has not."""
    if math.isnan(value):
        return "–"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
