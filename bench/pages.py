#!/usr/bin/env python3
"""Measure the pages for people in one run: from the cache as a ratio; first answers of hubs, search, lists and map in ms.

    pages.py                                       everything, on a generated collection of 1 M triples
    pages.py --triples 20000 --rounds 1 --seconds 1 --only cold --json out.json

The collection takes up the list pages that the book's source declares. Each round of first answers has a server of its
own, so that no answer is in its cache; one page of each kind is asked before anything is timed. What is timed goes over one
connection, one request at a time, and no address is asked twice. Needs `wrk` (Debian) for the load.
"""

from __future__ import annotations

import http.client
import re
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph as ox

import generate
from measuring import (
    HERE,
    HTML,
    Table,
    argument_parser,
    bench_against_bare,
    free_port,
    generated,
    need_wrk,
    running,
    serving,
)

LISTS = HERE.parent / "data" / "lists.ttl"
HUB = 10_000
"""Inverse links from which on a resource is a hub."""
HUBS = 5
EACH = 20
"""Requests of one kind in a round."""
PATIENCE = 3_600
GOALS = {"hub": 15.0, "search": 20.0}
"""Milliseconds of a first answer, by the first word of its kind."""


class Asker:
    """Asks a server over one connection, and keeps how many milliseconds each kind of address took."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.took: defaultdict[str, list[float]] = defaultdict(list)

    def ask(self, kind: str, path: str, accept: str = HTML) -> bytes:
        started = time.perf_counter()
        self._connection.request("GET", path, headers={"Accept": accept, "Accept-Language": "fr"})
        answer = self._connection.getresponse()
        body = answer.read()
        self.took[kind].append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{path} answers {answer.status}")
        return body

    def ask_all(self, kind: str, paths: Iterable[str]) -> None:
        for path in paths:
            self.ask(kind, path)

    def close(self) -> None:
        self._connection.close()


def search(*words: str) -> str:
    return f"/recherche.json?{urlencode({'q': ' '.join(words)})}"


def searches(triples: int, round_number: int) -> dict[str, list[str]]:
    """Return what people might type, by kind: words of the collection's names and descriptions, rare and common."""
    towns = [generate.commune((n + round_number) * 37 % generate.communes_of(triples))[1] for n in range(EACH)]
    what, how = (word.lower() for word in generate.WHAT_FR), generate.HOW_FR
    common = [*dict.fromkeys([*what, *how])][:EACH]
    said = [word for word in dict.fromkeys(generate.WORDS_FR) if len(word) > 5]
    things = [generate.WHAT_FR[n % 12] for n in range(EACH)]
    return {
        "search, a town": [search(town) for town in dict.fromkeys(towns)],
        "search, a thing and a town": [search(thing, town) for thing, town in zip(things, towns, strict=True)],
        "search, a common word": [search(word) for word in common],
        "search, two common words": [search(thing, how[n % 8]) for n, thing in enumerate(things)],
        "search, a word of most descriptions": [search(word) for word in said[:EACH]],
        "search, a misspelt word": [search(f"{word[:3]}{word[4:]}x") for word in common if len(word) > 5],
    }


def hubs_of(store: ox.Store, base: str) -> list[tuple[str, int]]:
    """Return the paths of the documents about what has the most inverse links, with how many."""
    query = "SELECT ?x (COUNT(*) AS ?n) { ?s ?p ?x FILTER(isIRI(?x)) } GROUP BY ?x ORDER BY DESC(?n) LIMIT 100"
    rows = [(row["x"].value, int(row["n"].value)) for row in store.query(query)]
    own = [(iri.replace(f"{base}id/", "/doc/"), n) for iri, n in rows if iri.startswith(f"{base}id/")]
    return [hub for hub in own if hub[1] >= HUB] or own[:HUBS]


def plain_ones(store: ox.Store, base: str) -> list[str]:
    """Return the paths of the documents about some initiatives, far from one another."""
    query = f"SELECT ?x {{ ?x a <{generate.SN}Initiative> }} ORDER BY ?x"
    iris = [row["x"].value for row in store.query(query)]
    return [iri.replace(f"{base}id/", "/doc/") for iri in iris[:: max(1, len(iris) // (EACH + 1))]][: EACH + 1]


def filtered() -> list[str]:
    """Return addresses of the list of initiatives under one, two and three filters."""
    axes, regions = range(1, generate.AXES + 1), range(1, 4)
    pairs = [{"theme": f"theme/axe-{a}", "region": f"place/region-{r:02}"} for a in axes for r in regions]
    alone = [{"theme": f"theme/axe-{a}"} for a in axes]
    return [f"/initiatives?{urlencode(chosen)}" for chosen in (*alone, *pairs, *({**p, "q": "atelier"} for p in pairs))]


def first_answers(port: int, hubs: list[str], plain: list[str], triples: int, number: int) -> dict[str, list[float]]:
    """Ask a server that has just started, each address once; return milliseconds by kind."""
    asker = Asker(port)
    try:
        asker.ask("", plain[0])
        asker.ask_all("initiative", plain[1:])
        asker.ask_all("hub", hubs)
        asker.ask("first search of a server", search("association"))  # what is read once is read now
        for kind, paths in searches(triples, number).items():
            asker.ask_all(kind, paths)
        asker.ask("", "/initiatives")
        asker.ask_all("list, filtered", filtered())
        asker.ask("map of everything", "/carte")
        index = asker.ask("sitemap, its index", "/sitemap.xml")
        parts = re.findall(rb"<loc>https?://[^/]*(/[^<]*\.xml)</loc>", index)
        asker.ask_all("sitemap, a part", (part.decode() for part in parts[:EACH]))
        asker.ask_all(
            "map, filtered", (f"/carte?{path.partition('?')[2]}&liste=initiatives" for path in filtered()[:EACH])
        )
    finally:
        asker.close()
    asker.took.pop("")
    return asker.took


def bench_cold(command: list[str], port: int, store: ox.Store, triples: int, rounds: int, table: Table) -> None:
    """First answers, round by round with a server of its own; medians of the rounds."""
    base = f"http://127.0.0.1:{port}/"
    hubs, plain = hubs_of(store, base), plain_ones(store, base)
    medians: defaultdict[str, list[float]] = defaultdict(list)
    late: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        with running(command, port, "/health/ready"):
            for kind, took in first_answers(port, [path for path, _ in hubs], plain, triples, number).items():
                medians[kind].append(statistics.median(took))
                late[kind].append(max(took))
    for kind, values in medians.items():
        note = f"slowest {max(late[kind]):.1f} ms"
        if kind == "hub":
            note += f"; {len(hubs)} with {hubs[-1][1]:,} to {hubs[0][1]:,} inverse links"
        goal = GOALS.get(kind.partition(",")[0])
        if goal is None or (kind == "hub" and hubs[-1][1] < HUB):
            table.add(f"first answer, {kind}: ms", "–" if goal is None else f"≤ {goal:g}", values, None, note)
        else:
            table.within(f"first answer, {kind}: ms", goal, values, note)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--only", default="cache,cold")
    options = parser.parse_args()
    wanted = set(options.only.split(","))
    if "cache" in wanted:
        need_wrk()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="solnum-bench-") as name:
        folder, port = Path(name), free_port()
        source, releases = generated(options.triples, folder / "source"), folder / "releases"
        shutil.copy(LISTS, source / "data" / "lists.ttl")
        command = serving(source, port, releases)
        with running(command, port, "/health/ready", patience=PATIENCE) as (pid, _):
            store = ox.Store.read_only(str((releases / "current").resolve() / "store"))
            path = plain_ones(store, f"http://127.0.0.1:{port}/")[0]
            table.heading()
            if "cache" in wanted:
                bench_against_bare("HTML", pid, port, path, HTML, options.rounds, options.seconds, table)
        if "cold" in wanted:
            bench_cold(command, port, store, options.triples, options.rounds, table)
    table.save(options.json)


if __name__ == "__main__":
    main()
